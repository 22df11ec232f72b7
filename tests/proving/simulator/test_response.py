"""The exact expectations against Monte Carlo, against hand computation, and their speed."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.kit.clock import HOUR
from huitou.proving.simulator.plans import Plans, arm_plans
from huitou.proving.simulator.response import Response, expect, expected_profit, organic_hazard, whole_plan
from huitou.proving.simulator.world import World

from .worlds import campaign

CAMPAIGN = campaign()
TERMS = CAMPAIGN.terms


def replicate(
    world: World, people: int, times: int, hours: list[float], offer: int, seed: int
) -> tuple[float, float, float]:
    """(exact mean profit, Monte-Carlo mean, its standard error) of `times` replications of the same people."""
    viewers = world.broadcast().take(np.arange(people))
    exact = expected_profit(world.response, viewers, whole_plan(viewers, hours, "email", offer), TERMS).mean()
    many = viewers.take(np.tile(np.arange(people), times))
    outcome = world.simulate(many, whole_plan(many, hours, "email", offer), TERMS, np.random.default_rng(seed))
    # Replications of one person are independent, persons are fixed: the error is that of the mean within persons.
    within = outcome.profit.reshape(times, people).var(axis=0, ddof=1) / times
    return float(exact), float(outcome.profit.mean()), float(np.sqrt(within.sum()) / people)


@pytest.mark.parametrize("kind", ["base", "fatigue"])
@pytest.mark.parametrize(
    ("hours", "offer"),
    [
        ([], 0),
        ([0.5], 1),
        ([24.0], 0),
        ([17.25, 48.0, 72.5], 2),
        ([3.0, 26.9, 100.0, 140.0], 1),
        ([-1.0, 30.0], 0),
    ],
)
def test_monte_carlo_agrees_with_the_exact_expectation(kind: str, hours: list[float], offer: int) -> None:
    exact, mean, error = replicate(World(kind, seed=3, people=40), 40, 2_000, hours, offer, seed=5)
    assert abs(mean - exact) < 3.5 * error


def test_components_agree_with_monte_carlo_too() -> None:
    world = World("base", seed=8, people=60)
    viewers = world.broadcast()
    plans = whole_plan(viewers, [20.0, 44.5, 90.0], "sms", 2)
    exact = expect(world.response, viewers, plans, TERMS)
    many = np.tile(np.arange(60), 2_000)
    outcome = world.simulate(viewers.take(many), plans.take(many), TERMS, np.random.default_rng(1))
    realised = {
        "buys": (~np.isnan(outcome.ordered_h)).astype(float),
        "coupons": outcome.coupon_minor,
        "messages": outcome.message_minor,
        "sent": outcome.messages.astype(float),
        "opt_outs": (~np.isnan(outcome.opted_out_h)).astype(float),
    }
    for name, values in realised.items():
        wanted = getattr(exact, name)
        error = values.std() / np.sqrt(len(values))
        assert abs(values.mean() - wanted.mean()) < 3.5 * error, name


def test_nothing_leaves_only_organic_purchases() -> None:
    world = World("base", seed=1, people=500)
    viewers = world.broadcast()
    result = expect(world.response, viewers, Plans.nothing(500), TERMS)
    survival = np.exp(-organic_hazard(world.response, viewers).sum(axis=1))
    np.testing.assert_allclose(result.buys, 1 - survival, rtol=1e-12)
    np.testing.assert_allclose(result.profit, viewers.margin * (1 - survival), rtol=1e-12)
    assert result.sent.sum() == 0


def test_one_message_by_hand() -> None:
    """A purchase needs no organic hazard here: 1 - exp(-x (1 - g^(168-24))), not bought before."""
    world = World("base", seed=1, people=300)
    viewers = world.broadcast()
    still = type(viewers)(**{**viewers.__dict__, "organic": np.zeros(300), "opt_out": np.zeros(300)})
    response = Response(hour_floor=1.0)
    result = expect(response, still, whole_plan(still, [24.0], "email", 0), TERMS)
    strength = viewers.affinity[:, 0] * response.delay(np.array([24.0]))
    x = np.maximum(viewers.potency, 0) * strength
    np.testing.assert_allclose(result.buys, 1 - np.exp(-x * (1 - response.keep**144)), rtol=1e-10)
    np.testing.assert_allclose(result.messages, np.full(300, 0.1), rtol=1e-12)


def test_a_coupon_is_paid_to_organic_buyers_too() -> None:
    world = World("null", seed=2, people=2_000)
    viewers = world.broadcast()
    result = expect(world.response, viewers, whole_plan(viewers, [10.0], "email", 1), TERMS)
    nothing = expect(world.response, viewers, Plans.nothing(2_000), TERMS)
    np.testing.assert_allclose(result.buys, nothing.buys, rtol=1e-12)
    assert result.coupons.sum() > 0
    np.testing.assert_array_less(result.profit, nothing.profit + 1e-9)


def test_messages_do_about_nothing_at_once_and_most_after_a_day() -> None:
    response = Response()
    hours = np.arange(0.0, 168.0, 0.5)
    delay = response.delay(hours)
    assert delay[hours == 0.5][0] < 0.08
    assert 20 <= hours[delay.argmax()] <= 30
    assert delay[hours == 120][0] < 0.25


def test_steps_within_an_hour_are_refused() -> None:
    world = World("base", seed=1, people=3)
    viewers = world.broadcast()
    with pytest.raises(ValueError, match="before the next whole hour"):
        expect(world.response, viewers, whole_plan(viewers, [24.2, 24.5], "email"), TERMS)


def test_steps_after_the_week_do_nothing() -> None:
    world = World("base", seed=1, people=50)
    viewers = world.broadcast()
    late = expect(world.response, viewers, whole_plan(viewers, [24.0, 168.0], "email"), TERMS)
    one = expect(world.response, viewers, whole_plan(viewers, [24.0], "email"), TERMS)
    np.testing.assert_array_equal(late.profit, one.profit)


@settings(max_examples=40, deadline=None)
@given(
    hours=st.lists(st.integers(0, 160), min_size=0, max_size=5, unique=True),
    offer=st.integers(0, 2),
    channel=st.sampled_from(["email", "sms", "push", "wecom"]),
)
def test_expectations_are_chances_and_money_adds_up(hours: list[int], offer: int, channel: str) -> None:
    world = World("fatigue", seed=4, people=200)
    viewers = world.broadcast()
    plans = whole_plan(viewers, [float(hour) for hour in sorted(hours)], channel, offer)
    result = expect(world.response, viewers, plans, TERMS)
    assert np.all((result.buys >= 0) & (result.buys <= 1))
    assert np.all((result.opt_outs >= 0) & (result.opt_outs <= 1))
    assert np.all(result.sent <= len(hours) + 1e-12)
    money = viewers.margin * result.buys - result.coupons - result.messages - viewers.opt_out_cost * result.opt_outs
    np.testing.assert_allclose(result.profit, money, rtol=1e-12)


def test_plans_of_differing_lengths_are_evaluated_together() -> None:
    world = World("base", seed=6, people=40)
    viewers = world.broadcast()
    both = whole_plan(viewers, [24.0, 72.0], "email", 1)
    both.send_at[:20, 1] = -1
    short = expect(world.response, viewers, whole_plan(viewers, [24.0], "email", 1), TERMS).profit
    long = expect(world.response, viewers, whole_plan(viewers, [24.0, 72.0], "email", 1), TERMS).profit
    mixed = expect(world.response, viewers, both, TERMS).profit
    np.testing.assert_allclose(mixed, np.r_[short[:20], long[20:]], rtol=1e-12)


def test_sixty_plans_for_twenty_thousand_viewers_are_quick() -> None:
    world = World("base", seed=1, people=20_000)
    viewers = world.broadcast()
    arms = CAMPAIGN.arms()
    assert len(arms) == 60
    started = time.process_time()
    usual = viewers.observed["usual_hour"].astype(np.float64)
    plans = [arm_plans(CAMPAIGN, arm, viewers.ended_at, viewers.clock_at_end, usual) for arm in arms]
    world.evaluate(viewers, plans, TERMS)
    assert time.process_time() - started < 20


def test_active_hour_is_the_viewers_own_hour() -> None:
    world = World("base", seed=1, people=100)
    viewers = world.broadcast()
    arm = next(one for one in CAMPAIGN.arms() if one.timing == "active_hour")
    usual = np.full(100, 12.5)
    plans = arm_plans(CAMPAIGN, arm, viewers.ended_at, viewers.clock_at_end, usual)
    local = np.mod(viewers.clock_at_end + (plans.send_at[:, 0] - viewers.ended_at) / HOUR, 24)
    np.testing.assert_allclose(local, usual)
