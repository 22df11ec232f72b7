"""Users, their roles and passwords: for administrators; one's own password for everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from huitou.admin import users
from huitou.admin.changes import LoggedChange, latest_changes
from huitou.admin.roles import MAY, NAMES, ROLES
from huitou.admin.tries import begin_try, forgive
from huitou.console.middleware import NUMBER
from huitou.console.page import page, speaks
from huitou.console.views.sign_in import address_of, say_wait
from huitou.kit.errors import NotFound, Refused
from huitou.kit.text import say


@dataclass(frozen=True)
class OneTime:
    """A password to be shown once."""

    name: str
    password: str


@page(role="admin")
def user_list(request: HttpRequest) -> HttpResponse:
    """The list; by POST a new user."""
    if request.method != "POST":
        return _show(request)
    name, role = request.POST.get("name", ""), request.POST.get("role", "")
    try:
        user, password = users.add_user(name, role or "operator", request.user.get_username())
    except Refused as error:
        return _show(request, problem=say(error.message, speaks()), typed={"name": name, "role": role})
    return _show(request, made=OneTime(user.username, password))


@page(role="admin")
@require_POST
def change_role(request: HttpRequest, user: int) -> HttpResponse:
    role = request.POST.get("role", "")
    return _do(request, user, lambda one, by: users.change_role(one, role, by), _("The role of %(name)s is changed."))


@page(role="admin")
@require_POST
def disable(request: HttpRequest, user: int) -> HttpResponse:
    return _do(request, user, users.disable_user, _("%(name)s may no longer sign in."))


@page(role="admin")
@require_POST
def enable(request: HttpRequest, user: int) -> HttpResponse:
    return _do(request, user, users.enable_user, _("%(name)s may sign in again."))


@page(role="admin")
@require_POST
def remove(request: HttpRequest, user: int) -> HttpResponse:
    return _do(request, user, users.remove_user, _("%(name)s is removed."))


@page(role="admin")
@require_POST
def end_sessions(request: HttpRequest, user: int) -> HttpResponse:
    return _do(request, user, users.end_sessions, _("%(name)s is signed out everywhere."))


@page(role="admin")
@require_POST
def reset_password(request: HttpRequest, user: int) -> HttpResponse:
    """A one-time password, shown here and nowhere else."""
    one = users.user_numbered(user)
    password = users.set_password(one, None, request.user.get_username())
    return _show(request, made=OneTime(one.username, password))


@page(role="analyst")
@sensitive_post_parameters("old", "new", "again")
def own_password(request: HttpRequest) -> HttpResponse:
    problem = _change_own(request) if request.method == "POST" else ""
    if request.method == "POST" and not problem:
        messages.success(request, _("Your password is changed. Everywhere else you are signed out."))
        return redirect("broadcasts")
    shown = {"nav": "settings", "tab": "password", "problem": problem, "must_change": request.user.account.must_change}
    return render(request, "password.html", shown, status=422 if problem else 200)


def _change_own(request: HttpRequest) -> str:
    """What is wrong; '' where it is changed. Guessing the old one is slowed down like guessing at the sign-in."""
    if request.POST.get("new", "") != request.POST.get("again", ""):
        return _("The two new passwords differ.")
    made = begin_try(request.user.get_username(), address_of(request))
    if made.wait:
        return say_wait(made.wait)
    user = User.objects.select_related("account").get(pk=request.user.pk)
    try:
        users.change_own_password(user, request.POST.get("old", ""), request.POST.get("new", ""))
    except Refused as error:
        if error.code != "wrong_password":
            forgive(made)
        return say(error.message, speaks())
    forgive(made)
    user = User.objects.select_related("account").get(pk=user.pk)
    update_session_auth_hash(request, user)
    request.session[NUMBER] = user.account.session_number
    request.user = user
    return ""


def _do(request: HttpRequest, number: int, change: Callable[[User, str], None], done: str) -> HttpResponse:
    try:
        user = users.user_numbered(number)
        name = user.username
        change(user, request.user.get_username())
    except (Refused, NotFound) as error:
        messages.error(request, say(error.message, speaks()))
    else:
        messages.success(request, done % {"name": name})
    return redirect("users")


def _show(
    request: HttpRequest, *, made: OneTime | None = None, problem: str = "", typed: dict[str, str] | None = None
) -> HttpResponse:
    shown = {
        "nav": "settings",
        "tab": "users",
        "users": users.list_users(),
        "roles": [(role, NAMES[role], MAY[role]) for role in reversed(ROLES)],
        "made": made,
        "problem": problem,
        "typed": typed or {"role": "operator"},
        "changes": [(change, _told(change)) for change in latest_changes("user")],
    }
    return render(request, "users.html", shown, status=422 if problem else 200)


def _told(change: LoggedChange) -> str:
    """'lin: operator → administrator' and its like in words."""
    what, _colon, role = change.after.partition(":")
    names = {key: say(name, speaks()) for key, name in NAMES.items()}
    if what == "added":
        return _("added as %(role)s") % {"role": names.get(role, role)}  # type: ignore[call-overload]
    done = {
        "password": _("new password"),
        "disabled": _("may no longer sign in"),
        "active": _("may sign in again"),
        "removed": _("removed"),
        "signed_out": _("signed out everywhere"),
    }
    if what in done:
        return done[what]
    return f"{names.get(change.before, change.before)} → {names.get(change.after, change.after)}"  # type: ignore[call-overload]
