"""Any table of facts, one row a fact (or a line of an order), its columns guessed, shown and overridable.

`--map role=column` says which column is what; roles are the keys of FIELDS. What no role claims is kept verbatim among
the properties and never summed. What happened is said by a column of events, by `--event`, by an order's status and
times, or by the columns of a live room; an order without any of these is taken as paid, and that guess is shown. What
changes after an order was told (where its parcel is, when the row was touched) is no part of its events.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from huitou.events.connectors.base import Options, Record
from huitou.events.connectors.cells import Row, an_id, is_empty, read_rows, text
from huitou.events.connectors.columns import (
    BESIDES,
    EVENT,
    GOODS,
    LIVE,
    ORDER,
    TIMES,
    UPDATED,
    WHO,
    find_role,
    open_placed,
    place_columns,
    words_of,
)
from huitou.events.connectors.files import Broken, Head
from huitou.events.connectors.refusals import listed, refuse_file
from huitou.events.connectors.table.facts import (
    AMOUNTS,
    MOMENTS,
    SUMS,
    Fact,
    TableReading,
    Unusable,
    number_repeats,
    read_fact,
)
from huitou.events.connectors.table.records import order_records, single_record
from huitou.events.connectors.tables import Table
from huitou.events.connectors.words import read_event, refuse_totals
from huitou.kit.errors import Rejected

name = "table"
title = {"zh": "任意表格", "en": "Any table"}

FIELDS = {**WHO, **EVENT, **TIMES, **ORDER, **GOODS, **LIVE, **BESIDES, "message_id": (), **UPDATED}
# The plainest names are used for many things; which it is, is seen from the words below them.
PERHAPS_EVENT = re.compile(r"(^|_)(type|kind)$|^(类型|交易类型|单据类型|业务类型|订单类型)$")
PEEKED = 200  # rows
# Names nobody listed, of columns that must not be overlooked: what they say decides whether money came in.
EVENT_LIKE = re.compile(
    r"(事件|行为|动作)(名|名称|类型|类别)?$|(^|_)(event|behaviou?r|action)(_(name|type|kind|code))?$"
)
STATUS_LIKE = re.compile(
    r"(订单|交易|支付|付款|收款|退款|退货|售后|成交)\w*(状态|情况|结果|阶段|进度)$|^(状态|阶段|进度)$"
    r"|(^|_)(order|trade|pay|payment|financial|transaction|refund|return|purchase)_(\w+_)?(status|state|stage)$"
)
OTHER_STATUS = re.compile(
    r"物流|发货|配送|快递|发票|评价|审核|打印|结算|投诉|备注|fulfil|shipping|delivery|invoice|review"
)
OF_REFUNDS = re.compile(r"退|售后|refund|return")
OF_PAYMENTS = re.compile(r"支付|付款|收款|pay|financial")
# What was paid for an order, under names nobody listed; the first that any column bears, where none is known to tell it.
AMOUNT_LIKE = (
    re.compile(r"实付|实收|实际(支付|付款|成交)|(^|_)(paid_(amount|total)|(amount|total)_paid)(_|$)"),
    re.compile(r"(支付|付款|成交|消费|交易|应付|应收|结算)\w*(金额|款|额)$"),
    re.compile(r"(总价|总额|金额|货款)$|(^|_)(amount|total)(_|$)"),
)
OTHER_AMOUNT = re.compile(
    r"退|优惠|折扣|抵扣|运费|邮费|配送|税|平台|佣金|补贴|红包|积分|余额|定金|服务费|手续费|成本|状态|时间|方式|(^|_)(refund(ed)?|return(ed)?"
    r"|discounts?|shipping|freight|tax(es)?|commission|fees?|tip|cost|before|count|quantity|qty|points|balance|deposit)(_|$)"
)
QUANTITY_LIKE = re.compile(r"^(?!.*(退|库存|赠)).*(数量|件数)$")


def recognise(head: Head) -> float:
    return 0.2 if len(head.columns) >= 2 else 0.0


def explained(columns: Sequence[str]) -> int:
    return len(place(columns, {}))


def place(columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    placed = place_columns(columns, FIELDS, mapping)
    said = {find_role(role, FIELDS) for role in mapping}
    for index, column in enumerate(columns):
        role = _like(column, columns)
        if role and role not in placed and role not in said and index not in placed.values():
            placed[role] = index
    if placed.keys().isdisjoint(("order_id", "paid_at")):
        return placed
    free = {words_of(c): i for i, c in reversed([*enumerate(columns)]) if i not in placed.values()}
    if placed.keys().isdisjoint((*AMOUNTS, *said)) and (words := _find_amount(free)):
        placed["order_total" if "订单" in words or "order" in words else "total"] = free[words]
    if "quantity" not in (*placed, *said) and (words := next(filter(QUANTITY_LIKE.search, free), None)):
        placed["quantity"] = free[words]
    return placed


def _find_amount(said: Iterable[str]) -> str | None:
    amounts = [words for words in said if not OTHER_AMOUNT.search(words)]
    return next((words for pattern in AMOUNT_LIKE for words in amounts if pattern.search(words)), None)


def _like(column: str, columns: Sequence[str]) -> str | None:
    words = words_of(column)
    if words == "name" and any(words_of(other).startswith("lineitem_") for other in columns):
        return "order_id"  # Shopify's orders CSV: #1001
    if EVENT_LIKE.search(words):
        return "event"
    if not STATUS_LIKE.search(words) or OTHER_STATUS.search(words):
        return None
    return "refund_status" if OF_REFUNDS.search(words) else "payment_status" if OF_PAYMENTS.search(words) else "status"


def open_table(path: Path, options: Options) -> tuple[Table, dict[str, int]]:
    """The table and what its columns are, by their names and, where those leave it open, by the first rows."""
    table, placed = open_placed(path, place, options.mapping, _is_header)
    if "event" in placed or "event" in options.mapping or options.event:
        return table, placed
    top = list(islice(table.rows, PEEKED))
    for index, column in enumerate(table.columns):
        cells = [row[index] for _, row in top if not isinstance(row, Broken) and index < len(row)]
        if index not in placed.values() and PERHAPS_EVENT.search(words_of(column)) and _are_events(cells):
            placed["event"] = index
            break
    return replace(table, rows=chain(top, table.rows)), placed


def _are_events(cells: Sequence[object]) -> bool:
    return any(not is_empty(cell) and read_event(text(cell)) is not None for cell in cells)


def _is_header(columns: Sequence[str]) -> bool:
    placed = place(columns, {})
    return len(placed) >= 2 and any(role in placed for role in WHO)


def assumed(placed: Mapping[str, int], options: Options) -> str | None:
    """What the rows are taken to be where nothing says it; shown among the columns."""
    if "event" in placed or options.event or not _are_orders(placed):
        return None
    told = {"status", "payment_status", "paid_at"} & placed.keys()
    return None if told else "order_paid"


def _are_orders(placed: Mapping[str, int]) -> bool:
    return not placed.keys().isdisjoint(("order_id", *SUMS))


def read(path: Path, options: Options) -> Iterator[Record]:
    table, placed = open_table(path, options)
    reading = TableReading(
        options, {role: table.columns[index] for role, index in placed.items()}, _default(placed, options)
    )
    _check(path, table, placed, reading)
    facts = number_repeats(_facts(table, placed, reading))
    if "order_id" in placed:
        yield from order_records(facts)
    else:
        yield from (single_record(fact) for fact in facts)


def _default(placed: Mapping[str, int], options: Options) -> str | None:
    """What a row is whose event no cell tells: a name, 'order' (as its status and times say), 'live', or None."""
    if options.event:
        known = read_event(options.event)
        name = known[0] if known else options.event
        life = name in ("order_paid", "order_created") and {"status", "payment_status"} & placed.keys()
        return "order" if life else name
    if _are_orders(placed):
        return "order"
    watched = not placed.keys().isdisjoint(("entered_at", "left_at", "watch_seconds"))
    said = "content" in placed and (options.broadcast or {"broadcast_id", "room_id"} & placed.keys())
    return "live" if watched or said else None


def _check(path: Path, table: Table, placed: Mapping[str, int], reading: TableReading) -> None:
    """A table that says neither who nor what nor when cannot be guessed: say which flag would help."""
    columns = listed(table.columns)
    if not any(role in placed for role in WHO):
        raise refuse_file(
            path,
            f"看不出哪一列是客户，请用 --map user_id=列名。有：{columns}",
            f"no column tells the customer: use --map user_id=COLUMN. There are {columns}",
            code="no_customer_column",
        )
    # Lists of viewers are asked about as a whole: a time alone would not say whether the room opened or closed then.
    asked = reading.default == "live" and "event" not in placed
    if placed.keys().isdisjoint(MOMENTS) and reading.options.time_default is None and not asked:
        raise refuse_file(
            path,
            f"没有时间列，请用 --map time=列名 或 --time-default；客户名单请用 --as customers。有：{columns}",
            "no column of time: use --map time=COLUMN or --time-default, and --as customers for a list of people."
            f" There are {columns}",
            code="no_time_column",
        )
    if "event" not in placed and reading.default is None:
        raise refuse_file(
            path,
            "看不出是什么事件，请用 --event 名称。",
            "nothing tells what happened: use --event NAME",
            code="no_event",
        )


def _facts(table: Table, placed: Mapping[str, int], reading: TableReading) -> Iterator[Fact | Unusable]:
    claimed = set(placed.values())
    spare = [(column, index) for index, column in enumerate(table.columns) if index not in claimed and column]
    for number, row, line in read_rows(table, placed):
        try:
            if isinstance(row, Rejected):
                raise row
            refuse_totals(line.cells)
            size = len(line.cells)
            rest = {column: line.cells[i] for column, i in spare if i < size and not is_empty(line.cells[i])}
            yield read_fact(number, row, rest, line, reading)
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
