"""Products as a table: one row a product, prices in the currency's major unit (元)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record
from huitou.events.connectors.columns import Row, match_columns, named_rows, open_table, text
from huitou.events.connectors.files import Head
from huitou.events.connectors.tables import read_moment
from huitou.kit import clock
from huitou.kit.errors import Rejected
from huitou.kit.ids import clean_id, short_hash
from huitou.kit.money import to_minor

name = "products"
title = {"zh": "商品", "en": "Products"}

FIELDS = {
    "product_id": ("商品ID", "商品编号", "sku", "id"),
    "name": ("商品名称", "名称", "title", "product_name"),
    "category": ("类目", "分类", "品类"),
    "price": ("价格", "售价", "单价", "sale_price"),
    "currency": ("币种",),
    "stock": ("库存", "inventory"),
    "margin": ("毛利率", "利润率"),
    "url": ("链接", "商品链接", "link"),
    "image_url": ("图片", "主图", "image", "picture"),
    "shop_id": ("店铺ID", "shop"),
    "updated_at": ("更新时间",),
}
NEEDED = ("product_id", "name", "price")
FOREIGN = (
    "order_id",
    "user_id",
    "订单编号",
    "主订单编号",
    "Invoice",
    "Customer ID",
    "email",
    "event",
    "time",
    "quantity",
)


def recognise(head: Head) -> float:
    found = match_columns(head.columns, FIELDS)
    others = match_columns(head.columns, dict.fromkeys(FOREIGN, ()))
    return 0.9 if all(field in found for field in NEEDED) and not others else 0.0


def read(path: Path, options: Options) -> Iterator[Record]:
    table, fields = open_table(path, FIELDS, NEEDED)
    for number, row, original in named_rows(table, fields):
        try:
            yield Record((number,), (_event(row, options),), None, original)
        except Rejected as why:
            yield Record((number,), (), why, original)


def _event(row: Row, options: Options) -> dict[str, Any]:
    properties = _properties(row, options)
    raw: dict[str, Any] = {
        "type": "track",
        "event": "product_listed",
        "messageId": short_hash(*(f"{key}={value}" for key, value in sorted(properties.items()))),
        "properties": properties,
    }
    at = options.time_default
    if "updated_at" in row:
        try:
            at = read_moment(row["updated_at"], options.zone)
        except (ValueError, OverflowError) as error:
            bad = row["updated_at"]
            raise Rejected("updated_at", {"zh": f"{bad!r} 不是时间", "en": f"{bad!r} is not a time"}) from error
    if at is not None:
        raw["timestamp"] = clock.to_iso(at)
    return raw


def _properties(row: Row, options: Options) -> dict[str, Any]:
    if "" in row:
        raise row[""]
    for field in NEEDED:
        if field not in row:
            raise Rejected(field, {"zh": "是空的", "en": "is empty"})
    currency = text(row.get("currency", options.currency)).upper()
    properties = {
        "product_id": _product_id(row["product_id"]),
        "name": text(row["name"]),
        "price": _price(row["price"], currency),
        "currency": currency,
        "shop_id": options.shop,
    }
    for field in ("category", "url", "image_url", "shop_id"):
        if field in row:
            properties[field] = text(row[field])
    if "stock" in row:
        properties["stock"] = _stock(row["stock"])
    if "margin" in row:
        properties["margin"] = _margin(row["margin"])
    return {key: value for key, value in properties.items() if value is not None}


def _product_id(cell: Any) -> str:
    try:
        value = clean_id(cell)
    except ValueError as error:
        raise Rejected("product_id", {"zh": f"{cell!r} 不是编号", "en": str(error)}) from error
    if value is None:
        raise Rejected("product_id", {"zh": "是空的", "en": "is empty"})
    return value


def _price(cell: Any, currency: str) -> int:
    try:
        minor = to_minor(text(cell), currency)
    except ValueError as error:
        raise Rejected("price", {"zh": f"{cell!r} 不是金额", "en": str(error)}) from error
    if minor < 0:
        raise Rejected("price", {"zh": f"{cell!r} 小于零", "en": f"{cell!r} is below zero"})
    return minor


def _stock(cell: Any) -> int:
    if not text(cell).isdigit():
        raise Rejected("stock", {"zh": f"{cell!r} 不是件数", "en": f"{cell!r} is no quantity"})
    return int(text(cell))


def _margin(cell: Any) -> float:
    """0.3 and 30% both mean three tenths of the price."""
    digits = text(cell)
    try:
        share = float(digits.rstrip("%")) / (100 if digits.endswith("%") else 1)
    except ValueError as error:
        raise Rejected("margin", {"zh": f"{cell!r} 不是比率", "en": f"{cell!r} is no share"}) from error
    if not 0 <= share <= 1:
        raise Rejected("margin", {"zh": f"{cell!r} 不在 0 到 1 之间", "en": f"{cell!r} is not between 0 and 1"})
    return share
