"""Whether the data can carry a verdict at all, and what could be seen by now where they cannot."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from huitou.science.interval import LEVEL
from huitou.science.lift import ArmLift
from huitou.science.returns import Return, return_on

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Cochran 1954 (Biometrics 10:417-451, "Some methods for strengthening the common chi-square tests"): a table of people by
# arm and outcome says something when at least five are expected in each of its cells, were the arms alike. Fewer, and one
# order more or less in the smaller arm turns the verdict.
LEAST_EXPECTED = 5.0
POWER = (
    0.8  # the convention since Cohen 1988 (Statistical Power Analysis, ch. 1): four times the risk of a false verdict
)
WISHED = 0.2  # of what would come anyway: the lift for which the needed people and shows are told


def why_no_verdict(happened: Bools, treated: Bools) -> str | None:
    """Why no verdict may rest on these people, or None; (n,) whether anything happened to each (an order), and the arm.

    Counted are people to whom something happened, never costs: a message that was paid for is no outcome of its own.
    too_few_people | no_outcomes | too_few_outcomes.
    """
    n, some = len(treated), int(happened.sum())
    smaller = min(int(treated.sum()), n - int(treated.sum()))
    if smaller < 2:
        return "too_few_people"
    if some == 0:
        return "no_outcomes"
    expected = min(some, n - some) * smaller / n
    return "too_few_outcomes" if expected < LEAST_EXPECTED else None


def withhold(lift: ArmLift, reason: str | None) -> ArmLift:
    """The lift without verdict and interval where there is a reason, or where its interval has no width."""
    if reason is None and (lift.low is None or lift.high is None or lift.low < lift.high):
        return lift
    return ArmLift(
        lift.arm, lift.n, lift.control_n, lift.mean, lift.control_mean, lift.effect, reason=reason or "no_variation"
    )


def tell_return(profit: ArmLift, cost: float) -> Return | None:
    """ROI of an arm, `profit` being after `cost`; None where it would say nothing.

    A ratio is told with a verdict on the profit only: its interval then lies on one side of breaking even. Over a small
    cost an uncertain profit makes any ratio, from ruin to riches. `cost` is a fact, so Fieller's interval is the profit's
    own over it, and bounded as soon as there is any cost.
    """
    if profit.verdict == "cannot_tell" or cost <= 0:
        return None

    def before(total: float | None) -> float | None:
        return None if total is None else total + cost

    whole, low, high = before(profit.total), before(profit.total_low), before(profit.total_high)
    return return_on(replace(profit, total=whole, total_low=low, total_high=high), cost)


@dataclass(frozen=True, slots=True)
class Visible:
    """The smallest lift that would be found in 8 of 10 campaigns like this one, were it true.

    `effect` per person, `relative` to `base`, the outcomes a person of those left alone; `ratio`: of how many times as
    many people a lift of WISHED of the base could be seen (1 or less: of these).
    """

    effect: float
    relative: float
    base: float
    ratio: float


def smallest_visible(base: float, variance: float, n: int, control_n: int, level: float = LEVEL) -> Visible | None:
    """For two arms of people whose outcome has this mean and variance; None without people, base or variance.

    Two-sided normal approximation (Cohen 1988, ch. 2): (z of the level + z of POWER) standard errors.
    """
    if min(n, control_n) < 2 or base <= 0 or variance <= 0:
        return None
    away = float(ndtri((1 + level) / 2) + ndtri(POWER))
    effect = away * math.sqrt(variance * (1 / n + 1 / control_n))
    return Visible(effect, effect / base, base, (effect / (WISHED * base)) ** 2)
