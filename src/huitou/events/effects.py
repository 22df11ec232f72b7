"""What must be true the moment an event is stored: who it was, what they permit, what stops a message to them,
and what an operator said of a broadcast.

All other events wait for the loader; these may decide whether a message that is about to go may go.
"""

from __future__ import annotations

from collections.abc import Sequence

from huitou.events.broadcast_acts import add_acts, read_act
from huitou.events.consent import SAYS, add_consents, read_consents
from huitou.events.graph import Claim
from huitou.events.identity import resolve
from huitou.events.model import Event
from huitou.events.names import OPERATORS
from huitou.events.profile import add_traits
from huitou.events.stops import KINDS, add_stops, read_stop
from huitou.stores.ledger import Connection

EFFECTIVE = frozenset({"identified", "aliased", *KINDS, *SAYS, *OPERATORS})


def claim_of(event: Event, received_at: int) -> Claim:
    return Claim(event.identifiers, received_at, event.source, event.event_id)


def apply_effects(connection: Connection, events: Sequence[Event], received_at: int) -> set[tuple[str, str]]:
    """Apply EFFECTIVE events, in order; returns the (source, event id) of orders that were told before."""
    claims = [claim_of(event, received_at) for event in events]
    stopping = [_may_stop(event) for event in events]
    customers = resolve(connection, claims, stopping=stopping)
    known = [(event, customer) for event, customer in zip(events, customers, strict=True) if customer is not None]
    stops = [stop for event, customer in known if (stop := read_stop(event, customer, received_at)) is not None]
    repeated = add_stops(connection, stops)
    add_consents(connection, [row for event, customer in known for row in read_consents(event, customer, received_at)])
    add_traits(connection, [(event, customer) for event, customer in known if event.name == "identified"])
    add_acts(connection, [act for event in events if (act := read_act(event)) is not None])
    return repeated


def _may_stop(event: Event) -> bool:
    return event.name in KINDS or event.name in SAYS or (event.name == "identified" and "consents" in event.traits)
