"""Intervals and verdicts. An interval that cannot be computed is None with a reason, never (0, 0)."""

from __future__ import annotations

import math

from scipy.special import stdtr, stdtrit

from huitou.science.contrast import Contrast

LEVEL = 0.95
Bounds = tuple[float, float]


def quantile(df: float, level: float = LEVEL) -> float:
    """The two-sided critical value of Student's t."""
    return float(stdtrit(df, (1 + level) / 2))


def bound_effect(found: Contrast, level: float = LEVEL) -> Bounds | None:
    """Welch 1947, Biometrika 34:28-35; None where nothing varies or nothing is left to estimate it with."""
    if not (found.se > 0 and found.df > 0):
        return None
    half = quantile(found.df, level) * found.se
    return found.effect - half, found.effect + half


def p_value(found: Contrast) -> float | None:
    """Two-sided, of no effect; None where `bound_effect` is."""
    if not (found.se > 0 and found.df > 0):
        return None
    return float(2 * stdtr(found.df, -abs(found.effect) / found.se))


def bound_ratio(
    top: float, bottom: float, variance: tuple[float, float], covariance: float, critical: float
) -> Bounds | None:
    """Fieller's interval of top / bottom (Fieller 1954, JRSS-B 16:175-185; Franz 2007, arXiv:0710.2024).

    `variance` is that of top and of bottom. None where the bottom is not clearly away from 0: the set is then
    unbounded, which the delta method hides behind a finite interval.
    """
    top_variance, bottom_variance = variance
    square = critical**2
    a = bottom**2 - square * bottom_variance
    if not a > 0:
        return None
    b = top * bottom - square * covariance
    c = top**2 - square * top_variance
    root = math.sqrt(max(b * b - a * c, 0.0))
    return (b - root) / a, (b + root) / a


def judge(bounds: Bounds | None) -> str:
    """positive | negative | cannot_tell, by where the interval lies."""
    if bounds is None or bounds[0] <= 0 <= bounds[1]:
        return "cannot_tell"
    return "positive" if bounds[0] > 0 else "negative"
