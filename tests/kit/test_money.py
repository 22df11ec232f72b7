from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.kit.money import LARGEST, exponent, format_money, to_micro, to_minor

CURRENCIES = st.sampled_from(["CNY", "USD", "JPY", "KWD", "eur"])


@given(st.integers(-LARGEST, LARGEST), CURRENCIES)
def test_minor_units_survive_the_way_through_decimal_text(minor: int, currency: str) -> None:
    text = str(Decimal(minor).scaleb(-exponent(currency)))
    assert to_minor(text, currency) == minor


@given(st.integers(-10_000_000, 10_000_000))
def test_a_price_in_a_float_loses_nothing(cents: int) -> None:
    assert to_minor(cents / 100, "CNY") == cents


@pytest.mark.parametrize(
    ("said", "currency", "minor"),
    [
        ("199.00", "CNY", 19_900),
        ("¥1,299.5", "CNY", 129_950),
        ("17.99", "USD", 1_799),
        ("500", "JPY", 500),
        (0.1 + 0.2, "CNY", 30),
    ],
)
def test_amounts_as_exports_write_them(said: str | float, currency: str, minor: int) -> None:
    assert to_minor(said, currency) == minor


@pytest.mark.parametrize("said", ["面议", "", "nan", "inf", "1e30", "0.001", "1.2.3", "--5"])
def test_what_is_no_amount_is_refused(said: str) -> None:
    with pytest.raises(ValueError):
        to_minor(said, "CNY")


def test_unit_costs_keep_their_fractions() -> None:
    assert (to_micro("0.2"), to_micro(5), to_micro("0.1") * 10) == (200_000, 5_000_000, 1_000_000)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (19_900, "CNY", "¥199.00"),
        (-5, "USD", "-$0.05"),
        (1_234_567, "CNY", "¥12,345.67"),
        (500, "JPY", "¥500"),
        (0, "XYZ", "XYZ 0.00"),
    ],
)
def test_money_is_written_for_people(minor: int, currency: str, text: str) -> None:
    assert format_money(minor, currency) == text
