"""Exploration: whose arm is drawn at random, with which chances, within what may be spent on it.

Where money or stock is short, dear arms get rarer, not people fewer. Each arm's chance is tilted by exp(-rate x what it is
expected to use up of the limits), with one rate for everybody, the least at which the expected spending and two standard
deviations more fit; if even then the floors of the levels (assign.random_chances) ask for too much, they give way.

What still runs out in the draw is closed: people have turns (a hash), and from the first turn at which somebody's dearest
arm might break the limit, nobody gets what uses it; an arm with the offer becomes the same arm without it. Whether that
has happened by somebody's turn depends on those before alone, so the chance logged is the chance given what had been
drawn: weighing by it is unbiased (Bibaut et al. 2021, Post-Contextual-Bandit Inference: the same for adaptive chances).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.decisions.arms import Arms
from huitou.decisions.assign import NOTHING, Patterns, random_chances
from huitou.decisions.budget import Remaining
from huitou.decisions.columns import Bools, Ints
from huitou.science.chance import LEAST_SHARE, pick

Floats = NDArray[np.float64]

SURE = 2.0  # standard deviations that the expected spending stays below a limit: closing is the exception
STEEPEST = 700.0  # exp(-700) is about the smallest number there is
HALVINGS = 50
FLOORS = (*(LEAST_SHARE / 2**k for k in range(7)), 0.0)


@dataclass(frozen=True)
class Limit:
    """Something that may run out. `uses` (arms,) which arms use it; `most` how much there is; `mean` and `square`
    (kinds, arms) the expected sum, over all people of a kind, of what an arm uses of it, and of its square."""

    uses: Bools
    most: int
    mean: Floats
    square: Floats


@dataclass(frozen=True)
class Exploration:
    """`chances` (stages, kinds, arms + 1), the last column doing nothing: stage 0 holds until the turn `closes`[0], stage 1
    from there, and so on. `stage` (n,) is each person's."""

    chances: Floats
    closes: tuple[float, ...]
    stage: Ints
    kind: Ints

    def chance_of(self, arm: Ints) -> Floats:
        """(n,) or (n, m) the chance that exploring would give each person these arms (NOTHING for none)."""
        shape = (slice(None),) + (None,) * (arm.ndim - 1)
        return np.asarray(self.chances[self.stage[shape], self.kind[shape], arm])


def plan_chances(arms: Arms, patterns: Patterns, limits: Sequence[Limit], share: float) -> Floats:
    """(kinds, arms + 1) the chances at which `share` of everybody is expected to keep within the limits."""
    even = random_chances(arms, patterns)
    if _fits(even, limits, share):
        return even

    def tilt(rate: float, floor: float) -> Floats:
        return random_chances(arms, patterns, _tilt(arms, patterns, even, limits, rate), floor)

    floor = next((floor for floor in FLOORS if _fits(tilt(STEEPEST, floor), limits, share)), 0.0)
    low, high = 0.0, STEEPEST
    for _ in range(HALVINGS):
        rate = (low + high) / 2
        low, high = (low, rate) if _fits(tilt(rate, floor), limits, share) else (rate, high)
    return tilt(high, floor)


def _tilt(arms: Arms, patterns: Patterns, even: Floats, limits: Sequence[Limit], rate: float) -> Floats:
    """What a dear offer loses goes to the same arm without it; what a dear message loses, to all the rest."""
    people = np.maximum(np.bincount(patterns.kind, minlength=len(patterns.can)), 1)[:, None]
    free = np.array([one.is_none for one in arms.campaign.offers], dtype=np.bool_)[arms.offer]
    use = np.zeros((2, *patterns.can.shape))
    for limit in limits:
        use[int((limit.uses & free).any())] += limit.uses * (limit.mean / people) / max(limit.most, 1)
    offers, messages = np.exp(-rate * use / max(float(use.max(initial=0)), 1e-300))
    weights = even.copy()
    weights[:, :-1] *= offers
    for arm in np.flatnonzero(~free):
        if (plain := _without_offer(arms, int(arm))) is not None:
            weights[:, plain] += np.where(patterns.can[:, plain], even[:, arm] - weights[:, arm], 0.0)
    weights[:, :-1] *= messages
    return weights


def _fits(chances: Floats, limits: Sequence[Limit], share: float) -> bool:
    return all(_likely_most(chances[:, :-1], limit, share) <= max(limit.most, 0) for limit in limits)


def _likely_most(chances: Floats, limit: Limit, share: float) -> float:
    expected = share * float((chances * limit.mean).sum())
    return expected + SURE * float(np.sqrt(share * (chances * limit.square).sum()))


def draw_arms(
    arms: Arms,
    patterns: Patterns,
    chances: Floats,
    limits: Sequence[Limit],
    explored: Ints,
    costs: Sequence[Floats],
    draws: Floats,
    turn: Floats,
) -> tuple[Exploration, Ints]:
    """The chances by stage, and the arm of each of the `explored` (positions in people, e of them).

    `costs` are (e, arms) for each limit, what an arm of that person uses of it, 0 for who is held out; `draws` (e,);
    `turn` (n,) of everybody.
    """
    order = np.argsort(turn[explored], kind="stable")
    kind, unit = patterns.kind[explored][order], draws[order]
    costs = [cost[order] for cost in costs]
    stages, closes, begins = [chances], list[float](), 0
    index = _pick(chances[kind], unit)
    left = set(range(len(limits)))
    while found := _first_short(limits, costs, left, index, chances[kind], begins):
        begins, which = found
        left.discard(which)
        chances = _close(arms, patterns, chances, limits[which].uses)
        stages.append(chances)
        closes.append(float(turn[explored][order][begins]))
        index[begins:] = _pick(chances[kind[begins:]], unit[begins:])
    stage = np.searchsorted(np.array(closes), turn, side="right")
    result = np.empty(len(explored), dtype=np.int64)
    result[order] = np.where(index == len(arms), NOTHING, index)
    return Exploration(np.stack(stages), tuple(closes), stage, patterns.kind), result


def _pick(weights: Floats, draws: Floats) -> Ints:
    return pick(weights, draws)[0] if len(draws) else np.zeros(0, dtype=np.int64)


def _first_short(
    limits: Sequence[Limit], costs: Sequence[Floats], left: set[int], index: Ints, chances: Floats, begins: int
) -> tuple[int, int] | None:
    """(place in the order, limit) where first, from `begins` on, somebody's dearest possible arm might break a limit."""
    found = []
    for which in sorted(left):
        cost = np.concatenate([costs[which], np.zeros((len(index), 1))], axis=1)
        used = cost[np.arange(len(index)), index]
        before = np.cumsum(used) - used
        short = before + np.where(chances > 0, cost, 0.0).max(axis=1, initial=0.0) > max(limits[which].most, 0)
        short[:begins] = False
        if short.any():
            found.append((int(np.argmax(short)), which))
    return min(found, default=None)


def _close(arms: Arms, patterns: Patterns, chances: Floats, uses: Bools) -> Floats:
    """The chances without the arms that use it: each gives its own to the same arm without the offer where that can be got
    and does not use it, else to all that is left."""
    closed = chances.copy()
    closed[:, :-1][:, uses] = 0.0
    for arm in np.flatnonzero(uses):
        if (plain := _without_offer(arms, int(arm))) is not None and not uses[plain]:
            closed[:, plain] += np.where(patterns.can[:, plain], chances[:, arm], 0.0)
    return np.asarray(closed / closed.sum(axis=1, keepdims=True))


def _without_offer(arms: Arms, arm: int) -> int | None:
    plain = [index for index, offer in enumerate(arms.campaign.offers) if offer.is_none]
    same = (arms.timing == arms.timing[arm]) & (arms.channel == arms.channel[arm]) & np.isin(arms.offer, plain)
    found = np.flatnonzero(same)
    return int(found[0]) if len(found) else None


def limits_of(arms: Arms, remaining: Remaining) -> list[tuple[str, Bools, int]]:
    """(what it is, the arms that use it, how much there is) of everything that may run out: 'offers' and 'messages' in
    micro-minor units, an offer's name in pieces."""
    offers = arms.campaign.offers
    given = ~np.array([one.is_none for one in offers], dtype=np.bool_)[arms.offer]
    paid = np.array([one.cost_micro > 0 for one in arms.campaign.channels], dtype=np.bool_)[arms.channel]
    found = []
    if remaining.offers is not None:
        found.append(("offers", given, remaining.offers))
    if remaining.messages is not None:
        found.append(("messages", paid, remaining.messages))
    for index, offer in enumerate(offers):
        if offer.name in remaining.stock:
            found.append((offer.name, arms.offer == index, remaining.stock[offer.name]))
    return found
