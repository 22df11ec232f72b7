"""Chance: who is held out, whose plan is drawn at random, and what chance every plan had.

Draws are hashes of the person, so they repeat, and nobody's draw depends on who else is there. The holdout is of all
campaigns and broadcasts alike (one seed); what is explored is drawn anew for each campaign and broadcast.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.campaigns.definition import Campaign
from huitou.decisions.arms import Arms
from huitou.decisions.columns import Bools, Ints, gather_lists, rows_of, texts
from huitou.decisions.inputs import Inputs
from huitou.decisions.people import People
from huitou.science.chance import LEAST_SHARE, Holdout, hold_out, keep_levels, uniform

Floats = NDArray[np.float64]

NOTHING = -1  # an arm number


@dataclass(frozen=True)
class Draws:
    """(n,) each: who is held out and with what chance; draws in [0, 1) of being explored, of the arm if so, and of whose
    turn it is when something runs out."""

    holdout: Holdout
    explore: Floats
    plan: Floats
    turn: Floats
    seed: str


def draw(campaign: Campaign, occasion: str, people: People, nodes: pa.Array) -> Draws:
    """`nodes` (n,) are lists of those that each person draws by, see `drawing_nodes`."""
    seed = f"{campaign.seed}/{campaign.name}/{occasion}"
    ids = people.customer.to_pylist()
    owners = pc.list_parent_indices(nodes).to_numpy(zero_copy_only=False)
    holdout = hold_out(campaign.seed, nodes.flatten().to_pylist(), owners, len(people), campaign.holdout)
    explore, plan, turn = (uniform(seed, ids, salt) for salt in ("explore", "plan", "turn"))
    return Draws(holdout, explore, plan, turn, seed)


def drawing_nodes(inputs: Inputs, people: People) -> pa.Array:
    """(n,) lists: the one node a person draws by, or all that drew before they were merged: then the holdout wins."""
    owner = rows_of(texts(inputs.nodes, "customer"), people.customer)
    alone = np.setdiff1d(np.arange(len(people)), owner[owner >= 0])
    owners = np.concatenate([owner[owner >= 0], alone])
    known = texts(inputs.nodes, "node").filter(pa.array(owner >= 0))
    nodes = pa.concat_arrays([known, people.customer.take(pa.array(alone))])
    return gather_lists(owners, nodes, len(people))


@dataclass(frozen=True)
class Patterns:
    """What people can get, told once for all who can get the same: `kind` (n,) the row in `can` (kinds, arms)."""

    kind: Ints
    can: Bools

    @property
    def eligible(self) -> Bools:
        """(kinds, arms + 1) with doing nothing, which everybody can get."""
        return np.concatenate([self.can, np.ones((len(self.can), 1), dtype=np.bool_)], axis=1)


def find_patterns(feasible: Iterable[Bools], n_arms: int) -> Patterns:
    """Of blocks (r, arms) of who can get what."""
    packed = np.concatenate([np.packbits(block, axis=1) for block in feasible])
    first, kind = _distinct_rows(packed)
    return Patterns(kind, np.unpackbits(packed[first], axis=1, count=n_arms).astype(np.bool_))


def random_chances(arms: Arms, patterns: Patterns, weights: Floats | None = None, least: float = LEAST_SHARE) -> Floats:
    """What an explored person gets with which chance: (kinds, arms + 1), the last column doing nothing.

    In proportion to the weights (None: even) over what is feasible, raised so that every timing, channel and offer a
    person can get, and doing nothing, keeps at least `least` (less only where there are too many levels for that).
    """
    eligible, levels = patterns.eligible, levels_of(arms)
    floor = min(least, 0.5 / levels.shape[1])
    return keep_levels(eligible.astype(np.float64) if weights is None else weights, eligible, levels, floor)


def levels_of(arms: Arms) -> NDArray[np.float64]:
    """(arms + 1, levels): which timing, channel and offer an arm carries; doing nothing is a level of its own."""
    marks = [
        np.eye(size)[part]
        for size, part in (
            (len(arms.campaign.timings), arms.timing),
            (len(arms.campaign.channels), arms.channel),
            (len(arms.campaign.offers), arms.offer),
        )
    ]
    carried = np.concatenate(marks, axis=1)
    nothing = np.zeros((1, carried.shape[1] + 1))
    nothing[0, -1] = 1
    return np.concatenate([np.concatenate([carried, np.zeros((len(carried), 1))], axis=1), nothing])


def _distinct_rows(packed: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """One row of each kind, and (r,) the kind of each row."""
    if len(packed) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    keys = np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").ravel()
    _, first, kind = np.unique(keys, return_index=True, return_inverse=True)
    return first.astype(np.int64), kind.astype(np.int64).ravel()
