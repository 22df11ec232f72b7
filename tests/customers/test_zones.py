from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.customers.zones import END, zone_spans
from huitou.kit.clock import HOUR, SECOND, parse_time

KNOWN = (
    "Asia/Shanghai",
    "Europe/London",
    "America/New_York",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "UTC",
)
SPANS = {zone: zone_spans([zone], "UTC").to_pylist() for zone in KNOWN}


@given(zone=st.sampled_from(KNOWN), at=st.integers(631_152_000, 2_208_988_799))
def test_every_moment_has_the_offset_the_zone_has(zone: str, at: int) -> None:
    found = [
        row["offset_us"] for row in SPANS[zone] if row["zone"] == zone and row["from_at"] <= at * SECOND < row["to_at"]
    ]
    offset = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).utcoffset()

    assert offset is not None
    assert found == [int(offset.total_seconds()) * SECOND]


@pytest.mark.parametrize("zone", KNOWN)
def test_spans_leave_no_gap(zone: str) -> None:
    spans = [row for row in SPANS[zone] if row["zone"] == zone]

    assert [row["to_at"] for row in spans] == [*[row["from_at"] for row in spans[1:]], END]
    assert spans[0]["from_at"] == 0


def test_summer_time_begins_to_the_second() -> None:
    london = [row for row in SPANS["Europe/London"] if row["zone"] == "Europe/London"]

    assert {"zone": "Europe/London", "from_at": parse_time("2026-03-29T01:00:00Z"),
            "to_at": parse_time("2026-10-25T01:00:00Z"), "offset_us": HOUR} in london  # fmt: skip


def test_what_is_no_zone_is_left_out() -> None:
    assert set(zone_spans(["No/Where", None, ""], "Asia/Shanghai").column("zone").to_pylist()) == {"Asia/Shanghai"}
    with pytest.raises(ValueError, match="is not a time zone"):
        zone_spans([], "No/Where")
