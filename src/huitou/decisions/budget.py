"""The money: who gets what within the offers' and the messages' budgets and the offers' stock.

Held-out people cost nothing but are planned for like everybody else, so that they compare with those written to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.campaigns.definition import Campaign
from huitou.decisions.arms import Arms
from huitou.decisions.assign import NOTHING
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.lake_tables import SEND
from huitou.kit.money import MICRO, to_micro
from huitou.science.knapsack import allocate

if TYPE_CHECKING:
    from huitou.decisions.options import Choices

Floats = NDArray[np.float64]

EXPLORED_MONEY = 0.5  # of what is left: exploring may not leave the policy without means
SHRINK = 0.999  # a little below proportion, so that the next round fits


@dataclass(frozen=True)
class Remaining:
    """What is left to spend, micro-minor units (None: no limit), and how many of each limited offer."""

    offers: int | None
    messages: int | None
    stock: Mapping[str, int]

    def part(self, share: float) -> Remaining:
        return Remaining(
            None if self.offers is None else int(self.offers * share),
            None if self.messages is None else int(self.messages * share),
            {name: int(count * share) for name, count in self.stock.items()},
        )

    def less(self, arms: Arms, chosen_arms: Ints, offer_cost: Ints, message_cost: Ints) -> Remaining:
        """What is left after these plans (arm numbers, NOTHING for none)."""
        given = np.bincount(arms.offer[chosen_arms[chosen_arms != NOTHING]], minlength=len(arms.campaign.offers))
        names = [offer.name for offer in arms.campaign.offers]
        return Remaining(
            None if self.offers is None else self.offers - int(offer_cost.sum()),
            None if self.messages is None else self.messages - int(message_cost.sum()),
            {name: count - int(given[names.index(name)]) for name, count in self.stock.items()},
        )


def choose_within(arms: Arms, options: Choices, can: Bools, paying: Bools, remaining: Remaining) -> Ints:
    """(n,) the column everybody gets; the sums over those who are paid for stay within the remaining.

    The plan is made for all who `can` get anything, as if there were money for the held-out too, and then scaled
    until those who are `paying` keep within the remaining: so being held out tells nothing about the plan.
    """
    spread = 1.0 if not paying.any() else float(can.sum() / paying.sum())
    while True:
        choice = _allocate(arms, options, can, remaining.part(spread))
        used = _overspend(arms, options, choice, paying, remaining)
        if used <= 1.0:
            return choice
        spread = max(spread / used * SHRINK, 1.0) if spread > 1.0 else _impossible(used)


def _impossible(used: float) -> float:
    raise AssertionError(f"a part of the people spent {used:.4f} of what all of them kept within")


def _overspend(arms: Arms, options: Choices, choice: Ints, paying: Bools, remaining: Remaining) -> float:
    """The largest share used of any limit; above 1 it is broken."""
    rows = np.flatnonzero(paying)
    chosen_arms = options.arm[rows, choice[rows]]
    given = np.bincount(arms.offer[chosen_arms[chosen_arms != NOTHING]], minlength=len(arms.campaign.offers))
    pairs = [(int(given[index]), stock) for index, stock in _limited(arms, remaining)]
    for cost, limit in ((options.offer_cost, remaining.offers), (options.message_cost, remaining.messages)):
        if limit is not None:
            pairs.append((int(cost[rows, choice[rows]].sum()), limit))
    return max((spent / limit if limit > 0 else float(spent > 0) * 2.0 for spent, limit in pairs), default=0.0)


def _limited(arms: Arms, remaining: Remaining) -> list[tuple[int, int]]:
    offers = arms.campaign.offers
    return [
        (index, max(remaining.stock[one.name], 0)) for index, one in enumerate(offers) if one.name in remaining.stock
    ]


def _allocate(arms: Arms, options: Choices, can: Bools, remaining: Remaining) -> Ints:
    """(n,) within the remaining over everybody; 0 for those who cannot get anything."""
    rows = np.flatnonzero(can)
    worth = options.worth[rows] * MICRO
    offer_cost, message_cost = options.offer_cost[rows], options.message_cost[rows]
    arm = options.arm[rows]
    offers = np.where(arm == NOTHING, -1, arms.offer[arm])
    picked = _spend(worth, offer_cost, message_cost, remaining)
    while any(_bar(offers, index, stock, picked, worth) for index, stock in _limited(arms, remaining)):
        picked = _spend(worth, offer_cost, message_cost, remaining)
    choice = np.zeros(len(can), dtype=np.int64)
    choice[rows] = picked
    return choice


def _spend(worth: Floats, offer_cost: Ints, message_cost: Ints, remaining: Remaining) -> Ints:
    """Most worth within both budgets: exact where only one of them binds; where both do, the messages' price of money
    is taken off the worth, the offers' money is given out, and dear messages are changed for cheaper ones."""
    rows = np.arange(len(worth))
    if remaining.offers is None and remaining.messages is None:
        return np.argmax(worth, axis=1)
    offers = _most(remaining.offers, offer_cost)
    messages = _most(remaining.messages, message_cost)
    by_offers = allocate(worth, offer_cost, offers).choice
    if int(message_cost[rows, by_offers].sum()) <= messages:
        return by_offers
    by_messages = allocate(worth, message_cost, messages)
    if int(offer_cost[rows, by_messages.choice].sum()) <= offers:
        return by_messages.choice
    # A hair below the rate, so that whoever is worth just the rate is not lost here already.
    priced = worth - by_messages.rate * (1 - 1e-9) * message_cost
    granted = offer_cost[rows, allocate(priced, offer_cost, offers).choice]
    kept = np.where(offer_cost <= granted[:, None], worth, -np.inf)
    return allocate(kept, message_cost, messages).choice


def _most(budget: int | None, cost: Ints) -> int:
    """Without a limit: what the dearest option of everybody costs."""
    return int(cost.max(axis=1, initial=0).sum()) if budget is None else max(budget, 0)


def _bar(offers: Ints, index: int, stock: int, choice: Ints, worth: Floats) -> bool:
    """Where more than `stock` people were to get the offer, it is kept for those whom it would bring most and taken
    off everybody else's list; so each limited offer is settled in one round."""
    holders = np.flatnonzero(offers[np.arange(len(choice)), choice] == index)
    if len(holders) <= stock:
        return False
    without = np.where(offers[holders] == index, -np.inf, worth[holders]).max(axis=1)
    gain = worth[holders, choice[holders]] - without
    lost = np.ones(len(choice), dtype=np.bool_)
    lost[holders[np.lexsort((holders, -gain))[:stock]]] = False
    worth[lost[:, None] & (offers == index)] = -np.inf
    return True


def remaining_budget(campaign: Campaign, existing: pa.Table) -> Remaining:
    """The campaign's money and stock, less what the decisions taken before are expected to spend."""
    sent = existing.filter(pc.equal(existing.column("action"), SEND))
    granted = _one_a_person(sent.filter(pc.is_valid(sent.column("offer_expires_at"))))
    given = Counter(granted.column("offer").to_pylist())
    budget = campaign.budget
    return Remaining(
        None
        if budget.offers_minor is None
        else round(to_micro(budget.offers_minor) * (1 - budget.reserve)) - _sum(granted, "offer_cost"),
        None if budget.messages_minor is None else to_micro(budget.messages_minor) - _sum(sent, "cost_minor"),
        {one.name: one.stock - given[one.name] for one in campaign.offers if one.stock is not None},
    )


def _one_a_person(rows: pa.Table) -> pa.Table:
    who = rows.column("customer").combine_chunks().dictionary_encode()
    _, first = np.unique(who.indices.to_numpy(zero_copy_only=False), return_index=True)
    return rows.take(pa.array(first))


def _sum(rows: pa.Table, column: str) -> int:
    """Micro-minor units."""
    return to_micro(pc.sum(rows.column(column)).as_py() or 0)
