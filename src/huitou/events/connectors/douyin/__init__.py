"""Douyin live push: comments, likes, gifts, follows, fan club. Files hold push bodies, bare or with their headers.

Source: developer.open-douyin.com, live-room-scope/data-open. Pushes repeat and come unordered: `msg_id` dedupes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record, reject, stamp
from huitou.events.connectors.documents import read_values
from huitou.events.connectors.files import Head
from huitou.events.model import parse_json
from huitou.kit.errors import Rejected

name = "douyin"
title = {"zh": "抖音直播推送", "en": "Douyin live push"}

FOLLOW = {1: "live_followed", 2: "live_unfollowed"}
FANCLUB = {1: "fanclub_upgraded", 2: "fanclub_joined", 16: "fanclub_left"}


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
    at = item.get("timestamp")
    if not isinstance(at, int) or isinstance(at, bool):
        return reject((number,), item, "timestamp", "应为毫秒整数", "must be an integer of milliseconds")
    if not item.get("msg_id") or not item.get("sec_openid"):
        return reject((number,), item, "msg_id, sec_openid", "缺失", "is missing")
    room = headers.get("x-roomid") or str(item["msg_id"]).split("-")[0]
    properties: dict[str, Any] = {"room_id": room, "nickname": item.get("nickname"), **event[1]}
    if broadcast:
        properties["broadcast_id"] = broadcast
    if not 10**11 <= at < 10**13:  # 1973 to 2286: seconds and microseconds are no milliseconds
        return reject((number,), item, "timestamp", f"{at} 不是毫秒时间", f"{at} is no time in milliseconds")
    raw = {
        "type": "track",
        "event": event[0],
        "messageId": str(item["msg_id"]),
        "timestamp": stamp(at * 1_000),
        "context": {"traits": {"openid": item["sec_openid"]}},
        "properties": {key: value for key, value in properties.items() if value is not None},
    }
    return Record((number,), (raw,), None, item)


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
            value = item.get("gift_value")
            money = {"total": value, "currency": "CNY"} if isinstance(value, int) else {}
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
    return names.get(int(code)) if isinstance(code, int) or (isinstance(code, str) and code.isdigit()) else None
