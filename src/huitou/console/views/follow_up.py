"""What an operator does about a broadcast: look at the plan before it counts, start it, pause and resume it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.console.labels import labels_of
from huitou.console.page import page, speaks, widget
from huitou.console.reads import broadcasts as listing
from huitou.console.reads import plans, snapshot
from huitou.console.reads.campaigns import all_campaigns, campaign_named
from huitou.console.reads.plans import Plan
from huitou.console.templatetags.huitou import number
from huitou.kit import clock
from huitou.kit.errors import Refused
from huitou.kit.text import say


@widget
def plan(request: HttpRequest, broadcast: str) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    follow_up = listing.follow_up_of(one)
    campaign = campaign_named(follow_up.campaign)
    decided = plans.plan_of(one.broadcast, campaign.name) if follow_up.campaign else None
    return _render(request, one, campaign, decided)


@widget
@require_POST
def preview(request: HttpRequest, broadcast: str) -> HttpResponse:
    """A dry run: what would be decided anew, nothing kept, nobody written to."""
    from huitou.flows.follow_up import plan_follow_up

    campaign = campaign_named(request.POST.get("campaign"))
    planned = plan_follow_up(broadcast, campaign, dry_run=True)
    new = plans.only_new(planned.decisions, broadcast, campaign.name)
    counted = plans.plan_from_rows(new, broadcast, campaign.name)
    return _render(request, snapshot.find_broadcast(broadcast), campaign, counted, is_preview=True)


@page
@require_POST
def start(request: HttpRequest, broadcast: str) -> HttpResponse:
    from huitou.flows.follow_up import choose_campaign, plan_follow_up

    name = request.POST.get("campaign")
    known = {one.name for one in all_campaigns()}
    try:
        planned = plan_follow_up(broadcast, choose_campaign(name=name if name in known else None))
    except Refused as error:
        messages.error(request, say(error.message, speaks()))
        return redirect("broadcast", broadcast=broadcast)
    if planned.warning:
        messages.warning(request, say(planned.warning, speaks()))
    if planned.queued:
        messages.success(request, _queued(planned.queued))
    else:
        messages.info(request, _("Decided. There was no new message to send."))
    return redirect("broadcast", broadcast=broadcast)


def _queued(count: int) -> str:
    return ngettext(
        "Decided. %(queued)s new message is in the outbox.",
        "Decided. %(queued)s new messages are in the outbox.",
        count,
    ) % {"queued": number(count)}


@page
@require_POST
def pause(request: HttpRequest, name: str) -> HttpResponse:
    from huitou.flows import follow_up

    follow_up.pause(name)
    messages.warning(request, _("Paused: nothing of “%(name)s” goes out until it is resumed.") % {"name": name})
    return redirect(_back(request, name))


@page
@require_POST
def resume(request: HttpRequest, name: str) -> HttpResponse:
    from huitou.flows import follow_up

    follow_up.resume(name)
    messages.success(request, _("Resumed: “%(name)s” goes on sending.") % {"name": name})
    return redirect(_back(request, name))


def _back(request: HttpRequest, name: str) -> str:
    from django.urls import reverse

    broadcast = request.POST.get("broadcast")
    return reverse("broadcast", args=[broadcast]) if broadcast else reverse("campaign", args=[name])


def _render(
    request: HttpRequest,
    broadcast: Broadcast,
    campaign: Campaign,
    plan: Plan | None,
    *,
    is_preview: bool = False,
) -> HttpResponse:
    names = [listed.name for listed in all_campaigns() if listed.state != "ended"]
    choices = plans.campaign_choices(broadcast.broadcast, names, campaign)
    taken = plans.taken(broadcast.broadcast, campaign.name)
    rules = campaign if is_preview else plans.ruling(broadcast.broadcast, campaign)
    shown = {
        "broadcast": broadcast,
        "campaign": campaign,
        "campaigns": [name for name in choices if not _is_over(broadcast, campaign_named(name))],
        "window_ends_at": _window_ends_at(broadcast, campaign),
        "follow_up": listing.follow_up_of(broadcast),
        "plan": plan,
        "taken": taken,
        "decided_before": _decided_before(broadcast, campaign) if is_preview and taken else None,
        "reasons": plans.by_action(plan) if plan else {},
        "labels": labels_of(campaign.name),
        "is_preview": is_preview,
        "budget_minor": rules.budget.offers_minor,
        "messages_budget_minor": rules.budget.messages_minor,
    }
    return render(request, "widgets/plan.html", shown)


def _decided_before(broadcast: Broadcast, campaign: Campaign) -> int:
    """People who have their decision already: a new plan leaves them as they are."""
    known = plans.plan_of(broadcast.broadcast, campaign.name)
    return known.people if known else 0


def _window_ends_at(broadcast: Broadcast, campaign: Campaign) -> int | None:
    return None if broadcast.ended_at is None else broadcast.ended_at + campaign.window_us()


def _is_over(broadcast: Broadcast, campaign: Campaign) -> bool:
    ends_at = _window_ends_at(broadcast, campaign)
    return ends_at is not None and clock.now_us() >= ends_at
