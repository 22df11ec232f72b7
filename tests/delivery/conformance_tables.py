"""What the conformance test runs this room's queries on: events that tell of messages, among others."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from huitou.events.lake_tables import EVENTS
from stores.nasty import nasty_table

PARAMS = {"receipts": {"after": 2}}
NAMES = ["message_delivered", "message_clicked", "unsubscribed", "order_paid", "order_created", "live_liked"]


@cache
def tables() -> dict[str, pa.Table]:
    names = {"name": NAMES, "properties": ['{"channel":"email"}', "{}"]}
    return {"events": numbered(nasty_table(EVENTS.schema, rows=60, never_null=("name",), values=names))}


def numbered(rows: pa.Table) -> pa.Table:
    """The rows at positions 1, 2, 3…"""
    place = rows.schema.get_field_index("position")
    return rows.set_column(place, rows.schema.field(place), pa.array(range(1, rows.num_rows + 1), pa.int64()))
