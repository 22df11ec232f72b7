"""Reading a campaign's message before anything goes, and sending it to oneself."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huitou.campaigns.definition import STAGES, Campaign
from huitou.console import searches
from huitou.console.labels import offer_text
from huitou.console.page import page, speaks
from huitou.console.reads import campaigns as reads
from huitou.console.reads import people, snapshot
from huitou.console.reads.messages import without_links
from huitou.console.reads.previews import preview_of
from huitou.console.test_mails import count_test_mail
from huitou.console.views.messages import MAIL_POLICY
from huitou.flows.preview import KINDS, Preview, Wanted, try_on
from huitou.kit.errors import HuitouError
from huitou.kit.text import say

DRAFT, LAST = "draft:", "test_address"
CHOICES = ("broadcast", "customer", "kind", "channel", "offer", "stage", "language", "step")

log = structlog.get_logger(__name__)


@page
def preview_page(request: HttpRequest, name: str) -> HttpResponse:
    if request.method == "POST":
        return _search(request, name)
    campaign, draft = campaign_of(request, name)
    wanted = _wanted(request)
    seen, problem = _look(campaign, draft, wanted)
    shown = {
        "nav": "campaigns",
        "name": name,
        "campaign": campaign,
        "is_draft": draft is not None,
        "wanted": wanted,
        "seen": seen,
        "problem": problem,
        "frame": f"{reverse('campaign_preview_body', args=[name])}?{_address(request)}",
        "found": _found(request),
        "wanted_fields": [(key, value) for key in CHOICES if (value := _told(request, key))],
        "to": request.session.get(LAST, ""),
        **_choices(campaign),
    }
    return render(request, "preview.html", shown)


@page
def preview_body(request: HttpRequest, name: str) -> HttpResponse:
    """The mail's own page, for the frame it is shown in and nothing else."""
    campaign, draft = campaign_of(request, name)
    seen, problem = _look(campaign, draft, _wanted(request))
    mail = seen.rendered if seen else None
    if mail is None:
        html = f"<p>{escape(problem)}</p>"
    else:
        html = without_links(mail.html) or f"<pre>{escape(mail.text)}</pre>"
    response = HttpResponse(html)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@page
@require_POST
def send_test(request: HttpRequest, name: str) -> HttpResponse:
    """To an address the operator types, marked as a test; which one is remembered as long as they are signed in."""
    to = request.POST.get("to", "").strip()[:254]
    back = redirect(f"{reverse('campaign_preview', args=[name])}?{_address(request)}")
    if "@" not in to:
        messages.error(request, _("Say where to send it: an e-mail address."))
        return back
    request.session[LAST] = to
    campaign, draft = campaign_of(request, name)
    try:
        count_test_mail(request)
        trial = try_on(campaign, preview_of(campaign, draft, _wanted(request)), to)
    except HuitouError as error:
        messages.error(request, say(error.message, speaks()))
        return back
    log.info("test_mail", campaign=name, by=request.user.get_username(), outcome=trial.code)
    (messages.success if trial.ok else messages.error)(request, say(trial.reason, speaks()))
    return back


@page
@require_POST
def preview_draft(request: HttpRequest, name: str) -> HttpResponse:
    """Keep what is being edited with the session, and look at it; `campaigns.py` has refused what cannot be used."""
    from huitou.console.views.campaigns import check_text, show_draft

    text = request.POST.get("body", "").replace("\r\n", "\n")
    problem = check_text(text, name)
    if problem is not None:
        return show_draft(request, name, text, problem)
    request.session[DRAFT + name] = text
    return redirect(f"{reverse('campaign_preview', args=[name])}?draft=1")


def campaign_of(request: HttpRequest, name: str) -> tuple[Campaign, str | None]:
    """The campaign to look at, and the text it is from where that is not saved yet."""
    reads.versions_of(name)  # NotFound where there is no such campaign
    draft = draft_of(request, name) if request.GET.get("draft") or request.POST.get("draft") else None
    return (reads.parse(draft), draft) if draft else (reads.campaign_named(name), None)


def draft_of(request: HttpRequest, name: str) -> str | None:
    return request.session.get(DRAFT + name)


def _look(campaign: Campaign, draft: str | None, wanted: Wanted) -> tuple[Preview | None, str]:
    try:
        seen = preview_of(campaign, draft, wanted)
    except HuitouError as error:
        return None, say(error.message, speaks())
    return seen, say(seen.problem, speaks()) if seen.problem else ""


def _wanted(request: HttpRequest) -> Wanted:
    told = {key: str(_told(request, key)) for key in CHOICES}
    if not told["broadcast"]:
        told["broadcast"] = _last_broadcast()
    step = told.pop("step")
    return Wanted(**told, step=int(step) if step.isdecimal() and len(step) < 4 else 0)


def _told(request: HttpRequest, key: str) -> str:
    return request.GET.get(key) or request.POST.get(key) or ""


def _address(request: HttpRequest) -> str:
    """The choices made, as a query string, from an address or a form."""
    told = {key: value for key in (*CHOICES, "draft") if (value := _told(request, key))}
    return urlencode(told)


def _last_broadcast() -> str:
    ended = [one for one in snapshot.broadcasts() if one.ended_at is not None]
    return max(ended, key=lambda one: (one.ended_at or 0, one.broadcast)).broadcast if ended else ""


def _search(request: HttpRequest, name: str) -> HttpResponse:
    who = request.POST.get("who", "")
    found = people.search(who)
    told: dict[str, Any] = {key: value for key in (*CHOICES, "draft") if (value := request.POST.get(key))}
    told.pop("kind", None)
    if len(found) == 1:
        told |= {"customer": found[0]["customer"]}
    elif found:
        told |= {"found": searches.remember(request, who)}
    else:
        messages.warning(request, _("Nobody was found."))
    return redirect(f"{reverse('campaign_preview', args=[name])}?{urlencode(told)}")


def _found(request: HttpRequest) -> list[dict[str, Any]]:
    who = searches.recall(request, request.GET.get("found", ""))
    return people.facts_of(people.search(who))[:20] if who else []


def _choices(campaign: Campaign) -> dict[str, Any]:
    kinds = {
        "looked": _("Looked at it or carted it"),
        "watched": _("Was there when it was shown"),
        "best_seller": _("Best-seller"),
        "no_name": _("No name known"),
        "en": _("English"),
    }
    return {
        "kinds": [(kind, kinds[kind]) for kind in KINDS],
        "broadcasts": [one for one in snapshot.broadcasts() if one.ended_at is not None],
        "channels": [one.name for one in campaign.channels if one.name in campaign.content],
        "offers": [(one.name, offer_text(one, campaign.currency)) for one in campaign.offers],
        "stages": STAGES,
        "languages": sorted({language for content in campaign.content.values() for language in content}),
    }
