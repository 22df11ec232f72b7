"""What people said of themselves (identify), one row per customer; of each trait the latest word counts."""

from __future__ import annotations

from collections.abc import Sequence

from huitou.events.model import Event, encode_json
from huitou.stores.ledger import Connection
from huitou.stores.sql import load_query


def add_traits(connection: Connection, told: Sequence[tuple[Event, str]]) -> None:
    """Fold the traits of (identify event, customer) into the customers' profiles; consents have their own book."""
    rows = [
        (customer, event.occurred_at, encode_json(traits).decode())
        for event, customer in told
        if (traits := {name: value for name, value in event.traits.items() if name != "consents"})
    ]
    if rows:
        names = ("customer", "occurred_at", "traits")
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        connection.execute(load_query("events", "ledger/add_traits"), columns)
