"""The one clock of the house: time is int epoch microseconds, UTC.

Every command, job and test reads the time here, so that any moment can be replayed (`--now`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class SystemClock:
    def now_us(self) -> int:
        return time.time_ns() // 1_000


class FrozenClock:
    """Stands still until it is moved; what tests, replays and simulations use."""

    def __init__(self, at_us: int) -> None:
        self.at_us = at_us

    def now_us(self) -> int:
        return self.at_us

    def move_to(self, at_us: int) -> None:
        self.at_us = at_us


class ShiftedClock:
    """Ticks like the system clock from a chosen moment on; what `serve --now` uses."""

    def __init__(self, start_us: int) -> None:
        self.shift_us = start_us - time.time_ns() // 1_000

    def now_us(self) -> int:
        return time.time_ns() // 1_000 + self.shift_us


Clock = SystemClock | FrozenClock | ShiftedClock

_clock: Clock = SystemClock()


def now_us() -> int:
    return _clock.now_us()


def set_clock(clock: Clock) -> Clock:
    """Install this clock and return the one it replaces."""
    global _clock
    previous, _clock = _clock, clock
    return previous


@contextmanager
def frozen(at: int | str) -> Iterator[FrozenClock]:
    """Within the block time stands at `at` (epoch microseconds or ISO 8601)."""
    clock = FrozenClock(parse_time(at) if isinstance(at, str) else at)
    previous = set_clock(clock)
    try:
        yield clock
    finally:
        set_clock(previous)


def to_datetime(at_us: int, zone: str = "UTC") -> datetime:
    return datetime.fromtimestamp(at_us // SECOND, UTC).replace(microsecond=at_us % SECOND).astimezone(zone_of(zone))


def to_iso(at_us: int) -> str:
    """2026-11-20T11:00:00.000000Z, always microseconds, so that texts sort like times."""
    return to_datetime(at_us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_datetime(moment: datetime) -> int:
    """A naive datetime is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    delta = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def parse_time(text: str, zone: str = "UTC") -> int:
    """ISO 8601 (also with a space, or a date alone) to epoch microseconds; without offset it is local to `zone`.

    ValueError where the text is no time or the year is outside 1970..2200, and for fractions of hours and minutes:
    ISO 8601 has them, but who writes 20.10 means ten past eight.
    """
    text = text.strip()
    point = text.find(".") if "." in text else text.find(",")
    if 0 <= point < (19 if text[4:5] in ("-", "/") else 15):
        raise ValueError(f"{text!r} has a fraction, but no seconds")
    moment = datetime.fromisoformat(text.replace("/", "-"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone_of(zone))
    at_us = from_datetime(moment)
    if not 0 <= at_us < 7_258_118_400 * SECOND:
        raise ValueError(f"{text!r} is outside the years 1970 to 2200")
    return at_us


def zone_of(name: str) -> ZoneInfo:
    """The zone by its IANA name; ValueError where there is none by that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone") from error
