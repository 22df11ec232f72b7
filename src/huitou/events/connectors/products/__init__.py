"""Products as a table: one row a product, prices in the currency's major unit (元)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record, hash_of, stamp
from huitou.events.connectors.cells import (
    Row,
    a_count,
    a_moment,
    an_amount,
    an_id,
    match_columns,
    missing,
    open_table,
    read_rows,
    shown,
    text,
)
from huitou.events.connectors.files import Head
from huitou.kit.errors import Rejected

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
    for number, row, line in read_rows(table, fields):
        try:
            if isinstance(row, Rejected):
                raise row
            yield Record((number,), (_event(row, options),), None, line)
        except Rejected as why:
            yield Record((number,), (), why, line)


def _event(row: Row, options: Options) -> dict[str, Any]:
    properties = _properties(row, options)
    raw = {
        "type": "track",
        "event": "product_listed",
        "messageId": hash_of(properties),
        "properties": properties,
    }
    at = a_moment(row["updated_at"], "updated_at", options.zone) if "updated_at" in row else options.time_default
    return raw if at is None else {**raw, "timestamp": stamp(at)}


def _properties(row: Row, options: Options) -> dict[str, Any]:
    for field in NEEDED:
        if field not in row:
            raise missing(field)
    currency = text(row.get("currency", options.currency)).upper()
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
        raise Rejected("margin", {"zh": f"{shown(cell)} 不是比率", "en": f"{shown(cell)} is no share"}) from None
    if not 0 <= share <= 1:
        en = f"{shown(cell)} is not between 0 and 1"
        raise Rejected("margin", {"zh": f"{shown(cell)} 不在 0 到 1 之间", "en": en})
    return share
