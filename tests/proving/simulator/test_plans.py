from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.kit.clock import HOUR
from huitou.proving.simulator.plans import Offer, Plans, Step, Terms, arm_plans, choose_best, read_terms

from .worlds import campaign

TERMS = Terms(
    (Offer("none"), Offer("ten", rate=0.1), Offer("off", off_minor=3_000, threshold_minor=10_000)), np.zeros(4)
)


def test_what_a_coupon_costs() -> None:
    offer = np.array([0, 1, 2, 2, 2])
    price = np.array([10_000, 19_900, 10_000, 9_999, 20_000])
    np.testing.assert_array_equal(TERMS.coupon_minor(offer, price), [0, 1_990, 3_000, 0, 3_000])


def test_plans_from_lists_of_steps_are_in_order() -> None:
    plans = Plans.of([[], [Step(5 * HOUR, "sms", "ten"), Step(2 * HOUR, "email")]], TERMS)
    np.testing.assert_array_equal(plans.send_at, [[-1, -1], [2 * HOUR, 5 * HOUR]])
    np.testing.assert_array_equal(plans.channel[1], [0, 1])
    np.testing.assert_array_equal(plans.offer[1], [0, 1])


def test_an_unknown_offer_is_named() -> None:
    with pytest.raises(ValueError, match="'thirty'"):
        Plans.of([[Step(1, "sms", "thirty")]], TERMS)


def test_the_shared_campaign_file_is_read(shared_campaign: str) -> None:
    terms = read_terms(shared_campaign)
    assert len(terms.arms()) == 45
    assert [offer.name for offer in terms.terms.offers] == ["none", "ten", "twenty"]
    assert terms.budget_offers_minor == 500_000
    np.testing.assert_array_equal(terms.terms.message_minor, [0.1, 5, 0.2, 0])


def test_quiet_hours_move_a_step_to_their_end() -> None:
    terms = campaign()
    arm = next(one for one in terms.arms() if one.timing == "at_once")
    plans = arm_plans(terms, arm, 0, np.array([22.0, 20.0, 3.0]), np.zeros(3))
    np.testing.assert_array_equal(plans.send_at[:, 0], [10 * HOUR, HOUR // 2, 5 * HOUR])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 1.5))
def test_the_oracle_keeps_its_budget_and_nears_the_optimum(seed: int, share: float) -> None:
    """Against brute force over all choices of five viewers and three plans."""
    rng = np.random.default_rng(seed)
    value, cost = rng.normal(1, 2, (5, 4)), rng.uniform(0, 1, (5, 4))
    value[:, 0], cost[:, 0] = 0, 0
    budget = float(share * 2)
    choice = choose_best(value, [cost], [budget])
    rows = np.arange(5)
    best = max(
        value[rows, list(plan)].sum()
        for plan in itertools.product(range(4), repeat=5)
        if cost[rows, list(plan)].sum() <= budget
    )
    assert choice.used[0] <= budget + 1e-9
    assert choice.value <= best + 1e-9 <= choice.bound + 2e-6
    assert choice.value == pytest.approx(value[rows, choice.plan].sum())


def test_with_many_viewers_the_oracle_is_close_to_its_bound() -> None:
    rng = np.random.default_rng(1)
    value, offers, messages = (
        rng.normal(0, 10, (5_000, 9)),
        rng.uniform(0, 5, (5_000, 9)),
        rng.uniform(0, 1, (5_000, 9)),
    )
    value[:, 0], offers[:, 0], messages[:, 0] = 0, 0, 0
    choice = choose_best(value, [offers, messages], [2_000.0, 800.0])
    assert choice.used[0] <= 2_000
    assert choice.used[1] <= 800
    assert choice.value > 0.98 * choice.bound


def test_without_budgets_everyone_gets_the_best() -> None:
    value = np.array([[0.0, 3.0, 2.0], [0.0, -1.0, -2.0]])
    choice = choose_best(value, [np.ones((2, 3))], [np.inf])
    np.testing.assert_array_equal(choice.plan, [1, 0])
    assert choice.value == choice.bound == 3.0
