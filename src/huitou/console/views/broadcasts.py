"""Broadcasts: the list, one of them, and the parts of its page, each fetched by itself."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.console import words
from huitou.console.csv_file import csv_response
from huitou.console.page import page, widget
from huitou.console.reads import broadcasts as listing
from huitou.console.reads import editing, results, show, snapshot
from huitou.console.reads.campaigns import campaign_named
from huitou.console.reads.plans import ruling
from huitou.console.reads.reaching import reach_of
from huitou.console.reads.sending import sending_of
from huitou.delivery.cancel import list_cancellations
from huitou.events.broadcast_acts import ids_of
from huitou.flows.health import read_troubles
from huitou.flows.shows import history_of
from huitou.kit import clock
from huitou.kit.money import exponent

UNSEEN_COLUMNS = (
    "order_id", "ordered_at", "state", "amount", "refunded", "currency", "named_broadcast", "reason", "why", "name", "contact",
)  # fmt: skip
LAST_PAGE = 1_000_000
PEOPLE_FILTERS = ("action", "reason", "intent", "sort")
DECIDED = ("send", "holdout", "nothing")


@page
def broadcast_list(request: HttpRequest) -> HttpResponse:
    rows, search = listing.list_rows(), request.GET.get("q", "").strip()
    gone = editing.standing().gone
    shown = {
        "nav": "broadcasts",
        "rows": [row for row in rows if row.matches(search)],
        "total": len(rows),
        "search": search,
        "gone": len(gone),
        "shows_gone": bool(gone) and request.GET.get("deleted") == "1",
    }
    if shown["shows_gone"]:
        shown |= {"deleted": editing.deleted(), "merged": sorted(editing.standing().survivors.items())}
    return render(request, "broadcasts.html", shown)


@page
def broadcast_page(request: HttpRequest, broadcast: str) -> HttpResponse:
    standing = editing.standing()
    if broadcast in standing.deleted:
        return redirect("edit_broadcast", broadcast=broadcast)
    if broadcast in standing.survivors:
        return redirect("broadcast", broadcast=standing.survivors[broadcast])
    one = snapshot.find_broadcast(broadcast)
    currency = campaign_of(one).currency
    shown = {
        "nav": "broadcasts",
        "broadcast": one,
        "changes": len(history_of(one.broadcast)),
        "follow_up": listing.follow_up_of(one),
        "funnel": show.funnel_of(one, currency),
        "currency": currency,
        "people_filters": _told(request, (*PEOPLE_FILTERS, "page")),
        "is_early": one.settled_at is not None and clock.now_us() < one.settled_at,
    }
    return render(request, "broadcast.html", shown)


@widget
def verdict(request: HttpRequest, broadcast: str) -> HttpResponse:
    """The list's last column: too slow to wait for with the list."""
    one = snapshot.find_broadcast(broadcast)
    report = results.report_of(one, campaign_of(one))
    return render(request, "widgets/verdict.html", {"report": report, "broadcast": one})


@widget
def funnel(request: HttpRequest, broadcast: str) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    stages = show.stages_of(one, show.funnel_of(one, campaign_of(one).currency))
    names = {
        "entered": _("Entered"),
        "saw_product": _("Saw a product"),
        "clicked": _("Clicked"),
        "carted": _("Added to cart"),
        "ordered": _("Ordered"),
    }
    labelled = [(names[stage.name], stage) for stage in stages]
    chart = {
        "names": [name for name, _stage in labelled],
        "people": [stage.people for stage in stages],
        "shares": [stage.of_all for stage in stages],
    }
    return render(request, "widgets/funnel.html", {"stages": labelled, "chart": chart})


@widget
def takings(request: HttpRequest, broadcast: str) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    currency = campaign_of(one).currency
    taken = show.takings_of(one, currency)
    parts = [
        (_("People seen watching"), taken.buyers),
        (_("People not seen watching"), taken.unseen),
        (_("The show in all"), taken.total),
    ]
    return render(request, "widgets/takings.html", {"takings": taken, "parts": parts, "currency": currency})


@widget
def unseen_count(request: HttpRequest, broadcast: str) -> HttpResponse:
    """Beside a broadcast's GMV in the list: too slow to wait for with the list."""
    one = snapshot.find_broadcast(broadcast)
    currency = campaign_of(one).currency
    unseen = show.takings_of(one, currency).unseen
    return render(request, "widgets/unseen_count.html", {"unseen": unseen, "currency": currency})


@widget
def unseen(request: HttpRequest, broadcast: str) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    currency, reason = campaign_of(one).currency, request.GET.get("reason", "")
    shown = {
        "broadcast": one,
        "page": show.paged(show.unseen_of(one, currency, reason), page_number(request), show.unseen_order),
        "why": show.takings_of(one, currency).unseen.why,
        "reason": reason,
    }
    return render(request, "widgets/unseen.html", shown)


@page
def unseen_csv(request: HttpRequest, broadcast: str) -> HttpResponseBase:
    """The same list as a file, contacts masked as on the page."""
    one = snapshot.find_broadcast(broadcast)
    rows = [show.unseen_order(row) for row in show.unseen_of(one, campaign_of(one).currency).to_pylist()]
    return csv_response(f"unseen-{one.broadcast}", UNSEEN_COLUMNS, map(unseen_cells, rows))


def unseen_cells(row: show.UnseenOrder) -> list[str]:
    """In the order of UNSEEN_COLUMNS; money in the currency's unit, time as ISO 8601."""
    places = exponent(row.currency)
    amounts = (f"{Decimal(minor).scaleb(-places):f}" for minor in (row.amount_minor, row.refunded_minor))
    told = (row.named_broadcast or "", row.reason, words.say("unseen", row.reason), row.name, row.contact)
    return [row.order_id, clock.to_iso(row.ordered_at), row.state, *amounts, row.currency, *told]


@widget
def non_buyers(request: HttpRequest, broadcast: str) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    campaign = ruling(one.broadcast, campaign_of(one))
    intents = show.count_intents(broadcast, campaign)
    shown = {
        "broadcast": one,
        "campaign": campaign,
        "intents": intents,
        "total": sum(intents.values()),
        "products": show.products_of(broadcast),
    }
    return render(request, "widgets/non_buyers.html", shown)


@widget
def reach(request: HttpRequest, broadcast: str) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    counted, at = reach_of(one.broadcast, campaign_of(one))
    return render(request, "widgets/reach.html", {"reach": counted, "at": at})


@widget
def sending(request: HttpRequest, broadcast: str) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    follow_up = listing.follow_up_of(one)
    state = sending_of(one.broadcast, follow_up.campaign) if follow_up.campaign else None
    shown = {
        "broadcast": one,
        "follow_up": follow_up,
        "campaign": campaign_of(one),
        "sending": state,
        "own_troubles": read_troubles(one.broadcast),
        "cancellations": list_cancellations(ids_of(one.broadcast)),
    }
    return render(request, "widgets/sending.html", shown)


@widget
def results_widget(request: HttpRequest, broadcast: str) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    if listing.follow_up_of(one).campaign is None:
        return render(request, "widgets/results.html", {"report": None})
    report = results.report_of(one, campaign_of(one))
    conversions = report.observed.conversions[-8:]
    chart = {
        "names": [f"{row['broadcast']}" for row in conversions],
        "shares": [row["share"] for row in conversions],
    }
    shown = {"report": report, "conversions": conversions, "chart": chart, "broadcast": one}
    return render(request, "widgets/results.html", shown)


@widget
def people(request: HttpRequest, broadcast: str) -> HttpResponse:
    one = snapshot.find_broadcast(broadcast)
    campaign = ruling(one.broadcast, campaign_of(one))
    filters = {name: request.GET.get(name, "") for name in PEOPLE_FILTERS}
    found = show.filter_people(broadcast, campaign, filters)
    decided = show.decided_of(broadcast, campaign.name)
    shown = {
        "broadcast": one,
        "campaign": campaign,
        "page": show.list_people(found, page_number(request)),
        "late": show.count_buyers(found) if filters["action"] in DECIDED else 0,
        "filters": filters,
        "sorts": [
            ("watched", _("Watching time")),
            ("clicks", _("Clicks")),
            ("carts", _("In cart")),
            ("spent", _("Spent")),
        ],
        "reasons": sorted({row["reason"] for row in decided if row["reason"]}),
        "is_decided": bool(decided),
        "address": _told(request, (*PEOPLE_FILTERS, "page")),
    }
    return render(request, "widgets/people.html", shown)


def _told(request: HttpRequest, names: Sequence[str]) -> str:
    """Those of the address's parameters that say something, as a query string: '' or '?action=send&page=2'."""
    told = {name: value for name in names if (value := request.GET.get(name))}
    return f"?{urlencode(told)}" if told else ""


def page_number(request: HttpRequest) -> int:
    """Of what the address says; 1 where it says no number, the last there can be where it is past it."""
    try:
        return min(max(int(request.GET.get("page", "1")), 1), LAST_PAGE)
    except ValueError:
        return 1


def campaign_of(broadcast: Broadcast) -> Campaign:
    """The one that decided for it, else the one that would."""
    return campaign_named(listing.follow_up_of(broadcast).campaign)
