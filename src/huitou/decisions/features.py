"""What a policy saw, kept: one row of `decision_features` for each candidate of a run, and a run made from them anew.

A run is one planning of a campaign and occasion; its rows share `campaign`, `occasion` and `run`. With the campaign's
version they give the same decisions to the byte (replay.py): nothing else is asked, and nothing drawn that is not a hash.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.decisions.budget import Remaining
from huitou.decisions.columns import Ints, flags, ints, list_texts, rows_of, texts
from huitou.decisions.eligibility import STATES, judge_eligibility
from huitou.decisions.inputs import CANDIDATES, PRODUCTS
from huitou.decisions.lake_tables import DECISION_FEATURES
from huitou.decisions.people import people_from
from huitou.decisions.products import MOST, WHY, ProductChoice
from huitou.decisions.seen import Seen

ABOUT_PEOPLE = (*CANDIDATES.names, "asked", "ordered_at", "unfollowed_at", "complained_at", "contacts")


def write_features(seen: Seen, campaign: Campaign, run: int) -> pa.Table:
    """The columns of DECISION_FEATURES, in the order of customers."""
    n, products = len(seen.people), seen.products
    state = seen.eligibility.state
    left = seen.remaining
    limited = sorted(left.stock)
    columns = {
        "campaign": pa.repeat(campaign.name, n),
        "campaign_version": pa.repeat(pa.scalar(campaign.version, pa.int64()), n),
        "occasion": pa.repeat(seen.broadcast.broadcast, n),
        "run": pa.repeat(pa.scalar(run, pa.int64()), n),
        "decided_at": pa.repeat(pa.scalar(seen.decided_at, pa.int64()), n),
        "started_at": pa.repeat(pa.scalar(seen.broadcast.started_at, pa.int64()), n),
        "ended_at": pa.repeat(pa.scalar(seen.ended_at, pa.int64()), n),
        **{name: seen.people.table.column(name) for name in ABOUT_PEOPLE},
        "nodes": seen.nodes,
        "channels": list_texts(pa.array([one.name for one in campaign.channels]), _every(n, len(campaign.channels))),
        "channel_states": list_texts(pa.array(STATES), state),
        "products": list_texts(texts(products.catalogue, "product"), products.top),
        "why": list_texts(pa.array(WHY), np.where(products.top < 0, -1, products.why)),
        "price_minor": pa.array(products.price),
        "margin_minor": pa.array(products.margin),
        "priced": pa.array(products.priced),
        "sold_out": pa.repeat(products.sold_out, n),
        "offers_left_micro": pa.repeat(pa.scalar(left.offers, pa.int64()), n),
        "messages_left_micro": pa.repeat(pa.scalar(left.messages, pa.int64()), n),
        "limited_offers": list_texts(pa.array(limited, pa.string()), _every(n, len(limited))),
        "stock_left": pa.repeat(pa.scalar([left.stock[name] for name in limited], pa.list_(pa.int64())), n),
    }
    return pa.table(columns).select(DECISION_FEATURES.schema.names).cast(DECISION_FEATURES.schema)


def read_features(features: pa.Table, campaign: Campaign) -> Seen:
    """What one run saw; `campaign` is the version that decided."""
    table = features.take(pc.sort_indices(features, [("customer", "ascending")])).combine_chunks()
    first = table.slice(0, 1).to_pylist()[0]
    occasion, started_at, ended_at = first["occasion"], first["started_at"], first["ended_at"]
    people = people_from(table, campaign, ended_at)
    state = _positions(table, "channel_states", STATES, len(campaign.channels))
    return Seen(
        Broadcast(occasion, None, None, None, started_at, ended_at, started_at, ended_at),
        first["decided_at"],
        people,
        _read_products(table),
        judge_eligibility(state, people, started_at, campaign.purpose),
        table.column("nodes").combine_chunks(),
        Remaining(
            first["offers_left_micro"],
            first["messages_left_micro"],
            dict(zip(first["limited_offers"], first["stock_left"], strict=True)),
        ),
    )


def _read_products(table: pa.Table) -> ProductChoice:
    names = pc.unique(table.column("products").combine_chunks().flatten()).sort()
    top = _positions(table, "products", names.to_pylist(), MOST)
    return ProductChoice(
        pa.table({field.name: names if field.name == "product" else pa.nulls(len(names), field.type) for field in PRODUCTS}),
        top,
        np.maximum(_positions(table, "why", WHY, MOST), 0),
        ints(table, "price_minor"),
        ints(table, "margin_minor"),
        flags(table, "priced"),
        bool(table.num_rows and table.column("sold_out")[0].as_py()),
    )  # fmt: skip


def _positions(table: pa.Table, name: str, values: list[str] | tuple[str, ...], width: int) -> Ints:
    """(n, width) the lists' items as positions in `values`, -1 after a list's end."""
    lists = table.column(name).combine_chunks()
    owner = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    place = np.arange(len(owner)) - np.searchsorted(owner, owner)
    result = np.full((table.num_rows, width), -1, dtype=np.int64)
    result[owner, place] = rows_of(lists.flatten(), pa.array(values, pa.string()))
    return result


def _every(n: int, width: int) -> Ints:
    return np.tile(np.arange(width, dtype=np.int64), (n, 1))
