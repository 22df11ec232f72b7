"""Bring everything that is derived from events up to date: lake, visits, portraits, what became of messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from huitou.customers.lake_tables import PORTRAITS
from huitou.customers.refresh import refresh_portraits, refresh_visits
from huitou.delivery.cancel import cancel_stopped
from huitou.delivery.receipts import apply_receipts
from huitou.events.consent import permissions
from huitou.events.current import attach_events
from huitou.events.lake_tables import EVENTS
from huitou.events.load import APP, load
from huitou.kit import clock
from huitou.kit.settings import settings
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake
from huitou.stores.ledger import Connection, connect, lock, transaction

LOCK = "refresh"
STALE = clock.DAY  # portraits speak of days (recency, stage): without news they are made anew after one

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did; `visits` and `portraits` are None where they were already up to date."""

    events: int
    visits: int | None
    portraits: int | None


def catch_up(progress: Progress | None = None, *, force: bool = False) -> Refreshed:
    """Load the journal, then make visits and portraits anew where events came since. One at a time; others wait."""
    say = progress or (lambda stage: None)
    loaded = absorb(progress)
    with connect() as holder:
        holder.execute("SET idle_in_transaction_session_timeout = 0")
        lock(holder, LOCK)
        position = Lake(settings().lake).loaded_version(EVENTS, APP)
        done, computed_at = _mark(holder)
        is_news = force or position != done
        if not is_news and clock.now_us() - computed_at < STALE and clock.now_us() >= computed_at:
            return Refreshed(loaded, None, None)
        visits, portraits = _refresh(is_news, say)
        holder.execute(
            "INSERT INTO refresh_mark (name, position, at) VALUES ('portraits', %s, %s)"
            " ON CONFLICT (name) DO UPDATE SET position = EXCLUDED.position, at = EXCLUDED.at",
            (position, clock.now_us()),
        )
    return Refreshed(loaded, visits, portraits)


def absorb(progress: Progress | None = None) -> int:
    """Load the journal and let messages know what became of them: receipts, clicks, orders; cancel what is
    queued for those who ordered or left. Costs what is new.

    Enough for sending: the guard asks the ledger, not the portraits.
    """
    if progress:
        progress("load")
    loaded = load()
    apply_receipts()
    cancel_stopped()
    return loaded.events


def _mark(connection: Connection) -> tuple[int, int]:
    """(journal position, moment) of the last refresh."""
    row = connection.execute("SELECT position, at FROM refresh_mark WHERE name = 'portraits'").fetchone()
    return (row[0], row[1]) if row else (-1, 0)


def _refresh(is_news: bool, say: Progress) -> tuple[int | None, int]:
    now = clock.now_us()
    with Engine() as engine:
        attach_events(engine)
        visits = None
        if is_news:
            say("visits")
            visits = refresh_visits(engine, now=now)
        say("portraits")
        with transaction() as connection:
            allowed = permissions(connection)
        return visits, refresh_portraits(engine, now, allowed)


def table_versions() -> dict[str, int]:
    """Version of each derived table, for whoever keeps answers: unchanged versions, unchanged answers."""
    lake = Lake(settings().lake)
    return {table.name: lake.version(table) for table in (EVENTS, PORTRAITS)}
