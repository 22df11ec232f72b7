"""Frequency caps: at most so many messages to one person in so many days, over all campaigns and channels.

Rolling and half-open: a message at t counts in [t, t + d). So with one a day the next may go exactly 24 hours later,
and a window of d days ends with (t - d, t].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from huitou.kit.clock import DAY

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Caps = Sequence[tuple[int, int]]  # (days, messages)

NEVER = np.iinfo(np.int64).min // 2  # a place in the history that holds no message


@dataclass(frozen=True)
class History:
    """What people were sent or are to be sent: `moments` (n, h) epoch microseconds, NEVER where there is none."""

    moments: Ints

    @classmethod
    def empty(cls, n: int) -> History:
        return cls(np.zeros((n, 0), dtype=np.int64))

    @classmethod
    def of(cls, n: int, owners: ArrayLike, moments: ArrayLike) -> History:
        """Messages (m,) at `moments` of the people 0..n-1 named by `owners`."""
        owner, moment = np.asarray(owners, dtype=np.int64), np.asarray(moments, dtype=np.int64)
        order = np.lexsort((moment, owner))
        owner, moment = owner[order], moment[order]
        counts = np.bincount(owner, minlength=n)
        table = np.full((n, int(counts.max(initial=0))), NEVER, dtype=np.int64)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        table[owner, place] = moment
        return cls(table)


def admit(moments: Ints, wanted: Bools, history: History, caps: Caps) -> Bools:
    """(n, k) which of the wanted messages the caps let through, in the order of the columns (rising in time).

    A message is refused when, with it, any window of any cap would hold too many: the one that ends with it, and
    those that end with messages already planned after it. One that is refused does not count against later ones.
    """
    people, steps = moments.shape
    admitted = np.zeros((people, steps), dtype=np.bool_)
    if not caps:
        return wanted.copy()
    # The column counts as sent where admitted; the history always.
    busy = np.concatenate([history.moments, np.full((people, steps), NEVER, dtype=np.int64)], axis=1)
    past = history.moments.shape[1]
    for step in range(steps):
        rows = np.flatnonzero(wanted[:, step])
        at = moments[rows, step]
        allowed = _allowed(at, busy[rows, : past + step], caps)
        admitted[rows, step] = allowed
        busy[rows[allowed], past + step] = at[allowed]
    return admitted


def _allowed(at: Ints, busy: Ints, caps: Caps) -> Bools:
    """(n,) whether a message `at` fits beside those of `busy` (n, h)."""
    allowed = np.ones(len(at), dtype=np.bool_)
    for days, most in caps:
        span = days * DAY
        allowed &= _count(busy, at, span) < most
        for column in range(busy.shape[1]):
            pivot = busy[:, column]
            touched = (pivot > at) & (pivot < at + span)
            if touched.any():
                allowed &= ~touched | (_count(busy, pivot, span) < most)
    return allowed


def _count(busy: Ints, end: Ints, span: int) -> Ints:
    """(n,) messages in (end - span, end]."""
    return ((busy > (end - span)[:, None]) & (busy <= end[:, None])).sum(axis=1)
