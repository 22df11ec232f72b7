"""What the server lets through to Django: nothing large, slow or broken of somebody who is not signed in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

import httpx
import pytest

from huitou.asgi import console as guard
from huitou.asgi import make_asgi
from huitou.kit import failures


@pytest.fixture
async def house(ledger: ModuleType) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=make_asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as client:
        yield client


@pytest.fixture
def signed_in(ledger: ModuleType) -> dict[str, str]:
    from huitou.stores.django import setup_django

    setup_django()
    from django.test import Client

    from huitou.admin.users import add_user

    client = Client()
    client.force_login(add_user("op", "admin", "test", "tea-house-2026")[0])
    return {"cookie": f"sessionid={client.cookies['sessionid'].value}"}


async def ask(scope: dict[str, Any], *messages: dict[str, Any]) -> tuple[int, int]:
    """The status of an answer to these ASGI messages, and how many of them were taken."""
    app, sent, taken = make_asgi(), [], 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        if taken < len(messages):
            taken += 1
            return messages[taken - 1]
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    whole = {"type": "http", "method": "POST", "headers": [], "query_string": b"", "http_version": "1.1", "scheme": "http",
             "server": ("house", 80), "client": ("127.0.0.1", 1), "raw_path": scope["path"].encode(), **scope}  # fmt: skip
    await app(whole, receive, send)
    return sent[0]["status"], taken


PART = {"type": "http.request", "body": b"x" * 10_000, "more_body": True}


@pytest.mark.parametrize("path", ["/sign-in", "/intake/upload", "/", "/nothing", "/language"])
async def test_a_large_body_of_a_stranger_is_refused_before_it_is_read(ledger: ModuleType, path: str) -> None:
    declared = {"path": path, "headers": [(b"content-length", b"314572800"), (b"cookie", b"sessionid=guessed")]}
    assert await ask(declared, PART) == (413, 0)
    assert await ask({"path": path}, PART, PART, PART, PART) == (413, 2)


async def test_whoever_is_signed_in_may_send_forms_and_uploads(
    house: httpx.AsyncClient, signed_in: dict[str, str]
) -> None:
    body = b"x" * 1_000_000
    assert (await house.post("/campaigns/x", content=body, headers=signed_in)).status_code == 403  # no CSRF token
    assert (await house.post("/campaigns/x", content=body * 3, headers=signed_in)).status_code == 413
    assert (await house.post("/intake/upload", content=body * 3, headers=signed_in)).status_code == 403
    assert (await house.post("/intake/upload", content=body * 3)).status_code == 413


async def test_files_are_for_those_who_may_import_them(house: httpx.AsyncClient, signed_in: dict[str, str]) -> None:
    from huitou.admin.models import Account

    await Account.objects.aupdate(role="analyst")
    assert (await house.post("/intake/upload", content=b"a" * 3 * 1024**2, headers=signed_in)).status_code == 413


async def test_a_slow_body_is_not_waited_for(ledger: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "PATIENCE", 0.05)
    assert await ask({"path": "/sign-in"}, {"type": "http.request", "body": b"x", "more_body": True}) == (408, 1)


async def test_a_body_that_breaks_off_is_the_senders_fault(ledger: ModuleType) -> None:
    assert await ask({"path": "/sign-in"}, {"type": "http.disconnect"}) == (400, 1)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/static/huitou.css", 200),
        ("GET", "/static/missing", 404),
        ("GET", "/static/", 404),
        ("GET", "/static/vendor", 404),
        ("GET", "/static/%00", 404),
        ("GET", "/static/..%2f..%2fasgi%2fserver.py", 404),
        ("GET", "/static/" + "a" * 300, 404),
        ("GET", "/static/" + "a" * 3_000, 414),
        ("POST", "/static/x", 405),
        ("GET", "//", 404),
        ("GET", "//evil.example/", 404),
        ("GET", "/%00", 404),
        ("GET", "/%ff%fe", 404),
        ("GET", "/" + "a" * 60_000, 414),
        ("GET", "/t/%ff", 404),
        ("POST", "/u/%00", 404),
    ],
)
async def test_odd_paths_are_no_errors_of_ours(house: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    assert (await house.request(method, httpx.URL(f"http://house{path}"))).status_code == status


async def test_a_star_as_path_is_nobodys(ledger: ModuleType) -> None:
    assert (await ask({"path": "*", "method": "OPTIONS"}))[0] == 404


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []

    class Log:
        def error(self, event: str, **fields: Any) -> None:
            lines.append({"event": event, **fields})

    monkeypatch.setattr(failures, "log", Log())
    return lines


async def test_an_error_nobody_expected_leaves_one_line_without_anything_of_a_person(
    house: httpx.AsyncClient, signed_in: dict[str, str], monkeypatch: pytest.MonkeyPatch, said: list[dict[str, Any]]
) -> None:
    from huitou.console.views import sign_in
    from huitou.edge import customers

    def fail(*_: object) -> None:
        raise ValueError("li@example.com")

    monkeypatch.setattr(customers, "_find", fail)
    monkeypatch.setattr(sign_in, "_safe", fail)
    edge = await house.get("/t/secret-token?who=li@example.com")
    page = await house.get("/sign-in?next=li@example.com")
    assert (edge.status_code, edge.json()["code"], page.status_code) == (500, "failed", 500)
    assert [(one["part"], one["method"], one["path"], one["error"]) for one in said] == [
        ("edge", "GET", "/t/…", "ValueError"), ("console", "GET", "/sign-in", "ValueError"),
    ]  # fmt: skip
    assert "test_console.py" in said[0]["trace"]
    assert "li@example.com" not in str(said)
    metrics = (await house.get("/metrics")).text
    assert 'huitou_errors_total{part="edge"}' in metrics
    assert 'huitou_errors_total{part="console"}' in metrics
