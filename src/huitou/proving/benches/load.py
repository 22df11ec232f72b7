"""Events a second from the journal into the lake.

Floor: the same journal rows read, parsed and written as plain Parquet files: no customers looked up, no commit, no
fsync.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from huitou.events.journal import append_batch
from huitou.events.lake_rows import lake_rows, read_batch
from huitou.events.load import BATCH, load
from huitou.events.model import Event
from huitou.kit.clock import SECOND, parse_time
from huitou.kit.settings import settings
from huitou.proving.benches import Figure
from huitou.proving.benches.own_house import own_house, rates, timed
from huitou.stores.ledger import transaction

RUNS = 3
SIZE = 200_000  # events
AT_ONCE = 5_000  # events a transaction while the journal is filled
BEGAN = parse_time("2026-11-20T19:00:00", "Asia/Shanghai")
EVENTS_A_PERSON = 10


def measure_load(size: int | None, folder: Path) -> Figure:
    """A live evening's events, ten a person; half of the people known by a user id, the others by a device."""
    begun, size = time.perf_counter(), size or SIZE
    with own_house(folder):
        filling = timed(lambda: fill_journal(size))
        floor = [timed(lambda: write_plainly(folder / "plain")) for _ in range(RUNS)]
        first = [timed(load)]
        again = [timed(_load_anew) for _ in range(RUNS - 1)]
    notes = {
        "new_people_s": round(first[0], 2),  # the first load also makes the customers
        "filled_at_events_per_s": round(size / filling),
        "floor_is": "the journal read, parsed and written as Parquet",
    }
    return rates("load", "events/s", size, first + again, floor, begun, notes)


def fill_journal(size: int) -> None:
    for start in range(0, size, AT_ONCE):
        append_batch(list(make_events(start, min(start + AT_ONCE, size))), BEGAN)


def make_events(start: int, stop: int) -> Iterator[Event]:
    draw = np.random.default_rng(start)
    chosen = draw.choice(4, stop - start, p=(0.3, 0.3, 0.3, 0.1)).tolist()
    for number, kind in zip(range(start, stop), chosen, strict=True):
        person = number // EVENTS_A_PERSON
        properties = [
            {"broadcast_id": "B1", "room_id": "R1"},
            {"broadcast_id": "B1", "watch_seconds": number % 3_600},
            {"broadcast_id": "B1", "count": 3},
            {"broadcast_id": "B1", "product_id": f"P{number % 20}"},
        ][kind]
        known = person % 2 == 0
        yield Event(
            source="bench",
            event_id=f"e{number}",
            type="track",
            name=("live_entered", "live_left", "live_liked", "product_clicked")[kind],
            occurred_at=BEGAN + number * SECOND // 100,
            identifiers=(("user_id", f"u{person}"),) if known else (("device", f"d{person}"),),
            user_id=f"u{person}" if known else None,
            properties=properties,
        )


def write_plainly(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    after = 0
    while True:
        with transaction() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(
                "SELECT position, received_at, body FROM journal WHERE position > %s ORDER BY position LIMIT %s",
                (after, BATCH),
            ).fetchall()
        if not rows:
            return
        batch = read_batch(rows)
        for number, table in enumerate(lake_rows(batch, [None] * len(batch.events))):
            pq.write_table(table, folder / f"{after}-{number}.parquet", compression="snappy")
        after = rows[-1][0]


def _load_anew() -> None:
    shutil.rmtree(settings().lake)
    load()
