"""What became of messages, as channels and customers say: taken from the events once they are in the lake.

Receipts may come in any order, twice, or before the sender has noted that it submitted; the state moves forward only,
to the furthest receipt, so every order gives the same. `converted` is attribution (an order within WINDOW after a
click, or one that names the message), never a claim that the message caused it; that is measurement's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from huitou.delivery.breaker import judge_returned
from huitou.delivery.channel_events import message_event, owner_of
from huitou.delivery.links import Link
from huitou.delivery.outbox import query
from huitou.events.journal import append_events
from huitou.events.lake_tables import EVENTS
from huitou.kit.clock import DAY, SECOND, now_us
from huitou.stores.engine import Engine
from huitou.stores.ledger import Connection, lock, transaction

KINDS = {
    "message_delivered": "delivered",
    "message_opened": "opened",
    "message_clicked": "clicked",
    "message_replied": "replied",
    "message_bounced": "bounced",
    "message_complained": "complained",
    "unsubscribed": "unsubscribed",
}
LADDER = ("submitted", "failed", "delivered", "opened", "clicked", "converted")  # replied and the rest are kept beside
SENT = ("final", "in_doubt", "unknown", *LADDER)
WINDOW = 7 * DAY  # the usual window of last-click attribution, and a follow-up's own
ORDERS = ("order_created", "order_paid")
CURSOR = "receipts"
LARGEST_DETAIL = 200


@dataclass(frozen=True)
class Receipt:
    """One receipt: `kind` as in KINDS' values."""

    message: str
    kind: str
    occurred_at: int
    detail: str = ""


def apply_receipts() -> int:
    """Take the receipts that were loaded into the lake since the last time; returns how many events were looked at.

    Killed halfway it begins again at the same place: the cursor moves in the transaction that folds.
    """
    with transaction() as connection:
        lock(connection, "receipts")
        row = connection.execute("SELECT position FROM receipt_cursor WHERE name = %s", (CURSOR,)).fetchone()
        after = row[0] if row else 0
        with Engine() as engine:
            engine.attach(EVENTS)
            events = engine.run("delivery", "receipts", after=after).to_pylist()
        if not events:
            return 0
        told = [
            Receipt(event["message"], KINDS[event["name"]], event["occurred_at"], _detail(event["properties"]))
            for event in events
            if event["name"] in KINDS
        ]
        orders = [event for event in events if event["name"] in ORDERS]
        fold_receipts(connection, told)
        judge_returned(connection, {one.message: one.detail for one in told if one.kind == "bounced"})
        convert(
            connection,
            clicked={one.message for one in told if one.kind == "clicked"},
            buyers={order["customer"] for order in orders if order["customer"]},
            named={order["message"] for order in orders if order["message"]},
        )
        connection.execute(
            "INSERT INTO receipt_cursor (name, position) VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET position = excluded.position",
            (CURSOR, events[-1]["position"]),
        )
        return len(events)


def fold_receipts(connection: Connection, told: Sequence[Receipt]) -> None:
    """Keep the receipts of messages that went out and move their states forward. Twice is once."""
    connection.execute(
        query("fold_receipts"),
        {
            "messages": [one.message for one in told],
            "kinds": [one.kind for one in told],
            "details": [one.detail[:LARGEST_DETAIL] for one in told],
            "moments": [one.occurred_at for one in told],
            "ladder": list(LADDER),
            "sent": list(SENT),
            "now": now_us(),
        },
    )


def convert(connection: Connection, clicked: Iterable[str], buyers: Iterable[str], named: Iterable[str]) -> None:
    """Mark what an order followed: messages just clicked, and messages of customers who just ordered."""
    named = sorted(named)
    connection.execute(
        query("convert"),
        {
            "messages": sorted({*clicked, *named}),
            "customers": sorted(buyers),
            "named": named,
            "window": WINDOW,
            "sent": list(SENT),
        },
    )


def _detail(properties: str | None) -> str:
    """What tells two receipts of one kind and moment apart: the link that was clicked, the status of a bounce."""
    import json

    said = json.loads(properties or "{}")
    return str(said.get("link") or said.get("status") or "")


def record_click(connection: Connection, link: Link) -> None:
    """Journal the click on a tracked link; several within a second are one."""
    found = owner_of(connection, link.message)
    if found is None:
        return
    customer, channel, _ = found
    at = now_us()
    more = {"product_id": link.product} if link.product else {}
    event = message_event(
        link.message, customer, "message_clicked", at - at % SECOND, key=f"{link.token}:{at // SECOND}",
        channel=channel, link=link.token, **more,
    )  # fmt: skip
    append_events(connection, [event], at)
