"""Which broadcast and when: known, or asked; never invented. Whatever the source, whatever the form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.events.connectors import find_connector, recognise
from huitou.events.connectors.base import Options, Record, Span
from huitou.events.placing import IN_ROOM, Unplaced, place_records
from huitou.kit.clock import MINUTE, SECOND, parse_time

BEGAN, ENDED = (parse_time(f"2026-11-20T{hour}:00+08:00") for hour in (20, 22))
VIEWERS = {
    "errcode": 0,
    "stat_info": {"external_users": [{"external_userid": "wm1", "watch_time": 300, "is_comment": 1}]},
}
PUSH = {"msg_id": "71888888888", "sec_openid": "_0", "content": "怎么买", "timestamp": 1795295510660}
ENTERED = {"type": "track", "event": "live_entered", "userId": "u1"}

SILENT = {
    "watch.json": json.dumps(VIEWERS),
    "watch_stat_2026.11.20.json": json.dumps([VIEWERS, VIEWERS]),
    "push.json": json.dumps([PUSH]),
    "viewers.csv": "手机号,昵称,观看时长(秒)\n19900000001,林,300\n",
    "entered.csv": "user_id,进入时间,离开时间\nu1,2026-11-20 20:01,2026-11-20 20:09\n",
    "events.csv": "user_id,event,time\nu1,进入直播间,2026-11-20 20:01\n",
    "events.ndjson": json.dumps(ENTERED | {"timestamp": "2026-11-20T12:01:00Z"}),
}
TIMELESS = {
    "watch.json": json.dumps(VIEWERS | {"livingid": "B21"}),
    "viewers.csv": "手机号,场次,观看时长(秒)\n19900000001,B21,300\n",
    "events.ndjson": json.dumps(ENTERED | {"properties": {"broadcast_id": "B21"}}),
    "started.ndjson": json.dumps({"type": "track", "event": "live_started", "properties": {"broadcast_id": "B21"}}),
}


def placed(path: Path, content: str, **options: Any) -> list[Record]:
    path.write_text(content)
    given = Options(**options)
    return list(place_records(path, find_connector(recognise(path).name).read(path, given), given))


def moments(records: list[Record]) -> list[tuple[str, Any, Any]]:
    """(event, broadcast, minutes after it began) of what goes in."""
    return [
        (event["event"], event["properties"]["broadcast_id"], (event["timestamp"] - BEGAN) / MINUTE)
        for record in records
        for event in record.events
    ]


@pytest.mark.parametrize("name", SILENT)
def test_a_file_that_names_no_broadcast_is_asked_about(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unplaced, match=r"--broadcast ID.*--started TIME") as asked:
        placed(tmp_path / name, SILENT[name])
    assert asked.value.question.needs == "broadcast"
    records = placed(tmp_path / name, SILENT[name], broadcast="B21", spans={"B21": Span(BEGAN)})
    assert [record.rejected for record in records] == [None] * len(records)
    assert {event["properties"]["broadcast_id"] for record in records for event in record.events} == {"B21"}


@pytest.mark.parametrize("name", TIMELESS)
def test_a_file_that_tells_no_time_of_an_unknown_broadcast_is_asked_about(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unplaced, match="--started TIME") as asked:
        placed(tmp_path / name, TIMELESS[name])
    assert (asked.value.question.needs, asked.value.question.broadcasts) == ("time", ("B21",))
    # One time for all rows does not say whether the room opened or closed then.
    if name in ("watch.json", "viewers.csv"):
        with pytest.raises(Unplaced):
            placed(tmp_path / name, TIMELESS[name], time_default=ENDED)
    assert moments(placed(tmp_path / name, TIMELESS[name], spans={"B21": Span(BEGAN, ENDED)}))


def test_times_follow_from_when_the_broadcast_was(tmp_path: Path) -> None:
    path, content = tmp_path / "watch.json", TIMELESS["watch.json"]
    assert moments(placed(path, content, spans={"B21": Span(BEGAN, ENDED)})) == [
        ("live_left", "B21", 120), ("live_commented", "B21", 120),
    ]  # fmt: skip
    assert moments(placed(path, content, spans={"B21": Span(None, ENDED)}))[0] == ("live_left", "B21", 120)
    left, commented = placed(path, content, spans={"B21": Span(BEGAN)})[0].events
    assert (left["timestamp"], left["properties"]["time_estimated"]) == (BEGAN + 300 * SECOND, True)
    assert commented["timestamp"] == BEGAN
    entered = placed(tmp_path / "e.ndjson", TIMELESS["events.ndjson"], spans={"B21": Span(BEGAN, ENDED)})
    assert moments(entered) == [("live_entered", "B21", 0)]


def test_single_rows_that_are_silent_are_rejected_and_the_others_go_in(tmp_path: Path) -> None:
    told = ENTERED | {"timestamp": "2026-11-20T12:01:00Z", "properties": {"broadcast_id": "B21"}}
    nowhere, whenever = told | {"properties": {}}, {key: told[key] for key in told if key != "timestamp"}
    followed = told | {"event": "live_followed", "properties": {}}
    lines = [told, nowhere, whenever, followed]
    records = placed(tmp_path / "e.ndjson", "\n".join(map(json.dumps, lines)))
    assert [record.rejected and record.rejected.field for record in records] == [
        None,
        "broadcast_id",
        "timestamp",
        None,
    ]
    assert records[1].original == nowhere


def test_a_room_stands_for_its_broadcast(tmp_path: Path) -> None:
    body = {"headers": {"x-msg-type": "live_comment", "x-roomid": "7430001"}, "body": [PUSH]}
    [record] = placed(tmp_path / "push.json", json.dumps(body))
    assert record.events[0]["properties"]["room_id"] == "7430001"


spans = st.builds(Span, *[st.none() | st.integers(10**15, 2 * 10**15)] * 2)


@given(st.sampled_from(sorted(IN_ROOM)), st.none() | st.integers(0, 10**5), spans)
def test_nothing_is_placed_but_by_what_was_said(event: str, seconds: int | None, span: Span) -> None:
    properties = {"broadcast_id": "B"} | ({} if seconds is None else {"watch_seconds": seconds})
    record = Record((1,), ({"type": "track", "event": event, "properties": properties},), None, None)
    try:
        [made] = place_records(Path("x"), iter([record]), Options(spans={"B": span}))
    except Unplaced:
        assert None in (span.started_at, span.ended_at)
        return
    at = made.events[0]["timestamp"]
    assert at in (span.started_at, span.ended_at, (span.started_at or 0) + (seconds or 0) * SECOND)
