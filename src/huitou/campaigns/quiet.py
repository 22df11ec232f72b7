"""Quiet hours: a moment is quiet where the customer's own clock stands within one of the windows, [from, to).

A message that falls into quiet hours moves to their end: the earliest later moment at which the local clock stands
outside every window. Defined on moments, not on clock faces, it holds across midnight and on the days the clocks
change: an hour shown twice is quiet twice, an end that is skipped in spring is the moment of the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from huitou.campaigns.channel_facts import Minutes
from huitou.kit.clock import DAY, MINUTE
from huitou.kit.zones import Offsets, offsets_of

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DAY_MINUTES = 1440


def union_of(windows: Iterable[Minutes]) -> tuple[Minutes, ...]:
    """The windows as disjoint stretches [from, to) in rising order; one across midnight has to > 1440.

    ValueError where they fill the whole day.
    """
    quiet = np.zeros(DAY_MINUTES, dtype=np.bool_)
    for start, end in windows:
        length = end - start if end > DAY_MINUTES else (end - start) % DAY_MINUTES
        quiet[np.arange(start, start + length) % DAY_MINUTES] = True
    if quiet.all():
        raise ValueError("the windows fill the whole day")
    edges = np.diff(quiet.astype(np.int8), prepend=quiet[-1:].astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if len(starts) == 0:
        return ()
    if ends[0] <= starts[0]:  # the first end belongs to the stretch that began yesterday
        ends = np.append(ends[1:], ends[0] + DAY_MINUTES)
    return tuple((int(start), int(end)) for start, end in zip(starts, ends, strict=True))


def is_quiet(moments: Ints, zones: NDArray[np.int64], names: Sequence[str], windows: Iterable[Minutes]) -> Bools:
    """(n,) whether each moment is quiet for a customer of zone names[zones[i]]."""
    return move_out(moments, zones, names, windows) != moments


def move_out(moments: Ints, zones: NDArray[np.int64], names: Sequence[str], windows: Iterable[Minutes]) -> Ints:
    """(n,) the moments (epoch microseconds), those in quiet hours moved to their end.

    `zones` (n,) are positions in `names`, IANA time zones. ValueError for an unknown zone, or windows that fill the
    day.
    """
    stretches = union_of(windows)
    if not stretches or len(moments) == 0:
        return moments.copy()
    first, last = int(moments.min()), int(moments.max()) + 3 * DAY
    moved = moments.copy()
    for zone, name in enumerate(names):
        here = zones == zone
        if here.all():
            return _move_in_zone(moved, offsets_of(name, first, last), stretches)
        if here.any():
            moved[here] = _move_in_zone(moments[here], offsets_of(name, first, last), stretches)
    return moved


def _move_in_zone(moments: Ints, table: Offsets, stretches: tuple[Minutes, ...]) -> Ints:
    """Each round moves what is quiet to the end of its stretch, or to a change of the clocks if that comes first."""
    moved = moments.copy()
    rows = np.arange(len(moved))
    while len(rows):
        now = moved[rows]
        left = _time_left(now, table, stretches)
        rows, now, left = rows[left > 0], now[left > 0], left[left > 0]
        moved[rows] = np.minimum(now + left, table.next_change(now))
    return moved


def _time_left(moments: Ints, table: Offsets, stretches: tuple[Minutes, ...]) -> Ints:
    """(n,) microseconds until the stretch ends that the local clock stands in; 0 outside."""
    clock = (moments + table.at(moments)) % DAY
    left = np.zeros(len(moments), dtype=np.int64)
    for start, end in stretches:
        for shift in (0, DAY) if end > DAY_MINUTES else (0,):
            inside = (clock + shift >= start * MINUTE) & (clock + shift < end * MINUTE)
            left[inside] = end * MINUTE - (clock[inside] + shift)
    return left
