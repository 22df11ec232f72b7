"""抖店 order export (CSV or xlsx): BOM, TAB before ids, `-` for empty, yuan, local times, one row a sub-order.

Columns are found by name: exports differ. The rows of one main order make one order; where one of them is
bad the whole order waits in the rejected-rows file, so that mending and importing that file brings it in whole.
"""

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
from huitou.events.people import read_phone
from huitou.kit.clock import SECOND
from huitou.kit.errors import Rejected

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
    "shop_name": ("店铺名称", "店铺名", "店铺", "shop_name"),
    "room_id": ("直播间ID", "room_id"),
    "coupon": ("优惠券", "coupon"),
    "message_id": ("消息ID", "message_id"),
}
# The export names buyers by ids of 抖店's own app, not of the live room's.
IDS_TOLD = {"openid": "openid:doudian", "unionid": "unionid"}
NEEDED = ("order_id", "status")
TIMES = ("created", "paid", "shipped", "received")
PAID = (
    "待发货",
    "备货",
    "部分发货",
    "已发货",
    "待收货",
    "已收货",
    "已签收",
    "完成",
    "成功",
    "已支付",
    "已付款",
    "等待卖家发货",
)
REFUNDED = ("退款成功", "已退款", "退款完成", "仅退款成功", "退货退款成功")
CLOSED = ("关闭", "取消")
UNPAID = ("待支付", "待付款", "未支付", "未付款", "等待买家付款", *CLOSED)

Line = tuple[int, Row | Rejected, Any]


def recognise(head: Head) -> float:
    found = match_columns(head.columns, FIELDS)
    chinese = any("订单" in column for column in head.columns)
    return 0.95 if chinese and all(field in found for field in NEEDED) and {"created", "paid"} & found.keys() else 0.0


def read(path: Path, options: Options) -> Iterator[Record]:
    table, fields = open_table(path, FIELDS, NEEDED)
    tells_payment = "paid" in fields
    orders: dict[str, list[Line]] = {}
    for line in read_rows(table, fields):
        number, row, _ = line
        order = "" if isinstance(row, Rejected) else text(row.get("order_id", ""))
        orders.setdefault(order or f"row {number}", []).append(line)
    for lines in orders.values():
        yield from _read_order(lines, options, tells_payment)


def _read_order(lines: list[Line], options: Options, tells_payment: bool) -> Iterator[Record]:
    rows = []
    for number, row, _ in lines:
        try:
            if isinstance(row, Rejected):
                raise row
            _check(row, options, tells_payment)
        except Rejected as why:
            yield from (_held_back(line, number, why) for line in lines)
            return
        rows.append(row)
    first, repeats = _part_repeats(lines)
    rows = [row for _, row, _ in first if not isinstance(row, Rejected)]
    events = tuple(_order_events(rows, options, tells_payment))
    yield Record(tuple(number for number, _, _ in first), events, None, [original for _, _, original in first])
    for number, _, original in repeats:  # a row exported twice is its first one's duplicate
        yield Record((number,), events, None, original)


def _part_repeats(lines: list[Line]) -> tuple[list[Line], list[Line]]:
    """The distinct sub-orders, and the rows that tell one of them again."""
    told: set[tuple[Any, ...]] = set()
    first: list[Line] = []
    repeats: list[Line] = []
    for line in lines:
        assert not isinstance(line[1], Rejected)
        key = tuple(sorted((field, str(value)) for field, value in line[1].items()))
        (repeats if key in told else first).append(line)
        told.add(key)
    return first, repeats


def _held_back(line: Line, bad: int, why: Rejected) -> Record:
    number, _, original = line
    if number == bad:
        return Record((number,), (), why, original)
    reason = {"zh": f"同一订单的第 {bad} 行有误", "en": f"row {bad} of the same order is rejected"}
    return Record((number,), (), Rejected(FIELDS["order_id"][0], reason), original)


def _check(row: Row, options: Options, tells_payment: bool) -> None:
    """Rejected where a cell of the row cannot be used."""
    for field in NEEDED:
        if field not in row:
            raise missing(FIELDS[field][0])
    if not {"created", "paid"} & row.keys():
        raise missing(FIELDS["created"][0])
    for field in ("order_id", "line_id", "product_id", "shop_id", "room_id"):
        if field in row:
            an_id(row[field], FIELDS[field][0])
    for field in TIMES:
        _moment(row, field, options)
    _quantity(row)
    paid = _is_paid(row, tells_payment) or "paid" in row
    if paid and _amount(row, options) is None:
        raise missing(FIELDS["payable"][0])


def _is_paid(row: Row, tells_payment: bool) -> bool:
    """By its status; by the time of payment where the status is unknown; Rejected where the export has no such column."""
    status = text(row["status"])
    if any(word in status for word in UNPAID):
        return False
    if any(word in status for word in PAID):
        return True
    if tells_payment:
        return "paid" in row
    zh, en = f"不认识的状态 {shown(status)}：看不出是否已付款", f"{shown(status)} is no status we know: is it paid?"
    raise Rejected(FIELDS["status"][0], {"zh": zh, "en": en})


def _moment(row: Row, field: str, options: Options) -> int | None:
    return a_moment(row[field], FIELDS[field][0], options.zone) if field in row else None


def _money(row: Row, field: str, options: Options) -> int | None:
    return an_amount(row[field], FIELDS[field][0], options.currency) if field in row else None


def _quantity(row: Row) -> int:
    return a_count(row.get("quantity", 1), FIELDS["quantity"][0], least=1, most=1_000_000)


def _amount(row: Row, options: Options) -> int | None:
    """What the buyer pays for the row: payable, else the goods' amount, else price by quantity."""
    payable, amount, price = (_money(row, field, options) for field in ("payable", "amount", "price"))
    if payable is not None:
        return payable
    return amount if amount is not None or price is None else price * _quantity(row)


def _order_events(rows: list[Row], options: Options, tells_payment: bool) -> Iterator[dict[str, Any]]:
    """created, paid, shipped, received, cancelled, refunded: each at the time the export gives it.

    The export has no time of cancelling or refunding, and some have none of paying. A refund is told at the time of
    paying, else of creating; an order is closed a second after the last that was done with it, since a payment of the
    same moment would count as the later word; both say that it is estimated. Only what never changes afterwards enters
    an event: a later export of the order repeats it byte for byte.
    """
    shared = _shared(rows, options)
    times = {field: _last(rows, field, options) for field in TIMES}
    named = {"created": "order_created", "paid": "order_paid", "shipped": "order_shipped", "received": "order_received"}
    for field, event in named.items():
        at = times[field]
        if at is not None:
            yield _event(event, at, rows[0], shared)
        elif field == "paid" and times["created"] is not None and any(_is_paid(row, tells_payment) for row in rows):
            yield _event(event, times["created"], rows[0], {**shared, "time_estimated": True})
    settled = times["paid"] if times["paid"] is not None else times["created"]
    assert settled is not None  # _check
    refunded = [row for row in rows if text(row.get("after_sale", "")).startswith(REFUNDED)]
    for row in refunded:
        yield _refund(row, settled, shared, options)
    if not refunded and all(any(word in text(row["status"]) for word in CLOSED) for row in rows):
        last = max(time for time in times.values() if time is not None)
        yield _event("order_cancelled", last + SECOND, rows[0], {**shared, "time_estimated": True})


def _refund(row: Row, at: int, shared: dict[str, Any], options: Options) -> dict[str, Any]:
    """The refund of one sub-order, so that a second one later is a fact of its own.

    Orders take two refunds of one moment and one amount for the same, told twice: each has a moment of its own.
    """
    properties = {**shared, "total": _total([row], options), "products": [_line(row, options)], "time_estimated": True}
    part = _part(row)
    if part is None:
        return _event("order_refunded", at, row, properties)
    event = _event("order_refunded", at + int(hash_of(part), 16) % SECOND, row, properties)
    return {**event, "messageId": f"{event['messageId']}:{part}"}


def _part(row: Row) -> str | None:
    """What tells a sub-order from the others of its order."""
    field = next((field for field in ("line_id", "product_id") if field in row), None)
    return an_id(row[field], FIELDS[field][0]) if field else None


def _last(rows: list[Row], field: str, options: Options) -> int | None:
    return max((at for row in rows if (at := _moment(row, field, options)) is not None), default=None)


def _total(rows: list[Row], options: Options) -> int:
    return sum(_amount(row, options) or 0 for row in rows)


def _shared(rows: list[Row], options: Options) -> dict[str, Any]:
    first = rows[0]
    ids = {field: an_id(first[field], FIELDS[field][0]) for field in ("shop_id", "room_id") if field in first}
    properties: dict[str, Any] = {
        "order_id": an_id(first["order_id"], FIELDS["order_id"][0]),
        "shop_id": options.shop,
        "broadcast_id": options.broadcast,
        **{field: text(first[field]) for field in ("coupon", "message_id", "shop_name") if field in first},
        "total": _total(rows, options),
        "currency": options.currency,
        "products": [_line(row, options) for row in rows],
    }
    if options.shop:
        ids.pop("shop_id", None)
    return {key: value for key, value in (properties | ids).items() if value is not None}


def _line(row: Row, options: Options) -> dict[str, Any]:
    line = {
        "product_id": an_id(row["product_id"], FIELDS["product_id"][0]) if "product_id" in row else None,
        "name": text(row["product_name"]) if "product_name" in row else None,
        "quantity": _quantity(row),
        "price": _money(row, "price", options),
    }
    return {key: value for key, value in line.items() if value is not None}


def _event(event: str, at: int, row: Row, properties: dict[str, Any]) -> dict[str, Any]:
    """The buyer is whoever the export names; where it names nobody the order stands for an unknown person."""
    traits: dict[str, str] = {told: text(row[field]) for field, told in IDS_TOLD.items() if field in row}
    if "phone" in row and read_phone(text(row["phone"])):  # most exports mask or encrypt it
        traits["phone"] = text(row["phone"])
    order = properties["order_id"]
    who = {"context": {"traits": traits}} if traits else {"anonymousId": f"doudian-order-{order}"}
    return {
        "type": "track",
        "event": event,
        "messageId": f"{properties.get('shop_id', '')}:{order}:{event}",
        "timestamp": stamp(at),
        **who,
        "properties": properties,
    }
