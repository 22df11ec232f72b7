"""What the conformance test runs this room's queries on: loaded rows whose customers were merged, and some unmerged."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from delivery.conformance_tables import numbered
from huitou.events.broadcast_acts import Standing
from huitou.events.lake_tables import EVENTS, ORDER_LINES
from stores.nasty import nasty_table

PARAMS: dict[str, dict[str, object]] = {
    "current_events": {},
    "current_order_lines": {},
    "merged_events": {},
    "merged_order_lines": {},
}
SHOWS, ROOMS = ["B1", "B2", "B3"], ["R1", "R9"]
PEOPLE = ["c1", "c2", "c3", "c4"]


@cache
def tables() -> dict[str, pa.Table]:
    people = {"customer": PEOPLE, "broadcast": SHOWS, "room": ROOMS}
    events = numbered(nasty_table(EVENTS.schema, rows=60, values=people))
    lines = numbered(nasty_table(ORDER_LINES.schema, rows=60, values=people))
    merged = Standing({"B1": "B2", "R9": "B2"}, rooms={"R9"})
    return {
        "loaded_events": events,
        "loaded_order_lines": lines,
        "named_events": events,
        "named_order_lines": lines,
        "aliases": merged.aliases(),
        "merges": pa.table({"customer": ["c2", "c3"], "root": ["c1", "c1"]}),
    }
