"""What the conformance test runs this room's queries on: the tea shop's month, decisions, and what became of them."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from console.conformance_tables import decisions, features
from customers.conformance_tables import PARAMS as SHOP
from customers.conformance_tables import tables as shop_tables
from customers.tea_shop import NOW
from huitou.decisions.inputs import WENT
from huitou.decisions.lake_tables import POLICY_MODELS
from huitou.events.broadcast_acts import Standing
from huitou.kit.clock import DAY
from huitou.stores.sql import all_queries
from stores.nasty import nasty_table

TOLD = {
    **next(iter(SHOP.values())),
    "campaign": "follow-up",
    "since": 0,
    "shop": "S1",
    "started_at": NOW - 9 * DAY,
    "closes_at": NOW,
    "now": NOW,
    "policy": "toy",
}
PARAMS = {query.name: TOLD for query in all_queries() if query.room == "decisions"}


@cache
def tables() -> dict[str, pa.Table]:
    taken = decisions()
    aliases = Standing({"B21": "B20"}).aliases()
    first = taken.filter(pa.compute.less(taken.column("step"), 2))
    outcomes = first.select(["campaign", "occasion", "customer"]).append_column(
        "profit_minor", first.column("decided_at")
    )
    numbers = {"version": list(range(9)), "policy": ["toy", "other"], "content": [b"{}", b"1"]}
    models = nasty_table(POLICY_MODELS.schema, rows=9, never_null=("policy", "version"), values=numbers)
    learned = {"outcomes": outcomes.slice(0, 20), "policy_models": models, "decision_features": features()}
    return {
        **shop_tables(),
        **learned,
        "decisions": taken,
        "loaded_decisions": taken,
        "aliases": aliases,
        "went": went(),
    }


def went() -> pa.Table:
    """Of every third decision: sent at its time, or known never to go."""
    rows = [row for row in decisions().to_pylist() if row["action"] == "send"][::3]
    told = [
        {"decision": row["decision_id"], "customer": row["customer"], "contact_at": row["send_at"] if n % 2 else None}
        for n, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(told, schema=WENT)
