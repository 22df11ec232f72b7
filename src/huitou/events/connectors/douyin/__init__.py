"""Douyin live push: comments, likes, gifts, follows, fan club. Files hold push bodies, bare or with their headers.

Source: developer.open-douyin.com, live-room-scope/data-open. Pushes repeat and come unordered: `msg_id` dedupes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from huitou.events.connectors.base import Options, Record, reject
from huitou.events.connectors.files import Head, read_lines, read_whole
from huitou.kit import clock

name = "douyin"
title = {"zh": "抖音直播推送", "en": "Douyin live push"}

FOLLOW = {1: "live_followed", 2: "live_unfollowed"}
FANCLUB = {1: "fanclub_upgraded", 2: "fanclub_joined", 16: "fanclub_left"}


def recognise(head: Head) -> float:
    first = head.first
    if isinstance(first, dict) and "body" in first and isinstance(first.get("headers"), dict):
        return 1.0 if "x-msg-type" in _lower(first["headers"]) else 0.5
    first = first[0] if isinstance(first, list) and first else first
    return 1.0 if isinstance(first, dict) and "msg_id" in first and "sec_openid" in first else 0.0


def read(path: Path, options: Options) -> Iterator[Record]:
    for number, text in _documents(path):
        try:
            value = msgspec.json.decode(text)
            headers, items = _open_envelope(value)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            yield reject((number,), text.rstrip("\n"), "", f"不是抖音推送:{error}", f"is no Douyin push: {error}")
            continue
        for item in items:
            yield read_push_event(number, item, headers, options.broadcast)


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
        return reject((number,), item, "msg_id, sec_openid", "缺失", "missing")
    room = headers.get("x-roomid") or str(item["msg_id"]).split("-")[0]
    properties: dict[str, Any] = {"room_id": room, "nickname": item.get("nickname"), **event[1]}
    if broadcast:
        properties["broadcast_id"] = broadcast
    try:
        timestamp = clock.to_iso(at * 1_000)
    except (ValueError, OverflowError):
        return reject((number,), item, "timestamp", "不是时间", "is not a time")
    raw = {
        "type": "track",
        "event": event[0],
        "messageId": str(item["msg_id"]),
        "timestamp": timestamp,
        "context": {"traits": {"openid": item["sec_openid"]}},
        "properties": {key: value for key, value in properties.items() if value is not None},
    }
    return Record((number,), (raw,), None, item)


def _documents(path: Path) -> Iterator[tuple[int, str]]:
    """A document per line, or the whole file as one (pretty-printed bodies)."""
    lines = list(read_lines(path))
    try:
        msgspec.json.decode(next((line for line in lines if line.strip()), ""))
    except msgspec.DecodeError:
        try:
            whole = read_whole(path)
            msgspec.json.decode(whole)
        except msgspec.DecodeError:
            pass
        else:
            yield 1, whole
            return
    yield from ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _open_envelope(value: Any) -> tuple[dict[str, str], list[Any]]:
    """A saved request {"headers", "body"}, a bare body (array), or one bare event."""
    if isinstance(value, dict) and "body" in value:
        headers = _lower(value.get("headers") or {})
        body = value["body"]
        if isinstance(body, str):
            body = json.loads(body)
        return headers, body if isinstance(body, list) else [body]
    return {}, value if isinstance(value, list) else [value]


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
            known = FANCLUB.get(item.get("fansclub_reason_type", 0))
            return (known, {"level": item.get("fansclub_level")}) if known else None
        case "live_follow":
            # The official page spells the field both ways.
            known = FOLLOW.get(item.get("user_follow_action", item.get("use_follow_action", 0)))
            return (known, {}) if known else None
    return None
