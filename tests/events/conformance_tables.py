"""What the conformance test runs this room's queries on: loaded rows whose customers were merged, and some unmerged."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from delivery.conformance_tables import numbered
from huitou.events.lake_tables import EVENTS, ORDER_LINES
from stores.nasty import nasty_table

PARAMS: dict[str, dict[str, object]] = {"current_events": {}, "current_order_lines": {}}
PEOPLE = ["c1", "c2", "c3", "c4"]


@cache
def tables() -> dict[str, pa.Table]:
    people = {"customer": PEOPLE}
    return {
        "loaded_events": numbered(nasty_table(EVENTS.schema, rows=60, values=people)),
        "loaded_order_lines": numbered(nasty_table(ORDER_LINES.schema, rows=60, values=people)),
        "merges": pa.table({"customer": ["c2", "c3"], "root": ["c1", "c1"]}),
    }
