"""Lake tables of the events room. Times are epoch microseconds, money minor units, ids text."""

from __future__ import annotations

import pyarrow as pa

from huitou.stores.lake import LakeTable
from huitou.stores.personal import BLANK, PERSON, SAID, THING

_text, _whole = pa.string(), pa.int64()

# One row an event, in the order of `position`. `customer` is the node the event named (merges make people of nodes:
# current.attach_events puts today's root there). `amount_minor` is total, else amount, revenue, value or price;
# `quantity` also a like's count. `touchpoint`
# is a word of touchpoints.py, null where nothing tells and of what was loaded before there was the column. `properties` is JSON; of identify and group {"traits": …} beside the properties.
EVENTS = LakeTable(
    "events",
    pa.schema(
        [
            ("position", _whole),
            ("source", _text),
            ("event_id", _text),
            ("type", _text),
            ("name", _text),
            ("occurred_at", _whole),
            ("received_at", _whole),
            ("customer", _text),
            ("user_id", _text),
            ("broadcast", _text),
            ("room", _text),
            ("shop", _text),
            ("product", _text),
            ("order_id", _text),
            ("message", _text),
            ("channel", _text),
            ("amount_minor", _whole),
            ("currency", _text),
            ("quantity", _whole),
            ("seconds", _whole),
            ("content", _text),
            ("touchpoint", _text),
            ("properties", _text),
        ]
    ),
    stats=("position", "occurred_at", "name", "broadcast", "room"),
    personal={
        "event_id": PERSON,
        "name": THING,
        "customer": PERSON,
        "user_id": PERSON,
        "order_id": PERSON,
        "message": PERSON,
        "content": SAID,
        "properties": SAID,
    },
    erased_by=BLANK,
)

# One row a product line of an order event; `status` is the event's name, `broadcast` what the order was credited to.
ORDER_LINES = LakeTable(
    "order_lines",
    pa.schema(
        [
            ("position", _whole),
            ("order_id", _text),
            ("shop", _text),
            ("customer", _text),
            ("status", _text),
            ("product", _text),
            ("quantity", _whole),
            ("price_minor", _whole),
            ("occurred_at", _whole),
            ("broadcast", _text),
        ]
    ),
    stats=("position", "occurred_at", "status", "broadcast"),
    personal={"order_id": PERSON, "customer": PERSON},
    erased_by=BLANK,
)

TABLES = (EVENTS, ORDER_LINES)
