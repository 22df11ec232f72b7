"""The first run, in three steps: the first user, sending, data. The last two can be skipped and come back to."""

from __future__ import annotations

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from huitou.admin import users
from huitou.admin.addresses import is_at_this_machine
from huitou.admin.claim import forget_claim_code, is_claim_code
from huitou.admin.settings import Invalid
from huitou.admin.tries import begin_try, forgive
from huitou.console.middleware import NUMBER
from huitou.console.page import open_page, page, speaks
from huitou.console.setting_fields import FIRST_GROUPS, show_groups
from huitou.console.views.settings import save, try_sending
from huitou.console.views.sign_in import address_of, say_wait
from huitou.delivery.trial import Trial
from huitou.kit.errors import Refused
from huitou.kit.text import Text, say

CODE_TRIES = "first-run code"  # the name its tries are counted under, as those at a password are


@open_page
@sensitive_post_parameters("password", "again", "code")
def first_user(request: HttpRequest) -> HttpResponse:
    if users.any_user():
        return redirect("welcome_sending" if request.user.is_authenticated else "login")
    problem = _claim(request) if request.method == "POST" else ""
    if request.method == "POST" and not problem:
        return redirect("welcome_sending")
    shown = {
        "step": 1,
        "problem": problem,
        "name": request.POST.get("name", ""),
        "code": request.POST.get("code", ""),
        "needs_code": _is_stranger(request),
    }
    return render(request, "welcome_user.html", shown, status=422 if problem else 200)


def _claim(request: HttpRequest) -> str:
    """Make the first user and sign them in; what is wrong where it fails."""
    password = request.POST.get("password", "")
    wrong = _check_code(request) if _is_stranger(request) else ""
    if wrong:
        return wrong
    if password != request.POST.get("again", ""):
        return _("The two passwords differ.")
    try:
        user = users.claim_house(request.POST.get("name", ""), password)
    except Refused as error:
        return say(error.message, speaks())
    forget_claim_code()
    login(request, user)
    request.session[NUMBER] = 0
    return ""


def _check_code(request: HttpRequest) -> str:
    made = begin_try(CODE_TRIES, address_of(request))
    if made.wait:
        return say_wait(made.wait)
    if not is_claim_code(request.POST.get("code", "")):
        return _("The code is wrong. “huitou serve” prints it where it was started.")
    forgive(made)
    return ""


def _is_stranger(request: HttpRequest) -> bool:
    protocol = str(getattr(request, "scope", {}).get("http_version", ""))
    return not is_at_this_machine(request.META.get("REMOTE_ADDR", ""), request.headers, request.get_host(), protocol)


@page(role="admin")
@sensitive_post_parameters("smtp_password")
def sending(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _show_sending(request)
    try:
        save(request, FIRST_GROUPS)
    except Invalid as error:
        return _show_sending(request, dict(error.problems))
    if request.POST.get("then") == "test":
        return _show_sending(request, trial=try_sending(request, request.POST.get("to", "")))
    return redirect("welcome_data")


def _show_sending(
    request: HttpRequest, problems: dict[str, Text] | None = None, trial: Trial | None = None
) -> HttpResponse:
    typed = {name: str(value) for name, value in request.POST.items()} if problems else None
    shown = {
        "step": 2,
        "groups": show_groups(FIRST_GROUPS, typed, problems),
        "problems": problems,
        "trial": trial,
        "to": request.POST.get("to", ""),
    }
    failed = problems or (trial is not None and not trial.ok)
    return render(request, "welcome_sending.html", shown, status=422 if failed else 200)


@page(role="admin")
def data(request: HttpRequest) -> HttpResponse:
    return render(request, "welcome_data.html", {"step": 3})
