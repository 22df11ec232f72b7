"""From many arms to a few options a person: for each channel and offer the best timing.

The matrices of people x arms are made for a block of people at a time and thrown away; what the budgets and exploration
need of them is small.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from huitou.decisions.arms import Arms
from huitou.decisions.assign import NOTHING, Patterns, find_patterns
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.explore import Limit
from huitou.decisions.people import People
from huitou.decisions.policies.base import Estimate, Policy
from huitou.decisions.products import ProductChoice
from huitou.kit.money import MICRO

Floats = NDArray[np.float64]
T = TypeVar("T")

BLOCK = 50_000  # people; 45 arms of them take 18 MB a matrix
OFFERS, MESSAGES = "offers", "messages"


@dataclass(frozen=True)
class Choices:
    """(n, m), column 0 is doing nothing: the arm (NOTHING for none), what the policy chooses by, the expected profit, both
    minor units, and its costs in micro-minor units."""

    arm: Ints
    worth: Floats
    profit: Floats
    offer_cost: Ints
    message_cost: Ints


@dataclass(frozen=True)
class Costs:
    """(e, arms) of the explored: what the policy expects of every arm."""

    profit: Floats
    offer_cost: Ints
    message_cost: Ints


@dataclass(frozen=True)
class Offered:
    """`feasible` (n,): whether the person can get anything at all; `explored` are the costs of those whose arm is drawn;
    `limits` what their drawing may use up."""

    options: Choices
    explored: Costs
    patterns: Patterns
    limits: list[Limit]
    feasible: Bools


def find_feasible(arms: Arms, people: People, products: ProductChoice) -> Patterns:
    return find_patterns((_feasible(arms, people, products, rows) for rows in _blocks(len(people))), len(arms))


def _feasible(arms: Arms, people: People, products: ProductChoice, rows: slice) -> Bools:
    feasible = arms.feasible(people, rows)
    if products.sold_out:
        feasible[:] = False
    return feasible


def weigh(
    arms: Arms,
    people: People,
    products: ProductChoice,
    policy: Policy,
    explored: Bools,
    paying: Floats,
    limited: Sequence[tuple[str, Bools, int]],
) -> Offered:
    """`explored` (n,) whose arm is drawn; `paying` (n,) the chance that a person's message is paid for; `limited` as
    explore.limits_of gives it."""
    patterns = find_feasible(arms, people, products)
    sums = [np.zeros((2, *patterns.can.shape)) for _ in limited]
    options, costs = [], []
    for rows in _blocks(len(people)):
        expected = policy.estimate(arms, people, products, rows)
        feasible = patterns.can[patterns.kind[rows]]
        options.append(_best_timings(arms, expected, policy.rank(arms, people, rows, feasible, expected)))
        costs.append(_costs_of(expected, explored[rows]))
        for (name, uses, _), total in zip(limited, sums, strict=True):
            _add_up(total, _use_of(name, uses, expected), patterns.kind[rows], paying[rows])
    limits = [Limit(uses, most, *total) for (_, uses, most), total in zip(limited, sums, strict=True)]
    feasible = np.asarray(patterns.can.any(axis=1), dtype=np.bool_)[patterns.kind]
    return Offered(_join(Choices, options), _join(Costs, costs), patterns, limits, feasible)


def use_of_explored(name: str, uses: Bools, costs: Costs, paying: Bools) -> Floats:
    """(e, arms) what each explored person's arm uses of a limit; 0 for who is not paid for."""
    whole = {OFFERS: costs.offer_cost, MESSAGES: costs.message_cost}.get(name)
    use = np.broadcast_to(uses, costs.profit.shape) if whole is None else whole
    return np.where(paying[:, None] & uses, use, 0.0)


def _use_of(name: str, uses: Bools, expected: Estimate) -> Floats:
    whole = {OFFERS: expected.offer_cost * MICRO, MESSAGES: expected.message_cost}.get(name)
    return (
        np.broadcast_to(uses.astype(np.float64), expected.value.shape) if whole is None else np.where(uses, whole, 0.0)
    )


def _add_up(total: Floats, use: Floats, kind: Ints, paying: Floats) -> None:
    """Add to (2, kinds, arms) each kind's sums of what is used and of its square."""
    if len(kind) == 0:
        return
    order = np.argsort(kind, kind="stable")
    begins = np.flatnonzero(np.diff(kind[order], prepend=-1))
    weighed = use[order] * paying[order, None]
    total[0, kind[order][begins]] += np.add.reduceat(weighed, begins)
    total[1, kind[order][begins]] += np.add.reduceat(weighed * use[order], begins)


def _costs_of(expected: Estimate, wanted: Bools) -> Costs:
    return Costs(expected.value[wanted], _micro(expected.offer_cost[wanted]), expected.message_cost[wanted])


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, max(n, 1), BLOCK):
        yield slice(start, min(start + BLOCK, n))


def _best_timings(arms: Arms, expected: Estimate, worth: Floats) -> Choices:
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
    return Choices(
        arm,
        value,
        take(expected.value, 0.0),
        _micro(take(expected.offer_cost, 0.0)),
        np.where(none, 0, expected.message_cost[rows[:, None], at]),
    )


def _micro(minor: Floats) -> Ints:
    """Rounded up: a budget is kept, never nearly kept."""
    return np.ceil(minor * MICRO).astype(np.int64)


def _join(kind: type[T], parts: list[T]) -> T:
    names = [field.name for field in fields(cast(Any, kind))]
    return kind(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
