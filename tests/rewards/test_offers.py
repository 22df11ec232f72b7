"""What offers say and cost."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from huitou.rewards.offers import NONE, Offer

TEN = Offer("ten", "discount", rate_ppm=100_000)
SAVE = Offer("save", "spend_and_save", threshold_minor=8000, off_minor=1500)
OFF = Offer("off", "no_threshold", off_minor=2000)
POINTS = Offer("points", "points", points=100, point_cost_micro=500_000)


def test_costs() -> None:
    prices = np.array([0, 999, 19_900])
    assert TEN.cost_minor(prices).tolist() == [0, 100, 1990]
    assert SAVE.cost_minor(prices).tolist() == [1500, 1500, 1500]
    assert OFF.cost_minor(prices).tolist() == [0, 999, 2000]
    assert POINTS.cost_minor(prices).tolist() == [50, 50, 50]
    assert NONE.cost_minor(prices).tolist() == [0, 0, 0]


def test_the_cost_includes_those_who_would_have_bought_anyway() -> None:
    assert TEN.expected_cost([20_000], [0.25], [0.25]).tolist() == [1000.0]


def test_words() -> None:
    assert [offer.text("zh", "CNY") for offer in (TEN, SAVE, OFF, POINTS, NONE)] == [
        "9折", "满¥80减¥15", "立减¥20", "送100积分", "",
    ]  # fmt: skip
    assert [offer.text("en", "USD") for offer in (TEN, SAVE, OFF, POINTS, NONE)] == [
        "10% off", "$15 off orders from $80", "$20 off", "100 bonus points", "",
    ]  # fmt: skip
    assert Offer("x", "discount", rate_ppm=150_000).text("zh", "CNY") == "8.5折"
    assert Offer("x", "no_threshold", off_minor=5, words={"zh": "小礼"}).text("en", "CNY") == "小礼"


@given(st.integers(0, 10**9), st.integers(0, 1_000_000))
def test_a_discount_never_exceeds_the_price_and_rounds_up(price: int, rate: int) -> None:
    cost = int(Offer("d", "discount", rate_ppm=rate).cost_minor([price])[0])
    assert 0 <= cost - price * rate / 1_000_000 < 1 + 1e-6
    assert cost <= price
