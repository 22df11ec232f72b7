"""The knapsack: never above the budget, near the bound, the same whatever the order people come in."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_matrix, vstack

from huitou.science.knapsack import allocate


@st.composite
def shops(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Few people and few options, many ties: small numbers collide."""
    people, options = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    cells = st.lists(st.integers(0, 6), min_size=people * options, max_size=people * options)
    costs = np.array(draw(cells)).reshape(people, options)
    values = np.array(draw(cells)).reshape(people, options) * 3 - 5
    costs[:, 0] = values[:, 0] = 0
    return values, costs, draw(st.integers(0, 20))


def best_by_trying_all(values: np.ndarray, costs: np.ndarray, budget: int) -> int:
    people, options = values.shape
    rows = np.arange(people)
    plans = (np.array(plan) for plan in itertools.product(range(options), repeat=people))
    return max(int(values[rows, plan].sum()) for plan in plans if costs[rows, plan].sum() <= budget)


@given(shops())
@settings(max_examples=300, deadline=None)
def test_keeps_the_budget_and_lies_less_than_one_option_below_the_best(shop):
    values, costs, budget = shop
    found = allocate(values, costs, budget)
    rows = np.arange(len(values))
    exact = best_by_trying_all(values, costs, budget)
    assert found.spent == costs[rows, found.choice].sum()
    assert found.value == values[rows, found.choice].sum()
    assert found.spent <= budget
    assert found.value <= exact <= found.bound + 1e-6
    assert found.bound - found.value <= (values.max(axis=1) - values.min(axis=1)).max(initial=0) + 1e-6


@given(shops(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_same_people_in_another_sequence_get_the_same(shop, random):
    values, costs, budget = shop
    shuffled = list(range(len(values)))
    random.shuffle(shuffled)
    found = allocate(values, costs, budget, order=np.arange(len(values)))
    again = allocate(values[shuffled], costs[shuffled], budget, order=np.array(shuffled))
    assert again.choice.tolist() == found.choice[shuffled].tolist()


def relaxed_and_exact(values: np.ndarray, costs: np.ndarray, budget: int) -> tuple[float, float]:
    """(bound of the linear relaxation, exact optimum) by HiGHS."""
    people, options = values.shape
    one_each = csr_matrix((np.ones(values.size), (np.repeat(np.arange(people), options), np.arange(values.size))))
    spend = csr_matrix(costs.reshape(1, -1).astype(float))
    gain = -values.reshape(-1).astype(float)
    relaxed = linprog(gain, A_ub=spend, b_ub=[budget], A_eq=one_each, b_eq=np.ones(people), bounds=(0, 1))
    rules = LinearConstraint(vstack([one_each, spend]), np.r_[np.ones(people), 0], np.r_[np.ones(people), budget])
    whole = milp(gain, constraints=rules, integrality=np.ones(values.size), bounds=Bounds(0, 1))
    return -relaxed.fun, -whole.fun


@pytest.mark.parametrize("share", [0.02, 0.1, 0.4])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lies_within_one_percent_of_the_linear_bound(seed, share):
    rng = np.random.default_rng(seed)
    costs = rng.integers(0, 2000, (400, 8))
    values = (costs * rng.lognormal(0, 1, costs.shape) - rng.integers(0, 500, costs.shape)).astype(np.int64)
    costs[:, 0] = values[:, 0] = 0
    budget = int(costs.max(axis=1).sum() * share)
    relaxed, exact = relaxed_and_exact(values, costs, budget)
    found = allocate(values, costs, budget)
    assert found.spent <= budget
    assert found.bound == pytest.approx(relaxed, rel=1e-6)
    assert 0.99 * relaxed <= found.value <= exact + 1e-6


def test_a_hundred_thousand_alike_share_what_there_is_by_their_order():
    values, costs = np.tile([0, 5, 7], (100_000, 1)), np.tile([0, 100, 200], (100_000, 1))
    found = allocate(values, costs, 1_000_050, order=np.arange(100_000)[::-1])
    assert (found.spent, found.value) == (1_000_000, 50_000)
    assert np.flatnonzero(found.choice).tolist() == list(range(90_000, 100_000))


def test_an_ample_budget_gives_everyone_their_best_and_has_no_price():
    found = allocate([[0, 4, 9], [0, -2, -1]], [[0, 1, 5], [0, 1, 1]], 100)
    assert (found.choice.tolist(), found.spent, found.value, found.rate, found.bound) == ([2, 0], 5, 9.0, 0.0, 9.0)


def test_no_budget_leaves_what_is_free():
    found = allocate([[0, 4, 9], [0, 3, -1]], [[0, 1, 5], [0, 0, 1]], 0)
    assert (found.choice.tolist(), found.spent, found.value) == ([0, 1], 0, 3.0)


def test_what_a_person_may_not_get_is_never_chosen():
    found = allocate([[0.0, -np.inf, 2.0], [0.0, 5.0, -np.inf]], [[0, 1, 1], [0, 1, 1]], 2)
    assert found.choice.tolist() == [2, 1]


def test_nobody_gets_nothing():
    found = allocate(np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64), 10)
    assert (found.choice.tolist(), found.spent, found.value) == ([], 0, 0.0)


@pytest.mark.parametrize(
    ("values", "costs", "budget", "word"),
    [
        ([[0, 1]], [[0, 1]], -1, "negative"),
        ([[0, 1]], [[0, -1]], 1, "not negative"),
        ([[0, 1]], [[1, 1]], 1, "column 0"),
        ([[0, np.nan]], [[0, 1]], 1, "NaN"),
        ([[0, 1]], [[0, 0.5]], 1, "integers"),
        ([[0, 1]], [[0, 1, 2]], 1, "one row a person"),
        ([[0, 1], [0, 1]], [[0, 2**61], [0, 2**61]], 1, "64 bits"),
    ],
)
def test_refuses_what_makes_no_sense(values, costs, budget, word):
    with pytest.raises(ValueError, match=word):
        allocate(values, costs, budget)
