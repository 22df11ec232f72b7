"""One small tea shop: its events as the tables that feature SQL reads, and an engine over them.

The story of broadcast B20 (19:00–22:00 in Hangzhou on 2026-11-20, three teas on the table):
- c_lin enters, asks how to buy the Pu'er cake, fills her cart, leaves after 1,130 s and orders the day after;
- c_wang enters twice, watches to the end without a word of leaving, orders the white tea in the room;
- c_zhao enters, orders in the room, cancels half an hour later;
- c_chen was told only by two comments (his platform lists no viewers);
- c_he was told only by a watch list;
- c_old bought long ago and was not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from huitou.events.broadcast_acts import Act, fold
from huitou.events.current import correct_broadcasts
from huitou.kit.clock import parse_time
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake

EVENTS = pa.schema(
    [
        ("position", pa.int64()),
        ("source", pa.string()),
        ("event_id", pa.string()),
        ("type", pa.string()),
        ("name", pa.string()),
        ("occurred_at", pa.int64()),
        ("received_at", pa.int64()),
        ("customer", pa.string()),
        ("user_id", pa.string()),
        ("broadcast", pa.string()),
        ("room", pa.string()),
        ("shop", pa.string()),
        ("product", pa.string()),
        ("order_id", pa.string()),
        ("message", pa.string()),
        ("channel", pa.string()),
        ("amount_minor", pa.int64()),
        ("currency", pa.string()),
        ("quantity", pa.int64()),
        ("seconds", pa.int64()),
        ("content", pa.string()),
        ("touchpoint", pa.string()),
        ("properties", pa.string()),
    ]
)
LINES = pa.schema(
    [
        ("position", pa.int64()),
        ("order_id", pa.string()),
        ("shop", pa.string()),
        ("customer", pa.string()),
        ("status", pa.string()),
        ("product", pa.string()),
        ("quantity", pa.int64()),
        ("price_minor", pa.int64()),
        ("occurred_at", pa.int64()),
        ("broadcast", pa.string()),
    ]
)
CUSTOMERS = pa.schema(
    [
        ("root", pa.string()),
        ("created_at", pa.int64()),
        ("name", pa.string()),
        ("email", pa.string()),
        ("phone", pa.string()),
        ("city", pa.string()),
        ("timezone", pa.string()),
        ("language", pa.string()),
        ("birthday", pa.string()),
        ("identities", pa.int64()),
        ("named", pa.bool_()),
    ]
)
Event = dict[str, Any]


def us(text: str) -> int:
    """'19:02:10' on the evening of B20 in Hangzhou, or any ISO time, as epoch microseconds."""
    return parse_time(f"2026-11-20T{text}+08:00" if len(text) <= 8 else text)


def told(
    name: str,
    at: str | int,
    customer: str | None = None,
    *,
    called: str | None = None,
    lines: Iterable[Any] = (),
    **columns: Any,
) -> Event:
    """One event; `lines` of (product, quantity, price_minor); `called` is the product's name.

    Columns that events do not have become properties.
    """
    known = {key: value for key, value in columns.items() if key in EVENTS.names}
    more = {key: value for key, value in columns.items() if key not in EVENTS.names}
    more |= {"name": called} if called else {}
    at_us = us(at) if isinstance(at, str) else at
    return {
        "source": "shop",
        "type": "track",
        "name": name,
        "occurred_at": at_us,
        "received_at": at_us,
        "customer": customer,
        "user_id": customer and customer.replace("c_", "u_"),
        "properties": json.dumps(more, ensure_ascii=False),
        "lines": tuple(lines),
        **known,
    }


def order(name: str, at: str | int, customer: str | None, number: str, *lines: Any, **columns: Any) -> Event:
    total = sum(quantity * price for _, quantity, price in lines) if lines else None
    values = {"amount_minor": total, "currency": "CNY", "shop": "S1", **columns}
    return told(name, at, customer, order_id=number, lines=lines, **values)


def tables(events: Iterable[Event], people: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, pa.Table]:
    """events, order_lines, customers; positions in the order given, event ids by content where none is given."""
    rows, lines = [], []
    for position, event in enumerate(events, 1):
        row = {**event, "position": position}
        row.setdefault("event_id", f"{row['name']}-{row['customer']}-{row['occurred_at']}-{row.get('product')}")
        for product, quantity, price in row.pop("lines"):
            lines.append(_line(row, product, quantity, price))
        rows.append({name: row.get(name) for name in EVENTS.names})
    known = {row["customer"] for row in rows if row["customer"]} | set(people or {})
    customers = [
        {"created_at": us("19:00"), "identities": 1, "named": True, **(people or {}).get(root, {}), "root": root}
        for root in sorted(known)
    ]
    return {
        "events": pa.Table.from_pylist(rows, EVENTS),
        "order_lines": pa.Table.from_pylist(lines, LINES),
        "customers": pa.Table.from_pylist(customers, CUSTOMERS),
    }


def _line(row: Event, product: str, quantity: int, price: int) -> Event:
    same = ("position", "order_id", "shop", "customer", "occurred_at", "broadcast")
    return {
        **{name: row.get(name) for name in same},
        "status": row["name"],
        "product": product,
        "quantity": quantity,
        "price_minor": price,
    }


def engine_of(given: Mapping[str, pa.Table], folder: Any) -> Engine:
    """An engine that reads these tables; its lake lies in the folder."""
    engine = Engine(Lake(folder / "lake"), spill=folder / "spill", threads=2)
    for name, table in given.items():
        engine.register(name, table)
    return engine


def corrected_engine(given: Mapping[str, pa.Table], folder: Any, acts: Iterable[Act]) -> Engine:
    """The same after what operators said of broadcasts."""
    standing = fold(acts)
    named = {f"named_{name}": given[name] for name in ("events", "order_lines")} if standing.survivors else {}
    engine = engine_of({**given, **named}, folder)
    correct_broadcasts(engine, standing)
    return engine


BROADCAST = {"broadcast": "B20", "room": "R1", "shop": "S1"}
END = us("22:00")
NOW = us("2026-11-27T04:00:00Z")


def evening() -> list[Event]:
    """The events of B20 and around it."""
    return [*_room(), *_viewers(), *_orders()]


def _room() -> list[Event]:
    return [
        told("live_started", "19:00", title="冬茶专场", **BROADCAST),
        told(
            "product_shown", "19:05", product="P1", price=19900, currency="CNY", category="黑茶", stock=300,
            until=us("19:20"), **BROADCAST,
        ),
        told("product_shown", "19:30", product="P2", price=8900, currency="CNY", category="白茶", **BROADCAST),
        told("product_shown", "20:00", product="P3", price=45900, currency="CNY", category="乌龙", **BROADCAST),
        told("product_shown", "21:00", product="P1", price=18900, currency="CNY", stock=120, **BROADCAST),
        told("live_ended", "22:00", **BROADCAST),
    ]  # fmt: skip


def _viewers() -> list[Event]:
    return [
        told("live_entered", "19:02:10", "c_lin", **BROADCAST),
        told("live_commented", "19:06:00", "c_lin", content="怎么买", **BROADCAST),
        told("live_liked", "19:06:30", "c_lin", quantity=3, **BROADCAST),
        told("product_clicked", "19:07:00", "c_lin", product="P1", **BROADCAST),
        told("cart_added", "19:08:00", "c_lin", product="P1", price=19900, quantity=1, **BROADCAST),
        told("live_left", "19:21:00", "c_lin", seconds=1130, **BROADCAST),
        told("live_entered", "19:25:00", "c_wang", **BROADCAST),
        told("live_left", "19:40:00", "c_wang", **BROADCAST),
        told("live_entered", "21:30:00", "c_wang", **BROADCAST),
        told("live_gifted", "21:40:00", "c_wang", amount_minor=100, quantity=2, **BROADCAST),
        told("live_entered", "20:10:00", "c_zhao", **BROADCAST),
        told("live_followed", "20:11:00", "c_zhao", **BROADCAST),
        told("live_left", "20:45:00", "c_zhao", **BROADCAST),
        told("live_commented", "21:05:00", "c_chen", content="Link please?", **BROADCAST),
        told("live_commented", "21:11:00", "c_chen", content="晚上好", **BROADCAST),
        told("live_commented", "21:55:00", "c_chen", content="再见", **BROADCAST),
        told("live_watched", "22:00:00", "c_he", seconds=2400, **BROADCAST),
    ]


def _orders() -> list[Event]:
    return [
        order("order_paid", "2026-11-21T12:40:00Z", "c_lin", "6917000000000000001", ("P1", 1, 17910), broadcast="B20"),
        order("order_created", "21:42:00", "c_wang", "W1", ("P2", 2, 8900)),
        order("order_paid", "21:43:00", "c_wang", "W1", ("P2", 2, 8900)),
        order("order_created", "20:30:00", "c_zhao", "Z1", ("P3", 1, 45900)),
        order("order_cancelled", "21:00:00", "c_zhao", "Z1"),
        order("order_paid", "2026-01-10T12:00:00Z", "c_old", "O1", ("P2", 1, 8900)),
        order("order_paid", "2026-02-10T12:00:00Z", "c_old", "O2", ("P3", 1, 45900)),
        order("order_refunded", "2026-02-12T12:00:00Z", "c_old", "O2", amount_minor=45900),
    ]


PEOPLE: dict[str, dict[str, Any]] = {
    "c_lin": {"name": "林晓", "email": "lin@example.com", "phone": "+8613800000000", "timezone": "Asia/Shanghai"},
    "c_wang": {"name": "王芳", "phone": "+8613800000001", "identities": 2},
    "c_old": {"name": "Anne", "email": "anne@example.com", "timezone": "Europe/London"},
}
