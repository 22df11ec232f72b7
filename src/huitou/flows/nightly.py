"""What is done once a night, in the shop's small hours: everything derived made anew, small files merged, old ones gone.

Made anew, because the refreshes of the day follow what came in; a merge that was taken back, or a clock that was set
back, is noticed only here. Where the machine was off at that hour the night is made up for as soon as it is on again:
procrastinate drops a periodic task that is ten minutes late, so the last night is kept in `refresh_mark` instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from huitou.customers.lake_tables import PORTRAITS, VISIT_PRODUCTS, VISITS
from huitou.customers.refresh import ZONE
from huitou.decisions.lake_tables import DECISION_FEATURES, DECISIONS
from huitou.events.lake_tables import EVENTS, ORDER_LINES
from huitou.events.load import LOCK as LOADER
from huitou.flows.refresh import Refreshed, catch_up, forget
from huitou.kit import clock
from huitou.kit.settings import settings
from huitou.stores.lake import Lake, LakeTable
from huitou.stores.ledger import Connection, connect, lock, transaction

NAME = "nightly"  # of its lock and of its mark
HOUR = 4  # o'clock at the shop: no show is on, and no message may go out
FEW_FILES = 8  # a table of more small files than this is compacted
KEEP_HOURS = 24  # what no version younger than this needs is deleted; a reader opened before may still read

# Table -> the lock its writers hold (stores/lake.py says why they must).
WRITERS = {
    EVENTS: LOADER,
    ORDER_LINES: LOADER,
    **{table: f"lake:{table.name}" for table in (VISITS, VISIT_PRODUCTS, PORTRAITS, DECISIONS, DECISION_FEATURES)},
}


@dataclass(frozen=True)
class Night:
    """What one night did: rows made anew, tables whose small files were merged, files deleted."""

    refreshed: Refreshed
    compacted: tuple[str, ...]
    deleted: int


def run_nightly(*, force: bool = False) -> Night | None:
    """Do the night's work if it has not been done since the last HOUR o'clock; None where there was nothing to do.

    One at a time; whoever waited finds it done. A new house begins to count: its first night is the next one. Killed
    in the middle it is done again.
    """
    with connect() as holder:
        holder.execute("SET idle_in_transaction_session_timeout = 0")
        lock(holder, NAME)
        now, last = clock.now_us(), _last(holder)
        if not force and (last is None or last >= last_night(now)):
            if last is None:
                _mark(holder, now)
            return None
        with transaction() as connection:
            forget(connection)
        refreshed = catch_up()
        lake = Lake(settings().lake)
        compacted = tuple(table.name for table in WRITERS if _compact(lake, table))
        deleted = sum(_vacuum(lake, table) for table in WRITERS)
        _mark(holder, now)
    return Night(refreshed, compacted, deleted)


def last_night(now: int) -> int:
    """The latest HOUR o'clock at the shop that is not after `now`."""
    local = clock.to_datetime(now, ZONE)
    night = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return clock.from_datetime(night if night <= local else night - timedelta(days=1))


def _compact(lake: Lake, table: LakeTable) -> bool:
    with transaction() as connection:
        lock(connection, WRITERS[table])
        return lake.compact(table, above=FEW_FILES)


def _vacuum(lake: Lake, table: LakeTable) -> int:
    with transaction() as connection:
        lock(connection, WRITERS[table])
        return lake.vacuum(table, keep_hours=KEEP_HOURS)


def _last(connection: Connection) -> int | None:
    row = connection.execute("SELECT at FROM refresh_mark WHERE name = %s", (NAME,)).fetchone()
    return int(row[0]) if row else None


def _mark(connection: Connection, at: int) -> None:
    connection.execute(
        "INSERT INTO refresh_mark (name, position, at) VALUES (%s, 0, %s)"
        " ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at",
        (NAME, at),
    )
