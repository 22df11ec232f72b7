"""Sample ratio mismatch."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from huitou.science.balance import SUSPECT, check_ratio


@pytest.mark.parametrize(
    ("counts", "shares"), [([44_700, 45_489], [1, 1]), ([88, 912], [0.1, 0.9]), ([5, 9, 7], [1, 2, 1])]
)
def test_agrees_with_scipy(counts, shares):
    expected = np.array(shares) / sum(shares) * sum(counts)
    assert check_ratio(counts, shares) == pytest.approx(stats.chisquare(counts, expected).pvalue, rel=1e-9)


def test_finds_one_percent_lost_of_a_hundred_thousand():
    assert check_ratio([50_000, 50_000]) == 1.0
    assert check_ratio([49_000, 51_000]) < SUSPECT


def test_false_alarms_are_as_rare_as_they_should_be():
    held = np.random.default_rng(3).binomial(20_000, 0.1, 4_000)
    alarms = sum(check_ratio([int(n), 20_000 - int(n)], [0.1, 0.9]) < 0.05 for n in held)
    assert stats.binomtest(alarms, 4_000, 0.05).pvalue > 0.01


def test_people_where_there_should_be_none():
    assert check_ratio([10, 1], [1, 0]) == 0.0
    assert check_ratio([10, 0], [1, 0]) is None


@pytest.mark.parametrize("counts", [[], [7], [0, 0]])
def test_nothing_to_compare(counts):
    assert check_ratio(counts) is None


@pytest.mark.parametrize(("counts", "shares"), [([1, 2], [1]), ([1, -2], [1, 1]), ([1, 2], [1, -1])])
def test_refuses_what_makes_no_sense(counts, shares):
    with pytest.raises(ValueError, match="share"):
        check_ratio(counts, shares)
