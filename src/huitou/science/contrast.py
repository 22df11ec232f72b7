"""The difference between two arms, and how much each person contributes to it.

One estimator serves every design: within each stratum the (weighted) means of both arms are compared, and the
strata are averaged as the treated are spread over them, so that the result is what the treatment did to those who
got it. Plain two-sample comparison is one stratum and equal weights. Everything about uncertainty then comes from
the per-person contributions (the linearised estimator), whatever the weights, strata or clusters.
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
    """`effect` = treated mean - `baseline`, the control mean on the treated's mix. Per independent unit (a person,
    or a cluster): `parts` (u,) its signed contribution, `side` (u,) True where treated. `se` is the standard error,
    `baseline_variance` the part of its square that the control carries, `df` Welch-Satterthwaite's."""

    effect: float
    baseline: float
    parts: Floats
    side: Bools
    se: float
    baseline_variance: float
    df: float


def contrast(y: Floats, treated: Bools, weights: Floats, cells: Ints, clusters: Ints | None) -> Contrast:
    """Treated against control. All (n,); `cells` are stratum codes 0..k-1 with both arms in each.

    Weights compensate unequal chances (Hájek 1971: weighted sum over sum of weights, which unlike dividing by the
    expected size does not depend on where zero lies). Post-stratification: Miratrix, Sekhon & Yu 2013, JRSS-B
    75(2):369-396, conditional variance. Clusters: contributions are summed within a cluster (Liang & Zeger 1986).
    """
    cell = cells * 2 + treated
    size = int(cells.max()) + 1
    count = np.bincount(cell, minlength=2 * size).astype(np.float64)
    weight = np.bincount(cell, weights, minlength=2 * size)
    mean = np.bincount(cell, weights * y, minlength=2 * size) / weight
    share = count[1::2] / count[1::2].sum()
    treated_mean, control_mean = float(share @ mean[1::2]), float(share @ mean[0::2])
    sign = np.where(treated, 1.0, -1.0)
    parts = sign * share[cells] * weights * (y - mean[cell]) / weight[cell]
    if clusters is None:
        units, side = parts * np.sqrt(count / (count - 1))[cell], treated
        variance = np.bincount(cell, units**2, minlength=2 * size).astype(np.float64)
        freedom = weight**2 / np.bincount(cell, weights**2, minlength=2 * size) - 1.0
    else:
        units, side, variance, freedom = _sum_clusters(parts, treated, clusters)
    total = float(variance.sum())
    spread = float(np.sum(np.divide(variance**2, freedom, out=np.zeros_like(variance), where=freedom > 0)))
    df = total**2 / spread if spread > 0 else 0.0
    return Contrast(treated_mean - control_mean, control_mean, units, side, total**0.5, float(variance[0::2].sum()), df)


def _sum_clusters(parts: Floats, treated: Bools, clusters: Ints) -> tuple[Floats, Bools, Floats, Floats]:
    """(contribution, side, variance of each arm, freedom of each arm) with clusters as the independent units.

    A cluster found in both arms counts once, with what its two sides cancel; it is booked under control, which is
    the smaller and so the more careful choice of freedom.
    """
    size = int(clusters.max()) + 1
    total = np.bincount(clusters, parts, minlength=size)
    people = np.bincount(clusters, minlength=size)
    side = np.bincount(clusters, treated, minlength=size) == people
    seen = people > 0
    total, side = total[seen], side[seen]
    number = np.array([np.sum(~side), np.sum(side)], dtype=np.float64)
    scale = np.sqrt(np.divide(number, number - 1, out=np.ones(2), where=number > 1))
    units = total * scale[side.astype(np.int64)]
    variance = np.array([np.sum(units[~side] ** 2), np.sum(units[side] ** 2)])
    return units, side, variance, number - 1
