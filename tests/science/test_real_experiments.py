"""Published experiments, read out as `huitou analyse lift` will: figures of ../shared/data/README.md and science.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from huitou.science.lift import ArmLift, Comparison, compare_arms


def column(shared: Path, name: str, *names: str) -> list[np.ndarray]:
    table = pq.read_table(shared / "data" / f"{name}.parquet", columns=list(names))
    return [table[one].to_numpy(zero_copy_only=False) for one in names]


def only(found: Comparison) -> ArmLift:
    (one,) = found.arms
    return one


def test_hillstrom_both_mails_bring_visits(shared):
    """Of the full data: 10.62 % without mail, 18.28 % men's, 15.14 % women's; here is a random half of it."""
    visit, segment = column(shared, "hillstrom_half", "visit", "segment")
    found = compare_arms(visit, segment, "No E-Mail")
    assert found.srm_p > 0.01
    assert found.control_mean == pytest.approx(0.1062, abs=0.006)
    assert [(one.arm, one.verdict) for one in found.arms] == [
        ("Mens E-Mail", "positive"),
        ("Womens E-Mail", "positive"),
    ]
    for one, truth in zip(found.arms, (0.0766, 0.0452), strict=True):
        assert one.low < truth < one.high
        assert one.high - one.low < 0.02


def test_hillstrom_covariates_keep_the_effect_and_narrow_it(shared):
    visit, segment, *known = column(
        shared, "hillstrom_half", "visit", "segment", "recency", "history", "mens", "womens", "newbie"
    )
    plain = compare_arms(visit, segment, "No E-Mail")
    found = compare_arms(visit, segment, "No E-Mail", covariates=np.stack(known, axis=1))
    for one, before in zip(found.arms, plain.arms, strict=True):
        assert one.effect == pytest.approx(before.effect, abs=0.002)
        assert one.high - one.low < before.high - before.low


def test_hillstrom_men_s_mail_brings_money(shared):
    spend, segment = column(shared, "hillstrom_half", "spend", "segment")
    found = compare_arms(np.round(spend * 100).astype(np.int64), segment, "No E-Mail")
    assert found.arms[0].verdict == "positive"
    assert found.arms[0].low < 77 < found.arms[0].high  # 1.42 less 0.65 dollars in the full data


def test_insurance_mailing_cannot_tell(shared):
    bought, treated = column(shared, "insurance_uplift_train", "PURCHASE", "TREATMENT")
    found = only(compare_arms(bought, treated, "0.0"))
    assert (found.verdict, found.reason) == ("cannot_tell", "interval_holds_zero")
    assert found.effect == pytest.approx(0.008, abs=0.0005)
    assert (found.high - found.low) / 2 == pytest.approx(0.016, abs=0.001)


def test_cookie_cats_the_later_gate_keeps_fewer_for_a_week(shared):
    version, stayed = column(shared, "cookie_cats", "test_version", "retention_7")
    found = compare_arms(stayed, version, "gate_30")
    one = only(found)
    assert (round(found.control_mean, 4), round(one.mean, 4)) == (0.1902, 0.1820)
    assert one.verdict == "negative"
    assert one.p == pytest.approx(0.0016, abs=0.001)
    assert found.srm_p == pytest.approx(0.0086, abs=0.0001)


def test_starbucks_promotion_brings_purchases(shared):
    bought, promotion = column(shared, "starbucks_promotion_train", "purchase", "Promotion")
    found = only(compare_arms(bought, promotion, "No"))
    assert found.verdict == "positive"
    assert found.effect == pytest.approx(0.0095, abs=0.0005)
    ten_dollars_a_sale = found.total * 10 - found.n * 0.15
    assert ten_dollars_a_sale < 0  # "sending to all loses money"


def test_artea_coupon_cannot_tell(shared):
    revenue, coupon = column(shared, "artea_ab_experiment", "revenue_after", "test_coupon")
    found = only(compare_arms(revenue, coupon, "control"))
    assert found.verdict == "cannot_tell"
    assert found.effect == pytest.approx(-0.24, abs=0.01)
