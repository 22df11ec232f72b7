"""The console as the server sees it: its static files, and Django behind a guard of what it is sent.

Django takes a body whole, into a file where it is large, before any view asks who sends it. So the guard asks first:
whoever is not signed in may send what a sign-in takes, and no slow body; files are for those who may import them.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles

from huitou.admin.roles import Role, may
from huitou.kit.failures import note_failure

if TYPE_CHECKING:
    from django.http import HttpRequest

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

STATIC = Path(__file__).parents[1] / "console" / "static"

LARGEST_OF_ANYBODY = 16 * 1024  # bytes: a sign-in, a switch of language
LARGEST_FORM = 2 * 1024**2  # a campaign's file
LARGEST_UPLOAD = 2 * 1024**3 + LARGEST_FORM  # console/uploads.py counts each file
UPLOADS = ("/intake/",)
PATIENCE = 30.0  # seconds for the body of somebody who is not signed in; for the next part of an upload
LONGEST_PATH = 2_048  # characters; no address of the console is longer
SESSION_COOKIE = "sessionid"  # Django's default

REFUSALS = {
    400: "请求不完整 · The request is not whole",
    404: "没有这个地址 · There is no such address",
    408: "请求没有在时限内发完 · The request did not come in time",
    413: "请求体过大，或需要先登录 · The request is too large, or needs a sign-in first",
    414: "地址太长 · The address is too long",
    500: "出错了，已记入日志 · Something went wrong; it has been logged",
}


def _note(sender: object, request: HttpRequest | None = None, **_: object) -> None:
    """Django answers errors of views itself, and tells of them here."""
    error = sys.exc_info()[1]
    if error is not None and request is not None:
        note_failure("console", request.method or "", request.path, error)


def _no_record(record: logging.LogRecord) -> bool:
    return False


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


def make_console() -> App:
    from django.core.asgi import get_asgi_application
    from django.core.signals import got_request_exception

    from huitou.stores.django import setup_django

    setup_django()
    got_request_exception.connect(_note, dispatch_uid="huitou")
    # It says the same, unstructured, and every 404 besides. (The server's own set-up would enable a disabled logger.)
    logging.getLogger("django.request").addFilter(_no_record)
    django = get_asgi_application()
    static = StaticFiles(directory=STATIC)

    async def console(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/static/"):
            await _serve_static(static, scope, receive, send)
        else:
            body = _Guard(scope, receive)
            await django(scope, body, send)
            if body.refused:
                raise _Refused(body.refused)

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        sent = _Started(send)
        try:
            if len(scope["path"]) > LONGEST_PATH:
                raise _Refused(414)
            await console(scope, receive, sent)
        except _Refused as refused:
            await _answer(refused.status, scope, receive, sent)
        except HTTPException as error:
            await _answer(error.status_code, scope, receive, sent, dict(error.headers or {}))
        except Exception as error:
            note_failure("console", scope["method"], scope["path"], error)
            await _answer(500, scope, receive, sent)

    return guarded


async def _serve_static(static: StaticFiles, scope: Scope, receive: Receive, send: Send) -> None:
    path = scope["path"].removeprefix("/static")
    if scope["method"] not in ("GET", "HEAD"):
        raise HTTPException(405, headers={"allow": "GET, HEAD"})
    if not path.isprintable():
        raise HTTPException(404)
    await static({**scope, "path": path, "root_path": ""}, receive, send)


class _Started:
    """`send`, and whether an answer has begun: then it is too late for another."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.begun = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self.begun = True
        await self.send(message)


async def _answer(
    status: int, scope: Scope, receive: Receive, send: _Started, headers: dict[str, str] | None = None
) -> None:
    if not send.begun:
        text = REFUSALS.get(status, "请求无法处理 · The request cannot be carried out")
        strict = {"x-content-type-options": "nosniff", "cache-control": "no-store", **(headers or {})}
        await PlainTextResponse(text, status, strict)(scope, receive, send)


class _Guard:
    """`receive`, as long as the body is no larger and no slower than its sender may make it.

    Else Django hears that the sender hung up, so that it drops what it has and answers nothing; `refused` says why.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.size = 0
        self.whole = False
        self.limit: int | None = None  # not asked yet who sends
        self.refused = 0
        self.began = asyncio.get_running_loop().time()

    async def __call__(self) -> MutableMapping[str, Any]:
        if self.whole:  # Django waits here for the sender to hang up
            return await self.receive()
        try:
            return await self._take()
        except _Refused as refused:
            self.refused = refused.status
            return {"type": "http.disconnect"}

    async def _take(self) -> MutableMapping[str, Any]:
        if self.limit is None:
            await self._admit(_declared(self.scope))
        message = await self._next()
        if message["type"] != "http.request":
            raise _Refused(400)
        self.size += len(message.get("body", b""))
        await self._admit(self.size)
        self.whole = not message.get("more_body")
        return message

    async def _next(self) -> MutableMapping[str, Any]:
        patience = PATIENCE
        if not self.limit:
            patience -= asyncio.get_running_loop().time() - self.began
        try:
            async with asyncio.timeout(max(patience, 0.0)):
                return await self.receive()
        except TimeoutError:
            raise _Refused(408) from None

    async def _admit(self, size: int) -> None:
        if size <= LARGEST_OF_ANYBODY:
            return
        if self.limit is None:
            self.limit = await self._ask_limit()
        if size > max(self.limit, LARGEST_OF_ANYBODY):
            raise _Refused(413)

    async def _ask_limit(self) -> int:
        role = await _role_of(self.scope)
        if role is None:
            return 0
        return LARGEST_UPLOAD if self.scope["path"].startswith(UPLOADS) and may(role, "operator") else LARGEST_FORM


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _declared(scope: Scope) -> int:
    said = _header(scope, b"content-length")[:20]
    return int(said) if said.isascii() and said.isdigit() else 0


async def _role_of(scope: Scope) -> Role | None:
    """Of whoever is signed in; None of anybody else."""
    try:
        cookies = SimpleCookie(_header(scope, b"cookie"))
    except CookieError:
        return None
    key = cookies[SESSION_COOKIE].value if SESSION_COOKIE in cookies else ""
    return await asyncio.to_thread(_role_behind, key) if key else None


def _role_behind(key: str) -> Role | None:
    from django.contrib.auth import get_user
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import close_old_connections
    from django.http import HttpRequest

    request = HttpRequest()
    request.session = SessionStore(key)
    try:
        user = get_user(request)  # checks the password's hash, too
        return user.account.role if user.is_authenticated else None
    finally:
        close_old_connections()
