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
    return max(map(_likeness, head.samples), default=0.0)


def _likeness(value: Any) -> float:
    if not isinstance(value, dict):
        return 0.0
    if isinstance(value.get("batch"), list) or value.get("type") in TYPES:
        return 1.0
    return 0.6 if "event" in value and {"userId", "anonymousId", "messageId"} & value.keys() else 0.0


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
