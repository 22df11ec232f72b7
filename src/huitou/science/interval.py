"""Intervals and verdicts. What cannot be computed is None with a reason, never p = 1 and (0, 0)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from huitou.science.contrast import Contrast
from huitou.science.randomisation import RESAMPLES, Exchangeable, redraw

LEVEL = 0.95
FEW = 5  # non-zero outcomes in an arm below which redrawing alone misses effects that differ from none
# Third and fourth standardised moment of the effect up to which Student's t is as right as redrawing. A skewness k
# moves each tail by k (2 z^2 + 1) / 6 phi(z), here by 0.17 of 100; no one person weighs more than 0.47 se.
TAME = (0.02, 0.05)
DIGITS = 9  # of a studentised effect; outcomes are discrete, and equal statistics differ in their last bits

Floats = NDArray[np.float64]
Bounds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CriticalValues:
    """How far the studentised effect strays by chance: `lower` < 0 < `upper` in standard errors, and the p of none.

    The interval is [effect - upper * se, effect - lower * se]; p <= 1 - level exactly when it leaves out 0.
    """

    lower: float
    upper: float
    p: float


def find_reach(
    found: Contrast, cells: list[Exchangeable], events: int, level: float = LEVEL, resamples: int = RESAMPLES
) -> CriticalValues | None:
    """By redrawing the arms; by formula where nobody's outcome weighs much; None where no interval exists.

    `events` is the smaller arm's count of outcomes that are not the commonest one (orders, mostly). Below FEW the
    pooled-variance t is taken as well and the wider side counts: when no control person ordered, redrawing cannot
    see below zero.
    """
    if not (found.se > 0 and found.df > 0):
        return None
    if is_tame(found):
        return welch(found, level)
    reach = _redrawn(found, redraw(cells, resamples), level)
    if events < FEW:
        other = _pooled(found, level)
        reach = CriticalValues(min(reach.lower, other.lower), max(reach.upper, other.upper), max(reach.p, other.p))
    return reach if math.isfinite(reach.lower) and math.isfinite(reach.upper) else None


def is_tame(found: Contrast) -> bool:
    """Whether the effect is as good as normal, judged by its own contributions."""
    weights = found.parts / found.se
    return abs(float(np.sum(weights**3))) < TAME[0] and float(np.sum(weights**4)) < TAME[1]


def _redrawn(found: Contrast, draws: Floats, level: float) -> CriticalValues:
    """Equal tails of the redraws, by mid-ranks.

    Orders are counts, so redraws tie; counting all of a tie makes the test of a small control call 2 in 100 where 5
    are allowed, counting half keeps near 5 (mid-p: Lancaster 1961, JASA 56:223-234; mid-quantiles: Ma, Genton &
    Parzen 2011, Ann. Inst. Stat. Math. 63:227-243). Beyond all redraws p is the formula's, should that be smaller.
    """
    values, counts = np.unique(np.round(draws, DIGITS), return_counts=True)
    ranks = (np.cumsum(counts) - counts / 2) / len(draws)
    lower, upper = np.interp([(1 - level) / 2, (1 + level) / 2], ranks, values).tolist()
    t = round(found.effect / found.se, DIGITS)
    if not values[0] <= t <= values[-1]:
        return CriticalValues(lower, upper, min(1 / len(draws), welch(found, level).p))
    rank = float(np.interp(t, values, ranks))
    return CriticalValues(lower, upper, 2 * min(rank, 1 - rank))


def welch(found: Contrast, level: float = LEVEL) -> CriticalValues:
    """Student's t with Satterthwaite's freedom (Welch 1947, Biometrika 34:28-35)."""
    half = float(stdtrit(found.df, (1 + level) / 2))
    return CriticalValues(-half, half, float(2 * stdtr(found.df, -abs(found.effect) / found.se)))


def _pooled(found: Contrast, level: float) -> CriticalValues:
    """Student's t with one spread for both arms, in units of the standard error in use."""
    control, treated = found.units
    freedom = control + treated - 2
    sums = found.variance[0] * control * (control - 1) + found.variance[1] * treated * (treated - 1)
    ratio = math.sqrt(sums / freedom * (1 / control + 1 / treated)) / found.se
    half = float(stdtrit(freedom, (1 + level) / 2)) * ratio
    return CriticalValues(-half, half, float(2 * stdtr(freedom, -abs(found.effect) / found.se / ratio)))


def bound_effect(found: Contrast, reach: CriticalValues) -> Bounds:
    return found.effect - reach.upper * found.se, found.effect - reach.lower * found.se


def bound_ratio(top: float, bottom: float, spread: tuple[float, float, float], reach: CriticalValues) -> Bounds | None:
    """Fieller's interval of top / bottom (Fieller 1954, JRSS-B 16:175-185), each end with its own critical value.

    `spread` is (variance of top, variance of bottom, covariance). None where the bottom is not clearly above 0: the
    set is then unbounded, which the delta method would hide behind a finite interval.
    """
    if not reach.lower < 0 < reach.upper:
        return None
    low, high = (_fieller(top, bottom, spread, critical) for critical in (reach.upper, reach.lower))
    return None if low is None or high is None else (low[0], high[1])


def _fieller(top: float, bottom: float, spread: tuple[float, float, float], critical: float) -> Bounds | None:
    square = critical**2
    a = bottom**2 - square * spread[1]
    if bottom <= 0 or a <= 0:
        return None
    b = top * bottom - square * spread[2]
    root = math.sqrt(max(b * b - a * (top**2 - square * spread[0]), 0.0))
    return (b - root) / a, (b + root) / a


def judge(bounds: Bounds | None) -> str:
    """positive | negative | cannot_tell, by where the interval lies."""
    if bounds is None or bounds[0] <= 0 <= bounds[1]:
        return "cannot_tell"
    return "positive" if bounds[0] > 0 else "negative"
