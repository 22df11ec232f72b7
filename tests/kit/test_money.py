from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.kit.money import LARGEST, currency_code, exponent, format_money, to_micro, to_minor

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
        ("1.250", "KWD", 1250),
        (0.1 + 0.2, "CNY", 30),
        ("199,00", "EUR", 19_900),
        ("5,5", "EUR", 550),
        ("1.299,50 €", "EUR", 129_950),
        ("1 299,50", "EUR", 129_950),
        ("1'299.50", "CHF", 129_950),
        ("1,234", "CNY", 123_400),
        ("12,34,567.50", "INR", 123_456_750),
        ("１，２９９．５０元", "CNY", 129_950),
        ("(5.00)", "USD", -500),
        ("5.00-", "USD", -500),
        ("-¥5", "CNY", -500),
        ("1,980", "日元", 1_980),
    ],
)
def test_amounts_as_exports_write_them(said: str | float, currency: str, minor: int) -> None:
    assert to_minor(said, currency) == minor


@pytest.mark.parametrize(
    "said",
    [
        "面议",
        "",
        "nan",
        "inf",
        "1e30",
        "1e999999",
        "1e-999999",
        "0.001",
        "1.2.3",
        "--5",
        "1,2,3",
        "0,123",
        "1,2345",
        "1,23.4",
    ],
)
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


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("RMB", "CNY"),
        ("元", "CNY"),
        ("人民币", "CNY"),
        ("￥", "CNY"),
        ("usd", "USD"),
        ("美元", "USD"),
        (" eur ", "EUR"),
    ],
)
def test_currencies_by_the_names_people_give_them(said: str, code: str) -> None:
    assert currency_code(said) == code


@pytest.mark.parametrize("said", ["", "¤", "贝壳", "US", "1,5", "USDT"])
def test_what_is_no_currency_is_refused(said: str) -> None:
    with pytest.raises(ValueError):
        currency_code(said)
