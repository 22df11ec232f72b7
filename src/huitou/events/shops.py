"""The shop of a row that names it without its id: files of several shops say 店铺 where others say 店铺ID.

A name is known once an event told it together with an id, or a file with that column was imported with `--shop`. A name
that two shops have tells neither. What is matched gets the id that a row with the shop's own id would have had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from huitou.events.connectors.base import Record

NAMES = ("shop_name", "store_name", "店铺名称", "店铺名", "店铺")

FindShops = Callable[[], Mapping[str, str]]  # name -> id


class ShopNames:
    """Looked up when the first row needs one."""

    def __init__(self, find: FindShops) -> None:
        self._find = find

    @cached_property
    def ids(self) -> Mapping[str, str]:
        return self._find()

    def place(self, record: Record) -> Record:
        if not any(_is_named(event) for event in record.events):
            return record
        return record._replace(events=tuple(self._place(event) for event in record.events))

    def _place(self, event: dict[str, Any]) -> dict[str, Any]:
        shop = self.ids.get(_name_of(event)) if _is_named(event) else None
        if shop is None:
            return event
        number = event.get("messageId")
        # The id of an order's event begins with its shop (":7001:order_paid" where there was none).
        own = {"messageId": f"{shop}{number}"} if isinstance(number, str) and number.startswith(":") else {}
        return {**event, **own, "properties": {**event["properties"], "shop_id": shop}}


def _is_named(event: dict[str, Any]) -> bool:
    said = event.get("properties")
    return isinstance(said, dict) and not said.get("shop_id") and bool(_name_of(event))


def _name_of(event: dict[str, Any]) -> str:
    told = (event["properties"].get(name) for name in NAMES)
    return next((name.strip() for name in told if isinstance(name, str) and name.strip()), "")
