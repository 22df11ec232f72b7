"""Taking out of an outcome what was already known before the experiment (CUPED), so that the rest varies less."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


MOST_LEVELS = 20  # of a text column; rarer ones share the remainder, or each would eat a degree of freedom


def encode(columns: Sequence[ArrayLike]) -> Floats:
    """Columns (n,) of numbers or text, at least one, as covariates (n, p): numbers as they are (None a gap), text as
    one 0/1 column a level. The commonest level is what the others are compared with and gets no column."""
    parts = [_encode_column(np.asarray(column)) for column in columns]
    return np.concatenate(parts, axis=1)


def _encode_column(values: NDArray[np.generic]) -> Floats:
    if values.dtype == object and all(value is None or isinstance(value, int | float) for value in values):
        values = values.astype(np.float64)
    if values.dtype == np.bool_ or np.issubdtype(values.dtype, np.number):
        return values.astype(np.float64)[:, None]
    _, code, count = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    shown = np.argsort(-count, kind="stable")[1 : MOST_LEVELS + 1]
    indicators: Floats = (code[:, None] == shown[None, :]).astype(np.float64)
    return indicators


def complete(covariates: Floats) -> Floats:
    """Covariates (n, p) without gaps: a gap becomes the column's mean, and a further column marks where it was.

    Sound here because a gap, like the covariate itself, was there before the arms were drawn. Columns are centred
    and scaled to unit spread; those that do not vary are left out.
    """
    gaps = ~np.isfinite(covariates)
    seen = np.where(gaps, 0.0, covariates)
    count = np.maximum((~gaps).sum(axis=0), 1)
    filled = np.where(gaps, seen.sum(axis=0) / count, covariates)
    columns = np.concatenate([filled, gaps[:, gaps.any(axis=0)].astype(np.float64)], axis=1)
    centred = columns - columns.mean(axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    # A constant column keeps dust of the size of its rounding; dividing by it would make noise a covariate.
    varies = spread > 1e-9 * np.maximum(np.abs(columns).max(axis=0, initial=0), 1e-300)
    scaled: Floats = centred[:, varies] / spread[varies]
    return scaled


def adjust(y: Floats, covariates: Floats, groups: Ints, weights: Floats) -> Floats:
    """The outcome less what the covariates predict: y - theta' x, (n,).

    Deng, Xu, Kohavi & Walker 2013 (WSDM, "Improving the sensitivity of online controlled experiments by utilizing
    pre-experiment data"), theta pooled over the arms: the regression of y on x within `groups` (arm x stratum), so
    that the effect itself cannot leak into theta. `covariates` (n, p) come from `complete` and must have been known
    before the arms were drawn. Collinear columns are harmless (least norm).
    """
    if covariates.shape[1] == 0:
        return y
    inner_y = y - _group_mean(y[:, None], groups, weights)[:, 0]
    inner_x = covariates - _group_mean(covariates, groups, weights)
    gram = inner_x.T @ (inner_x * weights[:, None])
    theta = np.linalg.lstsq(gram, inner_x.T @ (inner_y * weights), rcond=1e-10)[0]
    return y - covariates @ theta


def _group_mean(columns: Floats, groups: Ints, weights: Floats) -> Floats:
    """Each row's (weighted) group mean of each column."""
    size = int(groups.max()) + 1
    total = np.bincount(groups, weights, minlength=size)
    sums = np.stack([np.bincount(groups, weights * column, minlength=size) for column in columns.T], axis=1)
    return np.divide(sums, total[:, None], out=np.zeros_like(sums), where=total[:, None] > 0)[groups]
