"""Messages that other tools brought to people: they count in caps like our own.

An event `message_delivered` of a campaign that is not ours says so. Ours are told apart by their message's id when they
are counted (a provider tells of ours under any source), those the house writes itself are not kept here at all. A person's
customer is the node the event named, so a merge, and its undoing, carry the contact along.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from huitou.events.model import HOUSE, Event
from huitou.events.purposes import SERVICE, read_purpose
from huitou.stores.ledger import Connection
from huitou.stores.sql import load_query

DELIVERED = "message_delivered"
ADDRESSES = {"email": "email", "sms": "phone", "wecom": "external_userid"}  # channel -> identifier that is its address


class OtherContact(NamedTuple):
    """One row of `contact`, in the columns' order; `message` is the id the event names, '' where it names none."""

    customer: str
    channel: str
    address: str
    campaign: str
    message: str
    occurred_at: int
    source: str
    event_id: str


def is_contact(event: Event) -> bool:
    return event.name == DELIVERED and event.source != HOUSE


def read_contact(event: Event, customer: str, recorded_at: int) -> OtherContact | None:
    """What the event says was brought to somebody. A sender's clock cannot date it into the future, where it would fill
    the cap for longer. News of an order counts in no cap."""
    if not is_contact(event) or read_purpose(event.properties.get("purpose"), True) == SERVICE:
        return None
    channel = event.text("channel").strip().lower()
    kind = ADDRESSES.get(channel)
    address = next((value for of, value in event.identifiers if of == kind), "")
    campaign = event.text("campaign") or event.text("campaign_name")
    at = min(event.occurred_at, recorded_at)
    return OtherContact(
        customer, channel, address, campaign, event.text("message_id"), at, event.source, event.event_id
    )


def add_contacts(connection: Connection, contacts: Sequence[OtherContact]) -> None:
    if contacts:
        columns = dict(zip(OtherContact._fields, map(list, zip(*contacts, strict=True)), strict=True))
        connection.execute(load_query("events", "ledger/add_contacts"), columns)
