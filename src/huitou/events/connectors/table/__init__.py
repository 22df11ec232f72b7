"""Any table of facts, one row a fact (or a line of an order), its columns guessed, shown and overridable.

`--map role=column` says which column is what; roles are the keys of ROLES. What no role claims is kept
verbatim among the properties and never summed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from huitou.events.connectors.base import Options, Record
from huitou.events.connectors.cells import Row, an_id, is_empty, match_columns, read_rows
from huitou.events.connectors.files import Head, refuse_file
from huitou.events.connectors.table.facts import Fact, Unusable, number_repeats, order_records, read_fact, single_record
from huitou.events.connectors.tables import Table, read_table
from huitou.kit.errors import Refused, Rejected

name = "table"
title = {"zh": "任意表格", "en": "Any table"}

ROLES: Mapping[str, Sequence[str]] = {
    "user_id": ("userId", "uid", "customer_id", "customer", "客户ID", "用户ID", "会员ID", "master_id", "member"),
    "anonymous_id": ("anonymousId", "visitor_id", "cookie"),
    "phone": ("手机号", "手机", "mobile"),
    "email": ("邮箱", "e-mail"),
    "openid": ("open_id",),
    "unionid": ("union_id",),
    "external_userid": (),
    "device": ("device_id",),
    "event": ("behavior", "behaviour", "event_name", "action", "event_type", "type", "行为"),
    "time": (
        "timestamp", "occurred_at", "event_time", "date", "datetime", "created_at", "invoice_date",
        "order_purchase_timestamp", "时间", "日期", "下单时间", "支付时间", "ts",
    ),
    "order_id": ("invoice", "invoice_no", "order", "订单编号", "订单号", "transaction_id", "basket_id"),
    "product_id": ("sku", "stock_code", "item_id", "item", "sid", "商品ID", "product"),
    "product_name": ("description", "product_title", "商品名称", "商品"),
    "category": ("类目", "品类", "product_category"),
    "quantity": ("qty", "count", "件数", "数量", "商品数量"),
    "price": ("unit_price", "单价", "sale_price"),
    "total": ("amount", "spend", "revenue", "sales", "value", "金额", "实付金额", "sales_value", "total_amount"),
    "currency": ("币种",),
    "broadcast_id": ("broadcast", "场次", "live_id"),
    "room_id": ("room", "直播间", "roomid"),
    "shop_id": ("shop", "店铺ID", "store_id"),
    "content": ("comment", "text", "评论", "comment_text"),
    "watch_seconds": ("watch_time", "stay_seconds", "观看时长"),
    "message_id": (),
}  # fmt: skip
WHO = ("user_id", "anonymous_id", "phone", "email", "openid", "unionid", "external_userid", "device")


def recognise(head: Head) -> float:
    return 0.2 if len(head.columns) >= 2 else 0.0


def guess(columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """{role: column index}: what the operator said, then what the names say. Refused for an unknown role or column."""
    guessed = match_columns(columns, ROLES)
    for role, column in mapping.items():
        if role not in ROLES:
            known = ", ".join(ROLES)
            raise Refused(
                {"zh": f"--map:没有 {role!r} 这一项;可用:{known}", "en": f"--map: no role {role!r}; there are {known}"}
            )
        if column in ("", "-"):
            guessed.pop(role, None)
        elif column in columns:
            guessed[role] = list(columns).index(column)
        else:
            have = ", ".join(columns)
            raise Refused(
                {
                    "zh": f"--map:表里没有 {column!r} 列;有:{have}",
                    "en": f"--map: no column {column!r}; the file has {have}",
                }
            )
    return guessed


def read(path: Path, options: Options) -> Iterator[Record]:
    table = read_table(path)
    roles = guess(table.columns, options.mapping)
    _check(path, table, roles, options)
    facts = number_repeats(_facts(table, roles, options))
    if "order_id" in roles:
        yield from order_records(facts)
    else:
        yield from (single_record(fact) for fact in facts)


def _check(path: Path, table: Table, roles: Mapping[str, int], options: Options) -> None:
    """A table that says neither who nor what nor when cannot be guessed: say which flag would help."""
    columns = ", ".join(table.columns)
    if not any(role in roles for role in WHO):
        raise refuse_file(
            path,
            f"看不出哪一列是客户,请用 --map user_id=列名。有:{columns}",
            f"no column tells the customer: use --map user_id=COLUMN. There are {columns}",
        )
    if "time" not in roles and options.time_default is None:
        raise refuse_file(
            path,
            f"没有时间列,请用 --map time=列名 或 --time-default。有:{columns}",
            f"no column of time: use --map time=COLUMN or --time-default. There are {columns}",
        )
    if "event" not in roles and options.event is None and not {"order_id", "total"} & roles.keys():
        raise refuse_file(path, "看不出是什么事件,请用 --event 名称。", "nothing tells what happened: use --event NAME")


def _facts(table: Table, roles: Mapping[str, int], options: Options) -> Iterator[Fact | Unusable]:
    claimed = set(roles.values())
    spare = [(column, index) for index, column in enumerate(table.columns) if index not in claimed and column]
    for number, row, line in read_rows(table, roles):
        try:
            if isinstance(row, Rejected):
                raise row
            size = len(line.cells)
            rest = {column: line.cells[i] for column, i in spare if i < size and not is_empty(line.cells[i])}
            yield read_fact(number, row, rest, line, options)
        except Rejected as why:
            yield Unusable(_order_of(row), Record((number,), (), why, line))


def _order_of(row: Row | Rejected) -> str | None:
    """The order a bad row belongs to: the rest of it waits with the row."""
    if isinstance(row, Rejected) or "order_id" not in row:
        return None
    try:
        return an_id(row["order_id"], "order_id")
    except Rejected:
        return None
