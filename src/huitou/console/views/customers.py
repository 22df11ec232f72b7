"""Customers: find one, see everything that is known about them, and why each decision was taken."""

from __future__ import annotations

from typing import Any

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from huitou.console import searches, sentences
from huitou.console.labels import Labels, labels_of
from huitou.console.masking import mask
from huitou.console.page import BOTH, POST, page, speaks, widget
from huitou.console.reads import messages as mails
from huitou.console.reads import people, snapshot
from huitou.console.templatetags.huitou import short_id
from huitou.console.views.broadcasts import page_number
from huitou.customers.lifecycle import STAGES
from huitou.customers.rfm import BY_RFM, CELLS
from huitou.decisions.reasons import explain
from huitou.events.identity import undo_merge
from huitou.flows.refresh import forget
from huitou.kit import clock
from huitou.kit.text import say
from huitou.stores.ledger import transaction

CONTACT_KINDS = ("phone", "email")
MOST_CONTACTS = 4  # in the heading; all of them stand among the identifiers

log = structlog.get_logger(__name__)


@page(role="analyst", takes=BOTH)  # a search is sent by POST, and changes nothing
def customer_list(request: HttpRequest) -> HttpResponse:
    """The list; by POST a search, so that no phone and no name ever stands in an address or a log."""
    if request.method == "POST":
        return _search(request, request.POST.get("who", ""))
    rfm, stage = request.GET.get("rfm") or None, request.GET.get("stage") or None
    email, sort = request.GET.get("email", ""), request.GET.get("sort", "")
    listed = people.list_customers(
        rfm=rfm, stage=stage, by_email={"yes": True, "no": False}.get(email), sort=sort, number=page_number(request)
    )
    shown = {
        "nav": "customers",
        "groups": people.groups(),
        "page": listed,
        "rfm": rfm,
        "stage": stage,
        "filters": {"rfm": rfm or "", "stage": stage or "", "email": email, "sort": sort},
        "is_filtered": bool(rfm or stage or email),
        "choices": {"rfm": [(one.rfm, one.name, one.grade) for one in CELLS], "stage": STAGES},
        "cell": BY_RFM.get(rfm or ""),
    }
    return render(request, "customers.html", shown)


def _search(request: HttpRequest, who: str) -> HttpResponse:
    found = people.search(who)
    if len(found) == 1:
        return redirect("customer", customer=found[0]["customer"])
    return redirect("search", token=searches.remember(request, who))


@page
def search(request: HttpRequest, token: str) -> HttpResponse:
    """What a search found, at an address that says nothing of it: it can be come back to."""
    who = searches.recall(request, token)
    if who is None:
        return redirect("customers")
    rows = people.facts_of(people.search(who))
    found = [{**row, "phone": mask("phone", row["phone"]) if row["phone"] else ""} for row in rows]
    return render(request, "search.html", {"nav": "customers", "found": found, "who": who})


@page
def customer_page(request: HttpRequest, customer: str) -> HttpResponse:
    searches.hide(request)
    return _show(request, customer, revealed=False)


@page(role="operator", takes=BOTH)
def reveal(request: HttpRequest, customer: str) -> HttpResponse:
    """Contact details in full, on request, and noted who asked; until they are hidden, or for a quarter of an hour."""
    if request.method == "POST":
        log.info("contact_revealed", customer=customer, by=request.user.get_username())
        searches.reveal(request, customer)
        return redirect("reveal", customer=customer)
    if not searches.is_revealed(request, customer):
        return redirect("customer", customer=customer)
    return _show(request, customer, revealed=True)


def _show(request: HttpRequest, customer: str, *, revealed: bool) -> HttpResponse:
    profile = people.profile_of(customer)
    if profile.customer != customer:
        return redirect("customer", customer=profile.customer)
    identifiers = [_shown(row, revealed=revealed) for row in people.identifiers_of(customer)]
    contacts = [row for row in identifiers if row["kind"] in CONTACT_KINDS]
    hours = people.hours_of(customer)
    shown = {
        "nav": "customers",
        "profile": profile,
        "person": profile.person,
        "portrait": profile.portrait,
        "identifiers": identifiers,
        "contacts": contacts[:MOST_CONTACTS],
        "more_contacts": max(0, len(contacts) - MOST_CONTACTS),
        "merges": [_merge(row, revealed=revealed) for row in people.merges_of(customer)],
        "consents": people.consents_of(customer),
        "contact": _contact(people.contact_of(customer, profile.person.get("timezone"))),
        "revealed": revealed,
        "hours": {"hours": [f"{hour:02d}" for hour in range(24)], "events": hours},
        "has_hours": any(hours),
        "favourite": snapshot.product_name(profile.portrait["favourite_product"]),
        "visits": [{**visit, "product": snapshot.product_name(visit["top_product"])} for visit in profile.visits],
    }
    return render(request, "customer.html", shown)


def _contact(contact: people.NextContact) -> dict[str, Any]:
    together = {"zh": "；", "en": "; "}[speaks()]
    return {
        "moments": [(one, together.join(say(why, speaks()) for why in one.reasons())) for one in contact.moments],
        "now": clock.now_us(),
        "queued": contact.queued,
        "held_out": contact.held_out,
    }


def _shown(row: dict[str, Any], *, revealed: bool) -> dict[str, Any]:
    return {**row, "shown": row["value"] if revealed else mask(row["kind"], row["value"])}


def _merge(row: dict[str, Any], *, revealed: bool) -> dict[str, Any]:
    return {**row, "shown": row["value"] if revealed else mask(row["kind"], row["value"])}


@page(takes=POST)
def undo(request: HttpRequest, customer: str, merge: int) -> HttpResponse:
    with transaction() as connection:
        roots = undo_merge(connection, merge)
        forget(connection)
    log.info("merge_undone", merge=merge, by=request.user.get_username())
    stays = roots.get(customer, customer)
    messages.success(request, _undone(sorted(set(roots.values()) - {stays})))
    return redirect("customer", customer=stays)


def _undone(others: list[str]) -> str:
    """What to say, with the way to whom was part of this person before."""
    said = _("The merge was undone and will not be made again by itself.")
    if not others:
        return said + " " + _("Other ties still hold them together as one person.")
    links = format_html_join(
        " · ", '<a href="{}">{}</a>', ((reverse("customer", args=[other]), short_id(other)) for other in others)
    )
    return format_html("{} {} {}", said, _("The other person:"), links)


@widget
def timeline(request: HttpRequest, customer: str) -> HttpResponse:
    listed = people.events_of(customer, page_number(request))
    told = [{**event, "sentence": sentences.tell(event)} for event in listed.rows]
    return render(
        request, "widgets/timeline.html", {"page": listed, "events": sentences.fold(told), "customer": customer}
    )


@widget
def orders(request: HttpRequest, customer: str) -> HttpResponse:
    return render(request, "widgets/orders.html", {"orders": people.orders_of(customer)})


@widget
def decisions(request: HttpRequest, customer: str) -> HttpResponse:
    taken = people.decisions_of(customer)
    labels = {name: labels_of(name) for name in {one.campaign for one in taken}}
    told = [_told(one, labels[one.campaign]) for one in taken]
    sent = mails.list_messages(customer=customer, number=1)
    return render(request, "widgets/decisions.html", {"decisions": told, "page": sent})


def _told(decision: people.Decision, labels: Labels) -> dict[str, Any]:
    why = explain(decision.row, speaks(), timings=labels.timings, offers=labels.offers)
    return {"row": decision, "why": why, "intent": decision.row["intent"], "labels": labels}
