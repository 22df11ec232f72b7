"""What stops a message: orders, and everything else that changes who may be written to.

Written in the transaction that stores the event, under the person's lock, so that delivery's guard sees it or is
seen by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from huitou.events.model import Event
from huitou.stores.ledger import Connection
from huitou.stores.sql import load_query

KINDS = {
    "order_created": "order",
    "order_paid": "order",
    "order_shipped": "progress",
    "order_received": "progress",
    "order_cancelled": "cancelled",
    "order_refunded": "refunded",
    "live_unfollowed": "unfollow",
    "live_followed": "follow",
    "message_complained": "complaint",
}


class Stop(NamedTuple):
    """One row of `stop`, in the columns' order."""

    customer: str
    kind: str
    shop: str
    order_id: str
    status: str
    occurred_at: int
    recorded_at: int
    source: str
    event_id: str


def read_stop(event: Event, customer: str, recorded_at: int) -> Stop | None:
    """What the event stops, None where it stops nothing."""
    kind = KINDS.get(event.name)
    if kind is None:
        return None
    order_id = event.text("order_id") if event.name.startswith("order_") else ""
    where = (event.text("shop_id"), order_id, event.name)
    return Stop(customer, kind, *where, event.occurred_at, recorded_at, event.source, event.event_id)


def add_stops(connection: Connection, stops: Sequence[Stop]) -> set[tuple[str, str]]:
    """Write the stops; returns the (source, event id) of those that tell an order told before.

    Orders are told by several sources; (shop, order id, status) names them. Refunds may be partial and repeat.
    A repeated order of another customer stops messages to that one too.
    """
    if not stops:
        return set()
    new = set(connection.execute(load_query("events", "ledger/add_stops"), _columns(stops)).fetchall())
    repeated = [stop for stop in stops if (stop.source, stop.event_id) not in new]
    if repeated:
        connection.execute(load_query("events", "ledger/add_second_stops"), _columns(repeated))
    return {(stop.source, stop.event_id) for stop in repeated}


def _columns(stops: Sequence[Stop]) -> dict[str, list[str | int]]:
    return dict(zip(Stop._fields, map(list, zip(*stops, strict=True)), strict=True))
