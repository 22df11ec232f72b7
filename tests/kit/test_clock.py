from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.kit import clock

YEARS = st.integers(0, 7_258_118_400 * clock.SECOND - 1)


@given(YEARS)
def test_iso_text_reads_back_to_the_same_microsecond(at: int) -> None:
    assert clock.parse_time(clock.to_iso(at)) == at


@given(YEARS, YEARS)
def test_iso_texts_sort_like_times(one: int, other: int) -> None:
    assert (clock.to_iso(one) < clock.to_iso(other)) == (one < other)


@pytest.mark.parametrize(
    ("text", "zone", "iso"),
    [
        ("2026-11-20T11:00:00Z", "UTC", "2026-11-20T11:00:00.000000Z"),
        ("2026-11-20 19:00:00", "Asia/Shanghai", "2026-11-20T11:00:00.000000Z"),
        ("2026/11/20 19:00", "Asia/Shanghai", "2026-11-20T11:00:00.000000Z"),
        ("2026-11-20", "Asia/Shanghai", "2026-11-19T16:00:00.000000Z"),
        ("2026-11-20T19:00+08:00", "America/New_York", "2026-11-20T11:00:00.000000Z"),
    ],
)
def test_times_without_offset_are_local(text: str, zone: str, iso: str) -> None:
    assert clock.to_iso(clock.parse_time(text, zone)) == iso


@pytest.mark.parametrize("text", ["yesterday", "", "1969-12-31T23:59:59Z", "2200-01-01", "2026-13-01", "9999-12-31",
                                  "2026-11-20 20.10", "2026-11-20T20:10.5", "20261120T2010.5"])  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        clock.parse_time(text)


@pytest.mark.parametrize("name", ["Etc/GMT+25", "Mars/Olympus", "", "../etc/passwd"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        clock.zone_of(name)


def test_time_stands_still_while_frozen_and_goes_on_afterwards() -> None:
    with clock.frozen("2026-11-20T12:00:00Z") as stopped:
        first = clock.now_us()
        stopped.move_to(first + clock.DAY)
        assert clock.now_us() == first + clock.DAY
    assert clock.now_us() != first + clock.DAY


def test_a_shifted_clock_ticks_from_its_start() -> None:
    shifted = clock.ShiftedClock(clock.parse_time("2026-11-20T12:00:00Z"))
    assert 0 <= shifted.now_us() - clock.parse_time("2026-11-20T12:00:00Z") < clock.MINUTE
