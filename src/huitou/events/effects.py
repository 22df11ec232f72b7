"""What must be true the moment an event is stored: who it was, what they permit, what stops a message to them,
what an operator said of a broadcast, and whatever a higher room adds.

All other events wait for the loader; these may decide whether a message that is about to go may go. A higher room (points
for an order, say) registers its effect when the house starts (`add_effect`): it runs in the transaction that stores
the event, so it happens exactly as often as the event does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from huitou.events.broadcast_acts import add_acts, read_act
from huitou.events.consent import SAYS, add_consents, read_consents
from huitou.events.graph import Claim
from huitou.events.identity import resolve
from huitou.events.model import Event
from huitou.events.names import OPERATORS
from huitou.events.profile import add_traits
from huitou.events.stops import KINDS, add_stops, read_stop
from huitou.stores.ledger import Connection

OWN = frozenset({"identified", "aliased", *KINDS, *SAYS, *OPERATORS})

# (connection, events of the names asked for with their customers (None: of a room), time of receipt). Under the customers'
# locks where `locks` was asked for. An error takes the event back with it: what the database refuses is quarantined, else
# its sender is told to send again.
Effect = Callable[[Connection, Sequence[tuple[Event, str | None]], int], None]
_added: dict[str, tuple[frozenset[str], Effect, bool]] = {}


def add_effect(name: str, events: Iterable[str], effect: Effect, *, locks: bool = False) -> None:
    """Run `effect` for every event of these names that is stored from now on, in the order of first registration.

    `name` says whose it is; the same name again replaces it, so that starting twice does it once. `locks`: the person is
    locked as for an order, against delivery's guard. It never sees an event twice, nor one that was refused or is
    another source's telling of an order known already.
    """
    _added[name] = (frozenset(events), effect, locks)


def remove_effect(name: str) -> None:
    _added.pop(name, None)


def is_effective(event: Event) -> bool:
    return event.name in OWN or any(event.name in names for names, _, _ in _added.values())


def claim_of(event: Event, received_at: int) -> Claim:
    return Claim(event.identifiers, received_at, event.source, event.event_id)


def apply_effects(connection: Connection, events: Sequence[Event], received_at: int) -> set[tuple[str, str]]:
    """Apply effective events, in order; returns the (source, event id) of orders that were told before."""
    claims = [claim_of(event, received_at) for event in events]
    customers = resolve(connection, claims, stopping=[_may_stop(event) for event in events])
    known = [(event, customer) for event, customer in zip(events, customers, strict=True) if customer is not None]
    stops = [stop for event, customer in known if (stop := read_stop(event, customer, received_at)) is not None]
    repeated = add_stops(connection, stops)
    add_consents(connection, [row for event, customer in known for row in read_consents(event, customer, received_at)])
    add_traits(connection, [(event, customer) for event, customer in known if event.name == "identified"])
    add_acts(connection, [act for event in events if (act := read_act(event)) is not None])
    new = [
        (event, customer)
        for event, customer in zip(events, customers, strict=True)
        if (event.source, event.event_id) not in repeated
    ]
    for names, effect, _ in _added.values():
        if asked := [pair for pair in new if pair[0].name in names]:
            effect(connection, asked, received_at)
    return repeated


def _may_stop(event: Event) -> bool:
    return (
        event.name in KINDS
        or event.name in SAYS
        or (event.name == "identified" and "consents" in event.traits)
        or any(locks and event.name in names for names, _, locks in _added.values())
    )
