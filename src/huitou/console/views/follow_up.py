"""What an operator does about a broadcast: look at the plan before it counts, start it, pause, resume and cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.console.labels import campaign_title, labels_of
from huitou.console.page import BOTH, POST, page, speaks, widget
from huitou.console.reads import broadcasts as listing
from huitou.console.reads import plans, snapshot, troubles
from huitou.console.reads.campaigns import all_campaigns, campaign_named
from huitou.console.reads.plans import PlanCounts
from huitou.console.templatetags.huitou import number
from huitou.flows.readiness import Finding, check_installation, check_start
from huitou.flows.readiness.show import check_time
from huitou.kit import clock
from huitou.kit.errors import Refused
from huitou.kit.text import say


@widget
def plan(request: HttpRequest, broadcast: str) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    follow_up = listing.follow_up_of(one)
    campaign = campaign_named(follow_up.campaign)
    decided = plans.plan_of(one.broadcast, campaign.name) if follow_up.campaign else None
    return _render(request, one, campaign, decided, findings=[] if decided else _open_points(one, campaign))


def _open_points(broadcast: Broadcast, campaign: Campaign) -> list[Finding]:
    """What is known to be open before a plan is worked out; the whole check comes with the preview and the start."""
    if broadcast.ended_at is None or _is_over(broadcast, campaign):
        return []
    return [one for one in (*check_installation(campaign), check_time(broadcast)) if one.state != "good"]


@widget(takes=POST)
def preview(request: HttpRequest, broadcast: str) -> HttpResponse:
    """A dry run: what would be decided anew, nothing kept, nobody written to."""
    from huitou.flows.follow_up import plan_follow_up

    campaign = campaign_named(request.POST.get("campaign"))
    planned = plan_follow_up(broadcast, campaign, dry_run=True)
    counted = plans.plan_from_rows(planned.new, broadcast, campaign.name)
    one = snapshot.find_broadcast(broadcast)
    findings = check_start(one, campaign, planned.new, planned.told, planned.unlinked, clock.now_us())
    return _render(request, one, campaign, counted, is_preview=True, findings=findings)


@page(role="operator", takes=BOTH)
def start(request: HttpRequest, broadcast: str) -> HttpResponse:
    """Looked at first: who, when, for how much, and whether all is ready. The same page's form starts it."""
    if request.method == "POST":
        return _start(request, broadcast)
    from huitou.flows.follow_up import look_ahead

    campaign = campaign_named(
        request.GET.get("campaign") or listing.follow_up_of(snapshot.find_broadcast(broadcast)).campaign
    )
    prospect = look_ahead(broadcast, campaign)
    shown = {
        "nav": "broadcasts",
        "broadcast": prospect.broadcast,
        "campaign": campaign,
        "campaigns": _choices(prospect.broadcast, campaign),
        "plan": plans.plan_from_rows(prospect.new, broadcast, campaign.name),
        "findings": prospect.findings,
        "stopped": prospect.is_stopped,
        "warnings": prospect.warnings,
        **plans.outline(prospect.new, campaign.timezone),
    }
    return render(request, "start.html", shown)


def _start(request: HttpRequest, broadcast: str) -> HttpResponse:
    from huitou.flows import follow_up

    name = request.POST.get("campaign")
    known = {one.name for one in all_campaigns()}
    confirmed = request.POST.get("confirmed", "").split(",")
    try:
        planned = follow_up.start(broadcast, name if name in known else None, confirmed)
    except Refused as error:
        messages.error(request, say(error.message, speaks()))
        if error.code in ("not_ready", "not_confirmed"):
            return redirect(f"{reverse('start', args=[broadcast])}?{urlencode({'campaign': name or ''})}")
        return redirect("broadcast", broadcast=broadcast)
    troubles.forget()
    if planned.warning:
        messages.warning(request, say(planned.warning, speaks()))
    if planned.queued:
        messages.success(request, _queued(planned.queued))
    else:
        messages.info(request, _("Decided. There was no new message to send."))
    return redirect("broadcast", broadcast=broadcast)


@page(role="operator", takes=BOTH)
def cancel(request: HttpRequest, broadcast: str) -> HttpResponse:
    """Asks, with the counts; its form takes back what is queued."""
    from huitou.flows import follow_up

    one = snapshot.find_broadcast(broadcast)
    if request.method == "POST":
        count = follow_up.cancel(one.broadcast, request.POST.get("campaign", ""), request.user.get_username())
        troubles.forget()
        messages.success(request, _cancelled(count))
        return redirect("broadcast", broadcast=broadcast)
    counts = [(name, *count) for name, count in follow_up.count_queued_of(one.broadcast).items() if count[0]]
    return render(request, "cancel.html", {"nav": "broadcasts", "broadcast": one, "campaigns": counts})


def _cancelled(count: int) -> str:
    return ngettext(
        "Cancelled: %(count)s queued message will not go.",
        "Cancelled: %(count)s queued messages will not go.",
        count,
    ) % {"count": number(count)}


def _queued(count: int) -> str:
    return ngettext(
        "Decided. %(queued)s new message is in the outbox.",
        "Decided. %(queued)s new messages are in the outbox.",
        count,
    ) % {"queued": number(count)}


@page(takes=POST)
def pause(request: HttpRequest, name: str) -> HttpResponse:
    from huitou.flows import follow_up

    follow_up.pause(name)
    troubles.forget()
    messages.warning(
        request, _("Paused: nothing of “%(name)s” goes out until it is resumed.") % {"name": campaign_title(name)}
    )
    return redirect(_back(request, name))


@page(takes=POST)
def resume(request: HttpRequest, name: str) -> HttpResponse:
    from huitou.flows import follow_up

    follow_up.resume(name)
    troubles.forget()
    messages.success(request, _("Resumed: “%(name)s” goes on sending.") % {"name": campaign_title(name)})
    return redirect(_back(request, name))


def _back(request: HttpRequest, name: str) -> str:
    broadcast = request.POST.get("broadcast", "")
    return (
        reverse("broadcast", args=[broadcast])
        if broadcast and broadcast.isprintable()
        else reverse("campaign", args=[name])
    )


def _render(
    request: HttpRequest,
    broadcast: Broadcast,
    campaign: Campaign,
    plan: PlanCounts | None,
    *,
    is_preview: bool = False,
    findings: Sequence[Finding] = (),
) -> HttpResponse:
    taken = plans.taken(broadcast.broadcast, campaign.name)
    rules = campaign if is_preview else plans.ruling(broadcast.broadcast, campaign)
    shown = {
        "broadcast": broadcast,
        "campaign": campaign,
        "campaigns": _choices(broadcast, campaign),
        "findings": findings,
        "window_ends_at": _window_ends_at(broadcast, campaign),
        "follow_up": listing.follow_up_of(broadcast),
        "plan": plan,
        "taken": taken,
        "decided_before": _decided_before(broadcast, campaign) if is_preview and taken else None,
        "reasons": plans.by_action(plan) if plan else {},
        "labels": labels_of(campaign.name),
        "is_preview": is_preview,
        "share_set": float(rules.holdout),
        "budget_minor": rules.budget.offers_minor,
        "messages_budget_minor": rules.budget.messages_minor,
    }
    return render(request, "widgets/plan.html", shown)


def _choices(broadcast: Broadcast, campaign: Campaign) -> list[str]:
    """Campaigns that can still be started for the broadcast, this one first."""
    names = [listed.name for listed in all_campaigns() if listed.state != "ended"]
    choices = plans.campaign_choices(broadcast.broadcast, names, campaign)
    return [name for name in choices if not _is_over(broadcast, campaign_named(name))]


def _decided_before(broadcast: Broadcast, campaign: Campaign) -> int:
    """People who have their decision already: a new plan leaves them as they are."""
    known = plans.plan_of(broadcast.broadcast, campaign.name)
    return known.people if known else 0


def _window_ends_at(broadcast: Broadcast, campaign: Campaign) -> int | None:
    return None if broadcast.ended_at is None else broadcast.ended_at + campaign.window_us()


def _is_over(broadcast: Broadcast, campaign: Campaign) -> bool:
    ends_at = _window_ends_at(broadcast, campaign)
    return ends_at is not None and clock.now_us() >= ends_at
