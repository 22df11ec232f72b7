"""Aggregates: exact, and parts add up to the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.science.moments import Moments, measure

AMOUNTS = st.integers(-(10**15), 10**15)
ROWS = st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=2, max_size=30)


@given(ROWS, st.data())
def test_parts_add_up_to_the_whole_exactly(rows, data):
    cut = data.draw(st.integers(0, len(rows)))
    columns = np.array(rows, dtype=np.int64)
    first, second = columns[:cut], columns[cut:]
    assert measure(*first.T) + measure(*second.T) == measure(*columns.T)
    assert measure(*columns.T).products[0][1] == sum(a * b for a, b in rows)


def test_agrees_with_numpy():
    columns = np.random.default_rng(1).integers(-500, 90_000, (3, 400))
    found = measure(*columns)
    assert found.means().tolist() == pytest.approx(columns.mean(axis=1).tolist(), rel=1e-14)
    assert found.covariance() == pytest.approx(np.cov(columns), rel=1e-12)


def test_money_far_from_zero_keeps_its_spread():
    """Sums of squares near 10^32 would lose a spread of 1 in floats."""
    assert measure(10**15 + np.arange(3)).covariance().tolist() == [[1.0]]


def test_orders_as_booleans_count():
    assert measure(np.array([True, False, True])) == Moments(3, (2,), ((2,),))


@pytest.mark.parametrize("columns", [(), ([1, 2], [1]), ([[1, 2]],), ([1.0, np.nan],)])
def test_refuses_columns_that_make_no_sense(columns):
    with pytest.raises(ValueError, match="column"):
        measure(*columns)


def test_says_what_it_cannot_compute():
    with pytest.raises(ValueError, match="no mean"):
        measure(np.zeros(0, np.int64)).means()
    with pytest.raises(ValueError, match="no variance"):
        measure([5]).covariance()
    with pytest.raises(ValueError, match="do not add"):
        measure([1]) + measure([1], [2])
    with pytest.raises(ValueError, match="q x q"):
        Moments(1, (1, 2), ((1,),))
