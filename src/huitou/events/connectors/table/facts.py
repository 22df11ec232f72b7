"""One row of a table as a typed fact, and what every event made of one carries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cached_property
from typing import Any, NamedTuple

from huitou.events.connectors.base import Options, Record, hash_of, stamp
from huitou.events.connectors.cells import Line, a_count, a_moment, an_amount, an_id, missing, text
from huitou.events.connectors.columns import BESIDES, TIMES, WHO
from huitou.events.connectors.durations import read_duration, seconds_in
from huitou.events.connectors.moments import is_whole_day
from huitou.events.connectors.words import State, read_event, read_state
from huitou.events.fields import READERS, read_currency
from huitou.kit.errors import Rejected

ORDERS = frozenset(
    {"order_created", "order_paid", "order_refunded", "order_cancelled", "order_shipped", "order_received"}
)
SUMS = ("total", "order_total", "line_total")  # what was paid; else the order's sum, by its name; else its lines'
AMOUNTS = (*SUMS, "price")
MONEY = ("subtotal", "shipping", "tax", "discount", "refund_total")
STATUSES = ("status", "payment_status", "refund_status")
# When a fact happened: the first of these that its row tells.
MOMENTS = (
    "time",
    "ordered_at",
    "date",
    "paid_at",
    "entered_at",
    "left_at",
    "shipped_at",
    "received_at",
    "cancelled_at",
    "refunded_at",
)
LARGEST_QUANTITY = 1_000_000_000
IDS = tuple(kind for kind in WHO if kind not in ("user_id", "anonymous_id"))
TIME_OF_DAY = re.compile(r"(\w{2}\s?)?\d{1,2}[:.]\d{2}([:.]\d{2}(\.\d+)?)?(\s?[ap]\.?m\.?)?", re.IGNORECASE)


@dataclass(frozen=True)
class TableReading:
    """How the rows of one table are read: its columns' names by role, and what a row is that does not say it."""

    options: Options
    columns: Mapping[str, str]
    default: str | None

    @cached_property
    def who(self) -> tuple[str, ...]:
        return self._of(WHO)

    @cached_property
    def times(self) -> tuple[str, ...]:
        return self._of(TIMES)

    @cached_property
    def statuses(self) -> tuple[str, ...]:
        return self._of(STATUSES)

    @cached_property
    def sums(self) -> tuple[str, ...]:
        return self._of(SUMS)

    @cached_property
    def money(self) -> tuple[str, ...]:
        return self._of(MONEY)

    @cached_property
    def besides(self) -> tuple[str, ...]:
        return self._of(BESIDES)

    def _of(self, roles: Iterable[str]) -> tuple[str, ...]:
        return tuple(role for role in roles if role in self.columns)

    def knows(self, *roles: str) -> bool:
        return not self.columns.keys().isdisjoint(roles)


@dataclass(frozen=True)
class Fact:
    number: int
    who: dict[str, str]  # identifier kind -> value; only a further line of an order may leave it to the first
    event: str  # a name, 'order' (its state and times say what became of it) or 'live'
    at: int | None  # None: the row says nothing; rejected unless another line of the order does
    whole_day: bool  # the time is a date: two equal rows of a day are two facts
    times: dict[str, int | None]  # by role; None where the table has the column and the row leaves it empty
    order_id: str | None
    line_id: str | None
    states: dict[str, State]  # status, payment_status, refund_status, as far as told
    line: dict[str, Any]  # product_id, name, quantity, price in minor units
    sums: dict[str, int]  # by role, of SUMS
    money: dict[str, int]  # subtotal, shipping, tax, discount, refund_total
    properties: dict[str, Any]
    reading: TableReading
    original: Line
    repeat: int = 0  # how many equal rows stood before it


def total_of(fact: Fact) -> int | None:
    return next((fact.sums[role] for role in SUMS if role in fact.sums), None)


class Unusable(NamedTuple):
    """A rejected row, and the order it belongs to."""

    order_id: str | None
    record: Record


def number_repeats(facts: Iterable[Fact | Unusable]) -> Iterator[Fact | Unusable]:
    """Equal rows with a time of day are one fact told twice; dated by the day alone they are told apart."""
    seen: Counter[str] = Counter()
    for fact in facts:
        if isinstance(fact, Fact) and fact.whole_day and fact.order_id is None:
            key = row_id(fact)
            yield replace(fact, repeat=seen[key])
            seen[key] += 1
        else:
            yield fact


def read_fact(
    number: int, row: Mapping[str, Any], rest: Mapping[str, Any], original: Line, reading: TableReading
) -> Fact:
    """Rejected, naming the role, where a cell cannot be used."""
    options = reading.options
    order_id = an_id(row["order_id"], "order_id") if "order_id" in row else None
    who = {role: an_id(row[role], role) for role in reading.who if role in row}
    if not who and order_id is None:
        raise no_customer(reading)
    currency = read_currency(text(row.get("currency", options.currency))) or options.currency
    event, channel = _event(row, reading)
    times = _times(row, reading)
    at = next((at for role in MOMENTS if (at := times.get(role)) is not None), None)
    if event != "live" or reading.knows(*MOMENTS):
        at = options.time_default if at is None else at
        if at is None and order_id is None:
            raise missing(moment_role(reading))
    if event != "order" and event not in ORDERS:
        rest = {**rest, **_of_orders(row, reading)}
    known = {**_plain(rest), **_known(row, reading), "currency": currency}
    return Fact(
        number=number,
        who=who,
        event=event,
        at=at,
        whole_day=_has_no_time_of_day(row),
        times=times,
        order_id=order_id,
        line_id=an_id(row["line_id"], "line_id") if "line_id" in row else None,
        states=_states(row, event, reading),
        line=_line(row, currency),
        sums={role: an_amount(row[role], role, currency, signed=True) for role in reading.sums if role in row},
        money={role: abs(an_amount(row[role], role, currency, signed=True)) for role in reading.money if role in row},
        properties=known | ({"channel": channel} if channel else {}),
        reading=reading,
        original=original,
    )


def no_customer(reading: TableReading) -> Rejected:
    return Rejected(next(iter(reading.who), "user_id"), {"zh": "没有客户", "en": "no customer"})


def moment_role(reading: TableReading) -> str:
    return next((role for role in MOMENTS if role in reading.columns), "time")


def _event(row: Mapping[str, Any], reading: TableReading) -> tuple[str, str]:
    """The event's name and its channel. A word nobody knows is a name of its own; beside money or an order it may be
    a sale or the undoing of one, and is rejected.
    """
    if "event" in row:
        word = text(row["event"])
        known = read_event(word)
        if known is not None:
            return known
        if not row.keys().isdisjoint(("order_id", *SUMS)):
            column = reading.columns["event"]
            raise Rejected(column, {"zh": f"不认识事件 {word!r}", "en": f"{word!r} is no event known here"})
        return word, ""
    if reading.default is None or (reading.knows("event") and not reading.options.event):
        raise missing(reading.columns["event"])
    return reading.default, ""


def _states(row: Mapping[str, Any], event: str, reading: TableReading) -> dict[str, State]:
    """What the status columns say; where --event says what an unknown word leaves open, the word is passed over."""
    if event != "order" or not reading.statuses:
        return {}
    states: dict[str, State] = {}
    for role in reading.statuses:
        try:
            state = read_state(row.get(role), reading.columns.get(role, role), of_refunds=role == "refund_status")
        except Rejected:
            if not reading.options.event:
                raise
            state = "unpaid" if reading.options.event == "order_created" else "paid"
        if state is not None:
            states[role] = state
    return states


def _times(row: Mapping[str, Any], reading: TableReading) -> dict[str, int | None]:
    zone, day = reading.options.zone, row.get("date")
    if day is not None and len(reading.times) > 1:
        row = {role: _with_day(cell, day) if role in reading.times else cell for role, cell in row.items()}
    return {role: a_moment(row[role], role, zone) if role in row else None for role in reading.times}


def _with_day(cell: Any, day: Any) -> Any:
    """Tills write the day and the time of day in two columns."""
    of_day = cell.isoformat() if isinstance(cell, time) else text(cell)
    if isinstance(cell, date) or not TIME_OF_DAY.fullmatch(of_day):
        return cell
    said = day.date() if isinstance(day, datetime) else day
    return f"{said.isoformat() if isinstance(said, date) else text(said).split(' ')[0]} {of_day}"


def _has_no_time_of_day(row: Mapping[str, Any]) -> bool:
    said = next((row[role] for role in MOMENTS if role in row), None)
    return said is None or is_whole_day(said)


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
    """Unclaimed columns, verbatim; types JSON lacks become text. A name that events read as money, count or time is
    not theirs to use: `revenue` is kept as `revenue_as_written`.
    """
    return {
        f"{key}_as_written" if key in READERS["minor"] else key: value
        if isinstance(value, str | int | bool)
        else str(value)
        for key, value in rest.items()
    }


def _of_orders(row: Mapping[str, Any], reading: TableReading) -> dict[str, Any]:
    """Order columns of rows that are no orders are kept as plain properties."""
    moment = next((role for role in MOMENTS if role in row), None)
    used = (moment, "date", "entered_at", "left_at")
    roles = (*TIMES, *STATUSES, "shipping_status", "line_id", "updated_at")
    return {reading.columns[role]: row[role] for role in roles if role in row and role not in used}


def _known(row: Mapping[str, Any], reading: TableReading) -> dict[str, Any]:
    options = reading.options
    known: dict[str, Any] = {}
    for role in ("broadcast_id", "room_id", "shop_id", "message_id"):
        if role in row:
            known[role] = an_id(row[role], role)
    known |= {role: stamp(a_moment(row[role], role, options.zone)) for role in reading.besides if role in row}
    if "content" in row:
        known["content"] = text(row["content"])
    if "watch_seconds" in row:
        unit = seconds_in(reading.columns["watch_seconds"])
        known["watch_seconds"] = read_duration(row["watch_seconds"], "watch_seconds", unit)
    if options.broadcast:
        known["broadcast_id"] = options.broadcast
    if options.shop:
        known["shop_id"] = options.shop
    return known


def row_id(fact: Fact) -> str:
    # `order` is what a row without a name was before its status was known: the id of a sale stays what it was.
    event = "order_paid" if fact.event == "order" else fact.event
    content = [event, fact.at, fact.who, fact.line, total_of(fact), fact.properties]
    return hash_of([*content, fact.repeat] if fact.repeat else content)


def raw_event(fact: Fact, event: str, properties: dict[str, Any], event_id: str, at: int | None) -> dict[str, Any]:
    raw: dict[str, Any] = {"type": "track", "event": event, "messageId": event_id, "properties": properties}
    if at is not None:
        raw["timestamp"] = stamp(at)
    if "user_id" in fact.who:
        raw["userId"] = fact.who["user_id"]
    if "anonymous_id" in fact.who:
        raw["anonymousId"] = fact.who["anonymous_id"]
    traits = {kind: fact.who[kind] for kind in IDS if kind in fact.who}
    if traits:
        raw["context"] = {"traits": traits}
    return raw
