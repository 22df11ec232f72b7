"""The tables that `huitou query` and the pages read, opened together: events, visits, portraits, decisions and the rest.

| table | one row for each | columns |
|---|---|---|
| events | stored event | events/lake_tables.py; `customer` is today's root |
| order_lines | line of a told order | events/lake_tables.py |
| visits, visit_products | visitor of a broadcast (and product) | customers/lake_tables.py |
| portraits | customer | customers/lake_tables.py |
| decisions | decision and step | decisions/lake_tables.py; `occasion` is the broadcast it was taken for |
| decision_features | candidate and run of the planning | decisions/lake_tables.py: what the policy saw |
| messages | intended message | queries/current_messages.sql |
| receipts | thing that became of a message | message, kind, detail, occurred_at |
| broadcasts | broadcast | catalog/queries/broadcasts.sql |
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from huitou.catalog.broadcasts import create_broadcasts
from huitou.customers.lake_tables import PORTRAITS, VISIT_PRODUCTS, VISITS
from huitou.decisions.reading import attach_decisions
from huitou.events.current import attach_events
from huitou.stores.engine import Engine
from huitou.stores.ledger import read_arrow, transaction

MESSAGES = """
SELECT m.id, coalesce(c.merged_into, m.customer) AS customer, m.campaign, m.campaign_version,
       m.occurrence, m.step, m.decision, m.channel, m.offer, m.products::text AS products, m.send_at,
       m.expires_at, m.state, m.reason, m.attempts, m.cost_micro, m.final_at, m.submitted_at, m.created_at
FROM message m LEFT JOIN customer c ON c.id = m.customer ORDER BY m.id
"""
RECEIPTS = "SELECT message, kind, detail, occurred_at FROM receipt ORDER BY occurred_at, message, kind, detail"


@contextmanager
def open_tables() -> Iterator[Engine]:
    """An engine with all of them, as of one moment each; no address and no name among them."""
    with Engine() as engine:
        attach_events(engine)
        engine.attach(VISITS, VISIT_PRODUCTS, PORTRAITS)
        attach_decisions(engine)
        create_broadcasts(engine)
        with transaction() as connection:
            engine.register("outbox", read_arrow(connection, MESSAGES))
            engine.register("receipts", read_arrow(connection, RECEIPTS))
        engine.create("messages", "flows", "current_messages")
        yield engine
