"""Customers: found, grouped, and one of them with everything that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from huitou.campaigns.reading import default_campaign
from huitou.console.reads import ledger, snapshot
from huitou.console.reads.campaigns import all_campaigns, campaign_named
from huitou.console.reads.show import PAGE, Page
from huitou.customers.lifecycle import STAGES, LifecycleStage
from huitou.customers.profile import Profile, find_customer, portrait_of
from huitou.customers.refresh import ZONE, create_orders
from huitou.customers.rfm import CELLS, RfmCell
from huitou.delivery.again import Again, next_moments
from huitou.delivery.send import ADAPTERS
from huitou.kit import clock
from huitou.kit.errors import NotFound, Refused
from huitou.kit.money import MICRO
from huitou.stores.engine import Engine
from huitou.stores.ledger import transaction

MOST_NAMED = 50


@dataclass(frozen=True)
class Groups:
    """Everybody by RFM cell (buyers only) and by stage of life."""

    total: int
    cells: tuple[tuple[RfmCell, int, int], ...]  # cell, customers, spent
    stages: tuple[tuple[LifecycleStage, int], ...]


@dataclass(frozen=True)
class Decision:
    """One decision with the steps it planned."""

    campaign: str
    broadcast: str
    decided_at: int
    action: str
    reason: str
    policy: str
    timing: str
    channel: str
    offer: str
    propensity: float | None
    profit_minor: float | None
    row: dict[str, Any]  # the first step's, with what was known of the person
    steps: tuple[tuple[int, int], ...]  # step, send_at


def groups() -> Groups:
    rows = snapshot.read(("groups",), lambda engine: engine.run("console", "portrait_groups").to_pylist())
    return Groups(
        sum(row["customers"] for row in rows),
        tuple(
            (cell, _sum(rows, "rfm", cell.rfm, "customers"), _sum(rows, "rfm", cell.rfm, "spent_minor"))
            for cell in CELLS
        ),
        tuple((stage, _sum(rows, "lifecycle", stage.stage, "customers")) for stage in STAGES),
    )


def _sum(rows: Sequence[dict[str, Any]], by: str, value: str, what: str) -> int:
    return sum(row[what] or 0 for row in rows if row[by] == value)


def list_customers(
    *,
    rfm: str | None = None,
    stage: str | None = None,
    by_email: bool | None = None,
    sort: str | None = None,
    number: int = 1,
    size: int = PAGE,
) -> Page:
    """`sort`: spent (default), ordered (the last order) or seen."""
    number = max(number, 1)
    first = (number - 1) * size + 1
    chosen = {"rfm": rfm or None, "stage": stage or None, "by_email": by_email, "sort": sort or "spent"}

    def compute(engine: Engine) -> list[dict[str, Any]]:
        page = {"first": first, "last": first + size - 1}
        return list(engine.run("console", "portrait_list", **chosen, **page).to_pylist())

    if size > PAGE:  # a whole list is not worth keeping
        return _page(snapshot.read_once(compute), number)
    return _page(snapshot.read(("customers", *chosen.values(), number), compute), number)


def _page(rows: list[dict[str, Any]], number: int) -> Page:
    """Rows that carry the total; a page beyond the last is empty."""
    total = rows[0]["total"] if rows else 0
    return Page(rows, number, max(1, -(-total // PAGE), number if rows else 1), total)


def search(text: str) -> list[dict[str, Any]]:
    """Customers by id, phone, e-mail, any other identifier, or part of a name; at most MOST_NAMED."""
    text = text.strip()
    if not text:
        return []
    found = _by_identifier(text)
    if found:
        return [{"customer": customer, "name": "", "city": ""} for customer in found]
    return snapshot.read(
        ("named", text),
        lambda engine: engine.run("console", "people_named", part=text, most=MOST_NAMED).to_pylist(),
    )


def facts_of(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The people of a search with what tells namesakes apart: phone, what they spent, the last order."""
    ids = [row["customer"] for row in found]
    if not ids:
        return []
    known = snapshot.read(
        ("found", *ids), lambda engine: engine.run("console", "found", customers=",".join(ids)).to_pylist()
    )
    phones = {row["customer"]: row["phone"] for row in ledger.rows("phones_of", customers=ids)}
    unknown = {"orders": None, "spent_minor": None, "currency": None, "last_order_at": None}  # no portrait yet
    seen = {one["customer"] for one in known}
    rows = [*known, *({**unknown, **row} for row in found if row["customer"] not in seen)]
    return [{**row, "phone": phones.get(row["customer"], "")} for row in rows]


def _by_identifier(text: str) -> list[str]:
    known = ledger.one("root_of", customer=text)
    if known:
        return [known["root"]]
    try:
        return [find_customer(text)]
    except NotFound:
        return []
    except Refused:  # it means several people: the name search would not find them either
        return [row["root"] for row in ledger.rows("same_identifier", value=text)]


def profile_of(customer: str) -> Profile:
    """NotFound where nobody has the id; ids that a merge absorbed lead to the person of today."""
    if ledger.one("root_of", customer=customer) is None:
        raise NotFound({"zh": f"没有客户 {customer}。", "en": f"there is no customer {customer}"})
    now = clock.now_us()
    return snapshot.read(("profile", customer), lambda engine: portrait_of(engine, customer, now, events=1))


def identifiers_of(customer: str) -> list[dict[str, Any]]:
    return ledger.rows("customer_identifiers", customer=customer)


def merges_of(customer: str) -> list[dict[str, Any]]:
    return ledger.rows("customer_merges", customer=customer)


def consents_of(customer: str) -> list[dict[str, Any]]:
    return ledger.rows("customer_consents", customer=customer)


def events_of(customer: str, number: int) -> Page:
    number = max(number, 1)
    first = (number - 1) * PAGE + 1
    now = clock.now_us()

    def compute(engine: Engine) -> list[dict[str, Any]]:
        page = {"first": first, "last": first + PAGE - 1}
        return list(engine.run("console", "customer_events", customer=customer, now=now, **page).to_pylist())

    return _page(snapshot.read(("events", customer, number, now // clock.MINUTE), compute), number)


def hours_of(customer: str) -> list[int]:
    """24 numbers: acts in each hour of the day, by the shop's clock."""
    now = clock.now_us()
    offset = clock.to_datetime(now, ZONE).utcoffset()
    offset_us = int(offset.total_seconds()) * clock.SECOND if offset else 0

    def compute(engine: Engine) -> list[int]:
        rows = engine.run("console", "customer_hours", customer=customer, now=now, offset_us=offset_us).to_pylist()
        acts = {row["hour"]: row["acts"] for row in rows}
        return [acts.get(hour, 0) for hour in range(24)]

    return snapshot.read(("hours", customer), compute)


def orders_of(customer: str) -> list[dict[str, Any]]:
    now = clock.now_us()

    def compute(engine: Engine) -> list[dict[str, Any]]:
        engine.create("wanted_orders", "console", "wanted_of", customer=customer, now=now)
        create_orders(engine, now)
        return list(engine.run("console", "customer_orders", customer=customer).to_pylist())

    rows = snapshot.read(("orders", customer, now // clock.MINUTE), compute)
    names = [[snapshot.product_name(one) for one in (row["products"] or "").split(",") if one] for row in rows]
    return [{**row, "product_names": named} for row, named in zip(rows, names, strict=True)]


def decisions_of(customer: str) -> list[Decision]:
    rows = snapshot.read(
        ("decisions", customer),
        lambda engine: engine.run("console", "customer_decisions", customer=customer).to_pylist(),
    )
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["decided_at"], row["campaign"], row["broadcast"]), []).append(row)
    return [_decision(steps) for steps in found.values()]


@dataclass(frozen=True)
class HeldOut:
    """Left alone on purpose by a campaign, for this broadcast, until its window ends."""

    campaign: str
    broadcast: str
    until: int


@dataclass(frozen=True)
class NextContact:
    """When this person can be written to again, by campaign and channel; what is queued for them already, the next
    first; what holds them out."""

    moments: tuple[Again, ...]
    queued: tuple[dict[str, Any], ...]
    held_out: tuple[HeldOut, ...]


def contact_of(customer: str, zone: str | None) -> NextContact:
    now = clock.now_us()
    names = [one.name for one in all_campaigns() if one.state != "ended"]
    campaigns = [campaign_named(name) for name in names] or [default_campaign()]
    with transaction() as connection:
        moments = [again for one in campaigns for again in next_moments(connection, customer, one, zone, now, ADAPTERS)]
    queued = ledger.rows("queued_for", customer=customer)
    held_out = [_held_out(one) for one in decisions_of(customer) if one.action == "holdout"]
    return NextContact(tuple(moments), tuple(queued), tuple(one for one in held_out if one and one.until > now))


def _held_out(decision: Decision) -> HeldOut | None:
    ended = snapshot.find_broadcast(decision.broadcast).ended_at
    if ended is None:
        return None
    return HeldOut(decision.campaign, decision.broadcast, ended + campaign_named(decision.campaign).window_us())


def _decision(steps: list[dict[str, Any]]) -> Decision:
    row = steps[0]
    return Decision(
        row["campaign"],
        row["broadcast"],
        row["decided_at"],
        row["action"],
        row["reason"],
        f"{row['policy']}@{row['policy_version']}",
        row["timing"] or "",
        row["channel"] or "",
        row["offer"] or "",
        row["propensity"],
        None if row["profit_micro"] is None else row["profit_micro"] / MICRO,
        row,
        tuple((one["step"], one["send_at"]) for one in steps if one["send_at"]),
    )
