"""Segment's own format, the neutral one: NDJSON, a JSON array, or saved /v1/batch bodies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record, reject
from huitou.events.connectors.documents import read_values
from huitou.events.connectors.files import Head
from huitou.kit.errors import Rejected

name = "segment"
title = {"zh": "Segment 事件", "en": "Segment events"}

TYPES = frozenset({"track", "identify", "page", "screen", "group", "alias"})


def recognise(head: Head) -> float:
    first = head.first[0] if isinstance(head.first, list) and head.first else head.first
    if not isinstance(first, dict):
        return 0.3 if head.kind == "json" and head.lines and first is None else 0.0
    if isinstance(first.get("batch"), list) or first.get("type") in TYPES:
        return 1.0
    return 0.6 if "event" in first and {"userId", "anonymousId", "messageId"} & first.keys() else 0.1


def read(path: Path, options: Options) -> Iterator[Record]:
    for number, value, text in read_values(path):
        if isinstance(value, Rejected):
            yield Record((number,), (), value, text)
            continue
        batch = value.get("batch") if isinstance(value, dict) else value
        for item in batch if isinstance(batch, list) else [value]:
            yield _read_item(number, item)


def _read_item(number: int, item: Any) -> Record:
    if isinstance(item, dict):
        return Record((number,), (item,), None, item)
    return reject((number,), item, "", "不是事件对象", "is no event object")
