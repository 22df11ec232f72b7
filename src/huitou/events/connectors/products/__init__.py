"""Products as a table: one row a product, prices in the currency's major unit (元)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record, hash_of, number_state, stamp
from huitou.events.connectors.cells import (
    Row,
    a_count,
    a_moment,
    an_amount,
    an_id,
    missing,
    read_rows,
    shown,
    text,
)
from huitou.events.connectors.columns import (
    EVENT,
    GOODS,
    LIVE,
    ORDER,
    TIMES,
    UPDATED,
    WHO,
    open_placed,
    place_columns,
    sums_up,
    tells_facts,
)
from huitou.events.connectors.files import Head
from huitou.events.connectors.tables import Table
from huitou.events.connectors.words import refuse_totals
from huitou.events.fields import read_currency
from huitou.kit.errors import Rejected

name = "products"
title = {"zh": "商品", "en": "Products"}

FIELDS = {
    "product_id": (*GOODS["product_id"], "handle", "商品条码", "条码", "barcode", "id"),
    "name": ("商品名称", "商品名", "商品标题", "宝贝标题", "宝贝名称", "产品名称", "品名", "名称", "标题", "title", "product_name",
             "product_title", "item_name", "item_title", "goods_name", "商品"),
    "category": (*GOODS["category"], "type"),
    "price": (*GOODS["price"], "live_price"),
    "list_price": ("regular_price", "original_price", "原价", "市场价", "吊牌价", "划线价"),
    "currency": GOODS["currency"],
    "stock": (
        "库存", "库存数量", "库存数", "库存量", "可售库存", "现货库存", "剩余库存", "可用库存", "inventory", "stock_quantity",
        "inventory_quantity", "stock_level", "available", "variant_inventory_qty", "qty_available",
    ),
    "margin": ("毛利率", "利润率", "margin_rate", "gross_margin", "profit_margin"),
    "url": ("链接", "商品链接", "商品网址", "商品地址", "网址", "详情页", "link", "product_url", "permalink"),
    "image_url": (
        "图片", "主图", "商品图片", "商品主图", "图片链接", "主图链接", "image", "picture", "image_src", "image_link", "thumbnail",
    ),
    "shop_id": GOODS["shop_id"],
    **UPDATED,
}  # fmt: skip
NEEDED = ("product_id", "name", "price")
FACTS = {
    **WHO,
    **EVENT,
    **LIVE,
    **{role: TIMES[role] for role in ("time", "date")},
    **{role: ORDER[role] for role in ("order_id", "line_id")},
    "quantity": ("qty", "数量", "件数"),
}


def recognise(head: Head) -> float:
    placed = place(head.columns, {})
    others = [column for index, column in enumerate(head.columns) if index not in placed.values()]
    return 0.9 if _is_placed(placed) and not tells_facts(others, FACTS) else 0.0


def explained(columns: Sequence[str]) -> int:
    """How many of the columns are of goods: what the list is read for, and what sums them up."""
    placed = set(place(columns, {}).values())
    return sum(index in placed or sums_up(column) for index, column in enumerate(columns))


def place(columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    return place_columns(columns, FIELDS, mapping)


def _is_placed(placed: Mapping[str, int]) -> bool:
    return {"product_id", "name"} <= placed.keys() and not placed.keys().isdisjoint({"price", "list_price"})


def open_table(path: Path, options: Options) -> tuple[Table, dict[str, int]]:
    return open_placed(path, place, options.mapping, lambda columns: _is_placed(place(columns, {})))


def read(path: Path, options: Options) -> Iterator[Record]:
    table, fields = open_table(path, options)
    told: dict[str, dict[str, int]] = {}
    for number, row, line in read_rows(table, fields):
        try:
            if isinstance(row, Rejected):
                raise row
            refuse_totals(line.cells)
            event = _event(row, options)
            yield Record((number,), (number_state(event, _subject(event), told),), None, line)
        except Rejected as why:
            yield Record((number,), (), why, line)


def _subject(event: dict[str, Any]) -> list[Any]:
    return [event["properties"].get("shop_id"), event["properties"]["product_id"]]


def _event(row: Row, options: Options) -> dict[str, Any]:
    raw: dict[str, Any] = {"type": "track", "event": "product_listed", "properties": _properties(row, options)}
    at = a_moment(row["updated_at"], "updated_at", options.zone) if "updated_at" in row else options.time_default
    if at is not None:
        raw["timestamp"] = stamp(at)
    return {**raw, "messageId": hash_of(raw)}


def _properties(row: Row, options: Options) -> dict[str, Any]:
    if "price" not in row and "list_price" in row:  # WooCommerce leaves the sale price empty where there is no sale
        row = {**row, "price": row["list_price"]}
    for field in NEEDED:
        if field not in row:
            raise missing(field)
    currency = read_currency(text(row.get("currency", options.currency))) or options.currency
    properties = {
        "product_id": an_id(row["product_id"], "product_id"),
        "name": text(row["name"]),
        "price": an_amount(row["price"], "price", currency),
        "currency": currency,
        "shop_id": an_id(row["shop_id"], "shop_id") if "shop_id" in row else options.shop,
    }
    properties |= {field: text(row[field]) for field in ("category", "url", "image_url") if field in row}
    if "stock" in row:
        properties["stock"] = a_count(row["stock"], "stock")
    if "margin" in row:
        properties["margin"] = _margin(row["margin"])
    return {key: value for key, value in properties.items() if value is not None}


def _margin(cell: Any) -> float:
    """0.3 and 30% both mean three tenths of the price."""
    digits = text(cell)
    try:
        share = float(digits.rstrip("%％")) / (100 if digits.endswith(("%", "％")) else 1)
    except ValueError:
        raise Rejected(
            "margin", {"zh": f"{shown(cell)} 不是比率", "en": f"{shown(cell)} is not a percentage"}
        ) from None
    if not 0 <= share <= 1:
        en = f"{shown(cell)} is not between 0 and 1"
        raise Rejected("margin", {"zh": f"{shown(cell)} 不在 0 到 1 之间", "en": en})
    return share
