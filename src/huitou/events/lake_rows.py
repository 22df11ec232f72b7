"""Journal bodies to lake rows: 200,000 events become columns in about a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import pyarrow as pa

from huitou.events.lake_tables import EVENTS, ORDER_LINES
from huitou.events.names import OURS
from huitou.events.touchpoints import of_event

JournalRow = tuple[int, int, bytes]  # position, received_at, body

_Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Stored(msgspec.Struct, gc=False):
    """model.Event as stored, its free parts left as the bytes they are."""

    source: str
    event_id: str
    type: str
    name: str
    occurred_at: _Whole
    identifiers: tuple[tuple[str, str], ...] = ()
    user_id: str | None = None
    properties: msgspec.Raw = msgspec.Raw(b"{}")
    traits: msgspec.Raw = msgspec.Raw(b"{}")
    touchpoint: str = ""


class ProductLine(msgspec.Struct, gc=False):
    product_id: str | None = None
    quantity: _Whole | None = None
    price: _Whole | None = None


class Facts(msgspec.Struct, gc=False):
    """The properties that have a column."""

    broadcast_id: str | None = None
    room_id: str | None = None
    shop_id: str | None = None
    product_id: str | None = None
    order_id: str | None = None
    message_id: str | None = None
    channel: str | None = None
    total: _Whole | None = None
    amount: _Whole | None = None
    revenue: _Whole | None = None
    price: _Whole | None = None
    currency: str | None = None
    quantity: _Whole | None = None
    count: _Whole | None = None
    watch_seconds: _Whole | None = None
    content: str | None = None
    products: list[ProductLine] | None = None


class Unreadable(NamedTuple):
    row: JournalRow
    reason: str


class Batch(NamedTuple):
    """Journal rows with the events read from them, in step; and those that no event could be read from."""

    rows: list[JournalRow]
    events: list[Stored]
    unreadable: list[Unreadable]


_stored = msgspec.json.Decoder(Stored)
_facts = msgspec.json.Decoder(Facts)
_NOTHING = Facts()
_ORDERS = frozenset(name for name in OURS if name.startswith("order_"))


def read_batch(rows: Sequence[JournalRow]) -> Batch:
    kept: list[JournalRow] = []
    events: list[Stored] = []
    unreadable: list[Unreadable] = []
    for row in rows:
        try:
            events.append(_stored.decode(row[2]))
            kept.append(row)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            unreadable.append(Unreadable(row, f"unreadable_at_load: {error}"))
    return Batch(kept, events, unreadable)


def lake_rows(batch: Batch, customers: Sequence[str | None]) -> tuple[pa.Table, pa.Table]:
    """The batch's rows of EVENTS and of ORDER_LINES; `customers` in step with the events."""
    facts = [_read_facts(event.properties) for event in batch.events]
    return _event_rows(batch, customers, facts), _line_rows(batch, customers, facts)


def _read_facts(properties: msgspec.Raw) -> Facts:
    if len(properties) == 2:  # {}
        return _NOTHING
    try:
        return _facts.decode(properties)
    except msgspec.ValidationError:
        return _pick_facts(msgspec.json.decode(properties))


def _pick_facts(properties: dict[str, Any]) -> Facts:
    """Of an event under a foreign name, whose properties of these names may be anything: those that fit."""
    facts = Facts()
    for name in Facts.__struct_fields__:
        try:
            value = msgspec.convert({name: properties.get(name)}, Facts)
        except msgspec.ValidationError:
            continue
        setattr(facts, name, getattr(value, name))
    return facts


def _event_rows(batch: Batch, customers: Sequence[str | None], facts: list[Facts]) -> pa.Table:
    events = batch.events
    columns: dict[str, Any] = {
        "position": [row[0] for row in batch.rows],
        "source": [event.source for event in events],
        "event_id": [event.event_id for event in events],
        "type": [event.type for event in events],
        "name": [event.name for event in events],
        "occurred_at": [event.occurred_at for event in events],
        "received_at": [row[1] for row in batch.rows],
        "customer": customers,
        "user_id": [event.user_id for event in events],
        "broadcast": [fact.broadcast_id for fact in facts],
        "room": [fact.room_id for fact in facts],
        "shop": [fact.shop_id for fact in facts],
        "product": [fact.product_id for fact in facts],
        "order_id": [fact.order_id for fact in facts],
        "message": [fact.message_id for fact in facts],
        "channel": [fact.channel for fact in facts],
        "amount_minor": [_amount(event, fact) for event, fact in zip(events, facts, strict=True)],
        "currency": [fact.currency for fact in facts],
        "quantity": [fact.count if fact.quantity is None else fact.quantity for fact in facts],
        "seconds": [fact.watch_seconds for fact in facts],
        "content": [fact.content for fact in facts],
        "touchpoint": [_touchpoint(event, fact) for event, fact in zip(events, facts, strict=True)],
    }
    arrays = [pa.array(values, EVENTS.schema.field(name).type) for name, values in columns.items()]
    texts = pa.array([_properties(event) for event in events], pa.binary()).cast(pa.string())
    return pa.table([*arrays, texts], schema=EVENTS.schema)


def _touchpoint(event: Stored, fact: Facts) -> str | None:
    told = event.touchpoint or of_event(event.name, event.type, fact.channel, fact.broadcast_id, fact.shop_id)
    return told or None


def _has_money(event: Stored) -> bool:
    """Only money that segment.py has read is money; under other names it is whatever the sender meant."""
    return event.type == "track" and event.name in OURS


def _amount(event: Stored, facts: Facts) -> int | None:
    """What the event says it was worth: in all, else a price times its pieces."""
    if not _has_money(event):
        return None
    for amount in (facts.total, facts.amount, facts.revenue):
        if amount is not None:
            return amount
    return None if facts.price is None else facts.price * max(facts.quantity or 1, 1)


def _properties(event: Stored) -> bytes:
    if len(event.traits) == 2:
        return bytes(event.properties)
    separator = b"," if len(event.properties) > 2 else b""
    return b'{"traits":' + bytes(event.traits) + separator + bytes(event.properties)[1:]


def _line_rows(batch: Batch, customers: Sequence[str | None], facts: list[Facts]) -> pa.Table:
    found: list[tuple[Any, ...]] = []
    for row, event, fact, customer in zip(batch.rows, batch.events, facts, customers, strict=True):
        if event.name in _ORDERS and event.type == "track":
            where = (row[0], fact.order_id, fact.shop_id, customer, event.name)
            for line in _lines(fact):
                sold = (line.product_id, line.quantity, line.price)
                found.append((*where, *sold, event.occurred_at, fact.broadcast_id))
    columns = zip(*found, strict=True) if found else [()] * len(ORDER_LINES.schema)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, ORDER_LINES.schema, strict=True)]
    return pa.table(arrays, schema=ORDER_LINES.schema)


def _lines(facts: Facts) -> Sequence[ProductLine]:
    """The order's lines; an order that names its product beside them, and none of them, has one."""
    if facts.products is not None:
        return facts.products
    return [ProductLine(facts.product_id, facts.quantity, facts.price)] if facts.product_id is not None else ()
