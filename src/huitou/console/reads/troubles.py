"""What keeps messages from going, for the top of every page: looked up at most every few seconds."""

from __future__ import annotations

import threading
import time

import psycopg
from psycopg_pool import PoolTimeout

from huitou.flows.health import Trouble, read_troubles
from huitou.kit import clock
from huitou.kit.errors import HuitouError
from huitou.kit.settings import settings

KEPT_SECONDS = 3.0

_mutex = threading.Lock()
_kept: tuple[object, float, list[Trouble]] | None = None


def troubles_now() -> list[Trouble]:
    """None where the ledger does not answer: the page says that itself."""
    global _kept
    key = (settings(), clock.now_us() // clock.MINUTE)
    with _mutex:
        if _kept is None or _kept[0] != key or time.monotonic() - _kept[1] > KEPT_SECONDS:
            _kept = (key, time.monotonic(), _read())
        return _kept[2]


def forget() -> None:
    """Look anew: something was done about it."""
    global _kept
    with _mutex:
        _kept = None


def _read() -> list[Trouble]:
    try:
        return read_troubles()
    except (psycopg.Error, PoolTimeout, HuitouError):
        return []
