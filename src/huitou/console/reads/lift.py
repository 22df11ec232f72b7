"""An interval as a drawing: where its ends, its middle and zero lie on a line, in per cent."""

from __future__ import annotations

from dataclasses import dataclass

from huitou.science.lift import ArmLift

MARGIN = 0.12  # of the line, left free at each end


@dataclass(frozen=True)
class Bar:
    """Positions 0..100 along the line."""

    low: float
    high: float
    middle: float
    zero: float

    @property
    def width(self) -> float:
        return self.high - self.low


def draw_interval(lift: ArmLift) -> Bar | None:
    """The interval of the lift in all (`total`), with zero always in sight; None where there is no interval."""
    low, high, middle = lift.total_low, lift.total_high, lift.total
    if low is None or high is None or middle is None:
        return None
    left, right = min(low, 0.0), max(high, 0.0)
    length = right - left
    if length <= 0:
        return None

    def place(value: float) -> float:
        return round(100 * (MARGIN + (1 - 2 * MARGIN) * (value - left) / length), 2)

    return Bar(place(low), place(high), place(middle), place(0.0))
