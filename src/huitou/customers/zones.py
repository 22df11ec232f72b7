"""The offsets of time zones as a table, because no SQL engine's zone function reads like another's."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import repeat

import pyarrow as pa

from huitou.kit.clock import SECOND, parse_time, zone_of
from huitou.kit.zones import offsets_of

FIRST, LAST = parse_time("1990-01-01T00:00:00Z"), parse_time("2040-01-01T00:00:00Z")  # beyond, the nearest span holds
BEGIN, END = 0, 7_258_118_400 * SECOND  # the years 1970 to 2200, as the house's clock reads them


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
        table = offsets_of(name, FIRST, LAST)
    except ValueError:
        return ()
    begins = [BEGIN, *table.changes.tolist()]
    return tuple(zip(repeat(name), begins, [*begins[1:], END], table.offsets.tolist(), strict=False))
