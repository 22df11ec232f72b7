"""The report of one follow-up: what happened in the broadcast, what was decided, sent and caused, in money.

Lift is claimed only against the randomised holdout, with an interval, intention to treat: everybody the campaign
chose to write to counts, also where the guard stopped the message. What is merely observed is labelled so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.kit.money import MICRO
from huitou.measurement.foresight import SmallestVisible, foresee
from huitou.measurement.outcomes import HOLDOUT, SEND, Outcomes, read_outcomes
from huitou.measurement.replies import is_negative
from huitou.measurement.unseen import Ordered, Takings, read_takings
from huitou.science.evidence import tell_return, why_no_verdict, withhold
from huitou.science.lift import ArmLift, Comparison, compare_arms
from huitou.science.randomisation import RESAMPLES
from huitou.science.returns import Return
from huitou.stores.engine import Engine

SAME_CHANCE = 1e-5  # chances are logged to six places
HANDED_OVER = ("final", "submitted", "delivered", "opened", "clicked", "converted", "in_doubt", "unknown")


@dataclass(frozen=True)
class Funnel:
    """People of the broadcast who reached each stage. `order_minor` leaves out the orders in other currencies than the
    campaign's, `other_currency_orders` says how many they are."""

    entered: int
    saw_product: int
    clicked: int
    carted: int
    ordered: int
    order_minor: int
    other_currency_orders: int = 0


@dataclass(frozen=True)
class Decided:
    action: str
    reason: str
    people: int


@dataclass(frozen=True)
class Sent:
    """Messages of the campaign: by state, and why those that did not go did not."""

    states: dict[str, int]
    not_sent: dict[str, int]
    handed_over: int  # given to the channel, or perhaps given: in doubt counts
    in_doubt: int
    delivered: int
    opened: int
    clicked: int
    cost_minor: float  # of what was handed over


@dataclass(frozen=True)
class PlanCount:
    """How many got a plan and how many of them bought: not compared with anybody. `explored`: drawn at random."""

    timing: str
    channel: str
    offer: str
    explored: bool
    people: int
    buyers: int


@dataclass(frozen=True)
class Caused:
    """Against the holdout, per person and in all, within the window so far. Profit is after discounts and messages.

    `roi` is the lift in that profit over what was spent: messages and discounts, each counted once. `discount_minor`
    is what those given an offer paid less, also where they would have bought anyway. `holdout_share` is the share that
    the draw meant to hold out, `mixed` people are held out although an id of theirs had been written to. The money of
    `other_currency_orders` is in nothing: they count as orders alone. `control_is_weighted`: the control's means are
    weighted, since not everybody had the same chance of being held out. `smallest_visible`: None where nothing can be
    said.
    """

    orders: ArmLift
    profit_minor: ArmLift
    srm_p: float | None
    message_cost_minor: float
    discount_minor: float
    roi: Return | None
    mixed: int
    holdout_share: float
    other_currency_orders: int = 0
    control_is_weighted: bool = False
    smallest_visible: SmallestVisible | None = None


@dataclass(frozen=True)
class HoldoutShare:
    """The holdout as set in the campaign and as it came out.

    Of `people` drawn `held_out` were, the `actual` share; `expected` is the mean of their chances. `other_chance` had
    another one than is set: joined from people who had each drawn, or decided when it was set differently.
    """

    share_set: float
    actual: float | None
    expected: float | None
    people: int
    held_out: int
    other_chance: int


@dataclass(frozen=True)
class Conversion:
    """Live conversion of some broadcasts together; `share` is None without viewers."""

    broadcasts: int
    viewers: int
    buyers: int
    share: float | None


@dataclass(frozen=True)
class Observed:
    """Not caused, only seen: other things changed as well."""

    conversions: tuple[dict[str, Any], ...]  # broadcast, title, started_at, viewers, buyers, share
    before: Conversion  # the broadcasts that began before this one
    after: Conversion
    opt_outs_per_1000: float | None
    complaints_per_1000: float | None
    negative_replies_per_1000: float | None


@dataclass(frozen=True)
class Report:
    broadcast: str
    title: str | None
    started_at: int
    ended_at: int | None
    campaign: str
    currency: str
    as_of: int
    window_ends_at: int
    is_final: bool  # the window is over; later refunds still change it
    funnel: Funnel
    decided: tuple[Decided, ...]
    sent: Sent
    caused: Caused | None  # None where nobody was written to or nobody was held out
    observed: Observed
    takings: Takings
    holdout: HoldoutShare
    no_lift: str | None = None  # why `caused` is None: nobody_written_to | nobody_held_out
    plans: tuple[PlanCount, ...] = ()


def make_report(engine: Engine, broadcast: Broadcast, campaign: Campaign, messages: pa.Table, now: int) -> Report:
    """The report as known at `now`.

    The engine has events, order_lines, merges, customers, visits, decisions, broadcasts; `messages` are the outbox rows of this
    campaign and broadcast: id, customer, state, reason, cost_micro.
    """
    window_ends_at = (broadcast.ended_at or now) + campaign.window_us()
    name = broadcast.broadcast
    chosen = {"broadcast": name, "campaign": campaign.name}
    handed = messages.filter(pc.is_in(messages.column("state"), value_set=pa.array(HANDED_OVER)))
    until = min(now, window_ends_at)
    outcomes = read_outcomes(engine, broadcast, campaign, handed, until=until, now=now)
    no_lift = why_no_lift(outcomes)
    plans = engine.run("measurement", "plans", **chosen).to_pylist()
    taken = read_takings(engine, broadcast, campaign.currency, now)
    visible = None if no_lift else foresee(engine, outcomes, broadcast, campaign, now, window_ends_at)
    return Report(
        broadcast=name,
        title=broadcast.title,
        started_at=broadcast.started_at,
        ended_at=broadcast.ended_at,
        campaign=campaign.name,
        currency=campaign.currency,
        as_of=now,
        window_ends_at=window_ends_at,
        is_final=now >= window_ends_at,
        funnel=read_funnel(engine, name, taken.buyers),
        decided=tuple(Decided(**row) for row in engine.run("measurement", "decided", **chosen).to_pylist()),
        sent=count_sent(messages),
        caused=None if no_lift else replace(compare(outcomes), smallest_visible=visible),
        observed=observe(engine, broadcast, handed),
        takings=taken,
        holdout=share_of(outcomes, campaign.holdout),
        no_lift=no_lift,
        plans=tuple(PlanCount(**row) for row in plans),
    )


def share_of(outcomes: Outcomes, share_set: float) -> HoldoutShare:
    """Of those who could be in either arm."""
    chance, people = outcomes.control_chance, len(outcomes.arm)
    held_out = int((~outcomes.treated).sum())
    return HoldoutShare(
        share_set=share_set,
        actual=held_out / people if people else None,
        expected=float(chance.mean()) if people else None,
        people=people,
        held_out=held_out,
        other_chance=int((np.abs(chance - share_set) > SAME_CHANCE).sum()),
    )


def create_funnel_people(engine: Engine, broadcast: str) -> None:
    """Make `funnel_people` readable: who attended, and the stages each reached."""
    engine.create("funnel_people", "measurement", "funnel_people", broadcast=broadcast)


def read_funnel(engine: Engine, broadcast: str, buyers: Ordered) -> Funnel:
    """People by today's merges; who ordered, and the money, are those of the buyers of `takings`: one order is told in
    one way everywhere, though it came after the visits were stored."""
    create_funnel_people(engine, broadcast)
    row = engine.run("measurement", "funnel").to_pylist()[0]
    return Funnel(
        **{stage: count or 0 for stage, count in row.items()},
        ordered=buyers.people,
        order_minor=buyers.amount_minor,
        other_currency_orders=buyers.other_currency_orders,
    )


def count_sent(messages: pa.Table) -> Sent:
    rows = messages.select(["state", "reason", "cost_micro"]).to_pylist()
    states = Counter(row["state"] for row in rows)
    stopped = ("suppressed", "expired", "failed")
    not_sent = Counter(row["reason"] or row["state"] for row in rows if row["state"] in stopped)
    return Sent(
        states=dict(sorted(states.items())),
        not_sent=dict(not_sent.most_common()),
        handed_over=sum(states[state] for state in HANDED_OVER),
        in_doubt=states["in_doubt"] + states["unknown"],
        delivered=states["delivered"] + states["opened"] + states["clicked"] + states["converted"],
        opened=states["opened"] + states["clicked"] + states["converted"],
        clicked=states["clicked"] + states["converted"],
        cost_minor=sum(row["cost_micro"] for row in rows if row["state"] in HANDED_OVER) / MICRO,
    )


def why_no_lift(outcomes: Outcomes) -> str | None:
    """Why nothing can be compared, or None where it can."""
    treated = outcomes.treated
    if not treated.any() and not outcomes.undrawn:
        return "nobody_written_to"
    return "nobody_held_out" if treated.all() else None


def compare(outcomes: Outcomes, *, resamples: int = RESAMPLES) -> Caused:
    """Lift in orders and in profit after the cost of messages, adjusted for what was so before the decision.

    Weighted by each person's own chance of being held out. What was spent on people whom a merge holds out is spread
    over those written to, so that the whole cost is taken off. No verdict and no ratio before enough people have ordered
    to carry one (science/evidence.py), on profit neither: costs alone prove nothing.
    """
    treated = outcomes.treated
    message_cost_minor = float(outcomes.message_minor.sum())
    astray = float(outcomes.message_minor[~treated].sum())
    spent_on = np.where(treated, outcomes.message_minor + astray / treated.sum(), 0.0)
    share = float(outcomes.control_chance.mean())

    def against(values: NDArray[np.float64]) -> Comparison:
        return compare_arms(
            values, outcomes.arm, HOLDOUT, covariates=outcomes.covariates, control_chance=outcomes.control_chance,
            shares={HOLDOUT: share, SEND: 1 - share}, resamples=resamples,
        )  # fmt: skip

    orders = against(outcomes.orders)
    reason = why_no_verdict(outcomes.orders > 0, treated)
    profit = withhold(against(outcomes.profit_minor - spent_on).arms[0], reason)
    other = outcomes.other_currency_orders
    discounts = float(outcomes.discount_minor[treated].sum())
    return Caused(
        orders=withhold(orders.arms[0], reason),
        profit_minor=profit,
        srm_p=orders.srm_p,
        message_cost_minor=message_cost_minor,
        discount_minor=discounts,
        roi=tell_return(profit, message_cost_minor + discounts),
        mixed=outcomes.mixed,
        holdout_share=share,
        other_currency_orders=0 if other is None else int(other.sum()),
        control_is_weighted=bool(np.ptp(outcomes.control_chance) > SAME_CHANCE),
    )


def observe(engine: Engine, broadcast: Broadcast, handed: pa.Table) -> Observed:
    """Beside the lift: live conversion from show to show, and what people answered to the messages handed over."""
    shows = engine.run("measurement", "conversions").to_pylist()
    engine.register("sent", pa.table({"message": handed.column("id").combine_chunks().cast(pa.string())}))
    answers = engine.run("measurement", "answers").to_pylist()
    told = {
        "unsubscribed": {row["message"] for row in answers if row["name"] == "unsubscribed"},
        "complained": {row["message"] for row in answers if row["name"] == "message_complained"},
        "negative": {
            row["message"] for row in answers if row["name"] == "message_replied" and is_negative(row["content"])
        },
    }
    per_1000 = {what: 1000 * len(said) / handed.num_rows if handed.num_rows else None for what, said in told.items()}
    return Observed(
        conversions=tuple({**row, "share": row["buyers"] / row["viewers"]} for row in shows),
        before=pool([row for row in shows if row["started_at"] < broadcast.started_at]),
        after=pool([row for row in shows if row["started_at"] > broadcast.started_at]),
        opt_outs_per_1000=per_1000["unsubscribed"],
        complaints_per_1000=per_1000["complained"],
        negative_replies_per_1000=per_1000["negative"],
    )


def pool(shows: list[dict[str, Any]]) -> Conversion:
    viewers, buyers = (sum(row[what] for row in shows) for what in ("viewers", "buyers"))
    return Conversion(len(shows), viewers, buyers, buyers / viewers if viewers else None)
