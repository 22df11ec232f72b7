"""What the conformance test runs this room's queries on: a busy month, and every table the queries hand each other."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pyarrow as pa

from customers.crowd import crowd, crowd_people
from customers.tea_shop import NOW, PEOPLE, corrected_engine, evening
from customers.tea_shop import tables as shop_tables
from huitou.catalog.broadcasts import GRACE, LONGEST, SILENCE
from huitou.customers.refresh import HIGH_PPM, LOW_PPM, SIGN_GAP, ZONE, compute_portraits, compute_visits
from huitou.customers.rfm import RfmThresholds
from huitou.events.broadcast_acts import Act
from huitou.events.names import CORRECTED, DELETED
from huitou.kit.clock import DAY
from huitou.stores.sql import all_queries

HANDED_ON = (
    "corrections", "known_broadcasts", "broadcast_rooms", "broadcasts", "wanted", "broadcast_events", "line_up", "comment_intents", "stays", "visitors", "people",
    "fresh_visit_products", "wanted_orders", "broadcast_orders", "order_events", "orders", "order_products", "products", "zones",
    "rfm_cells", "rfm_given", "rfm_thresholds", "rfm", "lifecycle", "permissions", "addresses", "traits_orders",
    "traits_seen", "traits_live", "traits_hours", "traits_taste",
)  # fmt: skip
TOLD = {
    "now": NOW,
    "silence_us": SILENCE,
    "longest_us": LONGEST,
    "grace_us": GRACE,
    "gap_us": SIGN_GAP,
    "zone": ZONE,
    "low_ppm": LOW_PPM,
    "high_ppm": HIGH_PPM,
    "new_days": 30,
    "dormant_days": 60,
    "lost_days": 180,
    "loyal_orders": 4,
    "broadcast": "B20",
    "product": "P1",
    "customer": "c03",
    "most": 20,
    "after": 700,
    "since": NOW - 5 * DAY,
}
SAID = (Act(CORRECTED, "B21", title="白茶", ended_at=NOW - 5 * DAY), Act(DELETED, "R9"))
PARAMS = {query.name: TOLD for query in all_queries() if query.room in ("catalog", "customers")}


@cache
def tables() -> dict[str, pa.Table]:
    """Every table that a query of catalog or customers reads, by name."""
    given = shop_tables([*evening(), *crowd(7, acts=800)], {**crowd_people(7), **PEOPLE})
    people = [f"c{number:02}" for number in range(30)]
    permissions = pa.table(
        {
            "root": people * 2,
            "channel": ["email"] * 30 + ["sms"] * 30,
            "granted": [number % 3 > 0 for number in range(60)],
        }
    )
    addresses = pa.table({"customer": people[5:15], "channel": ["email", "sms", "push", "wecom", "post"] * 2})
    with tempfile.TemporaryDirectory() as folder, corrected_engine(given, Path(folder), SAID) as engine:
        visits, products = compute_visits(engine, None, NOW)
        engine.register("visits", visits)
        engine.register("visit_products", products)
        given_by_hand = (RfmThresholds("CNY", spent_minor=30_000),)
        portraits = compute_portraits(engine, NOW, permissions, addresses, thresholds=given_by_hand)
        made = {name: engine.run_text(f"SELECT * FROM {name}") for name in HANDED_ON}
    merges = pa.table({"customer": ["c03x", "c04x"], "root": ["c03", "c04"]})
    return {**given, **made, "visits": visits, "visit_products": products, "portraits": portraits, "merges": merges}
