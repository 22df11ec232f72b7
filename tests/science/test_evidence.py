"""No verdict and no ratio before the data can carry one; what could be seen by now instead."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from huitou.science.evidence import smallest_visible, tell_return, why_no_verdict, withhold
from huitou.science.lift import ArmLift, compare_arms


def arms(n: int, control: int) -> np.ndarray:
    return np.arange(n) >= control


@pytest.mark.parametrize(
    ("n", "control", "some", "reason"),
    [
        (100, 1, 50, "too_few_people"),
        (100, 20, 0, "no_outcomes"),
        (100, 20, 24, "too_few_outcomes"),  # 4.8 expected in the control
        (100, 20, 25, None),
        (100, 20, 76, "too_few_outcomes"),  # of those who did not
        (1000, 100, 50, None),
    ],
)
def test_five_are_expected_in_every_cell(n, control, some, reason):
    assert why_no_verdict(np.arange(n) < some, arms(n, control)) == reason


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_campaigns_without_effect_get_no_false_verdict(share):
    """10 to 500 people, 0 to 40 orders, written to at a cost: of 480 at most 1 in 20 may be called an effect."""
    rng = np.random.default_rng(7)
    told, told_small, small = 0, 0, 0
    for _ in range(480):
        n, some = int(rng.choice([10, 30, 100, 300, 500])), int(rng.integers(0, 41))
        treated = rng.permutation(arms(n, max(2, round(n * share))))
        orders = np.zeros(n)
        orders[rng.choice(n, min(some, n), replace=False)] = 1
        money = orders * rng.lognormal(9, 1, n)
        reason = why_no_verdict(orders > 0, treated)
        names = np.where(treated, "send", "holdout")
        for outcome in (orders, money):
            lift = compare_arms(outcome, names, "holdout", resamples=499).arms[0]
            found = withhold(lift, reason).verdict != "cannot_tell"
            told += found
            told_small += found and some <= 10
            small += some <= 10
    assert stats.binomtest(told, 960, 0.05, alternative="greater").pvalue > 0.05
    assert stats.binomtest(told_small, small, 0.05, alternative="greater").pvalue > 0.05


def test_costs_without_orders_are_never_harm():
    for n in range(4, 500, 45):
        treated = arms(n, max(2, n // 5))
        spent = compare_arms(np.where(treated, -10.0, 0.0), np.where(treated, "send", "holdout"), "holdout").arms[0]
        assert withhold(spent, why_no_verdict(np.zeros(n, dtype=bool), treated)).verdict == "cannot_tell"


def lift(verdict: str, low: float, high: float) -> ArmLift:
    whole = (low + high) / 2
    return ArmLift("send", 100, 20, 1.0, 1.0, whole / 100, low / 100, high / 100, 0.1, verdict,
                   total=whole, total_low=low, total_high=high)  # fmt: skip


def test_a_ratio_comes_with_a_verdict_on_the_profit():
    assert tell_return(lift("cannot_tell", -17_168.0, 30_444.0), 1.0) is None
    assert tell_return(lift("positive", 50.0, 150.0), 0.0) is None
    found = tell_return(lift("positive", 50.0, 150.0), 50.0)
    assert found is not None
    assert (found.low, found.roi, found.high) == (1.0, 2.0, 3.0)


def test_the_smallest_visible_lift_is_found_in_eight_of_ten():
    """Simulated: a true lift of that size, by the two-sample z test."""
    n, control, base = 4_000, 1_000, 0.1
    seen = smallest_visible(base, base * (1 - base), n, control)
    assert seen is not None
    rng = np.random.default_rng(3)
    treated = rng.binomial(n, base + seen.effect, 4_000) / n
    held = rng.binomial(control, base, 4_000) / control
    spread = np.sqrt(treated * (1 - treated) / n + held * (1 - held) / control)
    assert np.mean((treated - held) / spread > 1.96) == pytest.approx(0.8, abs=0.03)
    assert seen.relative == pytest.approx(seen.effect / base)
    again = smallest_visible(base, base * (1 - base), round(n * seen.ratio), round(control * seen.ratio))
    assert again is not None
    assert again.relative == pytest.approx(0.2, rel=0.01)


@pytest.mark.parametrize(("base", "variance", "n", "control"), [(0.0, 0.1, 9, 9), (0.1, 0.0, 9, 9), (0.1, 0.1, 9, 1)])
def test_without_people_or_a_base_nothing_is_said(base, variance, n, control):
    assert smallest_visible(base, variance, n, control) is None
