"""How numbers are written, where intervals are drawn, what is masked, who has to wait."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.console.masking import mask
from huitou.console.reads.lift import draw_interval
from huitou.science.lift import ArmLift


@pytest.fixture(autouse=True)
def _configured(django: None) -> None:
    """Filters speak the language of the request, so Django must be set up."""


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (None, "–", "–"),
        (0, "0", "0"),
        (9_999, "9,999", "9,999"),
        (12_000, "1.2万", "12K"),
        (20_556, "2.06万", "20.6K"),
        (340_000_000, "3.4亿", "340M"),
        (-45_600, "-4.56万", "-45.6K"),
        (1_234_567, "123万", "1.23M"),
    ],
)
def test_big_numbers_are_shortened_as_people_write_them(value: int | None, zh: str, en: str) -> None:
    from django.utils.translation import override

    from huitou.console.templatetags.huitou import big

    with override("zh-hans"):
        assert big(value) == zh
    with override("en"):
        assert big(value) == en


def test_money_and_durations() -> None:
    from django.utils.translation import override

    from huitou.console.templatetags.huitou import big_money, duration, money, signed, signed_money

    assert money(123_450, "CNY") == "¥1,234.50"
    assert signed_money(-123_450, "CNY") == "−¥1,234.50"
    assert (signed(12.0, 0), signed(-12.0, 0)) == ("+12", "−12")
    with override("zh-hans"):
        assert (duration(40), duration(720), duration(11_100)) == ("40 秒", "12 分钟", "3 小时 05 分")
        assert big_money(9_164_700, "CNY") == "¥9.16万"
    with override("en"):
        assert (duration(40), duration(720), duration(11_100)) == ("40 s", "12 min", "3 h 05 min")
        assert big_money(9_164_700, "CNY") == "¥91.6K"


def lift(low: float | None, middle: float, high: float | None) -> ArmLift:
    return ArmLift("send", 10, 10, 0.1, 0.1, 0.0, total=middle, total_low=low, total_high=high)


def test_prices_below_a_coin_returns_and_other_clocks() -> None:
    from huitou.console.templatetags.huitou import elsewhere, fine_money, ratio
    from huitou.kit.clock import parse_time

    assert (fine_money(0.1), fine_money(4.5), fine_money(200), fine_money(None)) == ("¥0.001", "¥0.045", "¥2.00", "–")
    assert (ratio(62.61), ratio(1039.2), ratio(-0.42), ratio(None)) == ("1 : 62.6", "1 : 1,039.2", "1 : −0.4", "–")
    at = parse_time("2026-11-21T23:30:00", "Asia/Shanghai")
    assert elsewhere(at, "Europe/London") == "11-21 15:30"
    assert [elsewhere(at, zone) for zone in ("Asia/Singapore", "Mars/Base", "", None)] == [""] * 4


ends = st.floats(-1e9, 1e9, allow_nan=False)


@given(ends, ends, ends)
def test_an_interval_is_drawn_in_order_and_zero_is_always_in_sight(one: float, two: float, three: float) -> None:
    low, middle, high = sorted((one, two, three))
    bar = draw_interval(lift(low, middle, high))
    if bar is None:
        assert low == high == 0 or max(high, 0) == min(low, 0)
        return
    assert 0 <= bar.low <= bar.middle <= bar.high <= 100
    assert 0 <= bar.zero <= 100
    assert (
        (bar.low <= bar.zero <= bar.high) == (low <= 0 <= high)
        or abs(bar.low - bar.zero) < 0.02
        or abs(bar.high - bar.zero) < 0.02
    )


def test_no_interval_is_not_drawn() -> None:
    assert draw_interval(lift(None, 3, None)) is None
    assert draw_interval(lift(0, 0, 0)) is None


@given(st.from_regex(r"\+861[3-9]\d{9}", fullmatch=True))
def test_a_masked_phone_cannot_be_dialled(phone: str) -> None:
    shown = mask("phone", phone)
    assert re.fullmatch(r"\+861\d{2}\*{4}\d{4}", shown)
    assert phone[-8:-4] not in shown[6:10]


def test_a_masked_address_keeps_its_first_letter_and_host() -> None:
    assert mask("email", "lin.yue@tea.example.com") == "l***@tea.example.com"
    assert mask("openid", "oU24abcdef") == "oU24abcdef"
