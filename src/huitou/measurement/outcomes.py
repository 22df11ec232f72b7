"""Orders, money and history of the people a campaign was randomised over, as columns for the statistics.

Intention to treat: whoever the campaign chose to write to counts as written to, also where the guard stopped every
message; whoever it held out counts as held out, though it would have written. Outcomes count from the decision on, the
same span for both, so a window that is still open is cut alike for both.

Merges. The draw is by identity, and the holdout wins: a person one of whose decided ids is held out is held out, with
the chance that any of them were. Should such a person have got a message before the ids were joined, the comparison
errs towards no effect; `mixed` says how many they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.catalog.products import create_products
from huitou.customers.refresh import create_orders
from huitou.kit.money import MICRO
from huitou.stores.engine import Engine

Floats = NDArray[np.float64]
PPM = 1_000_000
COVARIATES = ("past_orders", "past_minor", "late_told", "watch_seconds", "carts", "clicks", "questions")
SEND, HOLDOUT = "send", "holdout"


@dataclass(frozen=True)
class Assigned:
    """One row a person of today who was written to or held out, in the order of their ids.

    `chance` (n,) of being held out; `since` (n,) the decision's moment; `offered` (n,) whether an offer was made;
    `mixed` people are held out although an id of theirs was written to.
    """

    customers: tuple[str, ...]
    arm: NDArray[np.str_]
    chance: Floats
    since: NDArray[np.int64]
    offered: NDArray[np.bool_]
    mixed: int


@dataclass(frozen=True)
class Outcomes:
    """One row a person of either arm who could have been in the other, in the order of their ids.

    Money in minor units (float, from exact integers): `profit_minor` is what was paid less goods, before messages;
    `message_minor` what their messages cost; `discount_minor` what those given an offer paid less for. `covariates`
    (n, p) were so before the decision; None without. `other_currency_orders` are among `orders`, their money is in
    nothing. `mixed` as in Assigned; `undrawn` people are left out here, since
    nobody was held out when they were decided.
    """

    customers: tuple[str, ...]
    arm: NDArray[np.str_]  # send | holdout
    control_chance: Floats
    orders: Floats
    profit_minor: Floats
    message_minor: Floats
    discount_minor: Floats
    covariates: Floats | None
    mixed: int = 0
    undrawn: int = 0
    other_currency_orders: Floats | None = None

    @property
    def treated(self) -> NDArray[np.bool_]:
        return np.asarray(self.arm == SEND)


def read_outcomes(
    engine: Engine, broadcast: Broadcast, campaign: Campaign, handed: pa.Table, *, until: int, now: int
) -> Outcomes:
    """Outcomes from each decision up to `until`. The engine has events, order_lines, merges, visits, decisions;
    `handed` are the messages of this campaign and broadcast that were handed over: id, customer, cost_micro."""
    rows = engine.run("measurement", "assigned", broadcast=broadcast.broadcast, campaign=campaign.name)
    assigned = join_identities(rows, campaign.holdout)
    register_orders(engine, assigned, now)
    engine.register("handed", handed.select(["id", "customer", "cost_micro"]))
    ended_at = broadcast.ended_at or now
    margin_ppm = round(float(campaign.margin) * PPM)
    money = {"currency": campaign.currency}
    bought = engine.run("measurement", "outcomes", ended_at=ended_at, until_at=until, margin_ppm=margin_ppm, **money)
    engine.register("bought", bought.select(["customer", "orders"]))
    before = engine.run(
        "measurement", "before",
        broadcast=broadcast.broadcast, started_at=broadcast.started_at, ended_at=ended_at, **money,
    )  # fmt: skip
    found = Outcomes(
        customers=assigned.customers,
        arm=assigned.arm,
        control_chance=assigned.chance,
        orders=_floats(bought, "orders"),
        profit_minor=_floats(bought, "profit_micro") / PPM,
        message_minor=_spent(engine.run("measurement", "spent"), assigned.customers),
        discount_minor=_floats(bought, "discount_minor") * assigned.offered,
        covariates=np.column_stack([_floats(before, name) for name in COVARIATES]),
        mixed=assigned.mixed,
        other_currency_orders=_floats(bought, "other_currency_orders"),
    )
    return keep_drawn(found)


def join_identities(rows: pa.Table, holdout: float) -> Assigned:
    """People from the rows of `assigned.sql`. `holdout` is the chance of one id whose decision does not tell it."""
    names = rows.column("customer").to_pylist()
    customers, person = np.unique(np.array(names, dtype=str), return_inverse=True)
    n = len(customers)
    chance = rows.column("chance").cast(pa.float64()).fill_null(holdout).to_numpy(zero_copy_only=False)
    held = np.array([action == HOLDOUT for action in rows.column("action").to_pylist()], dtype=np.bool_)
    spared = np.ones(n)
    np.multiply.at(spared, person, 1.0 - chance)
    since = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(since, person, rows.column("decided_at").to_numpy(zero_copy_only=False).astype(np.int64))
    any_held, any_sent, offered = (
        np.bincount(person, weights=flag, minlength=n) > 0
        for flag in (held, ~held, rows.column("offered").to_numpy(zero_copy_only=False) > 0)
    )
    arm = np.where(any_held, HOLDOUT, SEND)
    return Assigned(
        tuple(customers.tolist()), arm, 1.0 - spared, since, offered & ~any_held, int((any_held & any_sent).sum())
    )


def register_orders(engine: Engine, assigned: Assigned, now: int) -> None:
    """`assigned`, and the orders of those people, ready to be read."""
    people = pa.array(assigned.customers, pa.string())
    engine.register("assigned", pa.table({"customer": people, "since_at": pa.array(assigned.since, pa.int64())}))
    engine.register("people", pa.table({"customer": people}))
    engine.create("wanted_orders", "customers", "orders_of", now=now)
    create_orders(engine, now)
    create_products(engine, now)


def keep_drawn(outcomes: Outcomes) -> Outcomes:
    """Without those whom no draw could have put into the other arm (a holdout of 0 when they were decided)."""
    drawn = (outcomes.control_chance > 0) & (outcomes.control_chance < 1)
    if drawn.all():
        return outcomes
    return Outcomes(
        tuple(np.array(outcomes.customers, dtype=object)[drawn]),
        outcomes.arm[drawn],
        outcomes.control_chance[drawn],
        outcomes.orders[drawn],
        outcomes.profit_minor[drawn],
        outcomes.message_minor[drawn],
        outcomes.discount_minor[drawn],
        None if outcomes.covariates is None else outcomes.covariates[drawn],
        outcomes.mixed,
        int((~drawn).sum()),
        None if outcomes.other_currency_orders is None else outcomes.other_currency_orders[drawn],
    )


def _spent(spent: pa.Table, customers: Sequence[str]) -> Floats:
    """(n,) what each person's messages cost, minor units; `spent` from `spent.sql`."""
    place = pc.index_in(pa.array(customers, pa.string()), value_set=spent.column("customer").combine_chunks())
    micro = spent.column("cost_micro").take(place).fill_null(0)
    return np.asarray(micro.to_numpy(), dtype=np.float64) / MICRO


def _floats(table: pa.Table, name: str) -> Floats:
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)
