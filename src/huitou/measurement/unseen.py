"""What was ordered in a show's time, whoever ordered it: by people seen watching, and by people not seen watching.

A platform's own screen counts every order of the show. Those of people whom no viewer's id names would vanish from a
page that counts viewers, so they are counted beside them, each with the reason, and both add up to the show's total.
"Ordered in a broadcast" is by time (catalog's GRACE after the end); an order that only names the broadcast and was
placed at another time is credited to it, and in no total. Everything is read by today's people: whoever turns out to be
a viewer moves over at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from huitou.catalog.broadcasts import GRACE, Broadcast, create_broadcasts
from huitou.customers.refresh import create_orders
from huitou.stores.engine import Engine

ROOM = "measurement"
REASONS = ("no_shared_id", "masked_phone", "guest", "unknown_live_id", "several_live", "other_broadcast")


@dataclass(frozen=True)
class Sum:
    """Orders in one currency. `unpaid` are created and not paid yet, `refunded` gave back something or everything;
    both are among `orders` and `amount_minor`."""

    currency: str
    orders: int = 0
    amount_minor: int = 0
    unpaid_orders: int = 0
    unpaid_minor: int = 0
    refunded_orders: int = 0
    refunded_minor: int = 0


@dataclass(frozen=True)
class Ordered:
    """Orders of some people. Counts of orders are of all currencies, money is the report's currency's alone:
    `other_currency_orders` are not in it, `others` adds them up by their own. `kept_people` have an order that was not
    given back whole."""

    orders: int
    people: int
    kept_people: int
    amount_minor: int
    unpaid_orders: int
    unpaid_minor: int
    refunded_orders: int
    refunded_minor: int
    other_currency_orders: int
    others: tuple[Sum, ...]

    @property
    def kept_minor(self) -> int:
        """The money without what was given back."""
        return self.amount_minor - self.refunded_minor


@dataclass(frozen=True)
class Unseen(Ordered):
    """Orders of people not seen watching: `why` counts them by reason (REASONS), `why_minor` their money."""

    why: dict[str, int]
    why_minor: dict[str, int]


@dataclass(frozen=True)
class Takings:
    """A show's orders: `total` is `buyers` and `unseen` together, in orders and money. `credited` only name the
    broadcast: placed at another time, they are in none of the three."""

    buyers: Ordered
    unseen: Unseen
    total: Ordered
    credited: Sum


def read_unseen(engine: Engine, broadcast: Broadcast, currency: str, now: int) -> Unseen:
    """The orders in the broadcast's time, and of its shop, of people not seen watching; money in `currency`.

    The engine has events, order_lines, merges, customers and visits.
    """
    return read_takings(engine, broadcast, currency, now).unseen


def read_takings(engine: Engine, broadcast: Broadcast, currency: str, now: int) -> Takings:
    """All orders of the show, as known at `now`; the engine as for `read_unseen`."""
    create_show_orders(engine, broadcast, now)
    sums = engine.run(ROOM, "show_takings", currency=currency).to_pylist()
    people = {row["is_seen"]: row for row in engine.run(ROOM, "show_people").to_pylist()}
    seen, unseen, credited = (
        [row for row in sums if (row["in_time"], row["is_seen"]) in wanted]
        for wanted in ([(True, True)], [(True, False)], [(False, True), (False, False)])
    )
    buyers = _ordered(seen, people.get(True, {}), currency)
    strangers = _ordered(unseen, people.get(False, {}), currency)
    both = {name: getattr(buyers, name) + getattr(strangers, name) for name in ("people", "kept_people")}
    return Takings(
        buyers,
        Unseen(**vars(strangers), why=_why(unseen, "orders"), why_minor=_why(unseen, "amount_minor", currency)),
        _ordered([*seen, *unseen], both, currency),
        _sum(credited, currency),
    )


def list_unseen(engine: Engine, broadcast: Broadcast, currency: str, now: int) -> pa.Table:
    """One row for each of those orders, the latest first, with name, phone and email where they are known."""
    create_show_orders(engine, broadcast, now)
    return engine.run(ROOM, "unseen_orders", currency=currency)


def create_show_orders(engine: Engine, broadcast: Broadcast, now: int) -> None:
    """Make `show_orders` readable: every order of the broadcast's time, and those that name it."""
    closes_at = (now if broadcast.ended_at is None else broadcast.ended_at) + GRACE
    span: dict[str, str | int] = {
        "broadcast": broadcast.broadcast,
        "started_at": broadcast.started_at,
        "closes_at": closes_at,
        "now": now,
    }
    create_broadcasts(engine, now)
    engine.create("wanted_orders", ROOM, "orders_near", **span)
    create_orders(engine, now)
    engine.create("show_orders", ROOM, "show_orders", shop=broadcast.shop or "", **span)


def _ordered(rows: list[dict[str, Any]], people: dict[str, int], currency: str) -> Ordered:
    ours = _sum(rows, currency)
    others = sorted({row["currency"] for row in rows} - {currency})
    return Ordered(
        orders=sum(row["orders"] for row in rows),
        people=people.get("people", 0),
        kept_people=people.get("kept_people", 0),
        amount_minor=ours.amount_minor,
        unpaid_orders=sum(row["unpaid_orders"] for row in rows),
        unpaid_minor=ours.unpaid_minor,
        refunded_orders=sum(row["refunded_orders"] for row in rows),
        refunded_minor=ours.refunded_minor,
        other_currency_orders=sum(row["orders"] for row in rows if row["currency"] != currency),
        others=tuple(_sum(rows, other) for other in others),
    )


def _sum(rows: Iterable[dict[str, Any]], currency: str) -> Sum:
    of_it = [row for row in rows if row["currency"] == currency]
    fields = ("orders", "amount_minor", "unpaid_orders", "unpaid_minor", "refunded_orders", "refunded_minor")
    return Sum(currency, *(sum(row[name] for row in of_it) for name in fields))


def _why(rows: list[dict[str, Any]], what: str, currency: str | None = None) -> dict[str, int]:
    """By reason, those there are, in the order of REASONS."""
    counted = {reason: [row for row in rows if row["reason"] == reason] for reason in REASONS}
    return {
        reason: sum(row[what] for row in of_it if currency in (None, row["currency"]))
        for reason, of_it in counted.items()
        if of_it
    }
