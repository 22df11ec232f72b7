"""What a channel says about a message comes back as an event, like everything else that happens."""

from __future__ import annotations

from collections.abc import Sequence

from huitou.campaigns.channel_facts import address_kind
from huitou.delivery.outbox import query
from huitou.events.journal import append_events
from huitou.events.model import CUSTOMER, Event
from huitou.stores.ledger import Connection

SOURCE = "huitou"


def message_event(message: str, customer: str, name: str, at: int, *, key: str = "", **properties: str) -> Event:
    """`name` as in message_bounced, unsubscribed; the same key for the same message is the same event."""
    return Event(
        source=SOURCE,
        event_id=f"{name}:{message}:{key}" if key else f"{name}:{message}",
        type="track",
        name=name,
        occurred_at=at,
        stated_at=at,
        identifiers=((CUSTOMER, customer),),
        properties={"message_id": message, **properties},
    )


def owner_of(connection: Connection, message: str) -> tuple[str, str, str] | None:
    """(customer, channel, address) of a message; None where there is none."""
    row = connection.execute("SELECT customer, channel, address FROM message WHERE id = %s", (message,)).fetchone()
    return (row[0], row[1], row[2]) if row else None


def readers_of(connection: Connection, customer: str, channel: str, address: str) -> list[str]:
    """Who speaks through a message to `customer` that went to `address`: they, and the customer whose address it is.

    While both are one person that is the same. But the merge may be undone, before or after the answer comes: who
    leaves must have left as the owner of the mailbox they left from.
    """
    row = connection.execute(
        "SELECT customer FROM identifier WHERE kind = %s AND value = %s", (address_kind(channel), address)
    ).fetchone()
    return [customer, row[0]] if row and row[0] != customer else [customer]


def reader_events(
    message: str, readers: Sequence[str], name: str, at: int, *, key: str = "", **properties: str
) -> list[Event]:
    """What the readers said, an event for each; the first of them is the message's own customer."""
    keys = [key, *(f"{key}:{reader}" if key else reader for reader in readers[1:])]
    return [
        message_event(message, reader, name, at, key=own, **properties)
        for reader, own in zip(readers, keys, strict=True)
    ]


def report_bounce(connection: Connection, message: str, channel: str, address: str, status: str, at: int) -> None:
    """The channel says that this address does not exist: nothing goes there again, and the event says so."""
    found = owner_of(connection, message)
    if found is None:
        return
    connection.execute(
        query("suppress_address"), {"channel": channel, "address": address or found[2], "status": status, "since": at}
    )
    event = message_event(message, found[0], "message_bounced", at, channel=channel, status=status)
    append_events(connection, [event], at)
