"""One row of a table as a typed fact, and facts as neutral events: alone, or the lines of an order together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from huitou.events.connectors.base import Options, Record, hash_of, stamp
from huitou.events.connectors.cells import Line, a_count, a_moment, an_amount, an_id, text
from huitou.kit.errors import Rejected

ORDERS = frozenset(
    {"order_created", "order_paid", "order_refunded", "order_cancelled", "order_shipped", "order_received"}
)
EVENT_WORDS = {
    "buy": "order_paid", "purchase": "order_paid", "order": "order_paid", "paid": "order_paid", "transaction": "order_paid",
    "购买": "order_paid", "下单": "order_created", "支付": "order_paid",
    "cart": "cart_added", "add_to_cart": "cart_added", "addtocart": "cart_added", "加购": "cart_added",
    "view": "product_viewed", "pv": "product_viewed", "click": "product_clicked", "点击": "product_clicked", "浏览": "product_viewed",
    "refund": "order_refunded", "退款": "order_refunded",
}  # fmt: skip
LARGEST_QUANTITY = 1_000_000_000
IDS = ("phone", "email", "openid", "unionid", "external_userid", "device")


@dataclass(frozen=True)
class Fact:
    number: int
    who: dict[str, str]  # identifier kind -> value
    event: str
    at: int | None  # None: the file says nothing, the default counts
    whole_day: bool  # the time is a date: two equal rows of a day are two facts
    order_id: str | None
    line: dict[str, Any]  # product_id, name, quantity, price in minor units
    total: int | None
    properties: dict[str, Any]
    original: Line
    repeat: int = 0  # how many equal rows stood before it


class Unusable(NamedTuple):
    """A rejected row, and the order it belongs to."""

    order_id: str | None
    record: Record


def number_repeats(facts: Iterable[Fact | Unusable]) -> Iterator[Fact | Unusable]:
    """Equal rows with a time of day are one fact told twice; dated by the day alone they are told apart."""
    seen: Counter[str] = Counter()
    for fact in facts:
        if isinstance(fact, Fact) and fact.whole_day and fact.order_id is None:
            key = _row_id(fact)
            yield replace(fact, repeat=seen[key])
            seen[key] += 1
        else:
            yield fact


def read_fact(number: int, row: Mapping[str, Any], rest: Mapping[str, Any], original: Line, options: Options) -> Fact:
    """Rejected, naming the role, where a cell cannot be used."""
    who = {role: an_id(row[role], role) for role in ("user_id", "anonymous_id", *IDS) if role in row}
    if not who:
        raise Rejected("user_id", {"zh": "没有客户", "en": "no customer"})
    currency = text(row.get("currency", options.currency)).upper()
    at = a_moment(row["time"], "time", options.zone) if "time" in row else options.time_default
    return Fact(
        number=number,
        who=who,
        event=_event(row, options),
        at=at,
        whole_day=_is_whole_day(row.get("time")),
        order_id=an_id(row["order_id"], "order_id") if "order_id" in row else None,
        line=_line(row, currency),
        total=an_amount(row["total"], "total", currency, signed=True) if "total" in row else None,
        properties={**_plain(rest), **_known(row, options), "currency": currency},
        original=original,
    )


def _event(row: Mapping[str, Any], options: Options) -> str:
    if "event" in row:
        word = text(row["event"])
        return EVENT_WORDS.get(word.lower(), word)
    return options.event or "order_paid"


def _is_whole_day(cell: Any) -> bool:
    if cell is None or isinstance(cell, datetime):
        return cell is None
    return isinstance(cell, date) or (len(text(cell)) <= 10 and ":" not in text(cell))


def _line(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    line: dict[str, Any] = {}
    if "product_id" in row:
        line["product_id"] = an_id(row["product_id"], "product_id")
    if "product_name" in row:
        line["name"] = text(row["product_name"])
    if "category" in row:
        line["category"] = text(row["category"])
    if "quantity" in row:
        line["quantity"] = a_count(row["quantity"], "quantity", least=-LARGEST_QUANTITY)
    if "price" in row:
        line["price"] = an_amount(row["price"], "price", currency, signed=True)
    return line


def _plain(rest: Mapping[str, Any]) -> dict[str, Any]:
    """Unclaimed columns, verbatim; types JSON lacks become text."""
    return {key: value if isinstance(value, str | int | bool) else str(value) for key, value in rest.items()}


def _known(row: Mapping[str, Any], options: Options) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for role in ("broadcast_id", "room_id", "shop_id", "message_id"):
        if role in row:
            known[role] = an_id(row[role], role)
    if "content" in row:
        known["content"] = text(row["content"])
    if "watch_seconds" in row:
        known["watch_seconds"] = a_count(row["watch_seconds"], "watch_seconds")
    if options.broadcast:
        known["broadcast_id"] = options.broadcast
    if options.shop:
        known["shop_id"] = options.shop
    return known


def single_record(fact: Fact | Unusable) -> Record:
    """A row that stands alone."""
    if isinstance(fact, Unusable):
        return fact.record
    if fact.event in ORDERS:
        return _order_record([fact])
    properties = {**fact.properties, **fact.line}
    if fact.total is not None:
        properties["total"] = fact.total
    return Record((fact.number,), (_raw(fact, fact.event, properties, _row_id(fact)),), None, fact.original)


def order_records(facts: Iterable[Fact | Unusable]) -> Iterator[Record]:
    """Rows of one order id become one order; rows without one stand alone.

    Where a row of an order is bad the whole order waits in the rejected-rows file, so that it comes in whole.
    """
    orders: dict[tuple[str, str], list[Fact]] = {}
    bad: dict[str, int] = {}
    for fact in facts:
        if isinstance(fact, Unusable):
            yield fact.record
            if fact.order_id is not None:
                bad.setdefault(fact.order_id, fact.record.rows[0])
        elif fact.order_id is None or fact.event not in ORDERS:
            yield single_record(fact)
        else:
            orders.setdefault((fact.order_id, fact.event), []).append(fact)
    for (order, _), lines in orders.items():
        if order in bad:
            yield from (_held_back(line, bad[order]) for line in lines)
        else:
            yield _order_record(lines)


def _held_back(line: Fact, bad: int) -> Record:
    reason = {"zh": f"同一订单的第 {bad} 行有误", "en": f"row {bad} of the same order is rejected"}
    return Record((line.number,), (), Rejected("order_id", reason), line.original)


def _order_record(lines: list[Fact]) -> Record:
    """One order of its lines; a total below zero is a return: refunded, its amounts turned round."""
    first = lines[0]
    total = _order_total(lines)
    sign = -1 if total is not None and total < 0 else 1
    event = "order_refunded" if sign < 0 else first.event
    order_id = first.order_id or "row-" + _row_id(first)
    properties = {
        **first.properties,
        "order_id": order_id,
        "products": [_product(line, sign) for line in lines if line.line],
    }
    if total is not None:
        properties["total"] = total * sign
    event_id = f"{properties.get('shop_id', '')}:{order_id}:{event}"
    numbers = tuple(line.number for line in lines)
    return Record(numbers, (_raw(first, event, properties, event_id),), None, [line.original for line in lines])


def _order_total(lines: list[Fact]) -> int | None:
    if any(line.total is not None for line in lines):
        return sum(line.total or 0 for line in lines)
    priced = [line.line["price"] * line.line.get("quantity", 1) for line in lines if "price" in line.line]
    return sum(priced) if priced else None


def _product(fact: Fact, sign: int) -> dict[str, Any]:
    line = dict(fact.line)
    if "quantity" in line:
        line["quantity"] *= sign
    return line


def _row_id(fact: Fact) -> str:
    content = [fact.event, fact.at, fact.who, fact.line, fact.total, fact.properties]
    return hash_of([*content, fact.repeat] if fact.repeat else content)


def _raw(fact: Fact, event: str, properties: dict[str, Any], event_id: str) -> dict[str, Any]:
    raw: dict[str, Any] = {"type": "track", "event": event, "messageId": event_id, "properties": properties}
    if fact.at is not None:
        raw["timestamp"] = stamp(fact.at)
    if "user_id" in fact.who:
        raw["userId"] = fact.who["user_id"]
    if "anonymous_id" in fact.who:
        raw["anonymousId"] = fact.who["anonymous_id"]
    traits = {kind: fact.who[kind] for kind in IDS if kind in fact.who}
    if traits:
        raw["context"] = {"traits": traits}
    return raw
