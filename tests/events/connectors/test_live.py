"""What people did live: Douyin's pushes, WeCom's watch list, Segment's events; as documents or line by line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.events.connectors.douyin.signature import is_genuine, sign
from huitou.events.connectors.notes import collected
from huitou.events.segment import read_segment
from tests.events.connectors.conftest import events, read, rejections

Write = Callable[..., Path]


def push(**fields: Any) -> dict[str, Any]:
    return {"msg_id": "7430001-c-1", "sec_openid": "_000abc", "nickname": "小鹿", "timestamp": 1795295510660, **fields}


KINDS = [
    ("live_comment", {"content": "怎么买"}, "live_commented", {"content": "怎么买"}),
    ("live_like", {"like_num": 5}, "live_liked", {"count": 5}),
    (
        "live_gift",
        {"sec_gift_id": "g", "gift_num": 2, "gift_value": 1990},
        "live_gifted",
        {"gift_id": "g", "count": 2, "total": 1990, "currency": "CNY"},
    ),
    ("live_fansclub", {"fansclub_reason_type": 2, "fansclub_level": 1}, "fanclub_joined", {"level": 1}),
    ("live_fansclub", {"fansclub_reason_type": 16}, "fanclub_left", {}),
    ("live_follow", {"user_follow_action": 1}, "live_followed", {}),
    ("live_follow", {"use_follow_action": 2}, "live_unfollowed", {}),
]


@pytest.mark.parametrize(("kind", "fields", "event", "properties"), KINDS)
def test_every_kind_of_push_with_and_without_headers(
    write: Write, kind: str, fields: dict[str, Any], event: str, properties: dict[str, Any]
) -> None:
    body = [push(**fields)]
    headers = {"X-Msg-Type": kind, "X-RoomId": "7430001"}
    forms = [
        json.dumps({"headers": headers, "body": body}),
        json.dumps({"headers": headers, "body": json.dumps(body)}),
        json.dumps(body),
        json.dumps(body, indent=2),
        json.dumps(body[0]),
    ]
    for form in forms:
        [made] = events(read(write("push.ndjson", form), "douyin"))
        assert (made["event"], made["messageId"], made["timestamp"]) == (event, "7430001-c-1", 1795295510660000)
        assert made["properties"] == {"room_id": "7430001", "nickname": "小鹿", **properties}
        assert made["context"] == {"traits": {"openid:douyin": "_000abc"}}


def test_bad_pushes_are_named_and_their_neighbours_go_in(write: Write) -> None:
    lines: list[Any] = [
        [push(content="a"), push(content="b", test=True), push(), push(content="c", timestamp="now"), 7],
        [push(content="d", timestamp=1795295510), push(content="e", msg_id=None)],
        {"headers": {"x-msg-type": "live_comment"}, "body": "{broken"},
    ]
    text = "\n".join(json.dumps(line) for line in lines) + "\n{broken\n" + json.dumps([push(content="f")])
    records = read(write("push.ndjson", text), "douyin")
    assert [(row, field) for row, field, _ in rejections(records)] == [
        (1, "test"), (1, "msg_type"), (1, "timestamp"), (1, ""), (2, "timestamp"), (2, "msg_id, sec_openid"), (3, ""), (4, ""),
    ]  # fmt: skip
    assert [event["properties"]["content"] for event in events(records)] == ["a", "f"]


def test_the_signature_of_the_official_example() -> None:
    headers = {"x-nonce-str": "123456", "x-timestamp": "456789", "x-roomid": "268", "x-msg-type": "live_gift"}
    body = "abc123你好".encode()
    assert sign(headers, body, "123abc") == "PDcKhdlsrKEJif6uMKD2dw=="
    assert is_genuine({**headers, "x-signature": "PDcKhdlsrKEJif6uMKD2dw=="}, body, "123abc")
    assert not is_genuine({**headers, "x-signature": "PDcKhdlsrKEJif6uMKD2dw="}, body, "123abc")
    assert not is_genuine({**headers, "x-signature": "签名"}, body, "123abc")
    assert not is_genuine(headers, body, "123abc")
    assert not is_genuine({**headers, "x-signature": sign(headers, body, "123abd")}, body, "123abc")


def page(*viewers: Any, **more: Any) -> dict[str, Any]:
    return {
        "errcode": 0,
        "errmsg": "ok",
        "ending": 1,
        "stat_info": {"users": [{"userid": "staff", "watch_time": 9}], "external_users": list(viewers)},
        **more,
    }


VIEWER = {
    "external_userid": "wm1",
    "type": 1,
    "name": "林",
    "watch_time": 300,
    "is_comment": 1,
    "is_mic": 0,
    "new": {"x": 1},
}


@pytest.mark.parametrize("form", ["document", "lines", "list"])
def test_a_watch_list_one_page_or_several(write: Write, form: str) -> None:
    pages = [
        page(VIEWER, livingid="B20"),
        page({"external_userid": "wm2", "watch_time": 0}, livingid="B20", next_key="k"),
    ]
    text = {
        "document": json.dumps(pages[0], indent=1),
        "lines": "\n".join(map(json.dumps, pages)),
        "list": json.dumps(pages),
    }[form]
    made = events(read(write("watch.json", text), "wecom"))
    expected = [("B20:wm1:live_left:300", 300), ("B20:wm1:live_commented", None), ("B20:wm2:live_left:0", 0)]
    assert [(event["messageId"], event["properties"].get("watch_seconds")) for event in made] == expected[
        : 2 if form == "document" else 3
    ]


def test_bad_viewers_and_pages_are_named(write: Write) -> None:
    pages = [
        page({"watch_time": 1}, {"external_userid": "wm1", "watch_time": "5分"}, 7, VIEWER),
        page(errcode=41001),
        {"ok": 1},
    ]
    records = read(write("B21.json", "\n".join(map(json.dumps, pages))), "wecom", broadcast="B21")
    assert [(row, field) for row, field, _ in rejections(records)] == [
        (1, "external_userid"), (1, "watch_time"), (1, "external_userid"), (2, "errcode"), (3, "stat_info"),
    ]  # fmt: skip
    assert {event["properties"]["broadcast_id"] for event in events(records)} == {"B21"}


def test_segment_lines_arrays_and_bodies(write: Write) -> None:
    one = {"type": "track", "event": "live_entered", "userId": "u1", "messageId": "m1"}
    forms = [
        json.dumps(one),
        json.dumps([one]),
        json.dumps({"batch": [one], "sentAt": "x"}),
        json.dumps([one], indent=2),
    ]
    for form in forms:
        assert events(read(write("events.json", form), "segment")) == [one]
    text = "{broken\n" + json.dumps(one) + "\n\n7\n" + json.dumps({"foo": 1}) + "\n[" + json.dumps(one) + ", null]\n"
    records = read(write("events.ndjson.gz", text), "segment")
    assert events(records) == [one, {"foo": 1}, one]  # the validator judges the second
    assert [(row, said[:14]) for row, _, said in rejections(records)] == [
        (1, "not valid JSON"),
        (4, "is no event ob"),
        (6, "is no event ob"),
    ]


@pytest.mark.parametrize("line", ['{"a": NaN}', '{"a": 1e999}', "[" * 100_000, '"\\ud800"', '{"type": "track"} x'])
def test_lines_that_are_no_json_are_rejected_and_kept_as_text(write: Write, line: str) -> None:
    good = json.dumps({"type": "track", "event": "x", "userId": "u"})
    records = read(write("events.ndjson", f"{good}\n{line}\n{good}\n"), "segment")
    assert [record.original for record in records if record.rejected] == [line]
    assert len(events(records)) == 2


ENTERED = [{"type": "track", "event": "live_entered", "userId": f"u{n}"} for n in range(3)]
PRETTY = [json.dumps(one, indent=2) for one in ENTERED]
LINES = [json.dumps(one) for one in ENTERED]


@pytest.mark.parametrize(
    "text",
    [
        "".join(PRETTY), "\n\n".join(PRETTY), ",\n".join(PRETTY), "".join(LINES), "[" + ",".join(LINES), "[\n" + ",\n".join(LINES),
        "[" + ",\n".join(LINES) + ",\n", ",\n".join(LINES) + ",\n", "[" + ",\n".join(PRETTY) + "\n", "\n".join(LINES[:2]) + "\n" + PRETTY[2],
        "[" + ",\n ".join(LINES) + "\n]\n", json.dumps({"batch": ENTERED[:1]}, indent=1) + json.dumps({"batch": ENTERED[1:]}, indent=1),
    ],
)  # fmt: skip
def test_json_values_however_they_are_strung_together(write: Write, text: str) -> None:
    assert events(read(write("events.json", text), "segment")) == ENTERED


@pytest.mark.parametrize(
    "text", ["[" + ",".join(LINES) + ',{"type": "tr', "[" + ",\n".join(PRETTY) + ',\n{\n  "type": "tr']
)
def test_of_an_array_that_breaks_off_the_whole_items_go_in(write: Write, text: str) -> None:
    records = read(write("events.json", text), "segment")
    assert events(records) == ENTERED
    assert [said[:14] for _, _, said in rejections(records)] == ["not valid JSON"]


def test_a_broken_first_line_however_long_costs_itself(write: Write) -> None:
    text = '{"type": "track", "x": "' + "y" * 70_000 + "\n" + "\n".join(LINES)
    records = read(write("events.ndjson", text), "segment")
    assert events(records) == ENTERED
    assert [row for row, _, _ in rejections(records)] == [1]


def test_what_an_event_does_not_say_the_operator_does(write: Write) -> None:
    silent = {
        "type": "track",
        "event": "Order Completed",
        "userId": "u1",
        "properties": {"order_id": "1", "total": 1980},
    }
    telling = {
        **silent,
        "timestamp": "2026-11-20T12:00:00Z",
        "properties": {"total": 1, "currency": "USD", "broadcast_id": "B1", "shop_id": "S9"},
    }
    other = [{"type": "identify", "userId": "u1"}, {"type": "track", "event": "Signed Up", "properties": {"value": 3}}]
    path = write("events.json", json.dumps([silent, telling, *other]))
    at = 1795176600_000000
    first, second, identify, custom = events(
        read(path, "segment", currency="JPY", broadcast="B20", shop="S1", time_default=at)
    )
    assert first["properties"] == {
        "order_id": "1", "total": 1980, "currency": "JPY", "broadcast_id": "B20", "shop_id": "S1",
    }  # fmt: skip
    assert (first["timestamp"], second) == (at, telling)
    assert identify == {"type": "identify", "userId": "u1", "timestamp": at}
    assert custom["properties"] == {"value": 3, "broadcast_id": "B20", "shop_id": "S1"}
    assert read_segment(first, source="segment", received_at=at).properties["total"] == 1980  # yen have no cents


def test_pushes_without_headers_name_no_room(write: Write) -> None:
    bodies = [push(msg_id=f"718888888888888888{n}", content="怎么买") for n in range(2)]
    path = write("push.json", json.dumps(bodies))
    with collected() as notes:
        made = events(read(path, "douyin"))
    assert [event["properties"] for event in made] == [{"nickname": "小鹿", "content": "怎么买"}] * 2
    assert ["--broadcast" in note["en"] for note in notes] == [True]
    with collected() as notes:
        made = events(read(path, "douyin", broadcast="B20"))
    assert [event["properties"]["broadcast_id"] for event in made] == ["B20"] * 2
    assert notes == []


def test_numbers_of_pushes_may_be_quoted(write: Write) -> None:
    body = push(timestamp="1795295510660", sec_gift_id="g", gift_num="2", gift_value="1990")
    [made] = events(read(write("push.json", json.dumps(body)), "douyin"))
    assert (made["timestamp"], made["properties"]["total"]) == (1795295510660000, 1990)


@pytest.mark.parametrize("seconds", [60, "60", 60.0, 60.9, "60.0"])
def test_seconds_of_a_watch_list_in_any_writing(write: Write, seconds: Any) -> None:
    [made] = events(
        read(
            write("w.json", json.dumps(page({"external_userid": "wm1", "watch_time": seconds}, livingid="B20"))),
            "wecom",
        )
    )
    assert made["properties"] == {"broadcast_id": "B20", "watch_seconds": 60}


def test_a_watch_list_that_names_no_broadcast_gets_none_from_its_file_name(write: Write) -> None:
    made = events(read(write("watch_stat_2026.11.20.json", json.dumps(page(VIEWER))), "wecom"))
    assert [event["properties"] for event in made] == [{"watch_seconds": 300}, {}]


def test_a_list_fetched_again_tells_what_came_after(write: Write) -> None:
    during, after = (
        events(read(write("B20.json", json.dumps(page({**VIEWER, "watch_time": seconds}, livingid="B20"))), "wecom"))
        for seconds in (60, 3600)
    )
    assert [event["messageId"] for event in during] == ["B20:wm1:live_left:60", "B20:wm1:live_commented"]
    assert [event["messageId"] for event in after] == ["B20:wm1:live_left:3600", "B20:wm1:live_commented"]


def test_a_huge_line_is_rejected_and_the_next_goes_in(write: Write) -> None:
    good = json.dumps({"type": "track", "event": "x", "userId": "u"})
    records = read(write("events.ndjson", f"{good}\n" + '{"a": "' + "x" * (5 << 20) + f'"}}\n{good}\n'), "segment")
    assert rejections(records) == [(2, "", "a line over 4 MB")]
    assert len(events(records)) == 2
