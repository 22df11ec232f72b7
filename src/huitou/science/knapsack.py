"""Who gets what under one budget: the multiple-choice knapsack, by bisection on the price of the budget.

Each person gets exactly one of m options with a value and a cost; the total cost stays within the budget and the
total value is as large as it can be. With a price `rate` on each unit of cost the people separate: everyone takes
the option of largest value - rate * cost, and the spend falls as the rate rises (Lagrangian relaxation; Kellerer,
Pferschy & Pisinger 2004, Knapsack Problems, ch. 11; Sinha & Zoltners 1979, Oper. Res. 27(3):503-515). Bisection
finds the rate at which the budget is just kept. What is left is then given to single people, best value per cost
first, so that the result lies less than one person's option below the bound of the linear relaxation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BLOCK = 32_768  # people a pass holds at once: ten options of it fit the cache
MOST_ROUNDS = 200  # the rate halves its interval each round; a float has no more than ~1,100 halvings, 60 suffice
MOST_CANDIDATES = 4_096  # single upgrades tried with what is left over


@dataclass(frozen=True, slots=True)
class Allocation:
    """What everyone gets. `choice` (n,) is the column; `spent` and `value` are totals in the units given;
    `rate` is the value that one more unit of budget would have brought (0 where the budget does not bind);
    `bound` is what no choice within the budget can exceed."""

    choice: Ints
    spent: int
    value: float
    rate: float
    bound: float


def allocate(values: ArrayLike, costs: ArrayLike, budget: int, *, order: ArrayLike | None = None) -> Allocation:
    """Choose one option a person: most value, total cost never above the budget.

    `values` (n, m) are what an option brings (micro-minor units; -inf for what a person may not get), `costs`
    (n, m) non-negative integers (micro-minor units). Column 0 is doing nothing and costs 0. Equal worth goes to
    the lower cost, then to the lower column; between people to the lower `order` (n,) (else the row number), so
    that the same people in another sequence get the same. Values are exact up to 2^53.
    ValueError for a negative budget or cost, a NaN, a column 0 that costs, or costs whose sum exceeds 64 bits.
    """
    worth, price = _checked(values, costs, budget)
    rank = np.argsort(np.arange(len(worth)) if order is None else np.asarray(order), kind="stable")
    place = np.empty(len(worth), dtype=np.int64)
    place[rank] = np.arange(len(worth))
    choice, upper, rate, bound = _bisect(worth, price, budget)
    _upgrade(choice, upper, worth, price, budget, place)
    _fill(choice, worth, price, budget, place)
    rows = np.arange(len(worth))
    spent = int(price[rows, choice].sum())
    assert spent <= budget, "the budget is a promise"
    return Allocation(choice, spent, float(worth[rows, choice].sum()), rate, bound)


def _checked(values: ArrayLike, costs: ArrayLike, budget: int) -> tuple[Floats, Ints]:
    worth = np.asarray(values, dtype=np.float64)
    price = np.asarray(costs)
    if worth.ndim != 2 or worth.shape != price.shape or worth.shape[1] == 0:
        raise ValueError(f"values {worth.shape} and costs {price.shape} are one row a person, one column an option")
    if not np.issubdtype(price.dtype, np.integer):
        raise ValueError("costs are integers (micro-minor units)")
    if budget < 0:
        raise ValueError(f"the budget {budget} is negative")
    if np.isnan(worth).any() or np.isposinf(worth).any():
        raise ValueError("a value is NaN or infinite")
    if price.size and (price.min() < 0 or price[:, 0].any() or np.isneginf(worth[:, 0]).any()):
        raise ValueError("costs are not negative; column 0 is doing nothing, costs 0 and is open to all")
    if price.size and int(price.max()) * len(price) >= 2**62:
        raise ValueError("the costs may exceed 64 bits in sum")
    return worth, price.astype(np.int64, copy=False)


def _best(worth: Floats, price: Ints, rate: float) -> Ints:
    """(n,) the option of largest value - rate * cost; ties to the lower cost, then the lower column."""
    choice = np.zeros(len(worth), dtype=np.int64)
    for start in range(0, len(worth), BLOCK):
        block = slice(start, start + BLOCK)
        columns, cost = worth[block].T, price[block].T
        best, least = columns[0].copy(), cost[0].copy()
        chosen = choice[block]
        for option in range(1, len(columns)):
            net = columns[option] - rate * cost[option]
            better = (net > best) | ((net == best) & (cost[option] < least))
            np.copyto(best, net, where=better)
            np.copyto(least, cost[option], where=better)
            chosen[better] = option
    return choice


def _bisect(worth: Floats, price: Ints, budget: int) -> tuple[Ints, Ints, float, float]:
    """(choice within the budget, choice just above it, rate, bound on the value).

    Whoever chooses the same at both ends of the interval chooses it within too (the net values are lines in the
    rate), so each round looks only at those who still differ.
    """
    rows = np.arange(len(worth))
    upper = _best(worth, price, 0.0)
    if int(price[rows, upper].sum()) <= budget:
        return upper.copy(), upper, 0.0, float(worth[rows, upper].sum())
    low, high = 0.0, _highest_rate(worth, price)
    lower = _best(worth, price, high)
    open_rows = np.flatnonzero(lower != upper)
    fixed = int(price[rows, lower].sum()) - int(price[open_rows, lower[open_rows]].sum())
    for _ in range(MOST_ROUNDS):
        rate = (low + high) / 2
        if not low < rate < high or len(open_rows) == 0:
            break
        middle = _best(worth[open_rows], price[open_rows], rate)
        spent = price[open_rows, middle]
        if fixed + int(spent.sum()) <= budget:
            high, lower[open_rows] = rate, middle
        else:
            low, upper[open_rows] = rate, middle
        still = lower[open_rows] != upper[open_rows]
        settled = open_rows[~still]
        fixed += int(price[settled, lower[settled]].sum())
        open_rows = open_rows[still]
    net = worth[rows, lower] - high * price[rows, lower]
    return lower, upper, high, float(net.sum() + high * budget)


def _highest_rate(worth: Floats, price: Ints) -> float:
    """Above this rate nobody pays for anything: the largest gain over the best free option per unit of cost."""
    free = np.where(price == 0, worth, -np.inf).max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        gain = np.where(price > 0, worth - free, -np.inf)
    return float(np.max(gain / np.maximum(price, 1), initial=0.0)) * (1 + 1e-9) + 1e-300


def _upgrade(choice: Ints, upper: Ints, worth: Floats, price: Ints, budget: int, place: Ints) -> None:
    """Those who tie at the found rate move up while the budget lasts: best value per cost, then by place."""
    rows = np.flatnonzero(choice != upper)
    extra = price[rows, upper[rows]] - price[rows, choice[rows]]
    gain = worth[rows, upper[rows]] - worth[rows, choice[rows]]
    useful = (extra > 0) & (gain > 0)
    rows, extra, gain = rows[useful], extra[useful], gain[useful]
    sequence = np.lexsort((place[rows], -gain / extra))
    left = budget - int(price[np.arange(len(choice)), choice].sum())
    fits = np.cumsum(extra[sequence]) <= left  # non-decreasing, so a prefix
    chosen = rows[sequence[fits]]
    choice[chosen] = upper[chosen]


def _fill(choice: Ints, worth: Floats, price: Ints, budget: int, place: Ints) -> None:
    """Give what is left to single people, best value per cost first; ends when nothing useful fits."""
    everyone = np.arange(len(choice))
    left = budget - int(price[everyone, choice].sum())
    rows, options, extra, gain = _affordable(choice, worth, price, left)
    with np.errstate(divide="ignore"):
        density = np.where(extra > 0, gain / np.maximum(extra, 1), np.inf)
    if len(rows) > MOST_CANDIDATES:
        keep = density >= np.partition(density, -MOST_CANDIDATES)[-MOST_CANDIDATES]
        rows, options, extra, gain, density = (x[keep] for x in (rows, options, extra, gain, density))
    sequence = np.lexsort((options, place[rows], -density))[: 4 * MOST_CANDIDATES]
    served: set[int] = set()
    for row, option, more in zip(rows[sequence], options[sequence], extra[sequence], strict=True):
        if more <= left and int(row) not in served:
            served.add(int(row))
            choice[row] = option
            left -= int(more)


def _affordable(choice: Ints, worth: Floats, price: Ints, left: int) -> tuple[Ints, Ints, Ints, Floats]:
    """Every change of one person's option that gains value and fits what is left: (row, option, extra, gain)."""
    parts = []
    for start in range(0, len(choice), BLOCK):
        block = slice(start, start + BLOCK)
        now = choice[block][:, None]
        extra = price[block] - np.take_along_axis(price[block], now, axis=1)
        gain = worth[block] - np.take_along_axis(worth[block], now, axis=1)
        row, option = np.nonzero((gain > 0) & (extra <= left))
        parts.append((row + start, option, extra[row, option], gain[row, option]))
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    row, option, more, plus = (np.concatenate(column) for column in zip(*parts, strict=True))
    return row, option, more, plus
