"""What the conformance test runs this room's queries on: decisions of several broadcasts and campaigns, most queued."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from huitou.decisions.lake_tables import DECISIONS
from huitou.events.lake_tables import EVENTS
from stores.nasty import nasty_table

PARAMS = {
    "campaigns_of": {"broadcast": "B20"},
    "decision_ids": {"broadcast": "B20", "campaign": "tea"},
    "planned": {"since": 0},
    "told_times": {"broadcast": "B20"},
}


@cache
def tables() -> dict[str, pa.Table]:
    """Every table that a query of this room reads, by name."""
    choices = {"broadcast": ["B20", "B21", "B22"], "campaign": ["tea", "follow-up", "other"]}
    choices["action"] = ["send", "holdout", "nothing"]
    keys = ("broadcast", "campaign", "decided_at", "action")
    decisions = nasty_table(DECISIONS.schema, rows=60, key="decision_id", never_null=keys, values=choices)
    messages = pa.table({"decision": decisions.column("decision_id").slice(0, 45)})  # the last were never queued
    names = ["live_started", "live_ended", "live_entered"]
    events = nasty_table(EVENTS.schema, rows=40, values={"broadcast": ["B20", "B21", None], "name": names})
    return {"decisions": decisions, "messages": messages, "events": events}
