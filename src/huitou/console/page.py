"""What every page of the console does: ask for a sign-in and a role, send strict headers, say refusals in the reader's
language.

Anybody signed in may look (GET, HEAD); whatever changes something needs an operator. `role` says otherwise for all of
a view's methods: `@page(role="admin")`. A view is looked at and nothing else, unless `takes` says what else it takes
(`BOTH`, `POST`); `middleware.py` answers 405 to the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload
from urllib.parse import urlsplit

import psycopg
from django.contrib.auth.views import redirect_to_login
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from huitou.admin.roles import NAMES, Role, may
from huitou.admin.users import any_user
from huitou.console.context import role_of
from huitou.console.reads import snapshot
from huitou.kit.errors import HuitouError, NotAllowed, NotFound, Unavailable
from huitou.kit.failures import note_failure
from huitou.kit.text import language_of, say

View = Callable[..., HttpResponse]

# No inline script or style, nothing from elsewhere: what a customer wrote cannot run even where escaping failed.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
STATUS = ((NotFound, 404), (NotAllowed, 403), (Unavailable, 503), (HuitouError, 422))

LOOKING = ("GET", "HEAD")
POST = ("POST",)
BOTH = (*LOOKING, *POST)
DATABASE_REFUSED = (DataError, psycopg.DataError)


@overload
def page(view: View) -> View: ...
@overload
def page(*, role: Role | None = None, takes: Sequence[str] = LOOKING) -> Callable[[View], View]: ...
def page(
    view: View | None = None, *, role: Role | None = None, takes: Sequence[str] = LOOKING
) -> View | Callable[[View], View]:
    """For whoever is signed in; a HuitouError becomes a page that says it."""
    return _decorator(view, _refuse, HuitouError, role, takes)


@overload
def widget(view: View) -> View: ...
@overload
def widget(*, role: Role | None = None, takes: Sequence[str] = LOOKING) -> Callable[[View], View]: ...
def widget(
    view: View | None = None, *, role: Role | None = None, takes: Sequence[str] = LOOKING
) -> View | Callable[[View], View]:
    """A part of a page, fetched by itself: whatever goes wrong in it is said in its own box."""
    return _decorator(view, _box, Exception, role, takes)


def open_page(*, takes: Sequence[str]) -> Callable[[View], View]:
    """For anybody: the sign-in and what belongs to it."""

    def open_to_all(view: View) -> View:
        @functools.wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not is_plain(request, kwargs):
                return unreadable(request)
            return with_headers(view(request, *args, **kwargs))

        return _taking(takes, answer)

    return open_to_all


def _taking(methods: Sequence[str], view: View) -> View:
    """Says so of itself, for the middleware."""
    view.takes = methods  # type: ignore[attr-defined]
    return view


def speaks() -> str:
    """The house's word for the language of this request: zh or en."""
    return language_of(get_language())


def page_of(request: HttpRequest) -> str:
    """The page the reader is on: the address, or for a form or a part of a page the one it stands on."""
    if request.method == "GET" and not request.headers.get("HX-Request"):
        return request.get_full_path()
    from_there = urlsplit(request.headers.get("Referer", ""))
    if from_there.netloc != request.get_host() or not from_there.path.startswith("/"):
        return "/"
    path = f"{from_there.path}?{from_there.query}" if from_there.query else from_there.path
    return path if url_has_allowed_host_and_scheme(path, allowed_hosts=None) else "/"


def with_headers(response: HttpResponse) -> HttpResponse:
    """The strict headers, where the view has not set its own."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        add_never_cache_headers(response)  # pages show people; none of it belongs in a cache
    return response


def _decorator(
    view: View | None,
    refuse: Callable[[HttpRequest, Exception], HttpResponse],
    catch: type[Exception],
    role: Role | None,
    takes: Sequence[str],
) -> View | Callable[[View], View]:
    def guard(view: View) -> View:
        return _taking(takes, _guarded(view, refuse, catch, role))

    return guard if view is None else guard(view)


def _guarded(
    view: View, refuse: Callable[[HttpRequest, Exception], HttpResponse], catch: type[Exception], role: Role | None
) -> View:
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        turned_away = _turn_away(request, kwargs, role)
        if turned_away is not None:
            return with_headers(turned_away)
        try:
            response = _answer(view, request, *args, **kwargs)
        except DATABASE_REFUSED:  # a number or a text that it cannot hold
            return unreadable(request)
        except catch as error:
            response = refuse(request, error)
        return with_headers(response)

    return answer


def _turn_away(request: HttpRequest, given: Mapping[str, Any], role: Role | None) -> HttpResponse | None:
    """The answer to who must not see the view; None for who may."""
    if not request.user.is_authenticated:
        return _to_sign_in(request)
    if request.user.account.must_change and request.path != reverse("password"):
        return _go(request, reverse("password"))
    needed = role or ("analyst" if request.method in LOOKING else "operator")
    if not may(role_of(request), needed):
        return _refuse(request, _not_allowed(needed))
    return None if is_plain(request, given) else unreadable(request)


def is_plain(request: HttpRequest, given: Mapping[str, Any]) -> bool:
    """Whether everything that was sent is text: NUL and lone surrogates no database takes, and no form means them."""
    texts = [*(str(value) for value in given.values())]
    for fields in (request.GET, request.POST):
        texts.extend(text for name, values in fields.lists() for text in (name, *values))
    texts.extend(file.name or "" for files in request.FILES.lists() for file in files[1])
    return not any("\0" in text or not _is_encodable(text) for text in texts)


def not_taken(request: HttpRequest, takes: Sequence[str]) -> HttpResponse:
    """To a method this address has no use for."""
    shown = {"text": _("This address does not take this kind of request."), "status": 405}
    response = with_headers(render(request, "plain_error.html", shown, status=405))
    response.headers["Allow"] = ", ".join(takes)
    return response


def unreadable(request: HttpRequest) -> HttpResponse:
    shown = {"text": _("This request could not be read."), "status": 400}
    return with_headers(render(request, "plain_error.html", shown, status=400))


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_allowed(needed: Role) -> NotAllowed:
    who = NAMES[needed]
    return NotAllowed(
        {
            "zh": f"你的角色不能做这件事。{who['zh']}可以，请找他们。",
            "en": f"Your role does not allow this. Ask somebody who is {'an ' if who['en'][0] in 'aeio' else 'a '}{who['en']}.",
        }
    )


def _answer(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """A page that is looked at is of one moment; one that changes something reads anew what it changed."""
    if request.method != "GET":
        return view(request, *args, **kwargs)
    with snapshot.one_moment():
        return view(request, *args, **kwargs)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in; while there is no user, to the page that makes the first one."""
    if not any_user():
        return _go(request, reverse("welcome"))
    if request.headers.get("HX-Request"):
        return _go(request, "")
    return redirect_to_login(page_of(request))


def _go(request: HttpRequest, where: str) -> HttpResponse:
    """A redirect; for a widget the whole page is loaded anew: else the sign-in would stand inside it."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect(where)


def _refuse(request: HttpRequest, error: Exception) -> HttpResponse:
    assert isinstance(error, HuitouError)
    status = next(status for kind, status in STATUS if isinstance(error, kind))
    shown = {"text": say(error.message, speaks()), "status": status, "back": page_of(request)}
    return render(request, "error.html", shown, status=status)


def _box(request: HttpRequest, error: Exception) -> HttpResponse:
    """Always 200: the browser shows it in the widget's place, the rest of the page stays."""
    known = isinstance(error, HuitouError)
    if not known:
        note_failure("console", request.method or "", request.path, error)
    text = say(error.message, speaks()) if isinstance(error, HuitouError) else ""
    return render(request, "widgets/error.html", {"text": text, "again": request.get_full_path()})
