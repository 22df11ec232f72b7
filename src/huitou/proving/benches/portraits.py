"""Customers a second whose portraits are drawn from a shop's whole history; one broadcast refreshed against all.

Floor of portraits: a scan of the columns they read, by the same engine on the same files. Of refresh: all visits.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from huitou.customers.lake_tables import VISIT_PRODUCTS, VISITS
from huitou.customers.refresh import compute_portraits, compute_visits, touched_broadcasts
from huitou.events.lake_tables import EVENTS, ORDER_LINES
from huitou.kit.clock import HOUR
from huitou.proving.benches import Figure
from huitou.proving.benches.own_house import forget_peak, machine, peak_mb, rates, timed
from huitou.proving.benches.shop_of_two_years import NOW, SHOWS, make_events
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake

CUSTOMERS = 100_000
EVENTS_A_CUSTOMER = 20
RUNS = 3
SCAN = """
SELECT count(customer), max(occurred_at), max(name), max(order_id), max(product), sum(amount_minor), max(currency),
  max(source), max(event_id), max(position)
FROM events
"""


def measure_portraits(size: int | None, folder: Path) -> Figure:
    """`size` customers with twenty events each; portraits computed, not yet written."""
    begun, customers = time.perf_counter(), size or CUSTOMERS
    with open_shop(customers, folder) as engine:
        floor = [timed(lambda: engine.run_text(SCAN)) for _ in range(RUNS)]
        write_visits(engine)
        drawn = [timed(lambda: compute_portraits(engine, NOW)) for _ in range(RUNS)]
    notes = {"events": customers * EVENTS_A_CUSTOMER, "floor_is": "a scan of the events' columns"}
    return rates("portraits", "customers/s", customers, drawn, floor, begun, notes)


def measure_refresh(size: int | None, folder: Path) -> Figure:
    """One broadcast of 200 made anew, in seconds, against all of them: the smaller the ratio the better."""
    begun, customers = time.perf_counter(), size or CUSTOMERS
    events = customers * EVENTS_A_CUSTOMER
    with open_shop(customers, folder) as engine:
        full = timed(lambda: write_visits(engine))
        one = min(timed(lambda: compute_visits(engine, ["B150"], NOW)) for _ in range(RUNS))
        finding = timed(lambda: touched_broadcasts(engine, events + SHOWS * 22 - 1_000, NOW - HOUR, NOW))
    notes = {
        "events": events,
        "find_touched_s": round(finding, 3),  # which broadcasts the last 1,000 events touch
        "floor_is": "the visits of all 200 broadcasts, written",
    }
    return Figure(
        "refresh",
        round(one, 3),
        "s",
        round(full, 3),
        round(one / full, 4),
        customers,
        RUNS,
        round(time.perf_counter() - begun, 1),
        peak_mb(),
        notes | machine(),
    )


def write_visits(engine: Engine) -> None:
    visits, products = compute_visits(engine, None, NOW)
    engine.lake.replace(VISITS, visits)
    engine.lake.replace(VISIT_PRODUCTS, products)
    engine.attach(VISITS, VISIT_PRODUCTS)


@contextmanager
def open_shop(customers: int, folder: Path) -> Iterator[Engine]:
    """Its events in a lake, read as the product reads them; no ledger, as nobody is merged."""
    lake = Lake(folder / "lake")
    events, lines = make_events(customers, customers * EVENTS_A_CUSTOMER)
    lake.replace(EVENTS, events)
    lake.replace(ORDER_LINES, lines)
    del events, lines
    people = {
        "root": pa.array([f"c{number}" for number in range(customers)]),
        "created_at": pa.array(np.zeros(customers, dtype=np.int64)),
        "timezone": pa.array(["Asia/Shanghai"] * customers),
        "identities": pa.array(np.ones(customers, dtype=np.int64)),
    }
    nobody = pa.array([], pa.string())
    forget_peak()
    with Engine(lake, spill=folder / "spill") as engine:
        engine.attach_as("loaded_events", EVENTS)
        engine.attach_as("loaded_order_lines", ORDER_LINES)
        engine.register("merges", pa.table({"customer": nobody, "root": nobody}))
        engine.register("customers", pa.table(people))
        engine.view("events", "events", "current_events")
        engine.view("order_lines", "events", "current_order_lines")
        yield engine
