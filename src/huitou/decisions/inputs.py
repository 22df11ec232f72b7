"""What a plan is made from: Arrow tables of fixed columns, whatever they were read from."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from huitou.catalog.broadcasts import Broadcast

_text, _int, _bool = pa.string(), pa.int64(), pa.bool_()

# Who watched and did not order in the broadcast; counts are of this broadcast, the rest is of the whole past.
CANDIDATES = pa.schema(
    [
        ("customer", _text),
        ("user_id", _text),
        ("left_at", _int),
        ("watch_seconds", _int),
        ("comments", _int),
        ("questions", _int),
        ("likes", _int),
        ("clicks", _int),
        ("carts", _int),
        ("products_seen", _int),
        ("orders", _int),
        ("last_order_at", _int),
        ("average_minor", _int),
        ("active_hour", _int),
        ("broadcasts", _int),
        ("lifecycle", _text),
        ("rfm", _text),
        ("language", _text),
        ("timezone", _text),
    ]
)
SEEN = pa.schema(
    [
        ("customer", _text),
        ("product", _text),
        ("seen_seconds", _int),
        ("clicks", _int),
        ("carts", _int),
        ("asked", _int),
        ("ordered", _bool),
    ]
)
SOLD = pa.schema([("product", _text), ("buyers", _int)])  # in the show's time, whoever bought
PRODUCTS = pa.schema(
    [
        ("product", _text),
        ("name", _text),
        ("category", _text),
        ("price_minor", _int),
        ("currency", _text),
        ("stock", _int),
        ("margin_ppm", _int),
        ("url", _text),
    ]
)
NODES = pa.schema(
    [("node", _text), ("customer", _text)]
)  # the identity nodes that draw for a candidate: one, or those that drew before
ADDRESSES = pa.schema([("customer", _text), ("kind", _text)])  # identifier kinds a candidate has
PERMISSIONS = pa.schema([("customer", _text), ("channel", _text), ("granted", _bool)])
STOPS = pa.schema([("customer", _text), ("kind", _text), ("occurred_at", _int)])  # order | unfollow | complaint
CONTACTS = pa.schema([("customer", _text), ("contact_at", _int)])  # messages sent, and planned by other decisions
# What became of messages handed over for sending; contact_at is null for those that will never go.
WENT = pa.schema([("decision", _text), ("customer", _text), ("contact_at", _int)])


@dataclass(frozen=True)
class Inputs:
    """Everything that a plan depends on, besides the campaign and the clock. Rows in any order.

    `existing` are the decisions already taken for this campaign and broadcast (columns of the decisions table),
    `decided` the people, as they are today, who have one.
    """

    broadcast: Broadcast
    candidates: pa.Table
    seen: pa.Table
    products: pa.Table
    nodes: pa.Table
    addresses: pa.Table
    permissions: pa.Table
    stops: pa.Table
    contacts: pa.Table
    existing: pa.Table
    decided: pa.ChunkedArray
    sold: pa.Table = field(default_factory=SOLD.empty_table)
