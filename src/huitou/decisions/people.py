"""The candidates as arrays, one row a person, in the order of their ids."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.campaigns.caps import History
from huitou.campaigns.definition import Campaign, Thresholds
from huitou.decisions.columns import NONE_AT, Bools, Ints, codes, gather_lists, ints, rows_of, texts
from huitou.decisions.inputs import Inputs
from huitou.kit.clock import zone_of

FEATURES = (
    "watch_seconds", "comments", "questions", "likes", "clicks", "carts", "products_seen", "orders",
    "average_minor", "active_hour", "broadcasts", "left_at", "last_order_at",
)  # fmt: skip
HIGH, CONSIDERING, DRIFTING = 0, 1, 2


@dataclass(frozen=True)
class People:
    """n candidates; every array has n rows, `zones` holds positions in `zone_names`.

    `asked` counts questions in the comments, or products asked for where that is more; `last_order_at`, `unfollowed_at`,
    `complained_at` are NONE_AT where it never happened; `active_hour` is -1 where unknown.
    """

    customer: pa.Array
    table: pa.Table
    watched: Ints
    carts: Ints
    asked: Ints
    clicks: Ints
    orders: Ints
    average: Ints
    left_at: Ints
    active_hour: Ints
    last_order_at: Ints
    unfollowed_at: Ints
    complained_at: Ints
    intent: Ints
    zones: Ints
    zone_names: list[str]
    history: History
    features: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.customer)


def gather_people(inputs: Inputs, campaign: Campaign) -> People:
    """The candidates that have no decision yet, sorted by customer, so that the order of rows never matters."""
    table = _undecided(inputs)
    customer = texts(table, "customer")
    told = {"unfollowed_at": "unfollow", "complained_at": "complaint"}
    ordered_at = np.maximum(ints(table, "last_order_at", NONE_AT), _latest_stop(inputs.stops, customer, "order"))
    # Questions in the comments, and products asked for: the same comments, seen twice.
    asked = np.maximum(ints(table, "questions"), _asked(inputs.seen, customer))
    table = table.append_column("asked", pa.array(asked)).append_column("ordered_at", _moments(ordered_at))
    for name, kind in told.items():
        table = table.append_column(name, _moments(_latest_stop(inputs.stops, customer, kind)))
    table = table.append_column("contacts", _contacts(inputs.contacts, customer))
    return people_from(table, campaign, inputs.broadcast.ended_at or inputs.broadcast.last_event_at)


def people_from(table: pa.Table, campaign: Campaign, ended_at: int) -> People:
    """From the columns of CANDIDATES and `asked`, `ordered_at`, `unfollowed_at`, `complained_at`, `contacts`."""
    zones, zone_names = _zones(texts(table, "timezone"), campaign.timezone)
    watched, carts, clicks = ints(table, "watch_seconds"), ints(table, "carts"), ints(table, "clicks")
    asked = ints(table, "asked")
    return People(
        customer=texts(table, "customer"),
        table=table,
        watched=watched,
        carts=carts,
        asked=asked,
        clicks=clicks,
        orders=ints(table, "orders"),
        average=ints(table, "average_minor"),
        left_at=np.minimum(ints(table, "left_at", ended_at), ended_at),
        active_hour=ints(table, "active_hour", -1),
        last_order_at=ints(table, "ordered_at", NONE_AT),
        unfollowed_at=ints(table, "unfollowed_at", NONE_AT),
        complained_at=ints(table, "complained_at", NONE_AT),
        intent=judge_intent(campaign, watched, carts, asked, clicks),
        zones=zones,
        zone_names=zone_names,
        history=_history(table),
        features=_features(table, asked),
    )


def judge_intent(campaign: Campaign, watched: Ints, carts: Ints, asked: Ints, clicks: Ints) -> Ints:
    """(n,) HIGH, CONSIDERING or DRIFTING by the operator's thresholds; any one that is reached is enough."""

    def reaches(since: Thresholds) -> Bools:
        result = np.zeros(len(watched), dtype=np.bool_)
        pairs = ((watched, since.watched_seconds), (carts, since.carts), (asked, since.asked), (clicks, since.clicks))
        for values, threshold in pairs:
            if threshold > 0:
                result |= values >= threshold
        return result

    intents = campaign.intents
    considering = np.where(reaches(intents.considering_from), CONSIDERING, DRIFTING)
    return np.where(reaches(intents.high_from), HIGH, considering).astype(np.int64)


def hash_features(people: People, extra: NDArray[np.int64]) -> list[str]:
    """(n,) 16 hex digits of what is known of each person and went into the decision."""
    rows = np.ascontiguousarray(np.concatenate([people.features, extra], axis=1))
    width, data = rows.shape[1] * 8, rows.tobytes()
    digest = hashlib.blake2b
    return [digest(data[at : at + width], digest_size=8).hexdigest() for at in range(0, len(data), width)]


def _undecided(inputs: Inputs) -> pa.Table:
    table = inputs.candidates
    if len(inputs.decided):
        known = pc.unique(inputs.decided)
        table = table.filter(pc.invert(pc.is_in(table.column("customer"), value_set=known)))
    return table.take(pc.sort_indices(table, [("customer", "ascending")])).combine_chunks()


def _zones(column: pa.Array, default: str) -> tuple[Ints, list[str]]:
    """A customer without a zone, or with a name that is none, lives by the campaign's."""
    index, names = codes(column)
    known = [name if name is not None and _is_zone(name) else default for name in names]
    distinct = sorted(set(known))
    place = np.array([distinct.index(name) for name in known] or [0], dtype=np.int64)
    return place[index], distinct or [default]


def _is_zone(name: str) -> bool:
    try:
        zone_of(name)
    except ValueError:
        return False
    return True


def _asked(seen: pa.Table, customer: pa.Array) -> Ints:
    rows = rows_of(texts(seen, "customer"), customer)
    asked = ints(seen, "asked")
    return np.bincount(rows[rows >= 0], weights=asked[rows >= 0], minlength=len(customer)).astype(np.int64)


def _latest_stop(stops: pa.Table, customer: pa.Array, kind: str) -> Ints:
    latest = np.full(len(customer), NONE_AT, dtype=np.int64)
    wanted = stops.filter(pc.equal(stops.column("kind"), kind))
    rows = rows_of(texts(wanted, "customer"), customer)
    np.maximum.at(latest, rows[rows >= 0], ints(wanted, "occurred_at")[rows >= 0])
    return latest


def _contacts(contacts: pa.Table, customer: pa.Array) -> pa.Array:
    rows = rows_of(texts(contacts, "customer"), customer)
    moments = texts(contacts, "contact_at").filter(pa.array(rows >= 0))
    return gather_lists(rows[rows >= 0], moments, len(customer))


def _history(table: pa.Table) -> History:
    contacts = table.column("contacts").combine_chunks()
    return History.of(table.num_rows, pc.list_parent_indices(contacts), contacts.flatten())


def _moments(values: Ints) -> pa.Array:
    return pa.array(values, mask=values == NONE_AT)


def _features(table: pa.Table, asked: Ints) -> NDArray[np.int64]:
    columns = [ints(table, name, -1) for name in FEATURES] + [asked]
    for name in ("lifecycle", "rfm", "timezone", "language"):
        index, values = codes(texts(table, name))
        digests = [_number(value) for value in values] or [0]
        columns.append(np.array(digests, dtype=np.int64)[index])
    return np.stack(columns, axis=1)


def _number(value: str | None) -> int:
    """A text as a number that does not depend on what else is in the column."""
    digest = hashlib.blake2b((value or "").encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True) if value is not None else 0
