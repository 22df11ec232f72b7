"""Segment's own format, the neutral one: NDJSON, a JSON array, or saved /v1/batch bodies.

What an event does not say (its currency, time, broadcast, shop) is what the operator says of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record, reject, stamp
from huitou.events.connectors.documents import read_values
from huitou.events.connectors.files import Head
from huitou.events.fields import MONEY
from huitou.events.names import find_name
from huitou.kit.errors import Rejected

name = "segment"
title = {"zh": "Segment 事件", "en": "Segment events"}

PRICED = MONEY | {"value"}
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
            yield _read_item(number, item, options)


def _read_item(number: int, item: Any, options: Options) -> Record:
    if isinstance(item, dict):
        return Record((number,), (fill_in(item, options),), None, item)
    return reject((number,), item, "", "不是事件对象", "is no event object")


def fill_in(item: dict[str, Any], options: Options) -> dict[str, Any]:
    """The event with what the operator said of the file, where it is silent itself."""
    if options.time_default is not None and item.get("timestamp") is None and item.get("originalTimestamp") is None:
        item = {**item, "timestamp": stamp(options.time_default)}
    if item.get("type") != "track":
        return item
    properties = item.get("properties") or {}
    if type(properties) is not dict:
        return item
    missing = {}
    if options.broadcast and not properties.get("broadcast_id") and not properties.get("room_id"):
        missing["broadcast_id"] = options.broadcast
    if options.shop and not properties.get("shop_id"):
        missing["shop_id"] = options.shop
    if not PRICED.isdisjoint(properties) and not properties.get("currency") and _is_money(item.get("event")):
        missing["currency"] = options.currency
    return {**item, "properties": {**properties, **missing}} if missing else item


def _is_money(event: Any) -> bool:
    """Whether amounts are read under that name; under others they are kept as they came."""
    return isinstance(event, str) and find_name(event.strip()).money != "verbatim"
