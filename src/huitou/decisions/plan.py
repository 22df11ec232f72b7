"""One plan a person: chance, policy and money put together, with the reason and the chance it had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.campaigns.definition import Campaign
from huitou.decisions.arms import Arms, list_arms
from huitou.decisions.assign import NOTHING, Draws, draw
from huitou.decisions.budget import EXPLORED_MONEY, Remaining, choose_within
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.eligibility import Eligibility
from huitou.decisions.explore import Exploration, draw_arms, limits_of, plan_chances
from huitou.decisions.lake_tables import ACTIONS, HOLDOUT, NONE, SEND
from huitou.decisions.learning import Model
from huitou.decisions.options import Offered, use_of_explored, weigh
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


@dataclass(frozen=True)
class Drawn:
    """Whose arm was drawn, and what: `who` (e,) positions in people, the others (e,) each; `is_drawn` (n,)."""

    who: Ints
    arm: Ints
    profit: Floats
    offer_cost: Ints
    message_cost: Ints
    is_drawn: Bools


def make_plan(seen: Seen, campaign: Campaign, policy: Policy, evidence: Model | None = None) -> Plan:
    people, products, eligibility = seen.people, seen.products, seen.eligibility
    arms = list_arms(campaign, people, eligibility.reach, dict(seen.remaining.stock), seen.ended_at, seen.decided_at)
    draws = draw(campaign, seen.broadcast.broadcast, people, seen.nodes)
    share = policy.explored_share(campaign, evidence)
    offered, exploring, drawn = _explore(arms, seen, policy, draws, share)
    options, rows = offered.options, np.arange(len(people))
    column = _choose(arms, offered, drawn, draws.holdout.held_out, seen.remaining)
    own: Ints = options.arm[rows, column]
    arm, profit, offer_cost = own.copy(), options.profit[rows, column], options.offer_cost[rows, column]
    arm[drawn.who], profit[drawn.who], offer_cost[drawn.who] = drawn.arm, drawn.profit, drawn.offer_cost
    sent = arm != NOTHING
    held = draws.holdout.held_out & sent
    chance = _chance(exploring, arm, own, share, offered.feasible)
    nothing = _chance(exploring, np.full_like(arm, NOTHING), own, share, offered.feasible)
    return Plan(
        people,
        products,
        arms,
        eligibility,
        draws,
        arm,
        np.where(held, ACTIONS.index(HOLDOUT), np.where(sent, ACTIONS.index(SEND), ACTIONS.index(NONE))),
        _reasons(arms, people, products, eligibility, offered, policy, arm, drawn.is_drawn, held),
        _propensity(chance, nothing, draws.holdout.chance, sent, held),
        profit,
        offer_cost,
        share,
    )


def _explore(arms: Arms, seen: Seen, policy: Policy, draws: Draws, share: float) -> tuple[Offered, Exploration, Drawn]:
    """What everybody is offered, the chances of exploring, and what those who are explored drew."""
    limited = limits_of(arms, seen.remaining.part(EXPLORED_MONEY if share < 1 else 1.0))
    is_drawn = draws.explore < share
    who = np.flatnonzero(is_drawn)
    offered = weigh(arms, seen.people, seen.products, policy, is_drawn, 1.0 - draws.holdout.chance, limited)
    chances = plan_chances(arms, offered.patterns, offered.limits, share)
    costs, paying = offered.explored, ~draws.holdout.held_out[who]
    uses = [use_of_explored(name, mask, costs, paying) for name, mask, _ in limited]
    exploring, arm = draw_arms(arms, offered.patterns, chances, offered.limits, who, uses, draws.plan[who], draws.turn)
    at, none = (np.arange(len(who)), np.maximum(arm, 0)), arm == NOTHING
    profit, offer_cost, message_cost = (
        np.where(none, 0, part[at]) for part in (costs.profit, costs.offer_cost, costs.message_cost)
    )
    return offered, exploring, Drawn(who, arm, profit, offer_cost, message_cost, is_drawn)


def _choose(arms: Arms, offered: Offered, drawn: Drawn, held: Bools, remaining: Remaining) -> Ints:
    """(n,) the policy's column for everybody, with the money that exploring leaves."""
    paid = ~held[drawn.who]
    left = remaining.less(arms, drawn.arm[paid], drawn.offer_cost[paid], drawn.message_cost[paid])
    can = offered.feasible
    return choose_within(arms, offered.options, can, can & ~held & ~drawn.is_drawn, left)


def _chance(exploring: Exploration, arm: Ints, own: Ints, share: float, feasible: Bools) -> Floats:
    """(n,) the chance that a person's plan is this arm, holdout aside: drawn at random, or the policy's own."""
    return np.where(feasible, share * exploring.chance_of(arm) + (1.0 - share) * (arm == own), 1.0)


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
