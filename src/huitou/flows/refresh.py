"""Bring everything that is derived from events up to date: lake, visits, portraits, what became of messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from huitou.customers.lake_tables import VISITS
from huitou.customers.refresh import refresh_portraits, refresh_visits, touched_broadcasts
from huitou.delivery.cancel import cancel_gone, cancel_stopped
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
MARK = "portraits, orders attend nothing"  # another name where visits mean something else: all are made anew once
STALE = clock.DAY  # portraits speak of days (recency, stage): without news they are made anew after one

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did; `visits` and `portraits` are None where they were already up to date."""

    events: int
    visits: int | None
    portraits: int | None


def catch_up(progress: Progress | None = None) -> Refreshed:
    """Load the journal, then make visits and portraits anew where events came since. One at a time; others wait."""
    say = progress or (lambda stage: None)
    loaded = absorb(progress)
    with connect() as holder:
        holder.execute("SET idle_in_transaction_session_timeout = 0")
        lock(holder, LOCK)
        position = Lake(settings().lake).loaded_version(EVENTS, APP)
        done, computed_at = _mark(holder)
        now = clock.now_us()
        back = now < computed_at  # a replay: what was seen later must go again
        if position == done and not back and now - computed_at < STALE:
            return Refreshed(loaded, None, None)
        since = None if back or done < 0 else (done, computed_at)
        visits, portraits = _refresh(since, now, say)
        holder.execute(
            "INSERT INTO refresh_mark (name, position, at) VALUES (%s, %s, %s)"
            " ON CONFLICT (name) DO UPDATE SET position = EXCLUDED.position, at = EXCLUDED.at",
            (MARK, position, now),
        )
    return Refreshed(loaded, visits, portraits)


def absorb(progress: Progress | None = None) -> int:
    """Load the journal and let messages know what became of them: receipts, clicks, orders; cancel what is
    queued for those who ordered or left, and for broadcasts that are gone. Costs what is new.

    Enough for sending: the guard asks the ledger, not the portraits.
    """
    if progress:
        progress("load")
    loaded = load()
    apply_receipts()
    cancel_stopped()
    cancel_gone()
    return loaded.events


def forget(connection: Connection) -> None:
    """Let the next refresh make everything anew: a merge was taken back, which no event tells."""
    connection.execute("DELETE FROM refresh_mark WHERE name = %s", (MARK,))


def _mark(connection: Connection) -> tuple[int, int]:
    """(journal position, moment) of the last refresh."""
    row = connection.execute("SELECT position, at FROM refresh_mark WHERE name = %s", (MARK,)).fetchone()
    return (row[0], row[1]) if row else (-1, 0)


def _refresh(since: tuple[int, int] | None, now: int, say: Progress) -> tuple[int, int]:
    """Make visits anew, of the broadcasts touched since (journal position, moment) or of all; then all portraits."""
    with Engine() as engine:
        attach_events(engine)
        say("visits")
        touched = None
        if since is not None:
            engine.attach(VISITS)
            touched = touched_broadcasts(engine, *since, now)
        visits = 0 if touched == [] else refresh_visits(engine, touched, now=now)
        say("portraits")
        with transaction() as connection:
            allowed = permissions(connection)
        return visits, refresh_portraits(engine, now, allowed)
