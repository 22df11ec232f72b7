"""Douyin live push: comments, likes, gifts, follows, fan club. Files hold push bodies, bare or with their headers.

Source: developer.open-douyin.com, live-room-scope/data-open. Pushes repeat and come unordered: `msg_id` dedupes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record, reject, stamp
from huitou.events.connectors.documents import read_values
from huitou.events.connectors.files import Head
from huitou.events.connectors.notes import note
from huitou.events.model import parse_json
from huitou.kit.errors import Rejected

name = "douyin"
title = {"zh": "抖音直播推送", "en": "Douyin live push"}

FOLLOW = {1: "live_followed", 2: "live_unfollowed"}
FANCLUB = {1: "fanclub_upgraded", 2: "fanclub_joined", 16: "fanclub_left"}

ROOM_IN_ID = re.compile(r"(\d+)-[a-z]+-\d+$")
NO_ROOM = {
    "zh": "推送里没有直播间（保存时没有请求头）：不属于任何场次；请用 --broadcast 场次 指明",
    "en": "pushes that name no room (saved without their headers) belong to no broadcast: name it by --broadcast ID",
}


def recognise(head: Head) -> float:
    return max(map(_likeness, head.samples), default=0.0)


def _likeness(value: Any) -> float:
    if not isinstance(value, dict):
        return 0.0
    if "body" in value and isinstance(value.get("headers"), dict):
        return 1.0 if "x-msg-type" in _lower(value["headers"]) else 0.5
    return 1.0 if "msg_id" in value and "sec_openid" in value else 0.0


def read(path: Path, options: Options) -> Iterator[Record]:
    for number, value, text in read_values(path):
        try:
            if isinstance(value, Rejected):
                raise value
            headers, items = _open_envelope(value)
        except Rejected as why:
            yield Record((number,), (), why, text if isinstance(value, Rejected) else value)
            continue
        for item in items:
            record = read_push_event(number, item, headers, options.broadcast)
            # Rejected, an event is kept as a push of its own, which can be mended and read again.
            yield record._replace(original={"headers": headers, "body": [item]})


def read_push_event(number: int, item: Any, headers: Mapping[str, str], broadcast: str | None = None) -> Record:
    """One event of a push body; `headers` in lower case name the room and the type."""
    if not isinstance(item, dict):
        return reject((number,), item, "", "不是事件对象", "is no event object")
    if item.get("test"):
        return reject((number,), item, "test", "是平台的测试数据", "is the platform's test data")
    event = _event(item, headers.get("x-msg-type") or _guess_type(item))
    if event is None:
        return reject((number,), item, "msg_type", "不认识的推送类型", "is not a push type we know")
    at = _whole(item.get("timestamp"))
    if at is None:
        return reject((number,), item, "timestamp", "应为毫秒整数", "must be an integer of milliseconds")
    if not item.get("msg_id") or not item.get("sec_openid"):
        return reject((number,), item, "msg_id, sec_openid", "缺失", "is missing")
    room = headers.get("x-roomid") or _room_of(str(item["msg_id"]))
    if room is None and broadcast is None:
        note(NO_ROOM)
    properties: dict[str, Any] = {
        "room_id": room,
        "broadcast_id": broadcast,
        "nickname": item.get("nickname"),
        **event[1],
    }
    if not 10**11 <= at < 10**13:  # 1973 to 2286: seconds and microseconds are no milliseconds
        return reject((number,), item, "timestamp", f"{at} 不是毫秒时间", f"{at} is no time in milliseconds")
    raw = {
        "type": "track",
        "event": event[0],
        "messageId": str(item["msg_id"]),
        "timestamp": stamp(at * 1_000),
        "context": {"traits": {"openid:douyin": item["sec_openid"]}},
        "properties": {key: value for key, value in properties.items() if value is not None},
    }
    return Record((number,), (raw,), None, item)


def _room_of(message: str) -> str | None:
    """The room of ids that begin with it (7430001-c-1); a body saved without its headers names it nowhere else."""
    match = ROOM_IN_ID.match(message)
    return match[1] if match else None


def _whole(value: Any) -> int | None:
    """A whole number, as JSON or as text: senders that keep 64-bit numbers from JavaScript quote all of them."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _open_envelope(value: Any) -> tuple[dict[str, str], list[Any]]:
    """A saved request {"headers", "body"}, a bare body (array), or one bare event."""
    headers: dict[str, str] = {}
    if isinstance(value, dict) and "body" in value:
        said = value.get("headers")
        headers = _lower(said) if isinstance(said, dict) else {}
        value = parse_json(value["body"]) if isinstance(value["body"], str) else value["body"]
    return headers, value if isinstance(value, list) else [value]


def _lower(headers: Mapping[str, Any]) -> dict[str, str]:
    return {key.lower(): str(value) for key, value in headers.items()}


def _guess_type(item: Mapping[str, Any]) -> str:
    marks = {
        "content": "live_comment",
        "like_num": "live_like",
        "sec_gift_id": "live_gift",
        "fansclub_reason_type": "live_fansclub",
        "user_follow_action": "live_follow",
        "use_follow_action": "live_follow",
    }
    return next((kind for mark, kind in marks.items() if mark in item), "")


def _event(item: Mapping[str, Any], kind: str) -> tuple[str, dict[str, Any]] | None:
    """Our event name and its properties; None where the push is of no kind we know."""
    match kind:
        case "live_comment":
            return "live_commented", {"content": item.get("content", "")}
        case "live_like":
            return "live_liked", {"count": item.get("like_num", 1)}
        case "live_gift":
            value = _whole(item.get("gift_value"))
            money = {} if value is None else {"total": value, "currency": "CNY"}
            return "live_gifted", {"gift_id": item.get("sec_gift_id"), "count": item.get("gift_num", 1), **money}
        case "live_fansclub":
            known = _known(FANCLUB, item.get("fansclub_reason_type"))
            return (known, {"level": item.get("fansclub_level")}) if known else None
        case "live_follow":
            # The official page spells the field both ways.
            known = _known(FOLLOW, item.get("user_follow_action", item.get("use_follow_action")))
            return (known, {}) if known else None
    return None


def _known(names: Mapping[int, str], code: Any) -> str | None:
    number = _whole(code)
    return None if number is None else names.get(number)
