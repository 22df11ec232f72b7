"""One broadcast: its funnel, its products, who attended it and what was decided for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import INTENTS, Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.console.masking import mask
from huitou.console.reads import snapshot
from huitou.decisions.columns import ints
from huitou.decisions.people import judge_intent
from huitou.kit import clock
from huitou.kit.money import MICRO
from huitou.measurement.report import Funnel, create_funnel_people, read_funnel
from huitou.measurement.unseen import Takings, create_show_orders, list_unseen, read_takings
from huitou.stores.engine import Engine

STAGES = ("entered", "saw_product", "clicked", "carted", "ordered")
PAGE = 50
SORTS = {"watched": "watch_seconds", "clicks": "clicks", "carts": "carts", "spent": "spent_minor"}


@dataclass(frozen=True)
class FunnelStep:
    name: str
    people: int
    of_all: float | None
    of_previous: float | None  # of those who took the step before, the share that took this one too


@dataclass(frozen=True)
class ProductRow:
    product: str
    name: str
    seen: int
    clicked: int
    carted: int
    asked: int
    ordered: int
    missed: int


@dataclass(frozen=True)
class Attendee:
    """One attendee as a line of the list."""

    customer: str
    name: str
    spent_minor: int
    watch_seconds: int
    clicks: int
    carts: int
    asked: int
    product: str
    ordered: bool
    order_minor: int
    intent: str
    action: str
    reason: str | None
    channel: str | None
    send_at: int | None


@dataclass(frozen=True)
class UnseenOrder:
    """One order of somebody not seen watching; `contact` is masked, '' where none is known."""

    order_id: str
    ordered_at: int
    state: str
    amount_minor: int
    refunded_minor: int
    currency: str
    reason: str
    named_broadcast: str | None
    customer: str | None
    name: str
    contact: str


@dataclass(frozen=True)
class Page:
    """A page of a longer list, counted from 1."""

    rows: Sequence[Any]
    number: int
    pages: int
    total: int


@dataclass(frozen=True)
class SentArm:
    timing: str
    channel: str
    offer: str
    people: int
    messages: int
    message_minor: float
    offer_minor: float
    profit_minor: float
    first_at: int


def funnel_of(broadcast: Broadcast, currency: str) -> Funnel:
    """Its money is that of the orders in this currency; its buyers are those of `takings_of`."""
    buyers = takings_of(broadcast, currency).buyers
    return snapshot.read(
        ("funnel", *_as_known(broadcast), currency), lambda engine: read_funnel(engine, broadcast.broadcast, buyers)
    )


def stages_of(broadcast: Broadcast, funnel: Funnel) -> list[FunnelStep]:
    def compute(engine: Engine) -> dict[str, int | None]:
        create_show_orders(engine, broadcast, clock.now_us())
        create_funnel_people(engine, broadcast.broadcast)
        return dict(engine.run("console", "show_steps").to_pylist()[0])

    both = snapshot.read(("show_steps", *_as_known(broadcast)), compute)
    found: list[FunnelStep] = []
    for name in STAGES:
        people, before = getattr(funnel, name), found[-1].people if found else 0
        of_all = people / funnel.entered if funnel.entered else None
        found.append(FunnelStep(name, people, of_all, (both[name] or 0) / before if before else None))
    return found


def takings_of(broadcast: Broadcast, currency: str) -> Takings:
    """What the show took, by people seen watching and not; money in this currency."""
    return snapshot.read(
        ("takings", *_as_known(broadcast), currency),
        lambda engine: read_takings(engine, broadcast, currency, clock.now_us()),
    )


def unseen_of(broadcast: Broadcast, currency: str, reason: str = "") -> pa.Table:
    """The orders of people not seen watching, the latest first; of one reason where it is given."""
    table = snapshot.read(
        ("unseen", *_as_known(broadcast), currency),
        lambda engine: list_unseen(engine, broadcast, currency, clock.now_us()),
    )
    return table.filter(pc.equal(table.column("reason"), reason)) if reason else table


def unseen_order(row: dict[str, Any]) -> UnseenOrder:
    """A row of `unseen_of` as it is shown."""
    kind = next((kind for kind in ("phone", "email") if row[kind]), None)
    return UnseenOrder(
        row["order_id"],
        row["ordered_at"],
        row["status"],
        row["amount_minor"],
        row["refunded_minor"],
        row["currency"],
        row["reason"],
        row["named_broadcast"],
        row["customer"],
        row["name"] or "",
        mask(kind, row[kind]) if kind else "",
    )


def _as_known(broadcast: Broadcast) -> tuple[Broadcast, int | None]:
    """An ended show stays as it is; a live one grows by the minute."""
    return broadcast, None if broadcast.ended_at else clock.now_us() // clock.MINUTE


def products_of(broadcast: str) -> list[ProductRow]:
    rows = snapshot.read(
        ("show_products", broadcast),
        lambda engine: engine.run("console", "show_products", broadcast=broadcast).to_pylist(),
    )
    return [ProductRow(name=snapshot.product_name(row["product"]), **row) for row in rows]


def crowd_of(broadcast: str, campaign: Campaign) -> pa.Table:
    """Everybody who attended, with `intent` by this campaign's table and what it decided for them."""
    one = snapshot.find_broadcast(broadcast)

    def compute(engine: Engine) -> pa.Table:
        create_show_orders(engine, one, clock.now_us())
        money = {"currency": campaign.currency}
        table = engine.run("console", "crowd", broadcast=broadcast, campaign=campaign.name, **money)
        counts = (ints(table, name) for name in ("watch_seconds", "carts", "asked", "clicks"))
        codes = judge_intent(campaign, *counts)
        intents = pa.array(np.array(INTENTS, dtype=object)[codes], pa.string())
        return table.append_column("intent", intents)

    key = ("crowd", *_as_known(one), campaign.name, campaign.currency, campaign.intents)
    return snapshot.read(key, compute)


def count_intents(broadcast: str, campaign: Campaign) -> dict[str, int]:
    """People who did not order, by intent, the highest first."""
    table = crowd_of(broadcast, campaign)
    left = table.filter(pc.invert(table.column("ordered")))
    found = Counter(left.column("intent").to_pylist())
    return {intent: found[intent] for intent in INTENTS}


def filter_people(broadcast: str, campaign: Campaign, filters: dict[str, str]) -> pa.Table:
    """Who did not order (or, with action 'ordered', who did), filtered by action, reason and intent.

    Filtered by what was decided there are also those whose order in the show came to be known later.
    """
    table = crowd_of(broadcast, campaign)
    ordered = filters.get("action") == "ordered"
    if ordered:
        table = table.filter(table.column("ordered"))
    elif filters.get("action") == "undecided":
        table = table.filter(pc.and_(pc.invert(table.column("ordered")), pc.is_null(table.column("action"))))
    elif action := filters.get("action"):
        table = table.filter(pc.equal(table.column("action"), action))
    else:
        table = table.filter(pc.invert(table.column("ordered")))
    for name in ("reason", "intent"):
        if wanted := filters.get(name):
            table = table.filter(pc.equal(table.column(name), wanted))
    column = SORTS.get(filters.get("sort", ""))
    return table.sort_by([(column, "descending"), ("customer", "ascending")]) if column else table


def list_people(people: pa.Table, number: int, size: int = 25) -> Page:
    return paged(people, number, _person, size)


def count_buyers(people: pa.Table) -> int:
    return int(pc.sum(people.column("ordered")).as_py() or 0)


def paged(table: pa.Table, number: int, make: Any, size: int = 25) -> Page:
    pages = max(1, -(-table.num_rows // size))
    number = min(max(number, 1), pages)
    rows = table.slice((number - 1) * size, size).to_pylist()
    return Page([make(row) for row in rows], number, pages, table.num_rows)


def _person(row: dict[str, Any]) -> Attendee:
    return Attendee(
        row["customer"],
        row["name"] or "",
        row["spent_minor"],
        row["watch_seconds"],
        row["clicks"],
        row["carts"],
        row["asked"],
        snapshot.product_name(row["top_product"]),
        row["ordered"],
        row["order_minor"],
        row["intent"],
        row["action"] or "undecided",
        row["reason"],
        row["channel"],
        row["send_at"],
    )


def decided_of(broadcast: str, campaign: str) -> list[dict[str, Any]]:
    """(action, reason, people) of one campaign's decisions, as the report counts them."""
    return snapshot.read(
        ("decided_of", broadcast, campaign),
        lambda engine: engine.run("measurement", "decided", broadcast=broadcast, campaign=campaign).to_pylist(),
    )


def arms_of(broadcast: str, campaign: str) -> list[SentArm]:
    return snapshot.read(("arms", broadcast, campaign), lambda engine: read_arms(engine, broadcast, campaign))


def read_arms(engine: Engine, broadcast: str, campaign: str) -> list[SentArm]:
    """Timing x channel x offer of what is sent, the most people first. The engine has `decisions`."""
    return [_arm(row) for row in engine.run("console", "plan_arms", broadcast=broadcast, campaign=campaign).to_pylist()]


def _arm(row: dict[str, Any]) -> SentArm:
    message, offer, profit = (row[name] / MICRO for name in ("message_micro", "offer_micro", "profit_micro"))
    return SentArm(
        row["timing"], row["channel"], row["offer"], row["people"], row["messages"], message, offer, profit,
        row["first_at"],
    )  # fmt: skip
