"""What people of a broadcast would be written, whatever keeps them from it: for looking at words before anything goes.

The same planning as ever, with one message a person, one channel and one offer, and nothing in the way: no holdout, no
budget, no caps, no missing consent. Nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Budget, Campaign, Intents, Timing
from huitou.catalog.broadcasts import find_broadcast
from huitou.decisions.decide import plan_new, refuse_live
from huitou.decisions.inputs import ADDRESSES, CONTACTS, PERMISSIONS, STOPS, Inputs
from huitou.decisions.lake_tables import DECISIONS, SEND
from huitou.decisions.reading import open_lake, read_inputs
from huitou.kit.clock import MINUTE
from huitou.stores.engine import Engine
from huitou.stores.ledger import transaction

FEW = 2_000  # people, where nobody is named: enough to find an example of each kind
ONCE = Timing("as_if", hours=(0.25,))


def decide_as_if(
    broadcast: str,
    campaign: Campaign,
    channel: str,
    offer: str,
    now: int,
    customers: Collection[str] | None = None,
) -> tuple[pa.Table, Campaign]:
    """Decision rows of what is sent, of those named, else of the first FEW of the broadcast's non-buyers; and the
    campaign as it would have to be for them.

    Left out is who is no candidate: who ordered in it, or did not watch it. NotFound for an unknown broadcast, Refused
    for a live one.
    """
    with Engine() as engine, transaction() as connection:
        open_lake(engine)
        show = find_broadcast(engine, broadcast, now)
        refuse_live(show)
        inputs = read_inputs(engine, connection, show, campaign, now)
    freed, chosen = _without_obstacles(_only(inputs, customers), campaign, channel), _one_arm(campaign, channel, offer)
    planned = plan_new(freed, chosen, (show.ended_at or now) + MINUTE).new
    return planned.filter(pc.equal(planned.column("action"), SEND)), chosen


def _only(inputs: Inputs, customers: Collection[str] | None) -> Inputs:
    people = inputs.candidates
    if customers is None:
        return replace(inputs, candidates=people.slice(0, FEW))
    named = pa.array(sorted(customers), pa.string())
    return replace(inputs, candidates=people.filter(pc.is_in(people.column("customer"), value_set=named)))


def _without_obstacles(inputs: Inputs, campaign: Campaign, channel: str) -> Inputs:
    people = inputs.candidates
    ids, n = people.column("customer"), people.num_rows
    forgotten = people.set_column(
        people.schema.get_field_index("last_order_at"), "last_order_at", pa.nulls(n, pa.int64())
    )
    kind = pa.repeat(campaign.channel(channel).address, n)
    granted = [ids, pa.repeat(channel, n), pa.repeat(True, n)]
    return replace(
        inputs,
        candidates=forgotten,
        addresses=pa.Table.from_arrays([ids, kind], schema=ADDRESSES),
        permissions=pa.Table.from_arrays(granted, schema=PERMISSIONS),
        stops=STOPS.empty_table(),
        contacts=CONTACTS.empty_table(),
        existing=DECISIONS.schema.empty_table(),
        decided=pa.chunked_array([], pa.string()),
    )


def _one_arm(campaign: Campaign, channel: str, offer: str) -> Campaign:
    return replace(
        campaign,
        holdout=0.0,
        explore=0.0,
        policy=f"blast:{ONCE.name}:{offer}",
        budget=Budget(),
        caps=(),
        quiet=(),
        timings=(ONCE,),
        channels=(replace(campaign.channel(channel), silent=()),),
        offers=(replace(campaign.offer(offer), stock=None),),
        intents=Intents(high_from=campaign.intents.high_from, considering_from=campaign.intents.considering_from),
        window_hours=max(campaign.window_hours, 2 * ONCE.hours[0]),
    )
