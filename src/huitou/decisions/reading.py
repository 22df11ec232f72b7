"""Reading what a plan is made from: visits and portraits from the lake, who may be written to from the ledger."""

from __future__ import annotations

import pyarrow as pa

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import GRACE, Broadcast
from huitou.catalog.products import create_products
from huitou.customers.lake_tables import PORTRAITS, VISIT_PRODUCTS, VISITS
from huitou.decisions.inputs import (
    ADDRESSES,
    CANDIDATES,
    CONTACTS,
    NODES,
    PERMISSIONS,
    PRODUCTS,
    SEEN,
    SOLD,
    STOPS,
    WENT,
    Inputs,
)
from huitou.decisions.lake_tables import DECISION_FEATURES, DECISIONS
from huitou.decisions.upgrade import upgrade_decisions
from huitou.events.consent import permissions
from huitou.events.current import attach_events
from huitou.events.purposes import MARKETING
from huitou.events.rules import load_ruled
from huitou.kit.clock import DAY
from huitou.stores.engine import Engine
from huitou.stores.ledger import Connection, copy_rows, read_arrow
from huitou.stores.sql import load_query

ROOM = "decisions"
FEW = 20_000  # people; for more than that everybody's permissions are read and the rest left aside
LONGEST = 60 * DAY  # contacts before that are forgotten; no cap reaches so far (and fatigue fades in days)


def open_lake(engine: Engine) -> None:
    """Make readable what the queries of this room read."""
    attach_events(engine)
    engine.attach(VISITS, VISIT_PRODUCTS, PORTRAITS)
    attach_decisions(engine)


def attach_decisions(engine: Engine) -> None:
    """Make `decisions` readable where `attach_events` was called, each under what its broadcast was merged into, and
    `decision_features`. Decisions of a house from before they were columns are brought to them first."""
    upgrade_decisions(engine.lake)
    engine.attach(DECISION_FEATURES)
    engine.attach_as("loaded_decisions", DECISIONS)
    engine.view("decisions", ROOM, "current_decisions")


def read_inputs(
    engine: Engine,
    connection: Connection,
    broadcast: Broadcast,
    campaign: Campaign,
    now: int,
    went: pa.Table | None = None,
) -> Inputs:
    """Everything a plan needs. The engine is opened by `open_lake`; `connection` is in a transaction.

    `went` (decision, customer, contact_at) tells what became of messages already handed over for sending, contact_at
    null for those that will never go; without it every message that was decided counts as sent at its time.
    """
    show = {"broadcast": broadcast.broadcast}
    of = {**show, "campaign": campaign.name}
    create_products(engine, now)
    engine.register("went", WENT.empty_table() if went is None else went.select(WENT.names).cast(WENT))
    candidates = _shaped(engine.run(ROOM, "candidates", **show), CANDIDATES)
    since = now - max([LONGEST, *(days * DAY for days, _ in campaign.caps)])
    people = candidates.column("customer")
    want(connection, people)
    closes_at = (now if broadcast.ended_at is None else broadcast.ended_at) + GRACE
    span = {"started_at": broadcast.started_at, "closes_at": closes_at, "now": now}
    engine.create("sold", ROOM, "sold", **show, shop=broadcast.shop or "", **span)
    return Inputs(
        broadcast=broadcast,
        candidates=candidates,
        seen=_shaped(engine.run(ROOM, "seen", **show), SEEN),
        products=_shaped(engine.run(ROOM, "shown_products", **show), PRODUCTS),
        nodes=_shaped(read_arrow(connection, _ledger("nodes")), NODES),
        addresses=read_addresses(connection),
        permissions=read_permissions(connection, people, now, campaign.purpose),
        stops=_shaped(read_arrow(connection, load_ruled(ROOM, "ledger/stops"), {"now": now, "until": now}), STOPS),
        contacts=_shaped(engine.run(ROOM, "contacts", since=since), CONTACTS),
        existing=_shaped(engine.run(ROOM, "existing", **of), DECISIONS.schema),
        decided=engine.run(ROOM, "decided", **of).column("customer"),
        sold=_shaped(engine.run_text("SELECT * FROM sold"), SOLD),
    )


def want(connection: Connection, customers: pa.ChunkedArray) -> None:
    """Name the people that the ledger queries of this room are about, until the transaction ends."""
    connection.execute("DROP TABLE IF EXISTS wanted_person")
    connection.execute(_ledger("wanted").encode())
    copy_rows(connection, "wanted_person", ["id"], ((customer,) for customer in customers.to_pylist()))
    connection.execute("ANALYZE wanted_person")


def read_addresses(connection: Connection) -> pa.Table:
    return _shaped(read_arrow(connection, _ledger("addresses")), ADDRESSES)


def read_permissions(
    connection: Connection, customers: pa.ChunkedArray, now: int, purpose: str = MARKETING
) -> pa.Table:
    roots = customers.to_pylist() if len(customers) <= FEW else None
    table = permissions(connection, purpose, now, roots=roots).select(["root", "channel", "granted"])
    return _shaped(table.rename_columns(PERMISSIONS.names), PERMISSIONS)


def _ledger(name: str) -> str:
    return load_query(ROOM, f"ledger/{name}")


def _shaped(table: pa.Table, schema: pa.Schema) -> pa.Table:
    return table.select(schema.names).cast(schema).combine_chunks()
