"""What the worlds are calibrated to (reference/science.md, section 3), and what carries over between broadcasts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from huitou.proving.simulator.plans import Arm, Plans, arm_plans
from huitou.proving.simulator.response import Viewers, whole_plan
from huitou.proving.simulator.world import KINDS, World, observed_heat, pick_plans

from .worlds import campaign

CAMPAIGN = campaign()
TERMS = CAMPAIGN.terms
ARMS = [arm for arm in CAMPAIGN.arms() if arm.channel != "wecom"]  # the 45 of the shared campaign file


def plans_of(viewers: Viewers, arms: list[Arm] = ARMS) -> list[Plans]:
    usual = viewers.observed["usual_hour"].astype(np.float64)
    return [arm_plans(CAMPAIGN, arm, viewers.ended_at, viewers.clock_at_end, usual) for arm in arms]


class Measured:
    """Every plan's exact value over nothing for 8,000 viewers, as shares of the oracle's."""

    def __init__(self, kind: str, seed: int = 1) -> None:
        self.world = World(kind, seed=seed, people=8_000)
        self.viewers = self.world.broadcast()
        self.choice, self.value = self.world.oracle(self.viewers, plans_of(self.viewers), TERMS)
        self.organic = self.world.evaluate(self.viewers, [Plans.nothing(8_000)], TERMS)[0].buys

    def column(self, name: str) -> int:
        return 1 + [arm.name for arm in ARMS].index(name)

    def share(self, name: str, rows: np.ndarray | None = None) -> float:
        value = self.value[:, self.column(name)]
        return float(100 * (value if rows is None else value[rows]).sum() / self.choice.value)


@pytest.fixture(scope="module")
def base() -> Measured:
    return Measured("base")


@pytest.fixture(scope="module")
def fatigue() -> Measured:
    return Measured("fatigue")


def test_two_to_four_percent_buy_by_themselves(base: Measured) -> None:
    assert 0.02 < base.organic.mean() < 0.04


@pytest.mark.parametrize(
    ("figure", "low", "high"),
    [
        (lambda m: m.share("at_once/email/none"), -45, -8),
        (lambda m: m.share("next_day/email/none"), 8, 30),
        (lambda m: m.share("daily_3/email/none"), 8, 35),
        (lambda m: m.value.sum(axis=0).max() / m.choice.value * 100, 15, 45),
        (lambda m: 100 * max(np.maximum(m.value[:, j], 0).sum() for j in range(46)) / m.choice.value, 40, 65),
        (lambda m: 100 * (m.choice.plan > 0).mean(), 40, 75),
    ],
    ids=["blast_at_once", "blast_next_day", "blast_daily", "best_arm_for_all", "whom_with_one_plan", "contacts"],
)
def test_base_world_is_calibrated(base: Measured, figure: Callable[[Measured], float], low: float, high: float) -> None:
    assert low < figure(base) < high


def test_writing_to_the_hot_earns_next_to_nothing(base: Measured) -> None:
    heat = observed_heat(base.viewers)
    hot = heat >= np.quantile(heat, 0.7)
    assert -12 < base.share("next_day/email/none", hot) < 12
    assert base.share("at_once/email/ten", hot) < -5


def test_potency_is_negative_for_some_and_falls_with_intent(base: Measured) -> None:
    potency, intent = base.viewers.potency, base.viewers.intent
    assert 0.2 < (potency < 0).mean() < 0.5
    assert -0.8 < np.corrcoef(intent, potency)[0, 1] < -0.3


def test_observed_features_are_noisy_proxies(base: Measured) -> None:
    seen = base.viewers.observed
    assert 0.4 < np.corrcoef(np.log(seen["watch_seconds"].astype(float)), base.viewers.intent)[0, 1] < 0.9
    names = ("email", "sms", "push", "wecom")
    clicks = sum(seen[f"{name}_clicks"].astype(float) for name in names)
    messages = sum(seen[f"{name}_messages"].astype(float) for name in names)
    answered = clicks / np.maximum(messages, 1)
    assert 0.3 < np.corrcoef(answered, base.viewers.potency)[0, 1] < 0.9


def test_what_is_seen_explains_potency_but_not_wholly(base: Measured) -> None:
    """Least squares on the traces: enough for a learner to live on, not enough to read minds."""
    seen = base.viewers.observed
    names = ("email", "sms", "push", "wecom")
    traces = [seen[f"{name}_clicks"].astype(float) for name in names]
    traces += [np.log(seen["watch_seconds"].astype(float)), seen["clicks"].astype(float), seen["cart"].astype(float)]
    traces += [np.nan_to_num(seen["days_since_order"].astype(float), nan=45.0), np.ones(len(base.viewers))]
    table = np.column_stack(traces)
    potency = base.viewers.potency
    fitted = table @ np.linalg.lstsq(table, potency, rcond=None)[0]
    explained = 1 - (potency - fitted).var() / potency.var()
    assert 0.55 < explained < 0.95


def test_in_the_null_world_the_oracle_writes_to_nobody() -> None:
    null = Measured("null")
    assert null.choice.value == 0
    assert np.all(null.choice.plan == 0)


def test_in_the_fatigue_world_every_blast_loses(fatigue: Measured) -> None:
    assert fatigue.value.sum(axis=0).max() <= fatigue.choice.value * 0.05
    assert fatigue.share("daily_3/email/none") < fatigue.share("next_day/email/none") < 0
    assert fatigue.choice.value > 0


def test_naive_lift_of_a_confounded_log_is_several_times_the_true_one() -> None:
    world = World("confounded", seed=2, people=60_000)
    viewers = world.broadcast()
    plan = whole_plan(viewers, [24.0], "email")
    log = world.draw_log(viewers, [plan], TERMS, np.random.default_rng(3))
    bought = ~np.isnan(log.outcome.ordered_h)
    written = log.plan > 0
    naive = bought[written].mean() - bought[~written].mean()
    nothing, mailed = world.evaluate(viewers, [Plans.nothing(60_000), plan], TERMS)
    true = (mailed.buys - nothing.buys)[written].mean()
    assert naive > 2.5 * true
    assert true < 0.02


def test_a_random_log_tells_the_true_lift() -> None:
    world = World("base", seed=2, people=60_000)
    viewers = world.broadcast()
    plan = whole_plan(viewers, [24.0], "email")
    log = world.draw_log(viewers, [plan], TERMS, np.random.default_rng(3))
    bought = (~np.isnan(log.outcome.ordered_h)).astype(float)
    written = log.plan > 0
    measured = bought[written].mean() - bought[~written].mean()
    error = np.sqrt(bought[written].var() / written.sum() + bought[~written].var() / (~written).sum())
    nothing, mailed = world.evaluate(viewers, [Plans.nothing(60_000), plan], TERMS)
    assert abs(measured - (mailed.buys - nothing.buys).mean()) < 3 * error
    np.testing.assert_array_equal(np.unique(log.propensity), [0.5])


def test_the_same_seed_is_the_same_world_and_another_seed_another() -> None:
    one, two, other = (World("base", seed=seed, people=500) for seed in (5, 5, 6))
    first, second = one.broadcast(), two.broadcast()
    for name in ("intent", "potency", "price"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert not np.array_equal(first.intent, other.broadcast().intent)


def test_unreachable_viewers_get_nothing_from_the_oracle() -> None:
    world = World("base", seed=1, people=1_000)
    viewers = world.broadcast()
    viewers.reach[:500] = False
    choice, value = world.oracle(viewers, plans_of(viewers), TERMS)
    assert np.all(choice.plan[:500] == 0)
    assert np.all(np.isneginf(value[:500, 1:]))


def test_the_oracle_keeps_money_budgets() -> None:
    world = World("base", seed=1, people=4_000)
    viewers = world.broadcast()
    free, _ = world.oracle(viewers, plans_of(viewers), TERMS)
    tight, _ = world.oracle(viewers, plans_of(viewers), TERMS, budget_offers=20_000, budget_messages=900)
    assert tight.used[0] <= 20_000
    assert tight.used[1] <= 900
    assert tight.value < free.value
    assert tight.value > 0.97 * tight.bound


def test_what_a_week_leaves_behind_is_met_again() -> None:
    world = World("base", seed=9, people=3_000)
    viewers = world.broadcast(0)
    outcome = world.simulate(viewers, whole_plan(viewers, [24.0, 72.0], "email", 1), TERMS, world.rng("week"))
    untouched = World("base", seed=9, people=3_000).broadcast(1)
    world.carry_over(viewers, outcome)
    later = world.broadcast(1)
    assert later.ended_at - viewers.ended_at == 7 * 86_400_000_000
    np.testing.assert_array_equal(later.reach[:, 0], ~outcome.opted_out[:, 0])
    assert outcome.opted_out[:, 0].sum() > 30
    bought = ~np.isnan(outcome.ordered_h)
    np.testing.assert_array_equal(later.organic < untouched.organic, bought)
    np.testing.assert_array_equal(later.spoiled > 0, outcome.coupons_got > 0)
    assert np.all(later.fatigue[outcome.messages > 0] > 0)


def test_periodic_plans_stop_at_order_and_opt_out() -> None:
    world = World("fatigue", seed=9, people=4_000)
    viewers = world.broadcast()
    hours = np.array([24.0, 48.0, 72.0])
    outcome = world.simulate(viewers, whole_plan(viewers, list(hours), "email"), TERMS, world.rng("week"))
    for stop in (outcome.ordered_h, outcome.opted_out_h):
        stopped = ~np.isnan(stop)
        assert np.all(outcome.messages[stopped] <= (hours[None, :] < stop[stopped, None]).sum(axis=1))


def test_pick_plans_takes_each_row_from_its_plan() -> None:
    world = World("base", seed=1, people=3)
    viewers = world.broadcast()
    one, two = whole_plan(viewers, [1.0], "email"), whole_plan(viewers, [2.0, 9.0], "sms")
    picked = pick_plans([one, two], np.array([0, 1, 2]), 3)
    np.testing.assert_array_equal(picked.send_at, [[-1, -1], [one.send_at[1, 0], -1], list(two.send_at[2])])
    np.testing.assert_array_equal(picked.channel[2], [1, 1])


def test_unknown_kinds_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="base, null, fatigue, confounded"):
        World("holiday")
    assert list(KINDS) == ["base", "null", "fatigue", "confounded"]
