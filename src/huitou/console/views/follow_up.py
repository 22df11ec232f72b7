"""What an operator does about a broadcast: look at the plan before it counts, start it, pause and resume it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from huitou.campaigns.definition import Campaign
from huitou.console.page import page, speaks, widget
from huitou.console.reads import broadcasts as listing
from huitou.console.reads import plans, snapshot
from huitou.console.reads.campaigns import all_campaigns, campaign_named
from huitou.console.reads.plans import Plan
from huitou.console.templatetags.huitou import number
from huitou.kit.text import say


@widget
def plan(request: HttpRequest, broadcast: str) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    follow_up = listing.follow_up_of(one)
    campaign = campaign_named(follow_up.campaign)
    decided = plans.plan_of(one.broadcast, campaign.name) if follow_up.campaign else None
    return _render(request, one.broadcast, campaign, decided)


@widget
@require_POST
def preview(request: HttpRequest, broadcast: str) -> HttpResponse:
    """A dry run: the whole plan, nothing kept, nobody written to."""
    from huitou.flows.follow_up import plan_follow_up

    campaign = campaign_named(request.POST.get("campaign"))
    planned = plan_follow_up(broadcast, campaign, dry_run=True)
    counted = plans.plan_from_rows(planned.decisions, broadcast, campaign.name)
    return _render(request, broadcast, campaign, counted, is_preview=True)


@page
@require_POST
def start(request: HttpRequest, broadcast: str) -> HttpResponse:
    from huitou.flows.follow_up import choose_campaign, plan_follow_up

    name = request.POST.get("campaign")
    known = {one.name for one in all_campaigns()}
    planned = plan_follow_up(broadcast, choose_campaign(name=name if name in known else None))
    queued = planned.queued
    text = ngettext(
        "Decided. %(queued)s new message is in the outbox.",
        "Decided. %(queued)s new messages are in the outbox.",
        queued,
    ) % {"queued": number(queued)}
    if planned.warning:
        messages.warning(request, say(planned.warning, speaks()))
    messages.success(request, text)
    return redirect("broadcast", broadcast=broadcast)


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
    broadcast: str,
    campaign: Campaign,
    plan: Plan | None,
    *,
    is_preview: bool = False,
) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    names = [listed.name for listed in all_campaigns() if listed.state != "ended"]
    shown = {
        "broadcast": one,
        "campaign": campaign,
        "campaigns": plans.campaign_choices(broadcast, names, campaign),
        "follow_up": listing.follow_up_of(one),
        "plan": plan,
        "reasons": plans.by_action(plan) if plan else {},
        "is_preview": is_preview,
        "budget_minor": campaign.budget.offers_minor,
        "messages_budget_minor": campaign.budget.messages_minor,
    }
    return render(request, "widgets/plan.html", shown)
