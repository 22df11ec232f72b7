"""Return on what a campaign cost, from the lift in profit."""

from __future__ import annotations

from dataclasses import dataclass

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
