"""What the conformance test runs this room's queries on: decisions of several broadcasts and campaigns, most queued."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from customers import conformance_tables as customers
from huitou.decisions.lake_tables import DECISIONS
from stores.nasty import nasty_table

PARAMS = {"campaigns_of": {"broadcast": "B20"}, "planned": {"since": 0}}


@cache
def tables() -> dict[str, pa.Table]:
    """Every table that a query of this room reads, by name."""
    choices = {"broadcast": ["B20", "B21", "B22"], "campaign": ["tea", "follow-up", "other"]}
    choices["action"] = ["send", "holdout", "nothing"]
    keys = ("broadcast", "campaign", "decided_at", "action")
    decisions = nasty_table(DECISIONS.schema, rows=60, key="decision_id", never_null=keys, values=choices)
    messages = pa.table({"decision": decisions.column("decision_id").slice(0, 45)})  # the last were never queued
    shop = customers.tables()
    seen = {name: shop[name] for name in ("events", "broadcasts")}
    return {"decisions": decisions, "messages": messages, **seen}
