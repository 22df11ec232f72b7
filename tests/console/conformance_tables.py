"""What the conformance test runs the console's queries on: the tea shop's busy month, and decisions about its people."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa

from customers.conformance_tables import PARAMS as SHOP
from customers.conformance_tables import tables as shop_tables
from customers.tea_shop import NOW
from huitou.decisions.lake_tables import DECISION_FEATURES, DECISIONS
from huitou.kit.clock import DAY, HOUR
from huitou.stores.sql import all_queries

TOLD = {
    **next(iter(SHOP.values())),
    "campaign": "follow-up",
    "rfm": None,
    "stage": "active",
    "first": 2,
    "last": 6,
    "by_email": True,
    "sort": "seen",
    "customers": "c01,c09,c15",
    "part": "林",
    "offset_us": 8 * HOUR,
    "currency": "CNY",
}
PARAMS = {query.name: TOLD for query in all_queries() if query.room == "console"} | {
    "funnel_people": {"broadcast": TOLD["broadcast"]}
}
MADE = {"funnel_people": "measurement/funnel_people"}


@cache
def tables() -> dict[str, pa.Table]:
    return {**shop_tables(), "decisions": decisions(), "decision_features": features(), "show_orders": show_orders()}


def features() -> pa.Table:
    """What some of the decisions were made from."""
    names = ("campaign", "occasion", "customer", "decided_at")
    rows = [{name: row[name] for name in names} for row in decisions().to_pylist() if row["step"] < 2]
    facts = ("watch_seconds", "carts", "asked", "clicks", "orders")
    told = [{**row, **{name: (n + k) % 9 for k, name in enumerate(facts)}} for n, row in enumerate(rows) if n % 5]
    return pa.Table.from_pylist(told, schema=DECISION_FEATURES.schema)


def show_orders() -> pa.Table:
    """Several orders a person, in two currencies and none, some not in the show's time, some of people not seen."""
    columns = {
        "customer": [f"c{number % 16:02}" for number in range(40)],
        "amount_minor": [number * 137 for number in range(40)],
        "currency": [("CNY", "JPY", None)[number % 3] for number in range(40)],
        "in_time": [number % 5 > 0 for number in range(40)],
        "is_seen": [number % 7 > 0 for number in range(40)],
    }
    return pa.table(columns)


def decisions() -> pa.Table:
    """Two campaigns, two broadcasts; people with three steps, held out, left alone, and one under an absorbed id."""
    rows = [row for number in range(24) for row in _of_person(number)]
    return pa.Table.from_pylist(rows, schema=DECISIONS.schema)


def _of_person(number: int) -> list[dict[str, Any]]:
    action = ("send", "holdout", "nothing", "send")[number % 4]
    steps = range(1, 1 + number % 3 + 1) if action == "send" or number % 8 == 1 else [0]
    return [_row(number, action, step) for step in steps]


def _row(number: int, action: str, step: int) -> dict[str, Any]:
    sends = action == "send"
    offered = sends and number % 4 == 3
    return {
        "decision_id": f"d{number:02}-{step}",
        "campaign": "follow-up" if number % 5 else "welcome",
        "broadcast": "B20" if number % 7 else "B19",
        "customer": "c03x" if number == 9 else f"c{number:02}",
        "user_id": None,
        "decided_at": NOW - number % 2 * DAY,
        "action": action,
        "reason": ("high_intent", "holdout", "no_consent", "drifting")[number % 4],
        "policy": "rules",
        "policy_version": "1",
        "timing": "daily_3" if sends else None,
        "step": step,
        "send_at": NOW + step * DAY if step else None,
        "channel": "email" if sends else None,
        "offer": ("none", "ten")[number % 4 == 3] if sends else None,
        "products": ["P1"] if sends else [],
        "propensity": 0.9,
        "expected_profit_minor": Decimal(number) / 8,
        "cost_minor": Decimal("0.1") if sends else Decimal(0),
        "features_hash": "0" * 16,
        "seed": "s",
        "campaign_version": number % 3 or None,
        "occasion": "B20" if number % 7 else "B19",
        "why": ["carted"] if sends else [],
        "offer_cost": Decimal(1_234_567 * number) / 1_000_000 if offered else Decimal(0),
        "offer_expires_at": NOW + 3 * DAY if offered else None,
        "intent": "high" if number % 6 else None,
        "holdout_chance": 0.1,
        "dropped_steps": [3] if number % 8 == 0 else [],
        "dropped_reasons": ["cap"] if number % 8 == 0 else [],
        "stop_since": NOW - DAY if action != "nothing" else None,
    }
