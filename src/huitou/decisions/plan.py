"""One plan a person: chance, policy and money put together, with the reason and the chance it had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.campaigns.definition import Campaign
from huitou.decisions.assign import NOTHING, Draws, draw
from huitou.decisions.budget import EXPLORED_MONEY, Purse, affordable_share, choose_within
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.eligibility import Eligibility, check_eligibility
from huitou.decisions.goods import Goods, choose_goods
from huitou.decisions.inputs import Inputs
from huitou.decisions.menu import Menu, write_menu
from huitou.decisions.options import Offered, weigh
from huitou.decisions.people import People
from huitou.decisions.policies.base import Policy
from huitou.decisions.schedule import CAP, CLOSE, EXPIRED, KEPT, LIMIT, PAST, WINDOW

Floats = NDArray[np.float64]
SEND, HOLDOUT, NONE = "send", "holdout", "nothing"
ACTIONS = (SEND, HOLDOUT, NONE)

WHY_NOTHING_GOES = {
    PAST: "too_late", WINDOW: "too_late", LIMIT: "reminders", CLOSE: "too_close", CAP: "cap", EXPIRED: "offer_expired",
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """(n,) each: the arm (NOTHING for none; of the held-out, what they would have got), action (position in ACTIONS),
    reason code, propensity of the whole plan, expected profit in minor units, expected cost of the offer in
    micro-minor units. `explored` is the share whose plan was drawn at random."""

    people: People
    goods: Goods
    menu: Menu
    eligibility: Eligibility
    draws: Draws
    arm: Ints
    action: Ints
    reason: NDArray[np.object_]
    propensity: Floats
    profit: Floats
    offer_cost: Ints
    explored: float


def make_plan(
    inputs: Inputs, people: People, campaign: Campaign, policy: Policy, purse: Purse, decided_at: int
) -> Plan:
    ended_at = inputs.broadcast.ended_at or inputs.broadcast.last_event_at
    goods = choose_goods(inputs, people, campaign)
    eligibility = check_eligibility(inputs, people, campaign)
    menu = write_menu(campaign, people, eligibility.reach, dict(purse.stock), ended_at, decided_at)
    draws = draw(inputs, people, campaign)
    offered = weigh(menu, people, goods, policy, draws.plan)
    share, lucky, column = _choose(menu, offered, draws, policy.explored_share(campaign), purse)
    rows, options, lot = np.arange(len(people)), offered.options, offered.lot
    arm = np.where(lucky, lot.arm, options.arm[rows, column])
    sent = arm != NOTHING
    held = draws.holdout.held_out & sent
    chance = _chance(offered, lucky, column, share)
    return Plan(
        people,
        goods,
        menu,
        eligibility,
        draws,
        arm,
        np.where(held, ACTIONS.index(HOLDOUT), np.where(sent, ACTIONS.index(SEND), ACTIONS.index(NONE))),
        _reasons(menu, people, goods, eligibility, offered, policy, arm, lucky, held),
        _propensity(chance, _chance_of_nothing(offered, column, share), draws.holdout.chance, sent, held),
        np.where(lucky, lot.profit, options.profit[rows, column]),
        np.where(lucky, lot.offer_cost, options.offer_cost[rows, column]),
        share,
    )


def _choose(menu: Menu, offered: Offered, draws: Draws, wished: float, purse: Purse) -> tuple[float, Bools, Ints]:
    """(share explored, who is explored, the policy's column for everybody)."""
    lot, can, held = offered.lot, offered.feasible, draws.holdout.held_out
    limit = purse.part(EXPLORED_MONEY if wished < 1 else 1.0)
    share = affordable_share(menu, lot, draws.explore, can & ~held, wished, limit)
    lucky = can & (draws.explore < share)
    paid = lucky & ~held
    left = purse.less(menu, lot.arm[paid], lot.offer_cost[paid], lot.message_cost[paid])
    return share, lucky, choose_within(menu, offered.options, can, can & ~held & ~lucky, left)


def _chance(offered: Offered, lucky: Bools, column: Ints, share: float) -> Floats:
    """(n,) the chance of the plan, holdout aside: drawn at random, or the policy's own."""
    rows = np.arange(len(column))
    own = offered.options.arm[rows, column]
    drawn = np.where(lucky, offered.lot.chance, offered.options.chance[rows, column])
    is_own = ~lucky | (offered.lot.arm == own)
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
    menu: Menu,
    people: People,
    goods: Goods,
    eligibility: Eligibility,
    offered: Offered,
    policy: Policy,
    arm: Ints,
    lucky: Bools,
    held: Bools,
) -> NDArray[np.object_]:
    index, codes = policy.reasons(people)
    reason = np.array(codes, dtype=object)[index]
    worthy = (offered.options.worth[:, 1:] > 0).any(axis=1)
    nothing = arm == NOTHING
    reason[nothing & ~worthy] = "not_worth_it"
    reason[nothing & worthy] = "budget"
    reason[lucky] = "explored"
    reason[lucky & nothing] = "explored_nothing"
    reason[held] = "holdout"
    stuck = ~offered.feasible
    reason[stuck] = "out_of_stock" if goods.sold_out else _why_stuck(menu, people, eligibility)[stuck]
    barred = eligibility.reason != ""
    reason[barred] = eligibility.reason[barred]
    return reason


def _why_stuck(menu: Menu, people: People, eligibility: Eligibility) -> NDArray[np.object_]:
    """(n,) for reachable people with no feasible plan: what stopped the plan that came furthest."""
    furthest = np.zeros(len(people), dtype=np.int64)
    for arm in range(len(menu)):
        schedule = menu.schedule(arm)
        codes = np.where(schedule.dropped == KEPT, EXPIRED, schedule.dropped).max(axis=1)
        mine = eligibility.reach[:, menu.channel[arm]] & menu.open_arms[people.intent, arm]
        furthest = np.where(mine, np.maximum(furthest, codes), furthest)
    names = np.array(["reminders", *(WHY_NOTHING_GOES[code] for code in range(1, EXPIRED + 1))], dtype=object)
    return names[furthest]
