"""Facts as records: each row alone, or the rows of an order together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from huitou.events.connectors.base import Record
from huitou.events.connectors.cells import missing
from huitou.events.connectors.table.facts import (
    ORDERS,
    Fact,
    Unusable,
    moment_role,
    no_customer,
    raw_event,
    row_id,
    total_of,
)
from huitou.events.connectors.table.live import live_events
from huitou.events.connectors.table.orders import order_events
from huitou.kit.errors import Rejected


def single_record(fact: Fact | Unusable) -> Record:
    """A row that stands alone."""
    if isinstance(fact, Unusable):
        return fact.record
    if fact.event == "order" or fact.event in ORDERS:
        return _order_record([fact])
    if fact.event == "live":
        return Record((fact.number,), tuple(live_events(fact)), None, fact.original)
    if not fact.who or fact.at is None:  # a row of an order that is told by something else, like a view
        why = no_customer(fact.reading) if not fact.who else missing(moment_role(fact.reading))
        return Record((fact.number,), (), why, fact.original)
    properties = {**fact.properties, **fact.money, **fact.line}
    if fact.order_id is not None:
        properties["order_id"] = fact.order_id
    if (total := total_of(fact)) is not None:
        properties["total"] = total
    return Record(
        (fact.number,), (raw_event(fact, fact.event, properties, row_id(fact), fact.at),), None, fact.original
    )


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
        elif fact.order_id is None or (fact.event != "order" and fact.event not in ORDERS):
            yield single_record(fact)
        else:
            orders.setdefault((fact.order_id, fact.event), []).append(fact)
    for (order, _), lines in orders.items():
        if order in bad:
            yield from (_held_back(line, bad[order]) for line in lines)
        else:
            yield from _order_or_rejected(lines)


def _held_back(line: Fact, bad: int) -> Record:
    reason = {"zh": f"同一订单的第 {bad} 行有误", "en": f"row {bad} of the same order is rejected"}
    return Record((line.number,), (), Rejected("order_id", reason), line.original)


def _order_or_rejected(lines: list[Fact]) -> Iterator[Record]:
    record = _order_record(lines)
    if record.rejected is None:
        yield record
    else:  # each line with the reason, as it stands in the file
        yield from (Record((line.number,), (), record.rejected, line.original) for line in lines)


def _order_record(lines: list[Fact]) -> Record:
    numbers, originals = tuple(line.number for line in lines), [line.original for line in lines]
    try:
        return Record(numbers, tuple(order_events(lines)), None, originals)
    except Rejected as why:
        return Record(numbers, (), why, originals)
