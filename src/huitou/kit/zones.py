"""Local clocks for arrays of moments: the offset of each zone as a table of its changes.

zoneinfo answers one moment at a time; a plan asks millions. Between two changes an offset is constant, so the
changes within the span asked for are found once per zone and looked up by binary search.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from huitou.kit.clock import DAY, MINUTE, SECOND, zone_of

Ints = NDArray[np.int64]

FAR = np.iinfo(np.int64).max
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR = 366 * DAY


@dataclass(frozen=True)
class Offsets:
    """`offsets[i]` (local minus UTC, microseconds) holds from `changes[i - 1]` until `changes[i]`."""

    changes: Ints
    offsets: Ints

    def at(self, moments: Ints) -> Ints:
        return self.offsets[np.searchsorted(self.changes, moments, side="right")]

    def next_change(self, moments: Ints) -> Ints:
        """The first change after each moment; FAR where there is none in the table."""
        ends = np.append(self.changes, FAR)
        return ends[np.searchsorted(self.changes, moments, side="right")]


def offsets_of(zone: str, first: int, last: int) -> Offsets:
    """The offsets of the zone for moments from `first` to `last`; ValueError for an unknown zone."""
    return _offsets(zone, first // _YEAR, last // _YEAR + 1)


@lru_cache(maxsize=4096)
def _offsets(zone: str, first_year: int, last_year: int) -> Offsets:
    info = zone_of(zone)
    days = range(max(first_year * _YEAR - 2 * DAY, 0), last_year * _YEAR + 3 * DAY, DAY)
    changes, offsets = [], [_offset(info, days[0])]
    for day in days[1:]:
        offset = _offset(info, day)
        if offset != offsets[-1]:
            changes.append(_change(info, day - DAY, day))
            offsets.append(offset)
    return Offsets(np.array(changes, dtype=np.int64), np.array(offsets, dtype=np.int64))


def _offset(info: ZoneInfo, moment: int) -> int:
    offset = (_EPOCH + timedelta(microseconds=moment)).astimezone(info).utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) * SECOND


def _change(info: ZoneInfo, before: int, after: int) -> int:
    """The minute at which the offset changes between two moments a day apart (zones change on whole minutes;
    two changes within one day have not occurred since 1970)."""
    old = _offset(info, before)
    low, high = before // MINUTE, after // MINUTE
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(info, middle * MINUTE) == old else (low, middle)
    return high * MINUTE


def to_utc(local: Ints, table: Offsets) -> Ints:
    """Moments that a local clock shows `local` (microseconds as if UTC). Shown twice: the first time; never shown
    (skipped in spring): the moment of the change."""
    if len(table.changes) == 0:
        return local - table.offsets[0]
    # A change at c moves the clock from c + before to c + after. The earliest moment showing `local` or later:
    ends_local = table.changes + table.offsets[:-1]  # what the clock shows as each offset ends
    index = np.searchsorted(ends_local, local, side="right")
    begins = np.concatenate(([np.iinfo(np.int64).min], table.changes))[index]
    return np.maximum(local - table.offsets[index], begins)
