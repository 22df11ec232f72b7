"""Slows down whoever guesses passwords: after a few failures a name, an address or both have to wait.

Kept in this process's memory, like Django's sessions are not: a restart forgets failures, never sign-ins.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Hashable

WINDOW = 15 * 60.0  # seconds a failure counts
LIMITS = {"pair": 5, "name": 20, "address": 50}  # behind one proxy many people share an address
MOST_KEYS = 50_000  # a flood of invented names must not fill the memory

_mutex = threading.Lock()
_failures: dict[Hashable, deque[float]] = {}


def seconds_to_wait(name: str, address: str) -> int:
    """0 where a try is allowed, else how long until the next one is."""
    now = time.monotonic()
    with _mutex:
        waits = [_wait(key, LIMITS[kind], now) for kind, key in _keys(name, address)]
    return max(waits)


def note_failure(name: str, address: str) -> None:
    now = time.monotonic()
    with _mutex:
        if len(_failures) >= MOST_KEYS:
            _sweep(now)
        for kind, key in _keys(name, address):
            _failures.setdefault(key, deque(maxlen=LIMITS[kind])).append(now)


def forgive(name: str, address: str) -> None:
    """A right password clears the pair, not the address: others may be guessing from it."""
    with _mutex:
        _failures.pop(("pair", _plain(name), address), None)


def reset() -> None:
    with _mutex:
        _failures.clear()


def _keys(name: str, address: str) -> list[tuple[str, Hashable]]:
    name = _plain(name)
    return [("pair", ("pair", name, address)), ("name", ("name", name)), ("address", ("address", address))]


def _plain(name: str) -> str:
    return name.strip().casefold()[:150]


def _wait(key: Hashable, limit: int, now: float) -> int:
    """The ring holds the last `limit` failures: full, and its oldest is young, means wait until that one is old."""
    ring = _failures.get(key)
    if ring is None or len(ring) < limit or now - ring[0] >= WINDOW:
        return 0
    return int(WINDOW - (now - ring[0])) + 1


def _sweep(now: float) -> None:
    for key in [key for key, ring in _failures.items() if now - ring[-1] >= WINDOW]:
        del _failures[key]
    if len(_failures) >= MOST_KEYS:
        _failures.clear()
