"""One plan a person: chance, policy and money put together, with the reason and the chance it had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.campaigns.definition import Campaign
from huitou.decisions.arms import Arms, list_arms
from huitou.decisions.assign import NOTHING, Draws, draw
from huitou.decisions.budget import EXPLORED_MONEY, Remaining, affordable_share, choose_within
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.eligibility import Eligibility
from huitou.decisions.lake_tables import ACTIONS, HOLDOUT, NONE, SEND
from huitou.decisions.options import Offered, weigh
from huitou.decisions.people import People
from huitou.decisions.policies.base import Policy
from huitou.decisions.products import ProductChoice
from huitou.decisions.schedule import CAP, CLOSE, EXPIRED, KEPT, LIMIT, PAST, WINDOW
from huitou.decisions.seen import Seen

Floats = NDArray[np.float64]

WHY_NOTHING_GOES = {
    PAST: "too_late", WINDOW: "too_late", LIMIT: "reminders", CLOSE: "too_close", CAP: "cap", EXPIRED: "offer_expired",
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """(n,) each: the arm (NOTHING for none; of the held-out, what they would have got), action (position in ACTIONS),
    reason code, propensity of the whole plan, expected profit in minor units, expected cost of the offer in
    micro-minor units. `explored` is the share whose plan was drawn at random."""

    people: People
    products: ProductChoice
    arms: Arms
    eligibility: Eligibility
    draws: Draws
    arm: Ints
    action: Ints
    reason: NDArray[np.object_]
    propensity: Floats
    profit: Floats
    offer_cost: Ints
    explored: float


def make_plan(seen: Seen, campaign: Campaign, policy: Policy) -> Plan:
    people, products, eligibility, remaining = seen.people, seen.products, seen.eligibility, seen.remaining
    arms = list_arms(campaign, people, eligibility.reach, dict(remaining.stock), seen.ended_at, seen.decided_at)
    draws = draw(campaign, seen.broadcast.broadcast, people, seen.nodes)
    offered = weigh(arms, people, products, policy, draws.plan)
    share, explored, column = _choose(arms, offered, draws, policy.explored_share(campaign), remaining)
    rows, options, drawn = np.arange(len(people)), offered.options, offered.drawn
    arm = np.where(explored, drawn.arm, options.arm[rows, column])
    sent = arm != NOTHING
    held = draws.holdout.held_out & sent
    chance = _chance(offered, explored, column, share)
    return Plan(
        people,
        products,
        arms,
        eligibility,
        draws,
        arm,
        np.where(held, ACTIONS.index(HOLDOUT), np.where(sent, ACTIONS.index(SEND), ACTIONS.index(NONE))),
        _reasons(arms, people, products, eligibility, offered, policy, arm, explored, held),
        _propensity(chance, _chance_of_nothing(offered, column, share), draws.holdout.chance, sent, held),
        np.where(explored, drawn.profit, options.profit[rows, column]),
        np.where(explored, drawn.offer_cost, options.offer_cost[rows, column]),
        share,
    )


def _choose(
    arms: Arms, offered: Offered, draws: Draws, wished: float, remaining: Remaining
) -> tuple[float, Bools, Ints]:
    """(share explored, who is explored, the policy's column for everybody)."""
    drawn, can, held = offered.drawn, offered.feasible, draws.holdout.held_out
    limit = remaining.part(EXPLORED_MONEY if wished < 1 else 1.0)
    share = affordable_share(arms, drawn, draws.explore, can & ~held, wished, limit)
    explored = can & (draws.explore < share)
    paid = explored & ~held
    left = remaining.less(arms, drawn.arm[paid], drawn.offer_cost[paid], drawn.message_cost[paid])
    return share, explored, choose_within(arms, offered.options, can, can & ~held & ~explored, left)


def _chance(offered: Offered, explored: Bools, column: Ints, share: float) -> Floats:
    """(n,) the chance of the plan, holdout aside: drawn at random, or the policy's own."""
    rows = np.arange(len(column))
    own = offered.options.arm[rows, column]
    drawn = np.where(explored, offered.drawn.chance, offered.options.chance[rows, column])
    is_own = ~explored | (offered.drawn.arm == own)
    return np.where(offered.feasible, share * drawn + (1.0 - share) * is_own, 1.0)


def _chance_of_nothing(offered: Offered, column: Ints, share: float) -> Floats:
    """(n,) the chance that chance or policy leaves the person alone."""
    own = offered.options.arm[np.arange(len(column)), column] == NOTHING
    return np.where(offered.feasible, share * offered.options.chance[:, 0] + (1.0 - share) * own, 1.0)


def _propensity(plan: Floats, nothing: Floats, holdout: Floats, sent: Bools, held: Bools) -> Floats:
    """The holdout is drawn among those who would be written to: P(held out) = h (1 - P(nothing)), P(plan) = (1 - h)
    times the plan's chance, P(nothing) as it is. Over all that could happen to a person they sum to 1."""
    return np.where(held, holdout * (1.0 - nothing), np.where(sent, (1.0 - holdout) * plan, plan))


def _reasons(
    arms: Arms,
    people: People,
    products: ProductChoice,
    eligibility: Eligibility,
    offered: Offered,
    policy: Policy,
    arm: Ints,
    explored: Bools,
    held: Bools,
) -> NDArray[np.object_]:
    index, codes = policy.reasons(people)
    reason = np.array(codes, dtype=object)[index]
    worthy = (offered.options.worth[:, 1:] > 0).any(axis=1)
    nothing = arm == NOTHING
    reason[nothing & ~worthy] = "not_worth_it"
    reason[nothing & worthy] = "budget"
    reason[explored] = "explored"
    reason[explored & nothing] = "explored_nothing"
    reason[held] = "holdout"
    stuck = ~offered.feasible
    reason[stuck] = "out_of_stock" if products.sold_out else _why_stuck(arms, people, eligibility)[stuck]
    barred = eligibility.reason != ""
    reason[barred] = eligibility.reason[barred]
    return reason


def _why_stuck(arms: Arms, people: People, eligibility: Eligibility) -> NDArray[np.object_]:
    """(n,) for reachable people with no feasible plan: what stopped the plan that came furthest."""
    furthest = np.zeros(len(people), dtype=np.int64)
    for arm in range(len(arms)):
        schedule = arms.schedule(arm)
        codes = np.where(schedule.dropped == KEPT, EXPIRED, schedule.dropped).max(axis=1)
        mine = eligibility.reach[:, arms.channel[arm]] & arms.open_arms[people.intent, arm]
        furthest = np.where(mine, np.maximum(furthest, codes), furthest)
    names = np.array(["reminders", *(WHY_NOTHING_GOES[code] for code in range(1, EXPIRED + 1))], dtype=object)
    return names[furthest]
