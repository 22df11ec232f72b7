"""The difference between two arms, and how much each person contributes to it.

One estimator serves every design: within each cell the (weighted) means of both arms are compared, and the cells
are averaged as the treated are spread over them, so that the result is what the treatment did to those who got it.
Plain two-sample comparison is one cell and equal weights. Everything about uncertainty then comes from the
contributions (the linearised estimator), whatever the weights, strata or clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Contrast:
    """`effect` = mean of the treated - `baseline`, the control's mean on the treated's mix.

    Per independent unit (person, or cluster): `parts` (u,) what it adds to the effect's deviation, `treated` (u,),
    `cells` (u,). `variance` and `units` are those of (control, treated); `df` is Welch-Satterthwaite's.
    """

    effect: float
    baseline: float
    parts: Floats
    treated: Bools
    cells: Ints
    variance: tuple[float, float]
    units: tuple[int, int]
    df: float

    @property
    def se(self) -> float:
        return float(sum(self.variance) ** 0.5)


def contrast(y: Floats, treated: Bools, weights: Floats, cells: Ints, clusters: Ints | None = None) -> Contrast:
    """Treated against control. All (n,); `cells` are codes 0..k-1 with at least two people of each arm in each.

    Weights: Hájek's ratio (weighted sum over sum of weights), which unlike dividing by the expected size does not
    depend on where zero lies. Cells: post-stratification, Miratrix, Sekhon & Yu 2013, JRSS-B 75(2):369-396,
    variance given the cell sizes. Clusters: contributions are summed within (Liang & Zeger 1986).
    """
    codes = cells * 2 + treated
    size = 2 * (int(cells.max()) + 1)
    count = np.bincount(codes, minlength=size).astype(np.float64)
    weight = np.bincount(codes, weights, minlength=size)
    mean = np.bincount(codes, weights * y, minlength=size) / weight
    share = count[1::2] / count[1::2].sum()
    baseline = float(share @ mean[0::2])
    sign = np.where(treated, 1.0, -1.0)
    parts = sign * share[cells] * weights * (y - mean[codes]) / weight[codes]
    effect = float(share @ mean[1::2]) - baseline
    if clusters is not None:
        return _by_cluster(effect, baseline, parts, treated, clusters)
    parts = parts * np.sqrt(count / (count - 1.0))[codes]
    variance = np.bincount(codes, parts**2, minlength=size).astype(np.float64)
    freedom = weight**2 / np.bincount(codes, weights**2, minlength=size) - 1.0
    arms = (float(variance[0::2].sum()), float(variance[1::2].sum()))
    units = (int(count[0::2].sum()), int(count[1::2].sum()))
    return Contrast(effect, baseline, parts, treated, cells, arms, units, _freedom(variance, freedom))


def _by_cluster(effect: float, baseline: float, parts: Floats, treated: Bools, clusters: Ints) -> Contrast:
    """The same with clusters as the independent units.

    A cluster found in both arms counts once, with what its two sides cancel; it is booked under the control, which
    mostly is the smaller arm and so the more careful choice.
    """
    people = np.bincount(clusters)
    seen = people > 0
    side = np.asarray(np.bincount(clusters, treated)[seen] == people[seen])
    total: Floats = np.bincount(clusters, parts)[seen].astype(np.float64)
    number = np.array([np.sum(~side), np.sum(side)], dtype=np.float64)
    scale = np.sqrt(np.divide(number, number - 1, out=np.ones(2), where=number > 1))
    total = total * scale[side.astype(np.int64)]
    variance = np.array([np.sum(total[~side] ** 2), np.sum(total[side] ** 2)])
    arms, units = (float(variance[0]), float(variance[1])), (int(number[0]), int(number[1]))
    cells = np.zeros(len(total), dtype=np.int64)
    return Contrast(effect, baseline, total, side, cells, arms, units, _freedom(variance, number - 1.0))


def _freedom(variance: Floats, freedom: Floats) -> float:
    """Satterthwaite 1946, Biometrics Bulletin 2:110-114; 0 where nothing varies."""
    spread = np.sum(np.divide(variance**2, freedom, out=np.zeros_like(variance), where=freedom > 0))
    return float(variance.sum() ** 2 / spread) if spread > 0 else 0.0
