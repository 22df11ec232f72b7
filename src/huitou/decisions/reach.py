"""Of those who watched a broadcast: how many are known, how many can lawfully be reached, by what, and why not the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.channel_facts import FACTS
from huitou.campaigns.definition import Campaign, Channel
from huitou.catalog.broadcasts import find_broadcast
from huitou.decisions.columns import Bools, Ints, flags, rows_of, texts
from huitou.decisions.eligibility import NO_ADDRESS, NO_CONSENT, OPTED_OUT, REACHABLE, channel_states
from huitou.decisions.reading import ROOM, open_lake, read_addresses, read_permissions, want
from huitou.events.purposes import MARKETING
from huitou.kit.clock import now_us
from huitou.kit.money import to_micro
from huitou.stores.engine import Engine
from huitou.stores.ledger import transaction

STRONG = ("user_id", "unionid", "openid", "external_userid", "phone", "email", "member_id")
REASONS = ("unknown_person", "no_address", "no_consent", "opted_out", "no_adapter")


@dataclass(frozen=True)
class ChannelReach:
    """How far one channel reaches; the four numbers sum to the watchers. `connected`: there is a way to send on it."""

    channel: str
    connected: bool
    reachable: int
    no_address: int
    no_consent: int
    opted_out: int


@dataclass(frozen=True)
class Reach:
    """People, not visits. `known` have an identifier of their own; `reachable` at least one connected channel with
    address and consent. `why_not` counts everybody else once, by the nearest obstacle. `reachable_not_ordered` of
    `not_ordered` are those a follow-up can write to."""

    broadcast: str
    watchers: int
    known: int
    reachable: int
    ordered: int
    not_ordered: int
    reachable_not_ordered: int
    channels: tuple[ChannelReach, ...]
    why_not: dict[str, int]


def reach(
    broadcast: str,
    campaign: Campaign | None = None,
    now: int | None = None,
    *,
    adapters: Collection[str] = ("email",),
) -> Reach:
    """The reach of the campaign's channels, or of all the house knows. `adapters` are the channels it can send on.

    NotFound for an unknown broadcast.
    """
    now = now_us() if now is None else now
    with Engine() as engine, transaction() as connection:
        open_lake(engine)
        show = find_broadcast(engine, broadcast, now)
        watchers = engine.run(ROOM, "watchers", broadcast=show.broadcast)
        want(connection, watchers.column("customer"))
        addresses = read_addresses(connection)
        allowed = read_permissions(
            connection, watchers.column("customer"), now, campaign.purpose if campaign else MARKETING
        )
    channels = campaign.channels if campaign else all_channels()
    return count_reach(
        show.broadcast, watchers, addresses, allowed, channels, adapters, campaign.purpose if campaign else MARKETING
    )


def all_channels() -> tuple[Channel, ...]:
    return tuple(Channel(one.name, to_micro(one.cost_minor), one.address, one.silent) for one in FACTS.values())


def count_reach(
    broadcast: str,
    watchers: pa.Table,
    addresses: pa.Table,
    permissions: pa.Table,
    channels: Sequence[Channel],
    adapters: Collection[str],
    purpose: str = MARKETING,
) -> Reach:
    """`watchers` (customer, ordered), `addresses` (customer, kind), `permissions` (customer, channel, granted)."""
    customer, ordered = texts(watchers, "customer"), flags(watchers, "ordered")
    state = channel_states(customer, addresses, permissions, channels, purpose)
    strong = addresses.filter(pc.is_in(addresses.column("kind"), value_set=pa.array(STRONG)))
    known = rows_of(customer, pc.unique(texts(strong, "customer"))) >= 0
    connected = np.array([channel.name in adapters for channel in channels])
    can = (state[:, connected] == REACHABLE).any(axis=1)
    return Reach(
        broadcast=broadcast,
        watchers=len(customer),
        known=int(known.sum()),
        reachable=int(can.sum()),
        ordered=int(ordered.sum()),
        not_ordered=int((~ordered).sum()),
        reachable_not_ordered=int((can & ~ordered).sum()),
        channels=tuple(
            _of_channel(channel, channel.name in adapters, state[:, i]) for i, channel in enumerate(channels)
        ),
        why_not=_why_not(state, known, can),
    )


def _of_channel(channel: Channel, connected: bool, state: Ints) -> ChannelReach:
    counts = np.bincount(state, minlength=4).tolist()
    return ChannelReach(
        channel.name, connected, counts[REACHABLE], counts[NO_ADDRESS], counts[NO_CONSENT], counts[OPTED_OUT]
    )


def _why_not(state: Ints, known: Bools, can: Bools) -> dict[str, int]:
    """The obstacle that is nearest to being overcome: a channel to connect, an opt-out to respect, a consent to ask
    for, an address to learn, a person to get to know."""
    reason = np.full(len(state), "unknown_person", dtype=object)
    reason[known] = "no_address"
    for code, name in ((NO_CONSENT, "no_consent"), (OPTED_OUT, "opted_out"), (REACHABLE, "no_adapter")):
        reason[(state == code).any(axis=1)] = name
    left = reason[~can]
    return {name: int((left == name).sum()) for name in REASONS}
