"""Journal to lake, exactly once.

The lake's two tables each carry the position they have been loaded up to, in the same commit as their rows. A load
that is killed between them finds the one behind and brings it up to the other first; a load that is killed anywhere
else has either committed or not happened. Whoever writes these tables holds the lock LOCK.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from psycopg.errors import LockNotAvailable

from huitou.events.graph import Claim, Identifier
from huitou.events.identity import resolve
from huitou.events.journal import CHANNEL, NOTIFY_EVERY
from huitou.events.journal import LOCK as JOURNAL_LOCK
from huitou.events.lake_rows import Batch, JournalRow, Unreadable, lake_rows, read_batch
from huitou.events.lake_tables import EVENTS, ORDER_LINES
from huitou.kit.errors import Unavailable
from huitou.kit.settings import settings
from huitou.stores.lake import Lake, LakeTable
from huitou.stores.ledger import Connection, connect, lock, transaction
from huitou.stores.sql import load_query

LOCK = "loader"
APP = "journal"
BATCH = 200_000
RESOLVED_AT_ONCE = 500  # claims a transaction: it may hold the lock "identity" and two customers' for each of them
MOST_FILES = 100  # of a table; then its small ones are merged
LOCK_PATIENCE = 30.0  # seconds
LOCK_TRY = "200ms"  # while the exclusive lock is asked for, all of ingest waits


class LoadResult(NamedTuple):
    """How many events went to the lake (and how many of the rows no event could be read from), in how long."""

    events: int
    unreadable: int
    seconds: float


def load(limit: int | None = None, *, batch: int = BATCH) -> LoadResult:
    """Bring the lake up to the journal as it is now, or by at most `limit` rows of it.

    A second loader waits for the first and then finds less to do. Raises Unavailable where a transaction that
    appends stays open for half a minute.
    """
    started = time.perf_counter()
    lake = Lake(settings().lake)
    events = unreadable = 0
    with connect() as holder:
        holder.execute("SET idle_in_transaction_session_timeout = 0")  # a server's default would drop the lock
        lock(holder, LOCK)
        high = read_high_water()
        loaded = {table: lake.loaded_version(table, APP) for table in (EVENTS, ORDER_LINES)}
        while limit is None or events + unreadable < limit:
            size = batch if limit is None else min(batch, limit - events - unreadable)
            read = _load_batch(lake, holder, loaded, high, size)
            if read is None:
                break
            events += len(read.events)
            unreadable += len(read.unreadable)
        if events:
            lake.compact(EVENTS, above=MOST_FILES)
            lake.compact(ORDER_LINES, above=MOST_FILES)
    return LoadResult(events, unreadable, time.perf_counter() - started)


def wait_for_events(seconds: float) -> bool:
    """Wait until events may have been appended, at most so long; whether something said so.

    Returns a little after the word, so that a load finds also what came with it; not everything is announced, so
    load now and then without.
    """
    with connect(autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        woken = any(True for _ in connection.notifies(timeout=seconds, stop_after=1))
    if woken:
        time.sleep(2 * NOTIFY_EVERY)
    return woken


def read_high_water() -> int:
    """The highest position of which it is sure that no lower one will still be committed; 0 for an empty journal.

    Positions are drawn before commit. Appenders hold the journal's lock shared from before the draw until they end,
    so whoever gets it exclusive sees all that was drawn so far. It is asked for in short tries: a request that waits
    keeps all appenders behind it.
    """
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            with transaction() as connection:
                connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TRY}'")
                lock(connection, JOURNAL_LOCK)
                row = connection.execute("SELECT coalesce(max(position), 0) FROM journal").fetchone()
                assert row is not None
                return int(row[0])
        except LockNotAvailable:
            if time.monotonic() > deadline:
                raise Unavailable(
                    {
                        "zh": f"有写入事件的事务超过 {LOCK_PATIENCE:.0f} 秒没有结束，暂时不能装载。",
                        "en": f"a transaction that appends events has been open for over {LOCK_PATIENCE:.0f} s",
                    }
                ) from None
            time.sleep(0.05)


def _load_batch(lake: Lake, holder: Connection, loaded: dict[LakeTable, int], high: int, size: int) -> Batch | None:
    """Load the next rows up to `high`, and say so in `loaded`; None where there are none."""
    after, ahead = min(loaded.values()), max(loaded.values())
    torn = after != ahead  # the last load was killed between the two: the same rows again, for the one behind
    if after >= high and not torn:
        return None
    rows = _read_rows(after, ahead, ahead - after) if torn else _read_rows(after, high, size)
    batch = read_batch(rows)
    customers = _resolve(batch)
    _put_aside(batch.unreadable)
    reached = ahead if torn else rows[-1][0] if rows else high
    for table, data in zip((EVENTS, ORDER_LINES), lake_rows(batch, customers), strict=True):
        if loaded[table] < reached:
            holder.execute("SELECT")  # raises where the server went away, and our lock with it
            lake.append(table, data, app=APP, version=reached)
            loaded[table] = reached
    return batch


def _read_rows(after: int, high: int, size: int) -> list[JournalRow]:
    with transaction() as connection, connection.cursor(binary=True) as cursor:
        return cursor.execute(
            "SELECT position, received_at, body FROM journal WHERE position > %s AND position <= %s"
            " ORDER BY position LIMIT %s",
            (after, high, size),
        ).fetchall()


def _resolve(batch: Batch) -> list[str | None]:
    """The customer of each event. Committed before the lake is: a customer in the lake is in the ledger."""
    known: dict[tuple[Identifier, ...], str | None] = {(): None}
    fresh: list[Claim] = []
    for row, event in zip(batch.rows, batch.events, strict=True):
        # The same identifiers again name the same customer; but a former id may have become somebody's meanwhile.
        if event.identifiers not in known or event.type == "alias":
            known[event.identifiers] = None
            fresh.append(Claim(event.identifiers, row[1], event.source, event.event_id))
    for start in range(0, len(fresh), RESOLVED_AT_ONCE):
        part = fresh[start : start + RESOLVED_AT_ONCE]
        with transaction() as connection:
            found = resolve(connection, part)
        known.update(zip((claim.identifiers for claim in part), found, strict=True))
    return [known[event.identifiers] for event in batch.events]


def _put_aside(unreadable: Iterable[Unreadable]) -> None:
    listed = list(unreadable)
    if listed:
        with transaction() as connection:
            _add_unreadable(connection, listed)


def _add_unreadable(connection: Connection, unreadable: list[Unreadable]) -> None:
    columns = {
        "positions": [one.row[0] for one in unreadable],
        "received": [one.row[1] for one in unreadable],
        "bodies": [one.row[2] for one in unreadable],
        "reasons": [one.reason for one in unreadable],
    }
    connection.execute(load_query("events", "ledger/add_unreadable"), columns)
