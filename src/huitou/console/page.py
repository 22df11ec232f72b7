"""What every page of the console does: ask for a sign-in, send strict headers, say refusals in the reader's language."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language

from huitou.console.reads import snapshot
from huitou.kit.errors import HuitouError, NotFound, Unavailable
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
STATUS = ((NotFound, 404), (Unavailable, 503), (HuitouError, 422))


def page(view: View) -> View:
    """For whoever is signed in; a HuitouError becomes a page that says it."""
    return _guarded(view, _refuse)


def widget(view: View) -> View:
    """A part of a page, fetched by itself: whatever goes wrong in it is said in its own box."""
    return _guarded(view, _box, catch=Exception)


def open_page(view: View) -> View:
    """For anybody: the sign-in and what belongs to it."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return with_headers(view(request, *args, **kwargs))

    return answer


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


def _guarded(
    view: View,
    refuse: Callable[[HttpRequest, Exception], HttpResponse],
    catch: type[Exception] = HuitouError,
) -> View:
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return with_headers(_to_sign_in(request))
        try:
            response = _answer(view, request, *args, **kwargs)
        except catch as error:
            response = refuse(request, error)
        return with_headers(response)

    return answer


def _answer(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """A page that is looked at is of one moment; one that changes something reads anew what it changed."""
    if request.method != "GET":
        return view(request, *args, **kwargs)
    with snapshot.one_moment():
        return view(request, *args, **kwargs)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):  # a redirect would put the sign-in inside a widget
        response = HttpResponse(status=204)
        response.headers["HX-Refresh"] = "true"
        return response
    return redirect_to_login(page_of(request))


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
