"""The report of one follow-up: what happened in the broadcast, what was decided, sent and caused, in money.

Lift is claimed only against the randomised holdout, with an interval, intention to treat: everybody the campaign
chose to write to counts, also where the guard stopped the message. What is merely observed is labelled so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.kit import clock
from huitou.kit.money import MICRO
from huitou.measurement.outcomes import Outcomes, read_outcomes
from huitou.measurement.replies import is_negative
from huitou.science.lift import ArmLift, Comparison, compare_arms
from huitou.science.returns import Return, return_on
from huitou.stores.engine import Engine

HANDED_OVER = ("final", "submitted", "delivered", "opened", "clicked", "converted", "in_doubt", "unknown")


@dataclass(frozen=True)
class Funnel:
    """People of the broadcast who reached each stage."""

    entered: int
    saw_product: int
    clicked: int
    carted: int
    ordered: int
    order_minor: int


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


@dataclass(frozen=True)
class Caused:
    """Against the holdout, per person and in all, within the window so far. Profit is after discounts and messages."""

    orders: ArmLift
    profit_minor: ArmLift
    srm_p: float | None
    message_cost_minor: float
    discount_minor: float
    roi: Return | None
    mixed: int


@dataclass(frozen=True)
class Observed:
    """Not caused, only seen: other things changed as well."""

    conversions: tuple[dict[str, Any], ...]  # broadcast, title, started_at, viewers, buyers, share
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


def make_report(engine: Engine, broadcast: Broadcast, campaign: Campaign, messages: pa.Table, now: int) -> Report:
    """The report as known at `now`.

    The engine has events, order_lines, merges, visits, decisions, broadcasts; `messages` are the outbox rows of this
    campaign and broadcast: id, customer, state, reason, cost_micro.
    """
    ended = broadcast.ended_at or now
    window_ends_at = ended + campaign.window_us()
    until = min(now, window_ends_at)
    name = broadcast.broadcast
    decided = engine.run("measurement", "decided", broadcast=name, campaign=campaign.name).to_pylist()
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
        funnel=read_funnel(engine, name),
        decided=tuple(Decided(**row) for row in decided),
        sent=count_sent(messages),
        caused=_read_caused(engine, broadcast, campaign, messages, until, now),
        observed=observe(engine, messages),
    )


def read_funnel(engine: Engine, broadcast: str) -> Funnel:
    row = engine.run("measurement", "funnel", broadcast=broadcast).to_pylist()[0]
    return Funnel(**{stage: count or 0 for stage, count in row.items()})


def count_sent(messages: pa.Table) -> Sent:
    rows = messages.select(["state", "reason"]).to_pylist()
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
    )


def _read_caused(
    engine: Engine, broadcast: Broadcast, campaign: Campaign, messages: pa.Table, until: int, now: int
) -> Caused | None:
    outcomes = read_outcomes(engine, broadcast, campaign.name, until=until, margin=float(campaign.margin), now=now)
    if not outcomes.treated.any() or outcomes.treated.all():
        return None
    return compare(outcomes, campaign.holdout, message_cost(messages))


def message_cost(messages: pa.Table) -> float:
    """Minor units spent on messages that were, or may have been, handed over."""
    rows = messages.select(["state", "cost_micro"]).to_pylist()
    return sum(row["cost_micro"] for row in rows if row["state"] in HANDED_OVER) / MICRO


def compare(outcomes: Outcomes, holdout: float, cost_minor: float) -> Caused:
    """Lift in orders and in profit after the cost of messages, adjusted for what was known before the draw."""
    treated = outcomes.treated
    per_person = cost_minor / max(int(treated.sum()), 1)
    shares = {"holdout": holdout, "send": 1 - holdout}

    def against(values: Any) -> Comparison:
        return compare_arms(values, outcomes.arm, "holdout", covariates=outcomes.covariates, shares=shares)

    orders = against(outcomes.orders)
    profit = against(outcomes.profit_minor - treated * per_person)
    discounts = float(outcomes.discount_minor[treated].sum())
    spent = cost_minor + discounts
    return Caused(
        orders=orders.arms[0],
        profit_minor=profit.arms[0],
        srm_p=orders.srm_p,
        message_cost_minor=cost_minor,
        discount_minor=discounts,
        roi=return_on(_before_costs(profit.arms[0], spent), spent),
        mixed=outcomes.mixed,
    )


def _before_costs(profit: ArmLift, spent: float) -> ArmLift:
    """The lift in profit with what was spent added back: ROI's numerator takes it off again."""
    from dataclasses import replace

    def added(total: float | None) -> float | None:
        return None if total is None else total + spent

    return replace(
        profit, total=added(profit.total), total_low=added(profit.total_low), total_high=added(profit.total_high)
    )


def observe(engine: Engine, messages: pa.Table) -> Observed:
    rows = engine.run("measurement", "conversions").to_pylist()
    sent = [row["id"] for row in messages.select(["id", "state"]).to_pylist() if row["state"] in HANDED_OVER]
    engine.register("sent", pa.table({"message": pa.array(sent, pa.string())}))
    answers = engine.run("measurement", "answers").to_pylist()
    told = {
        "unsubscribed": {row["message"] for row in answers if row["name"] == "unsubscribed"},
        "message_complained": {row["message"] for row in answers if row["name"] == "message_complained"},
        "negative": {row["message"] for row in answers if row["name"] == "message_replied" and is_negative(row["content"])},
    }

    def per_1000(kind: str) -> float | None:
        return 1000 * len(told[kind]) / len(sent) if sent else None

    return Observed(
        conversions=tuple({**row, "share": row["buyers"] / row["viewers"]} for row in rows),
        opt_outs_per_1000=per_1000("unsubscribed"),
        complaints_per_1000=per_1000("message_complained"),
        negative_replies_per_1000=per_1000("negative"),
    )
