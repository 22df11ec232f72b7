"""Draws replay, are uniform and independent; the holdout wins at a merge; explored levels stay alive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from huitou.science.chance import hold_out, keep_levels, pick, uniform

PEOPLE = [f"oAb{i:07d}" for i in range(200_000)]


def test_the_same_draw_whatever_the_batch_and_the_sequence():
    whole = uniform("seed", PEOPLE[:1000], "holdout")
    assert np.array_equal(uniform("seed", PEOPLE[:1000][::-1], "holdout")[::-1], whole)
    assert np.array_equal(uniform("seed", np.array(PEOPLE[500:600]), "holdout"), whole[500:600])


def test_draws_are_pinned_for_ever():
    """A release that changed these would reassign every holdout."""
    assert uniform("spring", ["c1", "回头客", ""], "holdout").tolist() == [
        0.6027611184006899, 0.35581395259767834, 0.787607307580076,
    ]  # fmt: skip


def test_draws_are_uniform():
    draws = uniform("seed", PEOPLE, "holdout")
    assert draws.min() >= 0
    assert draws.max() < 1
    assert stats.kstest(draws, "uniform").pvalue > 0.01
    assert stats.chisquare(np.bincount((draws * 1000).astype(int), minlength=1000)).pvalue > 0.01


@pytest.mark.parametrize("other", [("seed", "explore"), ("seee", "holdout"), ("seedh", "oldout")])
def test_other_salts_and_seeds_draw_independently(other):
    first, second = uniform("seed", PEOPLE, "holdout"), uniform(other[0], PEOPLE, other[1])
    table = np.histogram2d(first, second, bins=10, range=[[0, 1], [0, 1]])[0]
    assert stats.chi2_contingency(table).pvalue > 0.01


def test_no_ids_no_draws():
    assert uniform("seed", [], "holdout").shape == (0,)


def test_a_merged_customer_is_held_out_when_any_identity_was():
    alone = hold_out("seed", PEOPLE, np.arange(len(PEOPLE)), len(PEOPLE), 0.1)
    merged = hold_out("seed", PEOPLE, np.arange(len(PEOPLE)) // 2, len(PEOPLE) // 2, 0.1)
    assert np.array_equal(merged.held_out, alone.held_out.reshape(-1, 2).any(axis=1))
    assert np.unique(merged.chance).tolist() == pytest.approx([0.19])
    held = int(merged.held_out.sum())
    assert stats.binomtest(held, len(merged.held_out), 0.19).pvalue > 0.01


def test_a_larger_share_keeps_those_already_held_out():
    small = hold_out("seed", PEOPLE, np.arange(len(PEOPLE)), len(PEOPLE), 0.05)
    large = hold_out("seed", PEOPLE, np.arange(len(PEOPLE)), len(PEOPLE), 0.10)
    assert not np.any(small.held_out & ~large.held_out)


def test_the_same_root_twice_is_one_draw():
    found = hold_out("seed", ["a", "a", "b", "c"], [0, 0, 1, 1], 2, 0.1)
    assert found.chance.tolist() == pytest.approx([0.1, 0.19])


@pytest.mark.parametrize(
    ("roots", "owners", "n", "share"),
    [(["a"], [0], 2, 0.1), (["a"], [1], 1, 0.1), (["a", "b"], [0], 1, 0.1), (["a"], [0], 1, 1.5)],
)
def test_refuses_a_holdout_that_makes_no_sense(roots, owners, n, share):
    with pytest.raises(ValueError, match=r"root|owner|share"):
        hold_out("seed", roots, owners, n, share)


def test_picks_in_proportion_and_never_what_has_no_weight():
    weights = np.tile([0.0, 1.0, 3.0, 0.0, 6.0, 0.0], (len(PEOPLE), 1))
    index, propensity = pick(weights, uniform("seed", PEOPLE, "arm"))
    assert np.unique(index).tolist() == [1, 2, 4]
    assert propensity.tolist() == (weights[0, index] / 10).tolist()
    assert (
        stats.chisquare(np.bincount(index, minlength=6)[[1, 2, 4]], len(PEOPLE) * np.array([0.1, 0.3, 0.6])).pvalue
        > 0.01
    )


def test_the_last_draw_before_one_stays_on_the_scale():
    index, propensity = pick([[0.1, 0.2, 0.0], [1e-300, 0.0, 0.0]], [np.nextafter(1, 0)] * 2)
    assert index.tolist() == [1, 0]
    assert propensity.tolist() == pytest.approx([2 / 3, 1])


@pytest.mark.parametrize(
    ("weights", "draws"), [([[0.0, 0.0]], [0.5]), ([[-1.0, 2.0]], [0.5]), ([[1.0]], [1.0]), ([[np.nan]], [0.1])]
)
def test_refuses_a_pick_that_makes_no_sense(weights, draws):
    with pytest.raises(ValueError, match=r"weight|draws"):
        pick(weights, draws)


# Arms: nothing, and two timings x two channels x two offers; levels: nothing, 2 timings, 2 channels, 2 offers.
ARMS = [(timing, channel, offer) for timing in (1, 2) for channel in (3, 4) for offer in (5, 6)]
LEVELS = np.array([[1, 0, 0, 0, 0, 0, 0]] + [[int(level in arm) for level in range(7)] for arm in ARMS], dtype=bool)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_every_level_a_person_can_get_keeps_its_floor(data):
    eligible = np.array([[True, *data.draw(st.lists(st.booleans(), min_size=8, max_size=8))] for _ in range(3)])
    share = st.floats(0, 1, allow_subnormal=False)
    weights = np.array([data.draw(st.lists(share, min_size=9, max_size=9)) for _ in range(3)])
    floor = data.draw(st.sampled_from([0.0, 0.02, 0.1, 1 / 7]))
    chances = keep_levels(weights, eligible, LEVELS, floor)
    assert chances.sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    assert np.all(chances[~eligible] == 0)
    reachable = (eligible.astype(int) @ LEVELS.astype(int)) > 0
    assert np.all((chances @ LEVELS)[reachable] >= floor - 1e-9)


def test_weights_that_keep_the_floor_stay_as_they_are():
    wish = np.array([[0.2] + [0.1] * 8])
    assert keep_levels(wish, np.ones((1, 9)), LEVELS, 0.02) == pytest.approx(wish)


def test_refuses_more_levels_than_the_floor_allows_and_people_without_arms():
    with pytest.raises(ValueError, match="levels"):
        keep_levels(np.ones((1, 9)), np.ones((1, 9)), LEVELS, 0.2)
    with pytest.raises(ValueError, match="no eligible arm"):
        keep_levels(np.ones((1, 9)), np.zeros((1, 9)), LEVELS)
