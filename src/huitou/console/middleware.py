"""What stands between the server and every view: methods it does not take, forged forms, sessions that are over,
cookies for https alone."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from huitou.console.page import not_taken
from huitou.kit.settings import settings

Answer = Callable[[HttpRequest], HttpResponse]
NUMBER = "session_number"


class Methods:
    """405 for what a view does not take, before anything is asked of who sends it. See page.py."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.answer(request)

    def process_view(self, request: HttpRequest, view: Answer, args: object, kwargs: object) -> HttpResponse | None:
        takes = view.takes  # type: ignore[attr-defined]
        return None if request.method in takes else not_taken(request, takes)


class Csrf(CsrfViewMiddleware):
    """Django's, with the origins asked anew each time: the public address may be set while we serve.

    Behind a proxy that ends TLS the browser says https and we hear http: its own host by https is no other site.
    """

    @property
    def csrf_trusted_origins_hosts(self) -> list[str]:
        return [urlsplit(settings().public_url).netloc]

    @property
    def allowed_origins_exact(self) -> set[str]:
        return {settings().public_url}

    @property
    def allowed_origin_subdomains(self) -> dict[str, list[str]]:
        return {}

    def _origin_verified(self, request: HttpRequest) -> bool:
        if request.META["HTTP_ORIGIN"] == f"https://{request.get_host()}":
            return True
        return bool(super()._origin_verified(request))


def end_old_sessions(answer: Answer) -> Answer:
    """Who was signed out everywhere, or has a new password, is nobody here until they sign in again."""

    def check(request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated and request.session.get(NUMBER, 0) != user.account.session_number:
            logout(request)
        return answer(request)

    return check


def secure_cookies(answer: Answer) -> Answer:
    """Cookies given at an https address never go out unencrypted; at a plain one they could not be kept otherwise."""

    def mark(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        public = urlsplit(settings().public_url)
        if request.is_secure() or (public.scheme == "https" and request.get_host() == public.netloc):
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response

    return mark
