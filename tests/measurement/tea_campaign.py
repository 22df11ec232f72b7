"""One follow-up of the tea shop's B20, small enough to be added up by hand: events, decisions, messages, the report.

Everybody below watched B20 and did not order in it. Half are held out, by a holdout of 0.5, so that both arms are seen.
Prices are in fen; the goods of P1 cost 60 % of its price (margin 0.4), of P2 70 % (the campaign's margin, 0.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from customers.tea_shop import BROADCAST, Event, engine_of, order, told, us
from customers.tea_shop import tables as shop_tables
from huitou.campaigns.reading import default_campaign
from huitou.catalog.broadcasts import create_broadcasts, find_broadcast
from huitou.customers.refresh import compute_visits
from huitou.decisions.lake_tables import DECISIONS
from huitou.kit.clock import HOUR
from huitou.measurement.report import Report, make_report

CAMPAIGN = replace(default_campaign(), name="tea", holdout=0.5)
ENDED = us("22:00")
DECIDED = us("22:30")
CLOSED = ENDED + 168 * HOUR
MERGES = pa.schema([("customer", pa.string()), ("root", pa.string())])
MESSAGES = pa.schema(
    [
        ("id", pa.string()),
        ("customer", pa.string()),
        ("state", pa.string()),
        ("reason", pa.string()),
        ("cost_micro", pa.int64()),
    ]
)


def room(people: Iterable[str]) -> list[Event]:
    listed = {"called": "普洱茶饼", "price": 20000, "currency": "CNY", "margin": 0.4}
    return [
        told("live_started", "19:00", title="冬茶专场", **BROADCAST),
        told("product_listed", "18:00", product="P1", **listed),
        told("product_listed", "18:00", product="P2", called="白茶", price=9000, currency="CNY"),
        *(told("live_entered", "19:05", one, **BROADCAST) for one in people),
        told("live_ended", "22:00", **BROADCAST),
    ]


def decided(customer: str, action: str, **more: Any) -> dict[str, Any]:
    """One decision row; with the `chance` of being held out (None: it does not tell) and an `offer`, as the plan writes them."""
    chance, offer = more.pop("chance", 0.5), more.get("offer")
    ends = CLOSED if action == "send" and offer not in (None, "none") else None
    sends = action == "send"
    row = {
        "decision_id": f"d-{customer}-{more.get('step', 1)}", "campaign": "tea", "broadcast": "B20", "customer": customer,
        "decided_at": DECIDED, "action": action, "reason": "considering" if sends else "holdout", "policy": "rules",
        "timing": "next_day" if sends else None, "step": 1 if sends else 0, "channel": "email" if sends else None,
        "offer": "none" if sends else None, "propensity": 0.5, "holdout_chance": chance, "offer_expires_at": ends,
    }  # fmt: skip
    return {**row, **more}


def sent(customer: str, state: str = "delivered", cost_micro: int = 100_000, **more: Any) -> dict[str, Any]:
    return {"id": f"m-{customer}", "customer": customer, "state": state, "cost_micro": cost_micro, **more}


def paid(customer: str, at: str | int, *lines: Any, **columns: Any) -> Event:
    number = columns.pop("number", f"o-{customer}-{at}")
    return order("order_paid", at, customer, number, *lines, **columns)


@contextmanager
def shop(
    folder: Path,
    events: Sequence[Event],
    decisions: Sequence[dict[str, Any]],
    merges: dict[str, str] | None = None,
    now: int = CLOSED,
):
    """An engine as `flows.tables.open_tables` opens it."""
    given = shop_tables(events)
    given["merges"] = pa.Table.from_pylist([{"customer": a, "root": b} for a, b in (merges or {}).items()], MERGES)
    given["decisions"] = pa.Table.from_pylist(list(decisions), DECISIONS.schema)
    with engine_of(given, folder) as engine:
        visits, products = compute_visits(engine, None, now)
        engine.register("visits", visits)
        engine.register("visit_products", products)
        create_broadcasts(engine, now)
        yield engine


def report_of(
    folder: Path,
    events: Sequence[Event],
    decisions: Sequence[dict[str, Any]],
    messages: Sequence[dict[str, Any]] = (),
    merges: dict[str, str] | None = None,
    now: int = CLOSED,
    campaign: Any = CAMPAIGN,
) -> Report:
    with shop(folder, events, decisions, merges, now) as engine:
        table = pa.Table.from_pylist(list(messages), MESSAGES)
        return make_report(engine, find_broadcast(engine, "B20", now), campaign, table, now)
