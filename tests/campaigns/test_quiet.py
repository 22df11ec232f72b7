"""Quiet hours against a clock that is walked minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.campaigns.quiet import is_quiet, move_out, union_of
from huitou.kit.clock import DAY, HOUR, MINUTE, parse_time, to_iso
from huitou.kit.zones import offsets_of, to_utc

ZONES = ["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "UTC",
         "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia"]  # fmt: skip
# Days around the changes of 2026 in the zones above, and some without.
DAYS = ["2026-03-07", "2026-03-28", "2026-04-04", "2026-07-01", "2026-10-03", "2026-10-24", "2026-10-31", "2026-12-31"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def move_one(moment: int, zone: str, *windows: tuple[int, int]) -> int:
    return int(move_out(np.array([moment]), np.array([0]), [zone], windows)[0])


def minute_of_day(moment: int, zone: str) -> int:
    local = (EPOCH + timedelta(microseconds=moment)).astimezone(ZoneInfo(zone))
    return local.hour * 60 + local.minute


def is_quiet_naive(moment: int, zone: str, windows: list[tuple[int, int]]) -> bool:
    minute = minute_of_day(moment, zone)
    return any(
        (start <= minute < end) if start < end else (start != end and (minute >= start or minute < end))
        for start, end in windows
    )


def move_naively(moment: int, zone: str, windows: list[tuple[int, int]]) -> int:
    while is_quiet_naive(moment, zone, windows):
        moment = (moment // MINUTE + 1) * MINUTE
    return moment


NIGHT = (22 * 60, 8 * 60)


@pytest.mark.parametrize(
    ("at", "moved"),
    [
        ("2026-11-20T21:59:59.999999", "2026-11-20T21:59:59.999999"),
        ("2026-11-20T22:00", "2026-11-21T08:00"),
        ("2026-11-20T23:30", "2026-11-21T08:00"),
        ("2026-11-21T00:00", "2026-11-21T08:00"),
        ("2026-11-21T07:59:59.999999", "2026-11-21T08:00"),
        ("2026-11-21T08:00", "2026-11-21T08:00"),
    ],
)
def test_a_night_is_half_open_and_crosses_midnight(at: str, moved: str) -> None:
    zone = "Asia/Shanghai"
    assert move_one(parse_time(at, zone), zone, NIGHT) == parse_time(moved, zone)


def test_the_union_of_campaign_and_channel_holds() -> None:
    zone = "Asia/Shanghai"
    assert move_one(parse_time("2026-11-20T20:30", zone), zone, NIGHT, (20 * 60, 8 * 60)) == parse_time(
        "2026-11-21T08:00", zone
    )
    # the end of one window within the next: both are waited out
    assert move_one(parse_time("2026-11-20T12:10", zone), zone, (720, 780), (780, 840)) == parse_time(
        "2026-11-20T14:00", zone
    )


def test_an_end_that_spring_skips_is_the_moment_of_the_change() -> None:
    # Berlin, 2026-03-29: 02:00 becomes 03:00. Quiet until 02:30, which no clock shows.
    moved = move_one(parse_time("2026-03-29T01:30", "Europe/Berlin"), "Europe/Berlin", (22 * 60, 150))
    assert to_iso(moved) == "2026-03-29T01:00:00.000000Z"


def test_an_hour_shown_twice_is_quiet_twice() -> None:
    # Berlin, 2026-10-25: 03:00 becomes 02:00 again, at 01:00 UTC. Quiet 02:15-02:45, both times.
    first, second = parse_time("2026-10-25T00:20Z"), parse_time("2026-10-25T01:20Z")
    assert to_iso(move_one(first, "Europe/Berlin", (135, 165))) == "2026-10-25T00:45:00.000000Z"
    assert to_iso(move_one(second, "Europe/Berlin", (135, 165))) == "2026-10-25T01:45:00.000000Z"


def test_windows_that_fill_the_day_are_refused() -> None:
    with pytest.raises(ValueError, match="whole day"):
        union_of([(0, 720), (700, 0)])
    assert union_of([]) == ()
    assert union_of([(1320, 480), (600, 660)]) == ((600, 660), (1320, 1920))
    assert union_of([(300, 300)]) == ()
    assert union_of(union_of([(1320, 480), (600, 660)])) == ((600, 660), (1320, 1920))


windows = st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 1439)), max_size=3).filter(
    lambda listed: sum((end - start) % 1440 for start, end in listed) < 1400
)


@given(
    st.lists(
        st.tuples(st.sampled_from(DAYS), st.integers(0, 3 * DAY // MINUTE), st.integers(0, MINUTE - 1)),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.integers(0, len(ZONES) - 1), min_size=4, max_size=4),
    windows,
)
@settings(max_examples=150, deadline=None)
def test_moves_as_a_walk_minute_by_minute(
    at: list[tuple[str, int, int]], zones: list[int], listed: list[tuple[int, int]]
) -> None:
    moments = np.array([parse_time(day) + minute * MINUTE + rest for day, minute, rest in at])
    rows = np.array(zones[: len(at)])
    moved = move_out(moments, rows, ZONES, listed)
    expected = [move_naively(int(moment), ZONES[zone], listed) for moment, zone in zip(moments, rows, strict=True)]
    assert moved.tolist() == expected
    assert not is_quiet(moved, rows, ZONES, listed).any()


@given(st.sampled_from(ZONES), st.sampled_from(DAYS), st.integers(0, 3 * 24 * 60))
@settings(max_examples=200, deadline=None)
def test_local_clock_to_moment_is_the_first_that_shows_it(zone: str, day: str, minute: int) -> None:
    local = parse_time(day) + minute * MINUTE
    table = offsets_of(zone, local - DAY, local + DAY)
    moment = int(to_utc(np.array([local]), table)[0])
    shown = moment + int(table.at(np.array([moment]))[0])
    assert shown >= local
    before = np.arange(moment - 3 * HOUR, moment, MINUTE)
    assert (before + table.at(before) < local).all()
