"""What an experiment needs to know about one arm: counts, sums and sums of products, never the rows.

SQL makes aggregates, Python makes statistics (the boundary of tea-tasting's `aggr.py`). Integers stay Python
integers, so parts measured on different days or machines add up to exactly what one pass would have given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Number = int | float


@dataclass(frozen=True, slots=True)
class Moments:
    """Of `n` people and q columns (outcome first, then covariates): `sums` (q,), `products` (q, q) of x_i x_j.

    Money in minor units and orders are integers: exact at any size. Floats lose digits where the mean is far
    larger than the spread; take a constant off such a column first (no difference of arms changes by it).
    """

    n: int
    sums: tuple[Number, ...]
    products: tuple[tuple[Number, ...], ...]

    def __post_init__(self) -> None:
        width = len(self.sums)
        if self.n < 0 or width == 0 or len(self.products) != width or any(len(row) != width for row in self.products):
            raise ValueError("moments are n, q sums and q x q products")

    def __add__(self, other: Moments) -> Moments:
        if len(self.sums) != len(other.sums):
            raise ValueError(f"moments of {len(self.sums)} and of {len(other.sums)} columns do not add")
        sums = tuple(a + b for a, b in zip(self.sums, other.sums, strict=True))
        rows = zip(self.products, other.products, strict=True)
        products = tuple(tuple(a + b for a, b in zip(mine, theirs, strict=True)) for mine, theirs in rows)
        return Moments(self.n + other.n, sums, products)

    def means(self) -> NDArray[np.float64]:
        """(q,) means. ValueError without people."""
        if self.n < 1:
            raise ValueError("nobody has no mean")
        return np.array([total / self.n for total in self.sums])

    def covariance(self) -> NDArray[np.float64]:
        """(q, q) unbiased covariances (divisor n - 1). ValueError for fewer than two people."""
        if self.n < 2:
            raise ValueError("fewer than two people have no variance")
        scale = self.n * (self.n - 1)
        width = range(len(self.sums))
        # n * sum(xy) - sum(x) sum(y) in integers has no cancellation; one division at the end.
        return np.array(
            [[(self.n * self.products[i][j] - self.sums[i] * self.sums[j]) / scale for j in width] for i in width]
        )


def measure(*columns: ArrayLike) -> Moments:
    """The moments of equally long columns (n,), the outcome first. Integer and bool columns give exact integers."""
    arrays = [_as_column(column) for column in columns]
    if not arrays or any(len(array) != len(arrays[0]) for array in arrays):
        raise ValueError("columns of one length, at least one")
    sums = tuple(_dot(array, np.ones(len(array), np.int64)) for array in arrays)
    products = [[0 if j < i else _dot(arrays[i], arrays[j]) for j in range(len(arrays))] for i in range(len(arrays))]
    width = range(len(arrays))
    return Moments(len(arrays[0]), sums, tuple(tuple(products[min(i, j)][max(i, j)] for j in width) for i in width))


def _as_column(column: ArrayLike) -> NDArray[np.generic]:
    array = np.asarray(column)
    if array.ndim != 1:
        raise ValueError(f"a column has one dimension, not {array.ndim}")
    if array.dtype == np.bool_ or np.issubdtype(array.dtype, np.integer):
        return array.astype(np.int64)
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError("a column has values that are missing or infinite")
    return array


def _dot(left: NDArray[np.generic], right: NDArray[np.generic]) -> Number:
    if left.dtype != np.int64 or right.dtype != np.int64:
        return float(np.dot(left.astype(np.float64), right.astype(np.float64)))
    if len(left) == 0:
        return 0
    if _largest(left) * _largest(right) * len(left) < 2**63:
        return int(np.dot(left, right))
    return int(np.dot(left.astype(object), right.astype(object)))  # Python integers: slower, any size


def _largest(array: NDArray[np.generic]) -> int:
    return max(abs(int(array.min())), abs(int(array.max())))
