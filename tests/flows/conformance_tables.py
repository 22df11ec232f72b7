"""What the conformance test runs this room's queries on: decisions of several broadcasts and campaigns, most queued."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from customers import conformance_tables as customers
from huitou.decisions.lake_tables import DECISION_FEATURES, DECISIONS
from huitou.events.broadcast_acts import Standing
from stores.nasty import nasty_table

PARAMS = {
    "campaigns_of": {"broadcast": "B20"},
    "features_of": {"occasion": "B20"},
    "told_people": {},
    "told_products": {},
    "planned": {"since": 0},
    "current_messages": {},
    "messages_of": {"broadcast": "B20", "campaign": "tea"},
}
TEXTS = ("id", "customer", "campaign", "occurrence", "decision", "channel", "offer", "products", "state", "reason")
NUMBERS = (
    "campaign_version", "step", "send_at", "expires_at", "attempts", "cost_micro", "final_at", "submitted_at",
    "created_at",
)  # fmt: skip
OUTBOX = pa.schema([*((name, pa.string()) for name in TEXTS), *((name, pa.int64()) for name in NUMBERS)])


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
    outbox = nasty_table(OUTBOX, rows=30, key="id", values={"occurrence": ["B20", "B21", "B22"]})
    aliases = Standing({"B22": "B20"}).aliases()
    messages = messages.append_column("broadcast", decisions.column("broadcast").slice(0, 45))
    for name in ("campaign", "customer", "reason"):
        messages = messages.append_column(name, decisions.column(name).slice(0, 45))
    messages = messages.append_column("id", messages.column("decision"))
    messages = messages.append_column("state", messages.column("reason"))
    messages = messages.append_column("cost_micro", decisions.column("decided_at").slice(0, 45))
    return {"decisions": decisions, **_told(), "messages": messages, "outbox": outbox, "aliases": aliases, **seen}


def _told() -> dict[str, pa.Table]:
    """What the words of messages are joined from: some of the shop's people and products, and some nobody knows."""
    shop, names = customers.tables(), ("customer", "watch_seconds", "carts", "asked", "clicks", "orders")
    people = {"customer": [f"c{number:02}" for number in range(40)] + ["c03x", "nobody"]}
    known = pa.schema([field for field in DECISION_FEATURES.schema if field.name in names])
    values = {"customer": people["customer"], "occasion": ["B20", "B21"]}
    features = nasty_table(DECISION_FEATURES.schema, rows=60, never_null=("customer",), values=values)
    return {
        "wanted_people": pa.table(people),
        "wanted_products": pa.table({"product": ["P1", "P2", "P99"]}),
        "decision_features": features,
        "known_features": features.select(known.names),
        "products": shop["products"],
        "customers": shop["customers"],
        "merges": shop["merges"],
    }
