"""Segment's own format, the neutral one: NDJSON, a JSON array, or saved /v1/batch bodies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from huitou.events.connectors.base import Options, Record, reject
from huitou.events.connectors.files import Head, read_head, read_lines, read_whole, refuse_file

name = "segment"
title = {"zh": "Segment 事件", "en": "Segment events"}

TYPES = frozenset({"track", "identify", "page", "screen", "group", "alias"})


def recognise(head: Head) -> float:
    first = head.first[0] if isinstance(head.first, list) and head.first else head.first
    if not isinstance(first, dict):
        return 0.3 if head.kind == "json" and head.lines and first is None else 0.0
    if isinstance(first.get("batch"), list) or first.get("type") in TYPES:
        return 1.0
    return 0.6 if "event" in first and {"userId", "anonymousId", "messageId"} & first.keys() else 0.0


def read(path: Path, options: Options) -> Iterator[Record]:
    head = read_head(path)
    if head.kind != "json":
        raise refuse_file(path, "不是 JSON。", "is not JSON")
    if head.lines:
        yield from _read_lines(path)
    else:
        yield from _each(1, msgspec.json.decode(read_whole(path)))


def _read_lines(path: Path) -> Iterator[Record]:
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        try:
            value = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            yield reject((number,), line.rstrip("\n"), "", f"不是 JSON:{error}", f"is not JSON: {error}")
            continue
        yield from _each(number, value)


def _each(number: int, value: Any) -> Iterator[Record]:
    """The events in one JSON value: itself, the items of an array, or of a body's `batch`."""
    if isinstance(value, dict) and isinstance(value.get("batch"), list):
        value = value["batch"]
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield Record((number,), (item,), None, item)
        else:
            yield reject((number,), item, "", "不是事件对象", "is no event object")
