"""Does the 95 % interval hold the truth 95 times in 100? Measured on simulated campaigns, seeds fixed.

The hard case is the product's own: a tenth held out, few who buy, money with a long tail. Welch's t on the same
campaigns is measured beside it, for it is why redrawing is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from huitou.science.adjust import complete
from huitou.science.contrast import contrast
from huitou.science.interval import bound_effect, welch
from huitou.science.lift import Participants, lift_of

RUNS = 2_000
RESAMPLES = 399  # of the product's 9,999: far less time, the same coverage within the noise of RUNS


@dataclass(frozen=True)
class World:
    """`n` people, a share held out; buyers of the control `rate`, of the treated `rate` * `more`; a buyer's profit is
    lognormal (median 100.00, spread `tail`) * `worth`; tail None counts orders only."""

    n: int
    held_out: float
    rate: float
    tail: float | None = None
    more: float = 1.0
    worth: float = 1.0

    @property
    def control_n(self) -> int:
        return int(self.n * self.held_out)

    @property
    def truth(self) -> float:
        order = 1.0 if self.tail is None else 10_000 * np.exp(self.tail**2 / 2)
        return float(self.rate * order * (self.more * (1.0 if self.tail is None else self.worth) - 1))

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        treated = np.arange(self.n) >= self.control_n
        buys = rng.random(self.n) < np.where(treated, self.rate * self.more, self.rate)
        y = buys.astype(np.float64)
        if self.tail is not None:
            worth = np.where(treated[buys], self.worth, 1.0)
            y[buys] = np.round(10_000 * worth * np.exp(rng.normal(0, self.tail, int(buys.sum()))))
        return y


@dataclass(frozen=True)
class Score:
    """Shares of the runs: the truth inside, above and below the interval; a verdict given; Welch's coverage."""

    covered: float
    too_low: float
    too_high: float
    called: float
    welch: float


def score(world: World, seed: int, runs: int = RUNS) -> Score:
    rng = np.random.default_rng(seed)
    treated, ones = np.arange(world.n) >= world.control_n, np.ones(world.n)
    together = np.zeros(world.n, dtype=np.int64)
    seen = np.zeros((runs, 4))
    for run in range(runs):
        y = world.draw(rng)
        found = lift_of(Participants(y, treated, ones, together), resamples=RESAMPLES)
        if found.low is None:
            continue
        plain = contrast(y, treated, ones, together)
        low, high = bound_effect(plain, welch(plain))
        seen[run] = (
            found.high < world.truth,
            found.low > world.truth,
            found.verdict != "cannot_tell",
            low <= world.truth <= high,
        )
    too_low, too_high, called, by_welch = seen.mean(axis=0).tolist()
    return Score(1 - too_low - too_high, too_low, too_high, called, by_welch)


ORDERS = [World(6_000, 0.1, 0.05), World(2_000, 0.5, 0.05)]
MONEY = [World(2_000, 0.1, 0.05, tail=0.8)]


@pytest.mark.parametrize("world", ORDERS + MONEY)
def test_says_there_is_a_lift_in_about_five_of_a_hundred_campaigns_without_one(world):
    found = score(world, seed=7)
    assert 0.935 <= found.covered <= 0.965
    assert found.called == pytest.approx(1 - found.covered)
    assert 0.04 <= found.called <= 0.06


@pytest.mark.parametrize(
    "world",
    [
        World(6_000, 0.1, 0.03, more=1.3),
        World(2_000, 0.5, 0.03, tail=1.0, more=1.5, worth=0.85),
    ],
)
def test_holds_a_real_lift_in_ninety_five_of_a_hundred(world):
    assert 0.935 <= score(world, seed=8).covered <= 0.965


@pytest.mark.parametrize(
    "world",
    [
        World(500, 0.1, 0.02),
        World(2_000, 0.1, 0.05),
        World(500, 0.1, 0.05, more=0.7),
        World(500, 0.1, 0.03, tail=1.0),
        World(500, 0.1, 0.03, tail=1.0, more=0.7),
    ],
)
def test_few_held_out_with_a_few_buyers_never_promise_too_much(world):
    """One to ten orders cannot be cut into 5 % pieces: the interval errs on the wide side."""
    found = score(world, seed=9, runs=800)
    assert found.covered >= 0.935
    if world.more == 1.0:
        assert found.called <= 0.06


def test_why_the_arms_are_redrawn_welch_promises_too_much_of_money():
    found = score(World(2_000, 0.1, 0.03, tail=1.0, more=1.3), seed=10, runs=1_000)
    assert found.covered >= 0.935
    assert found.welch < 0.90


@pytest.mark.long
@pytest.mark.parametrize("tail", [None, 0.8, 1.0, 1.5])
@pytest.mark.parametrize("n", [500, 2_000, 20_000])
@pytest.mark.parametrize(("more", "worth"), [(1.0, 1.0), (1.3, 1.0), (2.0, 0.85), (0.7, 1.0)])
def test_over_the_whole_field(n, tail, more, worth, capsys):
    """Measured over these 48 worlds: ours 0.937 to 0.984 (wide where 50 are held out), Welch's 0.64 to 0.96."""
    world = World(n, 0.1, 0.05 if tail is None else 0.03, tail, more, worth)
    found = score(world, seed=11, runs=500 if n > 10_000 else RUNS)
    with capsys.disabled():
        print(f"\n{world} {found}")  # noqa: T201
    assert found.covered >= 0.92


def test_the_worst_we_know():
    """Harm done, 200 held out of whom ten buy, the longest tail: 0.90 (Welch's 0.79). No method sees orders that
    did not happen; the control mostly lacks the one in fifteen that bring half the money."""
    found = score(World(2_000, 0.1, 0.05, tail=1.5, more=0.7), seed=11, runs=1_000)
    assert found.covered >= 0.89
    assert found.welch < 0.85


def covers(low: float | None, high: float | None, truth: float) -> bool:
    return low is not None and high is not None and low <= truth <= high


def test_what_was_known_before_narrows_the_interval_and_keeps_its_promise():
    rng, runs, truth = np.random.default_rng(12), 500, 30.0
    treated, together = np.arange(400) >= 80, np.zeros(400, dtype=np.int64)
    held, narrower = [], []
    for _ in range(runs):
        before = rng.lognormal(4, 0.6, 400)
        y = 0.8 * before + rng.lognormal(3, 0.5, 400) + truth * treated
        plain = lift_of(Participants(y, treated, np.ones(400), together), resamples=RESAMPLES)
        known = complete(np.stack([before, np.ones(400)], axis=1))
        found = lift_of(Participants(y, treated, np.ones(400), together, known), resamples=RESAMPLES)
        held.append(covers(found.low, found.high, truth))
        narrower.append(((found.high - found.low) / (plain.high - plain.low)) ** 2)
    assert 0.935 <= np.mean(held) <= 0.965
    assert np.median(narrower) < 0.2  # theory: 1 - correlation^2 = 0.09


def test_customers_of_several_identities_are_held_out_more_often_and_do_not_bias_the_lift():
    """Those with more identities also buy more: the plain difference is wrong, the weighted one is not."""
    rng, runs, n = np.random.default_rng(13), 600, 2_000
    held, fooled, errors = [], [], []
    for _ in range(runs):
        identities = 1 + (rng.random(n) < 0.3) + (rng.random(n) < 0.05)
        chance = 1 - 0.9**identities
        treated = rng.random(n) >= chance
        effect = np.where(identities > 1, 0.08, 0.02)
        y = (rng.random(n) < 0.05 + 0.15 * (identities - 1) + effect * treated).astype(float)
        truth = float(effect[treated].mean())
        odds, together = (1 - chance) / chance, np.zeros(n, dtype=np.int64)
        found = lift_of(Participants(y, treated, odds, together), resamples=RESAMPLES)
        plain = lift_of(Participants(y, treated, np.ones(n), together), resamples=RESAMPLES)
        held.append(covers(found.low, found.high, truth))
        fooled.append(covers(plain.low, plain.high, truth))
        errors.append(found.effect - truth)
    assert 0.935 <= np.mean(held) <= 0.965
    assert np.mean(fooled) < 0.7
    assert abs(np.mean(errors)) < 3 * np.std(errors) / runs**0.5


def test_people_drawn_together_count_as_one():
    """Forty shops drawn as wholes: taking their customers for independent promises far too much."""
    rng, runs = np.random.default_rng(14), 600
    shop = np.repeat(np.arange(40), 25)
    together = np.zeros(1_000, dtype=np.int64)
    held, fooled = [], []
    for _ in range(runs):
        treated = np.isin(shop, rng.permutation(40)[:20])
        y = 10 + rng.normal(0, 2, 40)[shop] + rng.normal(0, 4, 1_000)
        found = lift_of(Participants(y, treated, np.ones(1_000), together, None, shop), resamples=RESAMPLES)
        plain = contrast(y, treated, np.ones(1_000), together)
        held.append(covers(found.low, found.high, 0.0))
        fooled.append(covers(*bound_effect(plain, welch(plain)), 0.0))
    assert 0.935 <= np.mean(held) <= 0.965
    assert np.mean(fooled) < 0.7
