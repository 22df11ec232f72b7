"""From many arms to a few options a person: for each channel and offer the best timing; and the plan drawn by chance.

The matrices of people x arms are made for a block of people at a time and thrown away; what the budgets need is small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from huitou.decisions.arms import Arms
from huitou.decisions.assign import NOTHING, random_chances
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.people import People
from huitou.decisions.policies.base import Policy
from huitou.decisions.policies.prior import Estimate, estimate
from huitou.decisions.products import ProductChoice
from huitou.kit.money import MICRO
from huitou.science.chance import pick

Floats = NDArray[np.float64]
T = TypeVar("T")

BLOCK = 50_000  # people; 45 arms of them take 18 MB a matrix


@dataclass(frozen=True)
class Options:
    """(n, m), column 0 is doing nothing: the arm (NOTHING for none), what the policy thinks it is worth, the expected
    profit, both minor units, its costs in micro-minor units, and its chance if the plan is drawn at random."""

    arm: Ints
    worth: Floats
    profit: Floats
    offer_cost: Ints
    message_cost: Ints
    chance: Floats


@dataclass(frozen=True)
class Drawn:
    """(n,) the plan that chance would give each person."""

    arm: Ints
    profit: Floats
    offer_cost: Ints
    message_cost: Ints
    chance: Floats


@dataclass(frozen=True)
class Offered:
    options: Options
    drawn: Drawn
    feasible: Bools  # (n,) whether the person can get anything at all


def weigh(arms: Arms, people: People, products: ProductChoice, policy: Policy, draws: Floats) -> Offered:
    blocks = [_weigh_block(arms, people, products, policy, draws, rows) for rows in _blocks(len(people))]
    return Offered(
        _join(Options, [block.options for block in blocks]),
        _join(Drawn, [block.drawn for block in blocks]),
        np.concatenate([block.feasible for block in blocks]),
    )


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, max(n, 1), BLOCK):
        yield slice(start, min(start + BLOCK, n))


def _weigh_block(
    arms: Arms, people: People, products: ProductChoice, policy: Policy, draws: Floats, rows: slice
) -> Offered:
    feasible = arms.feasible(people, rows)
    if products.sold_out:
        feasible[:] = False
    prior = estimate(arms, people, products, rows)
    chances, pattern = random_chances(arms, feasible)
    worth = policy.rank(arms, people, rows, feasible, prior)
    return Offered(
        _best_timings(arms, prior, worth, chances, pattern),
        _draw_arms(arms, prior, chances, pattern, draws[rows]),
        np.asarray(feasible.any(axis=1)),
    )


def _best_timings(arms: Arms, prior: Estimate, worth: Floats, chances: Floats, pattern: Ints) -> Options:
    kinds = arms.channel * len(arms.campaign.offers) + arms.offer
    size, rows = int(kinds.max()) + 2, np.arange(len(worth))
    arm = np.full((len(worth), size), NOTHING, dtype=np.int64)
    for kind in range(size - 1):
        same = np.flatnonzero(kinds == kind)
        best = same[np.argmax(worth[:, same], axis=1)]
        arm[:, kind + 1] = np.where(np.isneginf(worth[rows, best]), NOTHING, best)
    none, at = arm == NOTHING, np.maximum(arm, 0)

    def take(matrix: NDArray[np.float64], otherwise: float) -> Floats:
        return np.where(none, otherwise, matrix[rows[:, None], at])

    value = take(worth, -np.inf)
    value[:, 0] = 0.0
    return Options(
        arm,
        value,
        take(prior.value, 0.0),
        _micro(take(prior.offer_cost, 0.0)),
        np.where(none, 0, prior.message_cost[rows[:, None], at]),
        chances[pattern[:, None], np.where(none, len(arms), arm)],
    )


def _draw_arms(arms: Arms, prior: Estimate, chances: Floats, pattern: Ints, draws: Floats) -> Drawn:
    if len(draws) == 0:
        empty = np.zeros(0, dtype=np.int64)
        return Drawn(empty, np.zeros(0), empty, empty, np.zeros(0))
    index, chance = pick(chances[pattern], draws)
    nothing, at, rows = index == len(arms), np.minimum(index, len(arms) - 1), np.arange(len(index))
    return Drawn(
        np.where(nothing, NOTHING, index),
        np.where(nothing, 0.0, prior.value[rows, at]),
        np.where(nothing, 0, _micro(prior.offer_cost[rows, at])),
        np.where(nothing, 0, prior.message_cost[rows, at]),
        chance,
    )


def _micro(minor: Floats) -> Ints:
    """Rounded up: a budget is kept, never nearly kept."""
    return np.ceil(minor * MICRO).astype(np.int64)


def _join(kind: type[T], parts: list[T]) -> T:
    names = [field.name for field in fields(cast(Any, kind))]
    return kind(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
