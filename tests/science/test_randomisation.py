"""The reference distribution against every possible draw, and its shortcuts against each other."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from huitou.science import randomisation
from huitou.science.randomisation import Exchangeable, redraw


def every_draw(values: np.ndarray, control_n: int) -> np.ndarray:
    """Welch's t of each way to draw the control, by scipy."""
    people = set(range(len(values)))
    ways = (list(way) for way in itertools.combinations(sorted(people), control_n))
    return np.array(
        [stats.ttest_ind(values[sorted(people - set(way))], values[way], equal_var=False).statistic for way in ways]
    )


@pytest.mark.parametrize(
    "values",
    [
        np.array([0, 0, 0, 0, 0, 1, 2, 5, 9, 30]),
        np.array([1.5, 2.5, 3.25, 8.0, 13.0, 21.0, 34.5, 55.0, 89.0, 144.0]),
    ],
)
@pytest.mark.parametrize("distinct", [0, 32])
def test_follows_the_distribution_over_all_draws(values, distinct, monkeypatch):
    monkeypatch.setattr(randomisation, "MOST_DISTINCT", distinct)
    exact = every_draw(values, 4)
    found = redraw([Exchangeable(values.astype(float), 4, 1.0)], resamples=40_000)
    for point in np.unique(np.round(exact, 6)):
        share = np.mean(exact <= point + 1e-6)
        assert np.mean(found <= point + 1e-6) == pytest.approx(share, abs=0.012)


def test_the_order_of_people_does_not_matter():
    values = np.random.default_rng(2).lognormal(size=300)
    assert np.array_equal(redraw([Exchangeable(values, 40, 1.0)]), redraw([Exchangeable(values[::-1].copy(), 40, 1.0)]))


def test_the_bulk_by_its_normal_law_gives_the_same_quantiles(monkeypatch):
    values = np.random.default_rng(4).lognormal(sigma=1.2, size=4_000)
    monkeypatch.setattr(randomisation, "MOST_RARE", 500)
    near = np.quantile(redraw([Exchangeable(values, 400, 1.0)], 6_000), [0.025, 0.975])
    monkeypatch.setattr(randomisation, "MOST_RARE", 4_000)
    whole = np.quantile(redraw([Exchangeable(values, 400, 1.0)], 6_000), [0.025, 0.975])
    assert near.tolist() == pytest.approx(whole.tolist(), abs=0.15)


def test_nothing_varies_nothing_differs():
    assert redraw([Exchangeable(np.full(10, 3.0), 4, 1.0)], 5).tolist() == [0.0] * 5


def test_a_difference_without_spread_is_infinite():
    found = redraw([Exchangeable(np.array([0.0, 0.0, 1.0, 1.0]), 2, 1.0)], 200)
    assert set(np.unique(np.round(found, 9)).tolist()) == {-np.inf, 0.0, np.inf}
