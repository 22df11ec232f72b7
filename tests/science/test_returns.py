"""Return on cost: what was spent is known, what will be spent is not."""

from __future__ import annotations

import numpy as np
import pytest

from huitou.science.interval import CriticalValues, bound_ratio
from huitou.science.lift import compare_arms
from huitou.science.returns import return_on


def test_a_known_cost_moves_the_interval_of_the_lift():
    rng = np.random.default_rng(1)
    profit = np.concatenate([rng.normal(150, 40, 900), rng.normal(100, 40, 100)])
    arm = ["sent"] * 900 + ["held"] * 100
    lift = compare_arms(profit, arm, "held").arms[0]
    found = return_on(lift, 20_000)
    assert found.roi == pytest.approx((lift.effect * 900 - 20_000) / 20_000)
    assert (found.low, found.high) == pytest.approx((lift.low * 900 / 20_000 - 1, lift.high * 900 / 20_000 - 1))


def test_no_cost_or_no_interval_has_no_return():
    lift = compare_arms([1, 2, 3, 4, 9], ["sent", "sent", "held", "held", "held"], "held").arms[0]
    assert return_on(lift, 0) is None
    assert return_on(compare_arms([0, 0, 0, 0], ["a", "a", "b", "b"], "b").arms[0], 5) is None


def test_fieller_agrees_with_its_textbook_form():
    """Franz 2007, arXiv:0710.2024, eq. 3, written out."""
    a, b, v, w, c, t = 8.0, 4.0, 1.5, 0.2, 0.3, 2.0
    low, high = bound_ratio(a, b, (v, w, c), CriticalValues(-t, t, 0.05))
    g = t**2 * w / b**2
    centre = a / b - g * c / w
    half = t / b * np.sqrt(v - 2 * a / b * c + (a / b) ** 2 * w - g * (v - c**2 / w))
    assert (low, high) == pytest.approx(((centre - half) / (1 - g), (centre + half) / (1 - g)))


@pytest.mark.parametrize("bottom", [0.5, 0.0, -4.0])
def test_a_bottom_near_zero_has_no_bounds(bottom):
    assert bound_ratio(8.0, bottom, (1.0, 0.2, 0.0), CriticalValues(-2, 2, 0.05)) is None
