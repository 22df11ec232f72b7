"""How fast visits and portraits are made, beside the floor: a scan of the columns they read.

    python tests/customers/bench_portraits.py [--customers 100000] [--events 2000000]

`portraits`: all portraits against a scan. `refresh`: one broadcast's visits against all of them.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from huitou.customers.lake_tables import VISIT_PRODUCTS, VISITS
from huitou.customers.refresh import compute_portraits, compute_visits, touched_broadcasts
from huitou.events.lake_tables import EVENTS, ORDER_LINES
from huitou.kit.clock import DAY, HOUR, SECOND, parse_time
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake

NOW = parse_time("2026-11-27T00:00:00Z")
SHOWS = 200
NAMES = ("live_entered", "live_left", "live_liked", "live_commented", "product_clicked", "cart_added", "order_paid")
SHARES = (0.25, 0.2, 0.3, 0.1, 0.08, 0.03, 0.04)
SCAN = """
SELECT count(customer), max(occurred_at), max(name), max(order_id), max(product), sum(amount_minor), max(currency),
  max(source), max(event_id), max(position)
FROM events
"""


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
        return made if where is None else pa.compute.if_else(pa.array(where), made, pa.scalar(None, pa.string()))

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
        "currency": pa.compute.if_else(pa.array(is_order), "CNY", pa.scalar(None, pa.string())),
        "seconds": pa.array(draw.integers(10, 3600, events), mask=~is_left),
        "content": pa.compute.if_else(pa.array(name == "live_commented"), "多少钱", pa.scalar(None, pa.string())),
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
    rows = []
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


def timed(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def measure(customers: int, events: int, folder: Path) -> list[dict[str, object]]:
    lake = Lake(folder / "lake")
    table, lines = make_events(customers, events)
    lake.replace(EVENTS, table)
    lake.replace(ORDER_LINES, lines)
    people = pa.table(
        {
            "root": pa.array([f"c{n}" for n in range(customers)]),
            "created_at": pa.array(np.zeros(customers, dtype=np.int64)),
            "timezone": pa.array(["Asia/Shanghai"] * customers),
            "identities": pa.array(np.ones(customers, dtype=np.int64)),
        }
    )
    nobody = pa.array([], pa.string())
    with Engine(lake, spill=folder / "spill") as engine:
        engine.attach_as("loaded_events", EVENTS)
        engine.attach_as("loaded_order_lines", ORDER_LINES)
        engine.register("merges", pa.table({"customer": nobody, "root": nobody}))
        engine.register("customers", people)
        engine.view("events", "events", "current_events")
        engine.view("order_lines", "events", "current_order_lines")
        floor = min(timed(lambda: engine.run_text(SCAN)) for _ in range(3))
        made: list[pa.Table] = []
        full = timed(lambda: made.extend(compute_visits(engine, None, NOW)))
        writing = timed(lambda: (lake.replace(VISITS, made[0]), lake.replace(VISIT_PRODUCTS, made[1])))
        one = min(timed(lambda: compute_visits(engine, ["B150"], NOW)) for _ in range(3))
        engine.attach(VISITS, VISIT_PRODUCTS)
        finding = timed(lambda: touched_broadcasts(engine, events + SHOWS * 22 - 1_000, NOW - HOUR, NOW))
        drawn = min(timed(lambda: compute_portraits(engine, NOW)) for _ in range(2))
    common = {"size": events, "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
    return [
        _figure("portraits", drawn, floor, f"{customers} customers; floor: scan of the columns", common),
        _figure("refresh", one, full, "one broadcast of 200; floor: all of them", common),
        _figure("visits", full, floor, f"{made[0].num_rows} visits, written in {writing:.2f} s", common),
        _figure("touched", finding, floor, "which broadcasts the last 1,000 events touch", common),
    ]


def _figure(name: str, seconds: float, floor: float, notes: str, common: dict[str, int]) -> dict[str, object]:
    ratio = round(seconds / floor, 3)
    return {"name": name, "figure": round(seconds, 3), "unit": "s", "floor": round(floor, 3), "ratio": ratio} | {
        **common,
        "notes": notes,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for figure in measure(asked.customers, asked.events, Path(scratch)):
            sys.stdout.write(json.dumps(figure, ensure_ascii=False) + "\n")
