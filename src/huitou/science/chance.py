"""Chance that replays: a person's draw depends on the seed, the salt and the id, never on order or on batch.

Hashing instead of a random stream keeps a decision the same when one more person joins the audience, when the
work is split over processes, and when it is replayed a year later (Kohavi, Tang & Xu 2020, Trustworthy Online
Controlled Experiments, ch. 4: hash-based assignment).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEAST_SHARE = 0.02  # what every factor level keeps within the explored share, so that its effect stays measurable
_TO_UNIT = 2.0**-53  # a float64 in [0, 1) holds 53 bits evenly


def uniform(seed: str, ids: Sequence[str] | NDArray[np.str_] | NDArray[np.object_], salt: str) -> Floats:
    """A draw in [0, 1) for each id: (n,) float64 from keyed BLAKE2b (RFC 7693) of the id.

    Different salts give independent draws for the same person (holdout, exploration, arm), so that who is held
    out says nothing about who is explored.
    """
    key = hashlib.blake2b(_framed(seed, salt), digest_size=32).digest()
    digest_of = hashlib.blake2b
    texts = ids.tolist() if isinstance(ids, np.ndarray) else ids
    digests = b"".join(
        [digest_of(text.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest() for text in texts]
    )
    return (np.frombuffer(digests, dtype="<u8") >> np.uint64(11)).astype(np.float64) * _TO_UNIT


def _framed(*parts: str) -> bytes:
    """Each part after its length, so that ('ab', 'c') differs from ('a', 'bc')."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(data).to_bytes(4, "big") + data for data in encoded)


@dataclass(frozen=True, slots=True)
class Holdout:
    """Who is held out, and the chance each had of being so; both (n,), one per customer."""

    held_out: Bools
    chance: Floats


def hold_out(seed: str, roots: Sequence[str], owners: ArrayLike, n: int, share: float) -> Holdout:
    """The persistent holdout of `n` customers: (held_out, chance).

    `roots` (m,) are the identities that drew, `owners` (m,) the row 0..n-1 of the customer that each belongs to. A
    person draws once, by one root, and is held out with chance `share`. Of several roots are those who were merged
    after each had drawn: held out when any of them is, since a person left alone under one id must not be written to
    under another; with chance 1 - (1 - share)^k, by which the analysis weighs. A customer without roots is a mistake:
    ValueError.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share {share} is outside 0..1")
    owner_of = np.asarray(owners, dtype=np.int64)
    if len(owner_of) != len(roots):
        raise ValueError(f"{len(roots)} roots, {len(owner_of)} owners")
    if len(owner_of) and not (owner_of.min() >= 0 and owner_of.max() < n):
        raise ValueError(f"an owner is outside 0..{n - 1}")
    held_roots = uniform(seed, roots, "holdout") < share
    held = np.zeros(n, dtype=np.bool_)
    held[owner_of[held_roots]] = True
    count = _count_distinct(roots, owner_of, n)
    if np.any(count == 0):
        raise ValueError("a customer has no identity root")
    return Holdout(held, 1.0 - np.power(1.0 - share, count.astype(np.float64)))


def _count_distinct(roots: Sequence[str], owners: Ints, n: int) -> Ints:
    """How many different roots each owner has; the same root given twice is one draw, not two."""
    if len(set(roots)) == len(roots):
        return np.bincount(owners, minlength=n)
    pairs = set(zip(roots, owners.tolist(), strict=True))
    return np.bincount(np.fromiter((owner for _, owner in pairs), np.int64, len(pairs)), minlength=n)


def keep_levels(weights: ArrayLike, eligible: ArrayLike, levels: ArrayLike, floor: float = LEAST_SHARE) -> Floats:
    """Chances (n, arms), rows summing to 1, in which every factor level a person can get keeps at least `floor`.

    `weights` (n, arms) are the wished shares (0 allowed), `eligible` (n, arms) marks what the person can get at
    all, `levels` (arms, levels) marks which level (a timing, a channel, an offer, nothing) each arm carries. What
    a level lacks is spread evenly over its eligible arms and taken from all in proportion: with S the sum of what
    is lacking, w = (1 - S) wish + sum_l d_l even_l and d_l = max(0, floor - (1 - S) wish_l), solved for S.
    ValueError where a person has no eligible arm or has more levels than 1 / floor.
    """
    can = np.asarray(eligible, dtype=np.bool_)
    carries = np.asarray(levels, dtype=np.float64)
    wish = _as_chances(np.where(can, np.asarray(weights, dtype=np.float64), 0.0), can)
    arms_of_level = can.astype(np.float64) @ carries
    has_level = arms_of_level > 0
    if has_level.sum(axis=1).max(initial=0) * floor > 1:
        raise ValueError(f"more than {1 / floor:.0f} levels cannot each keep {floor:.0%}")
    wished = wish @ carries
    lacking = np.zeros_like(wished)
    # Rises to its least fixed point: the slope is the wished share of the levels below the floor, under 1 since they
    # are at most 1 / floor of less than floor each. A few rounds are the rule, the limit is for the extreme.
    for _ in range(10_000):
        before, rest = lacking, 1.0 - lacking.sum(axis=1, keepdims=True)
        lacking = np.where(has_level, np.maximum(0.0, floor - rest * wished), 0.0)
        if np.abs(lacking - before).max(initial=0) < 1e-13:
            break
    spread = np.divide(lacking, arms_of_level, out=np.zeros_like(lacking), where=has_level)
    rest = 1.0 - lacking.sum(axis=1, keepdims=True)
    return _as_chances(rest * wish + (spread @ carries.T) * can, can)


def _as_chances(weights: Floats, eligible: Bools) -> Floats:
    """Rows scaled to sum 1; a row without any weight is shared evenly among what is eligible."""
    if not np.all(np.isfinite(weights)) or np.any(weights < 0):
        raise ValueError("weights are finite and not negative")
    total = weights.sum(axis=1, keepdims=True)
    filled = np.where(total > 0, weights, eligible.astype(np.float64))
    total = filled.sum(axis=1, keepdims=True)
    if np.any(total == 0):
        raise ValueError("a person has no eligible arm")
    chances: Floats = filled / total
    return chances


def pick(weights: ArrayLike, draws: ArrayLike) -> tuple[Ints, Floats]:
    """One arm a person, in proportion to the weights: (index, propensity), both (n,).

    `weights` (n, arms) are not negative and need not sum to 1; `draws` (n,) in [0, 1) come from `uniform`. An arm
    of weight 0 is never picked, whatever the rounding. ValueError where a row has no weight.
    """
    matrix = np.asarray(weights, dtype=np.float64)
    unit = np.asarray(draws, dtype=np.float64)
    if not np.all(np.isfinite(matrix)) or np.any(matrix < 0):
        raise ValueError("weights are finite and not negative")
    if np.any(~((unit >= 0) & (unit < 1))):
        raise ValueError("draws are in [0, 1)")
    edges = np.cumsum(matrix, axis=1)
    total = edges[:, -1]
    if np.any(total <= 0):
        raise ValueError("a row has no weight")
    # The last arm with weight, not the last arm, ends the scale: unit * total may round up to total itself.
    last = matrix.shape[1] - 1 - np.argmax(matrix[:, ::-1] > 0, axis=1)
    index = np.minimum((edges <= (unit * total)[:, None]).sum(axis=1), last)
    return index, matrix[np.arange(len(matrix)), index] / total
