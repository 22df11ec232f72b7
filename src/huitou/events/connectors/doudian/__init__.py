"""抖店 order export (CSV or xlsx): BOM, TAB before ids, `-` for empty, yuan, local times, one row a sub-order.

Columns are found by name: exports differ. The rows of one main order make one order; where one of them is
bad the whole order waits in the rejected-rows file, so that mending and importing that file brings it in whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record
from huitou.events.connectors.columns import Row, match_columns, named_rows, open_table, text
from huitou.events.connectors.files import Head
from huitou.events.connectors.tables import read_moment
from huitou.events.people import read_phone
from huitou.kit import clock
from huitou.kit.errors import Rejected
from huitou.kit.ids import clean_id
from huitou.kit.money import to_minor

name = "doudian"
title = {"zh": "抖店订单", "en": "Doudian orders"}

FIELDS = {
    "order_id": ("主订单编号", "订单编号", "主订单号"),
    "line_id": ("子订单编号", "子订单号"),
    "product_name": ("选购商品", "商品名称"),
    "product_id": ("商品ID",),
    "quantity": ("商品数量",),
    "price": ("商品单价",),
    "amount": ("商品金额",),
    "payable": ("订单应付金额", "应付金额", "实付金额"),
    "created": ("订单提交时间", "订单创建时间"),
    "paid": ("支付完成时间", "付款时间", "支付时间"),
    "shipped": ("发货时间",),
    "received": ("订单完成时间",),
    "status": ("订单状态",),
    "after_sale": ("售后状态",),
    "cancel_reason": ("取消原因",),
    "phone": ("收件人手机号", "收件人手机", "手机号"),
    "openid": ("买家openid", "doudian_open_id", "抖音openid", "openid", "用户openid"),
    "unionid": ("unionid", "买家unionid"),
    "shop_id": ("店铺ID", "shop_id"),
    "room_id": ("直播间ID", "room_id"),
    "coupon": ("优惠券", "coupon"),
    "message_id": ("消息ID", "message_id"),
}
NEEDED = ("order_id", "created", "status")
REFUNDED = ("退款成功", "已退款", "退款完成")


def recognise(head: Head) -> float:
    found = match_columns(head.columns, FIELDS)
    chinese = any("订单" in column for column in head.columns)
    return 0.95 if chinese and all(field in found for field in NEEDED) else 0.0


def read(path: Path, options: Options) -> Iterator[Record]:
    table, fields = open_table(path, FIELDS, NEEDED)
    orders: dict[str, list[tuple[int, Row, Any]]] = {}
    for number, row, original in named_rows(table, fields):
        orders.setdefault(text(row.get("order_id", "")) or f"row {number}", []).append((number, row, original))
    for lines in orders.values():
        yield from _read_order(_without_repeats(lines), options)


def _without_repeats(lines: list[tuple[int, Row, Any]]) -> list[list[tuple[int, Row, Any]]]:
    """The distinct sub-orders, each with the rows that tell it: a row exported twice is one sub-order."""
    told: dict[tuple[Any, ...], list[tuple[int, Row, Any]]] = {}
    for line in lines:
        told.setdefault(tuple(sorted((key, str(value)) for key, value in line[1].items())), []).append(line)
    return list(told.values())


def _read_order(lines: list[list[tuple[int, Row, Any]]], options: Options) -> Iterator[Record]:
    every = [line for told in lines for line in told]
    for number, row, _ in every:
        try:
            _check(row, options)
        except Rejected as why:
            yield from (_held_back(line, number, why) for line in every)
            return
    first = [told[0] for told in lines]
    events = tuple(_order_events([row for _, row, _ in first], options))
    yield Record(tuple(number for number, _, _ in first), events, None, [original for _, _, original in first])
    for told in lines:  # a repeated row is its first row's duplicate
        for number, _, original in told[1:]:
            yield Record((number,), events, None, original)


def _held_back(line: tuple[int, Row, Any], bad: int, why: Rejected) -> Record:
    number, _, original = line
    if number == bad:
        return Record((number,), (), why, original)
    reason = {"zh": f"同一订单的第 {bad} 行有误", "en": f"row {bad} of the same order is rejected"}
    return Record((number,), (), Rejected("order_id", reason), original)


def _check(row: Row, options: Options) -> None:
    """Rejected where a cell of the row cannot be used."""
    if "" in row:
        raise row[""]
    for field in NEEDED:
        if field not in row:
            raise Rejected(FIELDS[field][0], {"zh": "是空的", "en": "is empty"})
    _id(row["order_id"], "order_id")
    for field in ("created", "paid", "shipped", "received"):
        _moment(row, field, options)
    for field in ("price", "amount", "payable"):
        _money(row, field, options)
    if "paid" in row and "payable" not in row and "amount" not in row:
        raise Rejected(FIELDS["payable"][0], {"zh": "是空的", "en": "is empty"})
    _quantity(row)


def _id(cell: Any, field: str) -> str:
    try:
        value = clean_id(cell)
    except ValueError as error:
        raise Rejected(FIELDS[field][0], {"zh": f"{cell!r} 不是编号(位数已丢失?)", "en": str(error)}) from error
    if value is None or "e+" in value.lower():
        raise Rejected(FIELDS[field][0], {"zh": f"{cell!r} 不是编号(被表格软件改写?)", "en": f"{cell!r} is not an id"})
    return value


def _moment(row: Row, field: str, options: Options) -> int | None:
    if field not in row:
        return None
    try:
        return read_moment(row[field], options.zone)
    except (ValueError, OverflowError) as error:
        raise Rejected(
            FIELDS[field][0], {"zh": f"{row[field]!r} 不是时间", "en": f"{row[field]!r} is not a time"}
        ) from error


def _money(row: Row, field: str, options: Options) -> int | None:
    if field not in row:
        return None
    try:
        minor = to_minor(text(row[field]), options.currency)
    except ValueError as error:
        raise Rejected(FIELDS[field][0], {"zh": f"{row[field]!r} 不是金额", "en": str(error)}) from error
    if minor < 0:
        raise Rejected(FIELDS[field][0], {"zh": f"{row[field]!r} 小于零", "en": f"{row[field]!r} is below zero"})
    return minor


def _quantity(row: Row) -> int:
    cell = text(row.get("quantity", 1))
    if not cell.isdigit() or not 0 < int(cell) <= 1_000_000:
        raise Rejected(FIELDS["quantity"][0], {"zh": f"{cell!r} 不是件数", "en": f"{cell!r} is no quantity"})
    return int(cell)


def _order_events(rows: list[Row], options: Options) -> Iterator[dict[str, Any]]:
    """created, paid, shipped, received, cancelled, refunded: each at the time the export gives it.

    The export has no time of cancelling or refunding: the last time it knows is taken, and said so.
    Only what never changes afterwards enters an event: a later export of the order repeats it byte for byte.
    """
    first = rows[0]
    shared = _shared(rows, options)
    statuses = {text(row["status"]) for row in rows}
    times = {field: _last(rows, field, options) for field in ("created", "paid", "shipped", "received")}
    named = {"created": "order_created", "paid": "order_paid", "shipped": "order_shipped", "received": "order_received"}
    for field, event in named.items():
        if times[field] is not None:
            yield _event(event, times[field] or 0, first, shared)
    last = max(time for time in times.values() if time is not None)
    refunded = [row for row in rows if text(row.get("after_sale", "")).startswith(REFUNDED)]
    if refunded:
        yield _event(
            "order_refunded", last, first, {**shared, "total": _total(refunded, options), "time_estimated": True}
        )
    elif statuses <= {"已关闭", "已取消"}:
        yield _event("order_cancelled", last, first, {**shared, "time_estimated": True})


def _last(rows: list[Row], field: str, options: Options) -> int | None:
    return max((at for row in rows if (at := _moment(row, field, options)) is not None), default=None)


def _total(rows: list[Row], options: Options) -> int:
    def of(row: Row) -> int:
        payable = _money(row, "payable", options)
        return payable if payable is not None else _money(row, "amount", options) or 0

    return sum(of(row) for row in rows)


def _shared(rows: list[Row], options: Options) -> dict[str, Any]:
    first = rows[0]
    properties = {
        "order_id": _id(first["order_id"], "order_id"),
        "shop_id": options.shop or (text(first["shop_id"]) if "shop_id" in first else None),
        "room_id": text(first["room_id"]) if "room_id" in first else None,
        "coupon": text(first["coupon"]) if "coupon" in first else None,
        "message_id": text(first["message_id"]) if "message_id" in first else None,
        "total": _total(rows, options),
        "currency": options.currency,
        "products": [_line(row, options) for row in rows],
    }
    return {key: value for key, value in properties.items() if value is not None}


def _line(row: Row, options: Options) -> dict[str, Any]:
    line = {
        "product_id": text(row.get("product_id", row.get("product_name", "?"))),
        "name": text(row["product_name"]) if "product_name" in row else None,
        "quantity": _quantity(row),
        "price": _money(row, "price", options),
    }
    return {key: value for key, value in line.items() if value is not None}


def _event(event: str, at: int, row: Row, properties: dict[str, Any]) -> dict[str, Any]:
    """The buyer is whoever the export names; where it names nobody the order stands for an unknown person."""
    traits = {field: text(row[field]) for field in ("openid", "unionid") if field in row}
    if "phone" in row and read_phone(text(row["phone"])):  # most exports mask or encrypt it
        traits["phone"] = text(row["phone"])
    order = properties["order_id"]
    who = {"context": {"traits": traits}} if traits else {"anonymousId": f"doudian-order-{order}"}
    return {
        "type": "track",
        "event": event,
        "messageId": f"{properties.get('shop_id', '')}:{order}:{event}",
        "timestamp": clock.to_iso(at),
        **who,
        "properties": properties,
    }
