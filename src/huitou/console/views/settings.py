"""Settings: sending, brand and pace made here by administrators, with a test mail and a list of who changed what."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from huitou.admin.changes import LoggedChange, latest_changes
from huitou.admin.fields import FIELDS
from huitou.admin.roles import may
from huitou.admin.settings import Invalid, save_settings, undo_setting
from huitou.console.context import role_of
from huitou.console.page import page, speaks
from huitou.console.setting_fields import GROUPS, Group, Words, label_of, show_groups, typed_values, value_of
from huitou.console.test_mails import count_test_mail
from huitou.delivery.trial import Trial, hello_mail, send_trial
from huitou.kit.errors import Refused
from huitou.kit.settings import settings
from huitou.kit.text import Text, say


@dataclass(frozen=True)
class ShownChange:
    """A change as the list shows it; `number` is 0 where it cannot be put back."""

    number: int
    at: int
    by: str
    label: Words
    before: Words
    after: Words


@page
def settings_home(request: HttpRequest) -> HttpResponse:
    """Administrators come to the sending settings, everybody else to their own password."""
    return redirect("sending_settings" if may(role_of(request), "admin") else "password")


@page(role="admin")
@sensitive_post_parameters("smtp_password")
def sending_settings(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return show(request)
    try:
        changed = save(request, GROUPS)
    except Invalid as error:
        return show(request, error.problems)
    _tell_saved(request, changed)
    return redirect("sending_settings")


@page(role="admin")
@require_POST
def test_mail(request: HttpRequest) -> HttpResponse:
    """One mail by the settings in force, and what became of it."""
    to = request.POST.get("to", "").strip()
    return show(request, trial=try_sending(request, to), to=to)


@page(role="admin")
@require_POST
def undo(request: HttpRequest, change: int) -> HttpResponse:
    try:
        name = undo_setting(change, request.user.get_username())
    except Refused as error:
        messages.error(request, say(error.message, speaks()))
    else:
        messages.success(request, _("Put back: %(name)s.") % {"name": label_of(name)})
    return redirect("sending_settings")


def save(request: HttpRequest, groups: tuple[Group, ...]) -> list[str]:
    """Save what the form says of these groups; the fields that changed. Raises Invalid."""
    form = {name: str(value) for name, value in request.POST.items()}
    clear = [name for name, field in FIELDS.items() if field.is_secret and form.get(f"clear_{name}")]
    return save_settings(typed_values(form, groups), request.user.get_username(), clear=clear)


def try_sending(request: HttpRequest, to: str) -> Trial:
    url = settings().smtp_url
    if not url:
        return Trial(False, "setting", "", "", NO_SERVER)
    try:
        count_test_mail(request)
    except Refused as error:
        return Trial(False, "setting", "", "", error.message)
    subject, html, text = hello_mail(speaks())
    now = settings()
    return asyncio.run(
        send_trial(to, subject, html, text, smtp_url=url, mail_from=now.mail_from, reply_to=now.reply_to)
    )


NO_SERVER: Text = {"zh": "还没有设置邮件服务器。", "en": "No mail server is set yet."}


def show(
    request: HttpRequest, problems: Mapping[str, Text] | None = None, *, trial: Trial | None = None, to: str = ""
) -> HttpResponse:
    typed = {name: str(value) for name, value in request.POST.items()} if problems else None
    shown = {
        "nav": "settings",
        "tab": "sending",
        "groups": show_groups(GROUPS, typed, problems),
        "problems": problems,
        "trial": trial,
        "to": to,
        "changes": [_told(change) for change in latest_changes("setting")],
    }
    failed = problems or (trial is not None and not trial.ok)
    return render(request, "settings.html", shown, status=422 if failed else 200)


def _tell_saved(request: HttpRequest, changed: list[str]) -> None:
    if changed:
        names = ("、" if speaks() == "zh" else ", ").join(str(label_of(name)) for name in changed)
        messages.success(request, _("Saved: %(names)s. In force everywhere within seconds.") % {"names": names})
    else:
        messages.info(request, _("Nothing was changed."))


def _told(change: LoggedChange) -> ShownChange:
    known = FIELDS.get(change.subject)
    number = change.id if known is not None and not known.is_secret else 0
    before, after = (value_of(change.subject, value) for value in (change.before, change.after))
    return ShownChange(number, change.at, change.by, label_of(change.subject), before, after)
