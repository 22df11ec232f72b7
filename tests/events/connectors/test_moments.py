"""Moments as exports, spreadsheets and people write them; what may be two moments is none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.events.connectors.moments import TwoDays, day_order, in_order, is_whole_day, read_moment
from huitou.kit import clock

SHANGHAI = "Asia/Shanghai"
EVENING = datetime.fromisoformat("2026-11-20T20:10:00")  # as a workbook holds it, without a zone
NULL = datetime.fromisoformat("1899-12-30T00:00:00")  # of the 1900 system


def read(cell: Any) -> str:
    """The moment as a clock in Shanghai shows it."""
    return (
        clock.to_datetime(read_moment(cell, SHANGHAI), SHANGHAI)
        .strftime("%Y-%m-%d %H:%M:%S.%f")
        .removesuffix(".000000")
    )


@pytest.mark.parametrize(
    "cell",
    [
        "2026-11-20 20:10:00", "2026-11-20T20:10:00", "2026-11-20  20:10", "2026-11-20 20.10", "2026-11-20 20.10.00",
        "2026/11/20 20:10", "2026.11.20 20:10", "2026/11/20 20:10:0", "20261120 20:10", "20261120201000", "202611202010",
        "2026年11月20日 20:10", "2026年11月20日20时10分", "2026年11月20日20时10分0秒", "2026年11月20日 星期五 20:10",
        "2026/11/20 下午8:10", "2026-11-20 下午 8:10:00", "2026/11/20 晚上8:10", "2026-11-20 8:10 PM", "2026-11-20 08:10:00 p.m.",
        "2026-11-20 下午20:10", "20/11/2026 20:10", "11/20/2026 8:10 PM", "20.11.2026 20:10", "11-20-2026 20:10",
        "20 Nov 2026 20:10", "20-Nov-2026 20:10", "Nov 20, 2026 8:10 PM", "November 20, 2026, 20:10", "Fri, 20 Nov 2026 20:10:00",
        "２０２６－１１－２０　２０：１０", "\u202d2026-11-20 20:10\u202c", "\t2026-11-20 20:10", "'2026-11-20 20:10",
        "2026-11-20T12:10:00Z", "2026-11-20 12:10 UTC", "2026-11-20 12:10:00 GMT", "2026-11-20 20:10 +0800", "2026-11-20T20:10+08:00",
        "2026-11-20 21:10 UTC+9", "1795176600", "1795176600000", "1795176600000000", 1795176600, 1795176600.0, "1795176600.0",
        46346.84027777778, "46346.84027777778", Decimal("46346.8402777778"),
        EVENING, datetime(2026, 11, 20, 12, 10, tzinfo=UTC),
    ],
)  # fmt: skip
def test_one_moment_in_many_writings(cell: Any) -> None:
    assert read(cell) == "2026-11-20 20:10:00"


@pytest.mark.parametrize(
    "cell",
    ["2026-01-05", "2026/1/5", "2026.1.5", "2026年1月5日", "2026年1月5号", "20260105", 20260105, 20260105.0, "05.01.2026",
     "5 Jan 2026", "January 5, 2026", 46027, 46027.0, "46027", "46027.0", date(2026, 1, 5), "2026-01-05 上午12:00", "2026-01-05 12:00 AM"],
)  # fmt: skip
def test_one_day_in_many_writings(cell: Any) -> None:
    assert read(cell) == "2026-01-05 00:00:00"


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("2026-11-20 12:05 AM", "2026-11-20 00:05:00"), ("2026-11-20 12:05 PM", "2026-11-20 12:05:00"),
        ("2026-11-20 上午9:05", "2026-11-20 09:05:00"), ("2026-11-20 中午12:05", "2026-11-20 12:05:00"),
        ("2026-11-20 中午1:05", "2026-11-20 13:05:00"), ("2026-11-20 凌晨2:05", "2026-11-20 02:05:00"),
        ("2026-11-20 20:10:05.123", "2026-11-20 20:10:05.123000"), ("2026-11-20 20:10:05,5", "2026-11-20 20:10:05.500000"),
        ("1795176605.5", "2026-11-20 20:10:05.500000"), ("05/05/2026", "2026-05-05 00:00:00"),
    ],
)  # fmt: skip
def test_halves_of_the_day_and_fractions_of_seconds(cell: Any, at: str) -> None:
    assert read(cell) == at


@pytest.mark.parametrize(
    "cell",
    ["昨天", "", "-", "2026-13-01", "2026-02-30", "31/04/2026", "2026-11-20 25:00", "2026-11-20 20:61", "20:10", "11/20", "2026-11",
     "2026-11-20 上午13:00", "2026-11-20 晚上12:10", "2026-11-20 上午8:00 PM", "20 Foo 2026", "11/20/26", "20269999", "99999999999",
     "2026", 2026, "1", 0, 12345, 73051, "123456", "6917000000000053166", "46346.84.1", True, "2026-11-20 20:10 CST", "3天前"],
)  # fmt: skip
def test_what_is_no_moment_is_refused(cell: Any) -> None:
    with pytest.raises(ValueError):
        read(cell)


@pytest.mark.parametrize("cell", ["03/04/2026", "3/4/2026 20:10", "03-04-2026", "12/11/2026 8:10 PM"])
def test_what_may_be_two_days_is_neither(cell: str) -> None:
    with pytest.raises(TwoDays):
        read(cell)


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["03/04/2026", "25/12/2026 9:00", "-", None, 7], "day first"),
        (["03/04/2026", "12/25/2026"], "month first"),
        (["25/12/2026", "12/25/2026"], None),
        (["03/04/2026", "05/05/2026"], None),
    ],
)
def test_a_column_settles_its_order_of_day_and_month(cells: list[Any], order: Any) -> None:
    assert day_order(cells) == order


def test_days_are_put_in_order() -> None:
    assert in_order("03/04/2026 8:10 PM", "day first") == "2026-04-03 8:10 PM"
    assert in_order("03/04/2026", "month first") == "2026-03-04"
    assert [in_order(cell, "day first") for cell in ("2026-03-04", 7, None)] == ["2026-03-04", 7, None]


@pytest.mark.parametrize(
    ("cell", "whole"),
    [("2026-11-20", True), ("2026年1月5日", True), (20261120, True), (46346, True), (46346.0, True), (date(2026, 1, 5), True),
     ("2026-11-20 20.10", False), (46346.84, False), (1795176600, False), (EVENING, False), ("?", False)],
)  # fmt: skip
def test_days_and_moments_are_told_apart(cell: Any, whole: bool) -> None:
    assert is_whole_day(cell) is whole


@given(st.datetimes(NULL + timedelta(days=26_000), NULL + timedelta(days=73_000)))
def test_every_writing_of_a_minute_is_the_same_minute(moment: datetime) -> None:
    moment = moment.replace(second=0, microsecond=0)
    half = "上午" if moment.hour < 12 else "下午"
    writings = [
        f"{moment:%Y-%m-%d %H:%M}",
        f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment:%M}",
        f"{moment.year}年{moment.month}月{moment.day}日 {half}{moment.hour % 12 or 12}:{moment:%M}",
        f"{moment:%d %b %Y %I:%M %p}",
        f"{moment:%Y%m%d%H%M}",
        (moment - NULL).total_seconds() / 86_400,
    ]
    assert len({read_moment(writing, SHANGHAI) for writing in writings}) == 1
