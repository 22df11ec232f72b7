"""The journal: every accepted event, durable before its sender hears 2xx, exactly once.

An event is known by (source, event id), unique in the table. The same again is a duplicate; the same id with another
content is quarantined, never overwritten. Compared is what the sender said (`Event.fingerprint`).

Locks are taken in one order: rows of the journal, "identity", customers. A transaction that appends twice may
deadlock with another that does; PostgreSQL ends one of them, and `append_batch` begins again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Literal

from psycopg import DataError, IntegrityError
from psycopg.errors import DeadlockDetected, ProgramLimitExceeded, SerializationFailure

from huitou.events.effects import apply_effects, is_effective
from huitou.events.model import Event, encode_event
from huitou.kit.clock import now_us
from huitou.stores.ledger import Connection, lock_key, transaction
from huitou.stores.sql import load_query

Outcome = Literal["accepted", "duplicate", "quarantined"]

LOCK = "journal"
CHANNEL = "journal"  # NOTIFY wakes the loader
CONFLICT = "id_conflict"
UNSTORABLE = "unstorable"
CHUNK = 2_000  # events a statement; more gain nothing and only make the arrays large
# Each takes a customer's lock or more; a server with default settings has 6,400 for all its connections.
MOST_LOCKING = 500
TRIES = 5
# A NOTIFY serialises commits (one lock for the whole server), so it is sent this often at most, in seconds; the
# loader waits longer than that before it starts, and looks by itself now and then.
NOTIFY_EVERY = 0.1

_lock_key = lock_key("name", LOCK)
_notified = 0.0


def append_batch(events: Sequence[Event], received_at: int | None = None) -> list[Outcome]:
    """Append in transactions of its own: when this returns, the events are durable.

    An event that PostgreSQL cannot hold is found by halving and quarantined; its neighbours go in.
    """
    received_at = now_us() if received_at is None else received_at
    return [outcome for part in _parts(events) for outcome in _append_part(part, received_at)]


def _parts(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """Runs of events with at most MOST_LOCKING effective ones among them."""
    start = locking = 0
    for place, event in enumerate(events):
        locking += is_effective(event)
        if locking > MOST_LOCKING:
            yield events[start:place]
            start, locking = place, 1
    if start < len(events):
        yield events[start:]


def _append_part(events: Sequence[Event], received_at: int) -> list[Outcome]:
    for attempt in range(1, TRIES + 1):
        try:
            with transaction() as connection:
                return append_events(connection, events, received_at)
        except (DeadlockDetected, SerializationFailure):
            if attempt == TRIES:
                raise
        except (DataError, ProgramLimitExceeded, IntegrityError) as error:
            if len(events) > 1:
                half = len(events) // 2
                return _append_part(events[:half], received_at) + _append_part(events[half:], received_at)
            with transaction() as connection:
                quarantine(connection, [(events[0], f"{UNSTORABLE}: {type(error).__name__}")], received_at)
            return ["quarantined"]
    raise AssertionError("unreachable")


def append_events(connection: Connection, events: Sequence[Event], received_at: int) -> list[Outcome]:
    """Append in the caller's transaction, with all effects; what became of each event, in order.

    Durable when the caller commits, so no sender may be answered before. Until then the shared lock "journal" is
    held, and the loader waits: keep the transaction short, and effective events to some hundreds.
    """
    outcomes: list[Outcome] = []
    for start in range(0, len(events), CHUNK):
        outcomes += _append(connection, events[start : start + CHUNK], received_at)
    if "accepted" in outcomes:
        _notify(connection)
    return outcomes


def _append(connection: Connection, events: Sequence[Event], received_at: int) -> list[Outcome]:
    first: dict[bytes, Event] = {}
    for event in events:
        first.setdefault(event.key, event)
    positions = _insert(connection, first, received_at)
    if len(positions) == len(events):
        outcomes: list[Outcome] = ["accepted"] * len(events)
    else:
        outcomes = _settle(connection, events, first, positions, received_at)
    effective = [
        event for event, outcome in zip(events, outcomes, strict=True) if is_effective(event) and outcome == "accepted"
    ]
    if effective:
        repeated = apply_effects(connection, effective, received_at)
        if repeated:
            _withdraw(connection, events, outcomes, repeated, positions)
    return outcomes


def _insert(connection: Connection, events: dict[bytes, Event], received_at: int) -> dict[bytes, int]:
    """Key -> position of what was not there yet."""
    parameters = {
        "lock": _lock_key,
        "received_at": received_at,
        "keys": list(events),
        "fingerprints": [event.fingerprint for event in events.values()],
        "bodies": [encode_event(event) for event in events.values()],
    }
    with connection.cursor(binary=True) as cursor:
        return dict(cursor.execute(load_query("events", "ledger/append_journal"), parameters).fetchall())


def _settle(
    connection: Connection,
    events: Sequence[Event],
    first: dict[bytes, Event],
    positions: dict[bytes, int],
    received_at: int,
) -> list[Outcome]:
    """Outcomes where some keys were there before, or twice in this batch; conflicts are put aside."""
    old = [key for key in first if key not in positions]
    rows = connection.execute("SELECT key, fingerprint FROM journal WHERE key = ANY(%s)", (old,)).fetchall()
    stored = {bytes(key): bytes(fingerprint) for key, fingerprint in rows}
    outcomes: list[Outcome] = []
    conflicts: list[Event] = []
    for event in events:
        told = stored.get(event.key, first[event.key].fingerprint)
        if event.key in positions and event is first[event.key]:
            outcomes.append("accepted")
        elif told == event.fingerprint:
            outcomes.append("duplicate")
        else:
            outcomes.append("quarantined")
            conflicts.append(event)
    quarantine(connection, [(event, CONFLICT) for event in conflicts], received_at)
    return outcomes


def quarantine(connection: Connection, events: Sequence[tuple[Event, str]], received_at: int) -> None:
    """Put events aside with their reasons."""
    if events:
        rows = [(event.source, event.event_id, reason, received_at, encode_event(event)) for event, reason in events]
        connection.execute(
            "INSERT INTO quarantine (source, event_id, reason, received_at, body)"
            " SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %s::bigint[], %b::bytea[])",
            tuple(map(list, zip(*rows, strict=True))),
        )


def _withdraw(
    connection: Connection,
    events: Sequence[Event],
    outcomes: list[Outcome],
    repeated: set[tuple[str, str]],
    positions: dict[bytes, int],
) -> None:
    """Take orders that another source told before out of the journal again."""
    gone = []
    for index, event in enumerate(events):
        if outcomes[index] == "accepted" and (event.source, event.event_id) in repeated:
            outcomes[index] = "duplicate"
            gone.append(positions[event.key])
    connection.execute("DELETE FROM journal WHERE position = ANY(%s)", (gone,))


def _notify(connection: Connection) -> None:
    global _notified
    now = time.monotonic()
    if now - _notified >= NOTIFY_EVERY:
        _notified = now
        connection.execute(f"NOTIFY {CHANNEL}")
