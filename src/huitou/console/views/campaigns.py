"""Campaigns: what each says in readable words, its file to change, its versions."""

from __future__ import annotations

import difflib
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from huitou.campaigns.definition import Campaign
from huitou.campaigns.keys import CampaignError
from huitou.campaigns.reading import default_campaign
from huitou.campaigns.template_checks import check_words
from huitou.campaigns.versions import save_version
from huitou.console.labels import offer_text, when
from huitou.console.page import BOTH, page, speaks
from huitou.console.reads import campaigns as reads
from huitou.console.views.preview import DRAFT, draft_of
from huitou.kit.errors import Refused
from huitou.kit.text import say
from huitou.stores.ledger import transaction

LARGEST = 200_000  # characters of a campaign file


@page
def campaign_list(request: HttpRequest) -> HttpResponse:
    listed = reads.all_campaigns()
    shipped = default_campaign()
    shown = {
        "nav": "campaigns",
        "campaigns": [(one, reads.campaign_named(one.name)) for one in listed],
        "shipped": None if any(one.name == shipped.name for one in listed) else shipped,
    }
    return render(request, "campaigns.html", shown)


@page(takes=BOTH)
def campaign_page(request: HttpRequest, name: str) -> HttpResponse:
    versions = reads.versions_of(name)
    if request.method == "POST":
        return _save(request, name, versions)
    chosen = next((one for one in versions if str(one.version) == request.GET.get("version")), versions[0])
    draft = draft_of(request, name) if request.GET.get("draft") else None
    return _show(request, name, versions, draft or chosen.body, loaded=chosen)


def show_draft(request: HttpRequest, name: str, text: str, problem: dict[str, str]) -> HttpResponse:
    """What is being edited, and what keeps it from being used."""
    return _show(request, name, reads.versions_of(name), text, problem=problem, status=422)


def _save(request: HttpRequest, name: str, versions: list[reads.Version]) -> HttpResponse:
    text = request.POST.get("body", "").replace("\r\n", "\n")
    problem = check_text(text, name)
    if problem is not None:
        return _show(request, name, versions, text, problem=problem, status=422)
    with transaction() as connection:
        saved = save_version(connection, text, by=request.user.get_username())
    request.session.pop(DRAFT + name, None)
    if saved.version == versions[0].version:
        messages.info(
            request, _("Nothing was changed; version %(version)s stays in force.") % {"version": saved.version}
        )
    else:
        messages.success(request, _("Saved as version %(version)s, in force from now on.") % {"version": saved.version})
    return redirect("campaign", name=saved.name)


def check_text(text: str, name: str) -> dict[str, str] | None:
    """What is wrong with the file: the key's path and a sentence. A new name would silently make a new campaign."""
    if len(text) > LARGEST:
        return {"key": "", "text": _("The file is too long.")}
    try:
        campaign = reads.parse(text)
    except CampaignError as error:
        return {"key": error.key, "text": say(error.complaint if error.key else error.message, speaks())}
    except Refused as error:
        return {"key": "", "text": say(error.message, speaks())}
    if campaign.name != name:
        return {"key": "name", "text": _("The name must stay “%(name)s”.") % {"name": name}}
    return None


def _show(
    request: HttpRequest,
    name: str,
    versions: list[reads.Version],
    text: str,
    *,
    problem: dict[str, str] | None = None,
    loaded: reads.Version | None = None,
    status: int = 200,
) -> HttpResponse:
    campaign = reads.campaign_named(name)
    shown = {
        "nav": "campaigns",
        "name": name,
        "campaign": campaign,
        "summary": summary(campaign),
        "versions": versions,
        "diff": _diff(versions, loaded or versions[0]),
        "loaded": loaded if loaded is not None and loaded.version != versions[0].version else None,
        "text": text,
        "problem": problem,
        "oddities": [(key, say(odd, speaks())) for key, odd in check_words(campaign)],
        "lines": text.count("\n") + 1,
    }
    return render(request, "campaign.html", shown, status=status)


def summary(campaign: Campaign) -> dict[str, Any]:
    """What the file means, ready to be read."""
    return {
        "timings": [(timing.name, when(timing)) for timing in campaign.timings],
        "quiet": [f"{_clock(begin)}–{_clock(end)}" for begin, end in campaign.quiet],
        "channels": [(channel, channel.cost_micro / 1_000_000) for channel in campaign.channels],
        "offers": [(offer, offer_text(offer, campaign.currency)) for offer in campaign.offers],
        "intents": campaign.intents.rules(),
        "caps": campaign.caps,
        "languages": sorted({language for words in campaign.content.values() for language in words}),
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _diff(versions: list[reads.Version], new: reads.Version) -> list[str]:
    """What this version changed of the one before it."""
    old = next((one for one in versions if one.version < new.version), None)
    if old is None:
        return []
    lines = difflib.unified_diff(
        old.body.splitlines(), new.body.splitlines(), f"v{old.version}", f"v{new.version}", lineterm="", n=1
    )
    return list(lines)[:400]
