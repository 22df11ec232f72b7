"""Signing in and out, and the two switches that need no account: language and light or dark."""

from __future__ import annotations

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters

from huitou.admin.addresses import visitor_address
from huitou.admin.tries import begin_try, forgive
from huitou.admin.users import any_user
from huitou.console.middleware import NUMBER
from huitou.console.page import BOTH, POST, open_page

LANGUAGES = {"zh-hans", "en"}
THEMES = {"light", "dark", "auto"}
YEAR = 365 * 24 * 3600


@open_page(takes=BOTH)
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    if not any_user():
        return redirect("welcome")
    onward = _safe(request, request.POST.get("next") or request.GET.get("next"))
    if request.user.is_authenticated:
        return redirect(onward)
    problem = _try(request) if request.method == "POST" else None
    if request.method == "POST" and problem is None:
        return redirect(onward)
    shown = {"problem": problem, "next": onward, "name": request.POST.get("name", "")}
    return render(request, "sign_in.html", shown, status=200 if problem is None else 422)


def _try(request: HttpRequest) -> str | None:
    """Sign in; what is wrong where it fails. Unknown names and wrong passwords read, and take time, alike."""
    name = request.POST.get("name", "")
    made = begin_try(name, address_of(request))
    if made.wait:
        return say_wait(made.wait)
    user = authenticate(request, username=name, password=request.POST.get("password", ""))
    if user is None:
        return _("The name or the password is wrong.")
    forgive(made)
    login(request, user)
    request.session[NUMBER] = user.account.session_number
    return None


def address_of(request: HttpRequest) -> str:
    """Where tries come from; see admin/addresses.py."""
    return visitor_address(request.META.get("REMOTE_ADDR", ""), request.headers)


def say_wait(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return ngettext(
        "Too many failed tries. Wait %(minutes)d minute, then try again.",
        "Too many failed tries. Wait %(minutes)d minutes, then try again.",
        minutes,
    ) % {"minutes": minutes}


@open_page(takes=POST)
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")


@open_page(takes=POST)
def choose_language(request: HttpRequest) -> HttpResponse:
    return _remember(request, "django_language", LANGUAGES)


@open_page(takes=POST)
def choose_theme(request: HttpRequest) -> HttpResponse:
    return _remember(request, "theme", THEMES)


def _remember(request: HttpRequest, cookie: str, allowed: set[str]) -> HttpResponse:
    response = HttpResponseRedirect(_safe(request, request.POST.get("next")))
    value = request.POST.get("value", "")
    if value in allowed:
        response.set_cookie(cookie, value, max_age=YEAR, httponly=True, samesite="Lax", secure=request.is_secure())
    return response


def _safe(request: HttpRequest, target: str | None) -> str:
    """Where to go next, within the console only."""
    if target and url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith("/"):
        return target
    return reverse("broadcasts")
