"""The lift of a campaign: against independent answers, and what it says when it cannot tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from huitou.science.adjust import adjust, complete, encode
from huitou.science.contrast import contrast
from huitou.science.interval import bound_effect, welch
from huitou.science.lift import ArmLift, compare_arms


def shop(n: int = 3_000, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(profit in minor units, arm, spend before): three arms, `b` brings 40.00 more per person."""
    rng = np.random.default_rng(seed)
    before = np.round(rng.lognormal(8, 0.7, n)).astype(np.int64)
    arm = rng.choice(np.array(["a", "b", "none"]), n, p=[0.4, 0.4, 0.2])
    profit = np.round(0.7 * before + rng.lognormal(7, 0.8, n) + 4_000 * (arm == "b")).astype(np.int64)
    return profit, arm, before


def only(found, arm: str) -> ArmLift:
    return next(one for one in found.arms if one.arm == arm)


def test_welch_agrees_with_scipy():
    profit, arm, _ = shop()
    two = arm != "a"
    plain = contrast(profit[two].astype(float), arm[two] == "b", np.ones(two.sum()), np.zeros(two.sum(), dtype=int))
    scipys = stats.ttest_ind(profit[arm == "b"], profit[arm == "none"], equal_var=False)
    reach = welch(plain)
    assert bound_effect(plain, reach) == pytest.approx(tuple(scipys.confidence_interval()), rel=1e-9)
    assert (reach.p, plain.df) == pytest.approx((scipys.pvalue, scipys.df), rel=1e-6)


def test_every_arm_against_the_control():
    profit, arm, _ = shop()
    found = compare_arms(profit, arm, "none")
    assert [one.arm for one in found.arms] == ["a", "b"]
    assert [one.n for one in found.arms] == [int(np.sum(arm == "a")), int(np.sum(arm == "b"))]
    assert found.control_mean == pytest.approx(profit[arm == "none"].mean())
    better = only(found, "b")
    assert better.verdict == "positive"
    assert better.reason is None
    assert better.effect == pytest.approx(profit[arm == "b"].mean() - profit[arm == "none"].mean())
    assert better.low < 4_000 < better.high
    assert (better.total, better.total_low) == pytest.approx((better.effect * better.n, better.low * better.n))
    assert better.relative == pytest.approx(better.effect / found.control_mean)
    same = only(found, "a")
    assert (same.verdict, same.reason) == ("cannot_tell", "interval_holds_zero")


def test_where_money_is_tame_redrawing_gives_what_scipy_gives():
    rng = np.random.default_rng(2)
    y, arm = rng.normal(100, 15, 4_000), np.repeat(["sent", "held"], 2_000)
    found = only(compare_arms(y, arm, "held"), "sent")
    scipys = stats.ttest_ind(y[:2_000], y[2_000:], equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx(tuple(scipys), abs=0.05 * (scipys.high - scipys.low))


def test_agrees_with_scipys_permutation_test():
    rng = np.random.default_rng(3)
    y = np.round(rng.lognormal(2, 1, 60) * (rng.random(60) < 0.4))
    arm = np.repeat(["held", "sent"], [20, 40])

    def studentised(sent, held, axis):
        spread = sent.var(axis=axis, ddof=1) / sent.shape[axis] + held.var(axis=axis, ddof=1) / held.shape[axis]
        return (sent.mean(axis=axis) - held.mean(axis=axis)) / np.sqrt(spread)

    scipys = stats.permutation_test((y[20:], y[:20]), studentised, vectorized=True, n_resamples=9_999, rng=rng)
    found = only(compare_arms(y, arm, "held", resamples=9_999), "sent")
    assert found.p == pytest.approx(scipys.pvalue, abs=0.02)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_interval_p_and_verdict_never_contradict(data):
    n = data.draw(st.integers(2, 40))
    y = data.draw(st.lists(st.integers(-5, 60), min_size=n, max_size=n))
    arm = data.draw(st.lists(st.sampled_from(["held", "sent"]), min_size=n, max_size=n))
    for found in compare_arms(y, arm, "held", resamples=199).arms:
        if found.low is None:
            assert (found.high, found.p, found.verdict, found.total) == (None, None, "cannot_tell", None)
            assert found.reason in {"too_few_people", "no_outcomes", "no_variation", "too_few_outcomes"}
            continue
        assert math.isfinite(found.low)
        assert math.isfinite(found.high)
        assert found.low <= found.high
        sign = "positive" if found.low > 0 else "negative" if found.high < 0 else "cannot_tell"
        assert found.verdict == sign
        assert 0 < found.p <= 1
        assert (found.p < 0.05 - 1e-9) <= (sign != "cannot_tell")
        if found.relative_low is not None and sign != "cannot_tell":
            assert (found.relative_low > 0) == (sign == "positive")


@given(st.integers(-(10**6), 10**6), st.integers(1, 1_000))
@settings(max_examples=25, deadline=None)
def test_another_zero_and_another_unit_change_nothing_but_the_unit(shift, scale):
    profit, arm, _ = shop(400)
    plain, moved = (only(compare_arms(y, arm, "none", resamples=199), "b") for y in (profit, profit * scale + shift))
    assert (moved.effect, moved.low, moved.high) == pytest.approx(
        (plain.effect * scale, plain.low * scale, plain.high * scale), rel=1e-6
    )


def test_the_order_of_people_changes_nothing():
    profit, arm, _ = shop(500)
    turn = np.random.default_rng(5).permutation(500)
    first = compare_arms(profit, arm, "none")
    again = compare_arms(profit[turn], arm[turn], "none")
    for mine, theirs in zip(first.arms, again.arms, strict=True):
        assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


@pytest.mark.parametrize(
    ("y", "arm", "reason"),
    [
        ([1, 2, 3], ["sent", "sent", "held"], "too_few_people"),
        ([1, 2, 3], ["sent", "sent", "sent"], "too_few_people"),
        ([0, 0, 0, 0], ["sent", "sent", "held", "held"], "no_outcomes"),
        ([7, 7, 7, 7], ["sent", "sent", "held", "held"], "no_variation"),
        ([1, 1, 0, 0], ["sent", "sent", "held", "held"], "too_few_outcomes"),
    ],
)
def test_cannot_tell_has_a_reason_and_no_numbers(y, arm, reason):
    found = only(compare_arms(y, arm, "held"), "sent")
    assert (found.verdict, found.reason) == ("cannot_tell", reason)
    assert (found.low, found.high, found.p, found.relative, found.total) == (None,) * 5


def test_nobody_bought_in_a_small_control_is_not_a_proof():
    """6 of 200 against 0 of 20: Welch gives [0.6 %, 5.4 %], since a control without orders seems not to vary."""
    y, arm = [1] * 6 + [0] * 214, ["sent"] * 200 + ["held"] * 20
    found = only(compare_arms(y, arm, "held"), "sent")
    assert found.verdict == "cannot_tell"
    assert found.low < -0.02


def test_everybody_bought_is_a_proof_even_against_a_small_control():
    found = only(compare_arms([1] * 190 + [0] * 30, ["sent"] * 200 + ["held"] * 20, "held"), "sent")
    assert found.verdict == "positive"


def test_a_broken_split_overrules_the_verdict():
    profit, arm, _ = shop()
    meant = {"a": 0.4, "b": 0.4, "none": 0.2}
    assert only(compare_arms(profit, arm, "none", shares=meant), "b").verdict == "positive"
    lost = (arm != "none") | (np.arange(len(arm)) % 3 > 0)
    found = compare_arms(profit[lost], arm[lost], "none", shares=meant)
    assert found.srm_p < 0.001
    assert {(one.verdict, one.reason) for one in found.arms} == {("cannot_tell", "sample_ratio_mismatch")}
    assert only(found, "b").low is not None


def test_an_arm_that_was_meant_but_got_nobody_is_named():
    found = compare_arms([1, 2, 3, 4], ["a", "a", "none", "none"], "none", shares={"a": 1, "b": 1, "none": 1})
    assert [(one.arm, one.n, one.reason) for one in found.arms][1] == ("b", 0, "too_few_people")


def test_covariates_change_nothing_but_the_noise():
    profit, arm, before = shop()
    plain, known = (only(compare_arms(profit, arm, "none", covariates=x), "b") for x in (None, before))
    assert (known.mean, known.control_mean) == (plain.mean, plain.control_mean)
    assert known.high - known.low < 0.7 * (plain.high - plain.low)
    assert known.low < 4_000 < known.high


def test_covariates_that_say_nothing_are_harmless():
    profit, arm, before = shop(600)
    useless = np.stack([np.full(600, 7.3), np.zeros(600)], axis=1)
    plain = only(compare_arms(profit, arm, "none"), "b")
    assert only(compare_arms(profit, arm, "none", covariates=useless), "b") == plain
    twice = only(compare_arms(profit, arm, "none", covariates=np.stack([before, before, 2 * before], axis=1)), "b")
    once = only(compare_arms(profit, arm, "none", covariates=before), "b")
    assert (twice.effect, twice.low) == pytest.approx((once.effect, once.low), rel=1e-6)


def test_gaps_in_covariates_are_filled_and_marked():
    filled = complete(np.array([[1.0, 5.0], [np.nan, 5.0], [3.0, 5.0], [np.inf, 5.0]]))
    assert filled.shape == (4, 2)
    assert filled.mean(axis=0).tolist() == pytest.approx([0, 0], abs=1e-12)
    assert filled[1].tolist() == filled[3].tolist()


def test_text_becomes_one_column_a_level():
    found = encode([[1, 2, 3, 4], ["web", None, "web", "phone"], [True, False, True, False]])
    assert found.T.tolist() == [[1, 2, 3, 4], [0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 1, 0]]
    assert encode([[f"city {i}" for i in range(50)]]).shape == (50, 20)
    assert encode([["all", "all"]]).shape == (2, 0)
    assert np.isnan(encode([[1, None]])).tolist() == [[False], [True]]


def test_adjusting_agrees_with_least_squares():
    profit, arm, before = shop()
    two = arm != "a"
    y, x, treated = profit[two].astype(float), before[two].astype(float), arm[two] == "b"
    together = np.zeros(two.sum(), dtype=int)
    ours = contrast(
        adjust(y, complete(x[:, None]), treated.astype(int), np.ones(len(y))), treated, np.ones(len(y)), together
    )
    design = np.stack([np.ones(len(y)), treated, x], axis=1)
    assert ours.effect == pytest.approx(np.linalg.lstsq(design, y, rcond=None)[0][1], rel=1e-9)


def test_strata_compare_like_with_like():
    """Regulars buy ten times as much and happen to be rarer in the control: within each stratum nothing differs."""
    y = np.concatenate([np.tile([9, 11], 30), np.tile([0, 2], 30), np.tile([9, 11], 5), np.tile([0, 2], 25)])
    strata = np.repeat(["regular", "new", "regular", "new"], [60, 60, 10, 50])
    arm = np.repeat(["sent", "held"], [120, 60])
    assert only(compare_arms(y, arm, "held"), "sent").effect == pytest.approx(3.0)
    assert only(compare_arms(y, arm, "held", strata=strata), "sent").effect == pytest.approx(0, abs=1e-12)


def test_strata_too_small_to_compare_join():
    y = np.arange(30.0)
    strata = ["a"] * 12 + ["b"] * 12 + [f"only {i}" for i in range(6)]
    arm = np.tile(["sent", "held"], 15)
    found = only(compare_arms(y, arm, "held", strata=strata), "sent")
    assert found.low is not None
    assert found.effect == pytest.approx(-1)


def test_unequal_chances_weigh_the_control():
    """Weighting by hand: the control of chance 0.19 stands for 4.26 people, that of 0.1 for 9."""
    chance = np.concatenate([np.tile([0.1, 0.19, 0.271, 0.3439], 4), np.linspace(0.11, 0.18, 20)])
    arm = np.tile(["sent", "held"], 18)
    y = np.arange(36.0) ** 1.5
    odds = (1 - chance) / chance
    held = arm == "held"
    found = only(compare_arms(y, arm, "held", control_chance=chance), "sent")
    assert found.effect == pytest.approx(y[~held].mean() - np.average(y[held], weights=odds[held]))
    assert found.low < found.effect < found.high


def test_clusters_of_one_are_people():
    profit, arm, _ = shop(400)
    people = only(compare_arms(profit, arm, "none"), "b")
    ones = only(compare_arms(profit, arm, "none", cluster=[f"c{i}" for i in range(400)]), "b")
    assert ones.effect == pytest.approx(people.effect)
    assert (ones.low, ones.high) == pytest.approx((people.low, people.high), rel=0.1)


def test_a_single_cluster_cannot_tell():
    found = only(compare_arms([1, 2, 3, 4], ["sent", "sent", "held", "held"], "held", cluster=[1, 2, 3, 3]), "sent")
    assert found.reason == "too_few_clusters"


@pytest.mark.parametrize(
    ("kwargs", "word"),
    [
        ({"outcome": [1.0, np.nan, 2.0, 1.0]}, "missing"),
        ({"arm": ["a", "b"]}, "arms"),
        ({"covariates": [[1], [2]]}, "covariates"),
        ({"strata": [1, 2]}, "labels"),
        ({"control_chance": [0.1, 0.1, 0.1, 1.0]}, "between 0 and 1"),
        ({"control_chance": [0.1]}, "chances"),
        ({"cluster": [[1], [2], [3], [4]]}, "labels"),
    ],
)
def test_refuses_what_makes_no_sense(kwargs, word):
    inputs = {"outcome": [1.0, 2.0, 2.0, 1.0], "arm": ["a", "a", "b", "b"], "control": "a"} | kwargs
    with pytest.raises(ValueError, match=word):
        compare_arms(**inputs)
