"""The offsets of time zones as a table, because no SQL engine's zone function reads like another's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pyarrow as pa

from huitou.kit.clock import DAY, SECOND, zone_of

FIRST_YEAR, LAST_YEAR = 1990, 2040  # before and after, the nearest span holds
BEGIN, END = 0, 7_258_118_400 * SECOND  # the years 1970 to 2200, as the house's clock reads them
STEP = 14 * DAY  # no zone has two changes within one step (Morocco's Ramadan pause is four weeks long)


def zone_spans(zones: Iterable[str | None], default: str) -> pa.Table:
    """(zone, from_at, to_at, offset_us): one row for every span between two clock changes, half open, without gaps.

    Names that are no zone are left out: their people live by `default`, which must be one (ValueError).
    """
    zone_of(default)
    rows = [row for zone in sorted({zone for zone in zones if zone} | {default}) for row in _spans(zone)]
    columns = list(zip(*rows, strict=True))
    names = ("zone", "from_at", "to_at", "offset_us")
    kinds = (pa.string(), pa.int64(), pa.int64(), pa.int64())
    return pa.table(
        {name: pa.array(list(column), kind) for name, column, kind in zip(names, columns, kinds, strict=True)}
    )


@cache
def _spans(name: str) -> tuple[tuple[str, int, int, int], ...]:
    try:
        zone = zone_of(name)
    except ValueError:
        return ()
    first, last = (_micro(datetime(year, 1, 1, tzinfo=UTC)) for year in (FIRST_YEAR, LAST_YEAR))
    spans: list[tuple[str, int, int, int]] = []
    begun, offset = BEGIN, _offset(zone, first)
    for at in range(first, last, STEP):
        if _offset(zone, at + STEP) != offset:
            changed = _find_change(zone, at, at + STEP)
            spans.append((name, begun, changed, offset))
            begun, offset = changed, _offset(zone, changed)
    spans.append((name, begun, END, offset))
    return tuple(spans)


def _find_change(zone: ZoneInfo, before: int, after: int) -> int:
    """The first whole second at which the offset is no longer that of `before`."""
    old = _offset(zone, before)
    while after - before > SECOND:
        middle = (before + after) // 2 // SECOND * SECOND
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, at_us: int) -> int:
    offset = datetime.fromtimestamp(at_us // SECOND, zone).utcoffset() or timedelta()
    return (offset.days * 86_400 + offset.seconds) * SECOND


def _micro(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND
