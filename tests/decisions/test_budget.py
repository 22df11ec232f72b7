"""The money, on small cases that can be tried out whole."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.decisions.budget import Remaining, _bar, _spend

amounts = st.integers(0, 9)


@given(
    st.lists(st.lists(st.tuples(amounts, amounts, amounts), min_size=2, max_size=2), min_size=1, max_size=5),
    st.one_of(st.none(), st.integers(0, 30)),
    st.one_of(st.none(), st.integers(0, 30)),
)
@settings(max_examples=300, deadline=None)
def test_within_both_budgets_and_near_the_best(
    people: list[list[tuple[int, int, int]]], offers: int | None, messages: int | None
) -> None:
    table = np.array([[(0, 0, 0), *options] for options in people])
    worth, offer_cost, message_cost = (table[:, :, part] for part in range(3))
    choice = _spend(worth.astype(float), offer_cost, message_cost, Remaining(offers, messages, {}))
    rows = np.arange(len(people))
    spent_offers, spent_messages = offer_cost[rows, choice].sum(), message_cost[rows, choice].sum()
    assert offers is None or spent_offers <= offers
    assert messages is None or spent_messages <= messages
    best = max(
        worth[rows, tried].sum()
        for tried in map(np.array, product(range(3), repeat=len(people)))
        if (offers is None or offer_cost[rows, tried].sum() <= offers)
        and (messages is None or message_cost[rows, tried].sum() <= messages)
    )
    got = worth[rows, choice].sum()
    assert got <= best
    if offers is None or messages is None:
        assert got >= best - worth.max()  # less than one person's option is lost (science.knapsack)
    if offers is None and messages is None:
        assert got == best


def test_the_stock_goes_to_those_it_brings_most() -> None:
    worth = np.array([[0.0, 5, 9], [0, 5, 6], [0, 1, 9]])  # nothing, without, with the offer
    offers = np.array([[-1, 0, 1]] * 3)
    choice = np.array([2, 2, 2])
    assert _bar(offers, 1, 2, choice, worth)
    assert np.argmax(worth, axis=1).tolist() == [2, 1, 2]
    assert not _bar(offers, 1, 2, np.argmax(worth, axis=1), worth)


def test_nothing_left() -> None:
    worth, cost = np.array([[0.0, 5.0]]), np.array([[0, 1]])
    assert _spend(worth, cost, cost, Remaining(-3, 10, {})).tolist() == [0]
