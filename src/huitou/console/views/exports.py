"""Lists as CSV files: the people of a broadcast, customers, messages.

Contact details are masked, and go out in full only by a form that is sent (POST), as looking at one person's is; who took
which list is noted. The held-out and the opted-out are left out unless asked for: a list is mostly made to write to people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from huitou.console import words
from huitou.console.csv_file import csv_response
from huitou.console.labels import labels_of
from huitou.console.masking import mask
from huitou.console.page import BOTH, page
from huitou.console.reads import ledger, people, show, snapshot
from huitou.console.reads import messages as mails
from huitou.console.reads.leave_alone import FREE, HELD_OUT, LeaveAlone, leave_alone
from huitou.console.reads.plans import ruling
from huitou.console.templatetags.huitou import stage_name
from huitou.console.views.broadcasts import PEOPLE_FILTERS, campaign_of
from huitou.kit import clock
from huitou.kit.money import exponent

BATCH = 1_000  # people whose contacts are asked for at a time

log = structlog.get_logger(__name__)

Row = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """Who is in the list, and how much it tells."""

    held_out: bool
    opted_out: bool
    contacts: bool

    def wants(self, state: str) -> bool:
        return state == FREE or (self.held_out if state == HELD_OUT else self.opted_out)


@page(takes=BOTH)
def people_file(request: HttpRequest, broadcast: str) -> HttpResponseBase:
    """The people of a broadcast, by the filters of its page."""
    one = snapshot.find_broadcast(broadcast)
    campaign = ruling(one.broadcast, campaign_of(one))
    filters = {name: _told(request, name) for name in PEOPLE_FILTERS}
    asked = _asked(request)
    if filters["action"] == "holdout":  # they were asked for by name
        asked = Asked(True, asked.opted_out, asked.contacts)
    found = show.list_people(show.filter_people(broadcast, campaign, filters), 1, size=10**9).rows
    rows = [
        {"customer": row.customer, "name": row.name, "rest": (
            words.say("intent", row.intent), row.watch_seconds, row.clicks, row.carts, row.asked,
            _money(row.spent_minor, campaign.currency), row.product, words.say("action", row.action),
            words.say("reason", row.reason), words.say("channel", row.channel), _yes(row.ordered),
        )}
        for row in found
    ]  # fmt: skip
    columns = (
        _("Intent"), _("Watched, s"), _("Clicks"), _("In cart"), _("Asked"), _("Spent"), _("Looked at most"),
        _("Decision"), _("Why"), _("Channel"), _("Ordered in the show"),
    )  # fmt: skip
    return _file(request, f"{_('people')}-{broadcast}", columns, rows, leave_alone(broadcast), asked)


@page(takes=BOTH)
def customers_file(request: HttpRequest) -> HttpResponseBase:
    email = {"yes": True, "no": False}.get(_told(request, "email"))
    listed = people.list_customers(
        rfm=_told(request, "rfm") or None, stage=_told(request, "stage") or None, by_email=email,
        sort=_told(request, "sort"), size=10**9,
    )  # fmt: skip
    rows = [
        {"customer": row["customer"], "name": row["name"], "rest": (
            row["rfm"], stage_name(row["lifecycle"]), row["broadcasts"], row["orders"],
            _money(row["spent_minor"], row["currency"]), row["currency"], _moment(row["last_order_at"]),
            _moment(row["last_seen_at"]), _yes(row["by_email"]),
        )}
        for row in listed.rows
    ]  # fmt: skip
    columns = (
        _("Value"), _("Stage"), _("Broadcasts"), _("Orders"), _("Spent"), _("Currency"), _("Last order"), _("Last seen"),
        _("By e-mail"),
    )  # fmt: skip
    return _file(request, _("customers"), columns, rows, leave_alone(), _asked(request))


@page(takes=BOTH)
def messages_file(request: HttpRequest) -> HttpResponseBase:
    filters = {name: _told(request, name) for name in ("broadcast", "campaign", "group")}
    offers: dict[str, dict[str, str]] = {}

    def told(row: Row) -> Row:
        named = offers.setdefault(row["campaign"], labels_of(row["campaign"]).offers)
        return {"customer": row["customer"], "name": row["name"], "rest": (
            _moment(row["final_at"] or row["send_at"]), row["occurrence"], row["campaign"], row["subject"],
            words.say("channel", row["channel"]), row["step"], named.get(row["offer"], row["offer"]),
            words.say("message_state", row["state"]), words.say("not_sent", row["reason"]), row["id"],
        )}  # fmt: skip

    rows = map(told, mails.all_messages(filters["broadcast"], filters["campaign"], filters["group"]))
    columns = (
        _("Time"), _("Broadcast"), _("Campaign"), _("Subject"), _("Channel"), _("Step"), _("Offer"), _("State"),
        _("Why"), _("Number"),
    )  # fmt: skip
    return _file(request, _("messages"), columns, rows, leave_alone(), _asked(request))


def _file(
    request: HttpRequest, name: str, columns: Sequence[str], rows: Iterable[Row], left: LeaveAlone, asked: Asked
) -> HttpResponseBase:
    """The first column says whether somebody is to be left alone, the file's name whether such people are in it."""
    log.info(
        "list_exported", list=request.path, by=request.user.get_username(), contacts=asked.contacts,
        held_out=asked.held_out, opted_out=asked.opted_out,
    )  # fmt: skip
    states = {FREE: "", HELD_OUT: _("control group: leave alone"), "opted_out": _("opted out: do not write")}
    head = (_("Leave alone"), _("Customer"), _("Name"), _("Phone"), _("E-mail"), *columns)
    kept = (row for row in rows if asked.wants(left.state_of(row["customer"])))
    show_contact: Callable[[str, str | None], str] = lambda kind, value: (  # noqa: E731 - one line, used once
        (value if asked.contacts else mask(kind, value)) if value else ""
    )
    cells = (
        (states[left.state_of(row["customer"])], row["customer"], row["name"], show_contact("phone", known.get("phone")),
         show_contact("email", known.get("email")), *row["rest"])
        for row, known in _with_contacts(kept)
    )  # fmt: skip
    return csv_response(_named(name, asked), head, cells)


def _with_contacts(rows: Iterator[Row]) -> Iterator[tuple[Row, Row]]:
    while batch := list(islice(rows, BATCH)):
        asked = sorted({row["customer"] for row in batch})
        known = {row["customer"]: row for row in ledger.rows("contacts_of", customers=asked)}
        yield from ((row, known.get(row["customer"], {})) for row in batch)


def _named(name: str, asked: Asked) -> str:
    held_out = _("with-control-group") if asked.held_out else ""
    opted_out = _("with-opted-out") if asked.opted_out else ""
    day = clock.to_datetime(clock.now_us(), "Asia/Shanghai").strftime("%Y-%m-%d")
    return "-".join(part for part in (name, day, held_out, opted_out) if part)


def _asked(request: HttpRequest) -> Asked:
    return Asked(bool(_told(request, "held_out")), bool(_told(request, "opted_out")), request.method == "POST")


def _told(request: HttpRequest, name: str) -> str:
    """From a form's own fields where it is sent, else from the address."""
    return str((request.POST if request.method == "POST" else request.GET).get(name, ""))


def _yes(value: object) -> str:
    return _("yes") if value else _("no")


def _moment(at: int | None) -> str:
    return clock.to_datetime(at, "Asia/Shanghai").strftime("%Y-%m-%d %H:%M") if at else ""


def _money(minor: int | None, currency: str | None) -> str:
    if minor is None:
        return ""
    places = exponent(currency or "CNY")
    return f"{Decimal(minor).scaleb(-places):.{places}f}"
