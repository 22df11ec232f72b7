"""A synthetic shop of two years, as lake rows: 200 broadcasts of three hours with 20 products each."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.events.lake_tables import EVENTS, ORDER_LINES
from huitou.kit.clock import DAY, HOUR, SECOND, parse_time

NOW = parse_time("2026-11-27T00:00:00Z")
SHOWS = 200
NAMES = ("live_entered", "live_left", "live_liked", "live_commented", "product_clicked", "cart_added", "order_paid")
SHARES = (0.25, 0.2, 0.3, 0.1, 0.08, 0.03, 0.04)


def make_events(customers: int, events: int) -> tuple[pa.Table, pa.Table]:
    """A shop of two years: 200 broadcasts of three hours with 20 products; a tenth of the visits orders."""
    draw = np.random.default_rng(20)
    show = np.sort(draw.integers(0, SHOWS, events))
    start = NOW - (SHOWS - show) * 3 * DAY
    at = start + draw.integers(0, 3 * 3600, events) * SECOND
    person = draw.zipf(1.3, events) * 7919 % customers
    name = np.array(NAMES, dtype=object)[draw.choice(len(NAMES), events, p=SHARES)]
    is_order, is_left = name == "order_paid", name == "live_left"
    has_product = is_order | np.isin(name, ("product_clicked", "cart_added"))
    product = draw.integers(0, 20, events)
    position = np.arange(1, events + 1) + SHOWS * 22

    def text(prefix: str, numbers: np.ndarray, where: np.ndarray | None = None) -> pa.Array:
        made = pa.array([f"{prefix}{n}" for n in range(int(numbers.max()) + 1)]).take(pa.array(numbers))
        return made if where is None else pc.if_else(pa.array(where), made, pa.scalar(None, pa.string()))

    prices = 1_000 + product * 500
    columns = {
        "position": pa.array(position),
        "source": pa.array(["shop"] * events),
        "event_id": text("e", position),
        "type": pa.array(["track"] * events),
        "name": pa.array(name, pa.string()),
        "occurred_at": pa.array(at),
        "received_at": pa.array(at),
        "customer": text("c", person),
        "user_id": text("u", person),
        "broadcast": text("B", show),
        "room": pa.array(["R1"] * events),
        "shop": pa.array(["S1"] * events),
        "product": text("P", product, has_product),
        "order_id": text("o", position, is_order),
        "amount_minor": pa.array(prices, mask=~is_order),
        "currency": pc.if_else(pa.array(is_order), "CNY", pa.scalar(None, pa.string())),
        "seconds": pa.array(draw.integers(10, 3600, events), mask=~is_left),
        "content": pc.if_else(pa.array(name == "live_commented"), "多少钱", pa.scalar(None, pa.string())),
        "properties": pa.array(["{}"] * events),
    }
    table = pa.table({field.name: columns.get(field.name, pa.nulls(events, field.type)) for field in EVENTS.schema})
    shown = _room_events()
    orders = table.filter(pa.array(is_order))
    lines = pa.table(
        {
            **{name: orders[name] for name in ("position", "order_id", "shop", "customer", "product", "occurred_at")},
            "status": orders["name"],
            "quantity": pa.array(np.ones(orders.num_rows, dtype=np.int64)),
            "price_minor": orders["amount_minor"],
            "broadcast": orders["broadcast"],
        }
    ).select(ORDER_LINES.schema.names)
    return pa.concat_tables([shown, table]), lines


def _room_events() -> pa.Table:
    rows: list[tuple[str, int, int, str | None, str]] = []
    for show in range(SHOWS):
        start = NOW - (SHOWS - show) * 3 * DAY
        rows.append(("live_started", start, show, None, '{"title":"冬茶专场"}'))
        rows.append(("live_ended", start + 3 * HOUR, show, None, "{}"))
        for product in range(20):
            more = json.dumps({"price": 1_000 + product * 500, "category": f"K{product % 4}"})
            rows.append(("product_shown", start + product * 540 * SECOND, show, f"P{product}", more))
    return pa.Table.from_pylist(
        [
            {
                "position": number,
                "source": "shop",
                "event_id": f"r{number}",
                "name": name,
                "occurred_at": at,
                "broadcast": f"B{show}",
                "room": "R1",
                "product": product,
                "properties": more,
            }
            for number, (name, at, show, product, more) in enumerate(rows, 1)
        ],
        EVENTS.schema,
    )
