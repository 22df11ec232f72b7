"""Facts that change and change back: the price of a product, what a person permits, as lists without times tell them.

Each telling that differs from the one before it is a version: `state:<subject>:<row of it>:<version>`. The same again is
a duplicate of the latest version; an earlier one told again is news.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from huitou.events.connectors.base import STATE
from huitou.events.model import Event
from huitou.stores.ledger import Connection, transaction

AT_ONCE = 32  # versions looked up together; most states have one


def number_versions(events: Sequence[Event]) -> list[Event]:
    """The events, those of states under the ids of their versions. Two imports at once may both find the same number:
    the journal then quarantines the later one.
    """
    states = {event.event_id: event for event in events if event.event_id.startswith(STATE)}
    if not states:
        return list(events)
    with transaction() as connection:
        latest = _find_latest(connection, states)
    return [_as_version(event, *latest[event.event_id]) if event.event_id in states else event for event in events]


def _find_latest(connection: Connection, states: dict[str, Event]) -> dict[str, tuple[int, bytes]]:
    """State id -> its latest version in the journal and that one's fingerprint; (-1, b"") where it has none."""
    latest = dict.fromkeys(states, (-1, b""))
    waiting: Iterable[str] = list(states)
    first, size = 0, 1
    while waiting:
        keys = {_version(states[state], first + n).key: (state, first + n) for state in waiting for n in range(size)}
        rows = connection.execute("SELECT key, fingerprint FROM journal WHERE key = ANY(%s)", (list(keys),)).fetchall()
        for key, fingerprint in rows:
            state, number = keys[bytes(key)]
            latest[state] = max(latest[state], (number, bytes(fingerprint)))
        first, size = first + size, AT_ONCE
        waiting = [state for state in waiting if latest[state][0] == first - 1]
    return latest


def _as_version(event: Event, number: int, fingerprint: bytes) -> Event:
    return _version(event, number if event.fingerprint == fingerprint else number + 1)


def _version(event: Event, number: int) -> Event:
    return replace(event, event_id=f"{event.event_id}:{number:06}")
