"""What people did live: Douyin's pushes, WeCom's watch list, Segment's events; as documents or line by line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.events.connectors.douyin.signature import is_genuine, sign
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
        assert made["context"] == {"traits": {"openid": "_000abc"}}


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
    expected = [("B20:wm1:live_left", 300), ("B20:wm1:live_commented", None), ("B20:wm2:live_left", 0)]
    assert [(event["messageId"], event["properties"].get("watch_seconds")) for event in made] == expected[
        : 2 if form == "document" else 3
    ]


def test_bad_viewers_and_pages_are_named(write: Write) -> None:
    pages = [
        page({"watch_time": 1}, {"external_userid": "wm1", "watch_time": "5分"}, 7, VIEWER),
        page(errcode=41001),
        {"ok": 1},
    ]
    records = read(write("B21.json", "\n".join(map(json.dumps, pages))), "wecom")
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


def test_a_huge_line_is_rejected_and_the_next_goes_in(write: Write) -> None:
    good = json.dumps({"type": "track", "event": "x", "userId": "u"})
    records = read(write("events.ndjson", f"{good}\n" + '{"a": "' + "x" * (5 << 20) + f'"}}\n{good}\n'), "segment")
    assert rejections(records) == [(2, "", "a line over 4 MB")]
    assert len(events(records)) == 2
