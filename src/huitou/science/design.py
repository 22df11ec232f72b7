"""How people came into their arms: unequal chances, strata, and the cells in which arms are comparable."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MOST_CHANCES = 16  # distinct chances that become strata of their own; more are left to the weights
LEAST_IN_CELL = 5  # people of each arm; a mean and a spread from fewer would make the whole interval erratic


def codes_of(labels: ArrayLike | None, n: int) -> Ints:
    """Labels (n,) of any kind as 0..k-1; no labels are one group."""
    if labels is None:
        return np.zeros(n, dtype=np.int64)
    codes = np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)
    if codes.shape != (n,):
        raise ValueError(f"{n} people, labels of shape {codes.shape}")
    return codes


def control_odds(chance: ArrayLike | None, n: int) -> Floats:
    """(1 - chance) / chance, (n,): how many treated one control person stands for.

    With chance 0.1 of being held out it is nine, with 0.19 (two identities merged) 4.3. The weights make the
    control look like the treated (Hirano, Imbens & Ridder 2003, Econometrica 71:1161-1189, effect on the treated).
    """
    if chance is None:
        return np.ones(n)
    held = np.asarray(chance, dtype=np.float64)
    if held.shape != (n,):
        raise ValueError(f"{n} people, chances of shape {held.shape}")
    if not np.all((held > 0) & (held < 1)):
        raise ValueError("chances of the control lie strictly between 0 and 1")
    return (1.0 - held) / held


def form_cells(strata: ArrayLike | None, odds: Floats, treated: Bools) -> Ints:
    """Codes 0..k-1 of the cells within which the two arms are compared: strata x equal chances, (n,).

    Within a cell of one chance the arms were drawn evenly, so plain means compare and the weights cancel; that is
    exact where weighting alone would let the outcome's level add noise. Cells with fewer than LEAST_IN_CELL in an
    arm are joined into one, where the weights do the work; is that one still short, the largest cell takes it.
    """
    levels, level = np.unique(odds, return_inverse=True)
    cells = codes_of(strata, len(odds))
    if len(levels) <= MOST_CHANCES:
        cells = cells * len(levels) + level
    cells = np.unique(cells, return_inverse=True)[1]
    sizes = np.stack([np.bincount(cells[treated == side], minlength=int(cells.max()) + 1) for side in (False, True)])
    short: Bools = np.asarray((sizes < LEAST_IN_CELL).any(axis=0))
    if not short.any():
        return cells.astype(np.int64)
    rest = sizes[:, short].sum(axis=1)
    largest = int(np.argmax(np.where(short, -1, sizes.sum(axis=0))))
    home = largest if rest.min() < LEAST_IN_CELL and not short.all() else sizes.shape[1]
    return np.unique(np.where(short[cells], home, cells), return_inverse=True)[1].astype(np.int64)
