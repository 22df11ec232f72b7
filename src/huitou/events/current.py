"""Events as of today: every table that feature SQL reads, with today's customers in place of the nodes events named."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from huitou.events.lake_tables import EVENTS, ORDER_LINES
from huitou.kit.clock import zone_of
from huitou.stores.engine import Engine
from huitou.stores.ledger import Connection, read_arrow, transaction
from huitou.stores.sql import load_query

MERGES = "SELECT id AS customer, merged_into AS root FROM customer WHERE merged_into IS NOT NULL ORDER BY id"


def attach_events(engine: Engine) -> None:
    """Make these readable in the engine, all of one moment:

    - `events`, `order_lines`: as in lake_tables.py, `customer` being today's root;
    - `merges` (customer, root): the customers that are no root;
    - `customers` (root, created_at, name, email, phone, city, timezone, language, birthday, identities, named): one
      row a person; `identities` is of how many customers they are made, `named` whether anything names them but a browser
      or device, `timezone` an IANA name or null.
    """
    engine.attach_as("loaded_events", EVENTS)
    engine.attach_as("loaded_order_lines", ORDER_LINES)
    # After the lake's snapshot: whoever is in the lake is in the ledger.
    with transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        merges, customers = read_arrow(connection, MERGES), read_customers(connection)
    engine.register("merges", merges)
    engine.register("customers", customers)
    engine.view("events", "events", "current_events")
    engine.view("order_lines", "events", "current_order_lines")


def read_customers(connection: Connection) -> pa.Table:
    """The table `customers` of `attach_events`, by root."""
    table = read_arrow(connection, load_query("events", "ledger/customers"))
    zones = [zone if zone and _is_zone(zone) else None for zone in table.column("timezone").to_pylist()]
    index = table.schema.get_field_index("timezone")
    return table.set_column(index, "timezone", pa.array(zones, pa.string()))


@cache
def _is_zone(name: str) -> bool:
    try:
        zone_of(name)
    except ValueError:
        return False
    return True
