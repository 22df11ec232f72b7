"""Return on what a campaign cost, from the lift in profit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from huitou.science.contrast import contrast
from huitou.science.interval import LEVEL, bound_ratio, welch
from huitou.science.lift import ArmLift


@dataclass(frozen=True, slots=True)
class Return:
    """(lift in profit - cost) / cost, with its interval; 0 is breaking even, -1 is money gone."""

    roi: float
    low: float
    high: float


def return_on(profit: ArmLift, cost: float) -> Return | None:
    """ROI of an arm whose outcome is profit before `cost`; None without an interval or without cost.

    `cost` is what was spent on the whole arm, in the outcome's unit: a fact of the books, not an estimate, so only
    the lift is uncertain. Coupons redeemed and messages sent are such facts once the window is over.
    """
    if cost <= 0 or profit.total is None or profit.total_low is None or profit.total_high is None:
        return None
    return Return(*((total - cost) / cost for total in (profit.total, profit.total_low, profit.total_high)))


def forecast_return(profit: ArrayLike, cost: ArrayLike, treated: ArrayLike, level: float = LEVEL) -> Return | None:
    """ROI to expect of the next campaign like this one, whose cost will also vary with who buys; (n,) each.

    `profit` is before `cost`, `cost` what each person cost (0 in the control). Both vary and vary together (who
    redeems a coupon also buys), hence Fieller's interval with their covariance. None where the cost per person is
    not clearly above 0, or an arm has fewer than two people.
    """
    gain, spent = np.asarray(profit).astype(np.float64), np.asarray(cost).astype(np.float64)
    side = np.asarray(treated).astype(np.bool_)
    if min(int(side.sum()), int((~side).sum())) < 2:
        return None
    one, together = np.ones(len(gain)), np.zeros(len(gain), dtype=np.int64)
    top, bottom = (contrast(column, side, one, together) for column in (gain, spent))
    if not (top.se > 0 and top.df > 0 and bottom.effect > 0):
        return None
    spread = (top.se**2, bottom.se**2, float(top.parts @ bottom.parts))
    bounds = bound_ratio(top.effect, bottom.effect, spread, welch(top, level))
    return None if bounds is None else Return(top.effect / bottom.effect - 1, bounds[0] - 1, bounds[1] - 1)
