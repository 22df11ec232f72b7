"""Who may be written to at all, on which channel, and the first reason against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.campaigns.definition import Campaign, Channel
from huitou.decisions.columns import NONE_AT, Bools, Ints, rows_of, texts
from huitou.decisions.inputs import Inputs
from huitou.decisions.people import People
from huitou.events.purposes import MARKETING, SERVICE

REACHABLE, NO_ADDRESS, NO_CONSENT, OPTED_OUT = range(4)
STATES = ("reachable", "no_address", "no_consent", "opted_out")
EVERY_CHANNEL = "*"  # a withdrawal that names no channel


@dataclass(frozen=True)
class Eligibility:
    """`state` (n, channels) says how far each person can be reached on each channel; `reason` (n,) is the code why
    nobody may write to the person at all, '' where somebody may."""

    state: Ints
    reason: NDArray[np.object_]

    @property
    def reach(self) -> Bools:
        return (self.state == REACHABLE) & (self.reason == "")[:, None]


def check_eligibility(inputs: Inputs, people: People, campaign: Campaign) -> Eligibility:
    state = channel_states(people.customer, inputs.addresses, inputs.permissions, campaign.channels, campaign.purpose)
    return judge_eligibility(state, people, inputs.broadcast.started_at, campaign.purpose)


def judge_eligibility(state: Ints, people: People, since: int, purpose: str = MARKETING) -> Eligibility:
    """By the states of their channels, and what they did `since` that moment."""
    is_marketing = purpose != SERVICE
    reason = np.full(len(people), "", dtype=object)
    for code, applies in (
        ("ordered", is_marketing & (people.last_order_at >= since)),
        ("complained", people.complained_at != NONE_AT),
        ("unfollowed", is_marketing & (people.unfollowed_at >= since)),
        ("opted_out", ~(state == REACHABLE).any(axis=1) & (state == OPTED_OUT).any(axis=1)),
        ("no_consent", ~(state == REACHABLE).any(axis=1) & (state == NO_CONSENT).any(axis=1)),
        ("no_address", ~(state == REACHABLE).any(axis=1)),
    ):
        reason[applies & (reason == "")] = code
    return Eligibility(state, reason)


def channel_states(
    customer: pa.Array,
    addresses: pa.Table,
    permissions: pa.Table,
    channels: Sequence[Channel],
    purpose: str = MARKETING,
) -> Ints:
    """(n, channels): an address first, then the consent; who withdrew it is told apart from who never gave it. A service
    message needs none, as long as nobody took it back. `permissions` are those for the purpose."""
    states = []
    for channel in channels:
        has = _is_among(customer, addresses, pc.equal(addresses.column("kind"), channel.address))
        granted, withdrawn = _consent(customer, permissions, channel.name)
        without = np.where(withdrawn, OPTED_OUT, REACHABLE if purpose == SERVICE else NO_CONSENT)
        states.append(np.where(~has, NO_ADDRESS, np.where(granted, REACHABLE, without)))
    return np.stack(states, axis=1).astype(np.int64)


def _consent(customer: pa.Array, permissions: pa.Table, channel: str) -> tuple[Bools, Bools]:
    """Granted, withdrawn. A channel's own row already reflects a withdrawal from all channels; who has none never
    granted it, and may have withdrawn everything."""
    here, everywhere = (pc.equal(permissions.column("channel"), name) for name in (channel, EVERY_CHANNEL))
    yes = permissions.column("granted")
    granted = _is_among(customer, permissions, pc.and_(here, yes))
    withdrawn = _is_among(customer, permissions, pc.and_(pc.or_(here, everywhere), pc.invert(yes)))
    return granted, withdrawn & ~granted


def _is_among(customer: pa.Array, table: pa.Table, where: pa.ChunkedArray) -> Bools:
    return rows_of(customer, pc.unique(texts(table.filter(where), "customer"))) >= 0
