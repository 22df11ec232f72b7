"""Arrow columns as numpy arrays and back, and rows of one table found in another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NONE_AT = np.iinfo(np.int64).min  # a moment that is not known


def ints(table: pa.Table, name: str, missing: int = 0) -> Ints:
    """(n,) the column, nulls as `missing`."""
    filled = pc.fill_null(table.column(name).combine_chunks(), pa.scalar(missing, pa.int64()))
    result: Ints = filled.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    return result


def flags(table: pa.Table, name: str) -> Bools:
    """(n,) the column, nulls as False."""
    filled = pc.fill_null(table.column(name).combine_chunks(), False)
    result: Bools = filled.to_numpy(zero_copy_only=False)
    return result


def texts(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name).combine_chunks()
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def rows_of(keys: pa.Array, known: pa.Array) -> Ints:
    """(n,) the position of each key in `known` (distinct values), -1 where it is not there."""
    found = pc.fill_null(pc.index_in(keys, value_set=known), -1)
    result: Ints = found.to_numpy(zero_copy_only=False).astype(np.int64)
    return result


def codes(column: pa.Array) -> tuple[Ints, list[str | None]]:
    """(n,) positions in the sorted list of distinct values; null is a value of its own, at the end."""
    encoded = column.dictionary_encode(null_encoding="encode")
    values = encoded.dictionary.to_pylist()
    order = sorted(range(len(values)), key=lambda i: (values[i] is None, values[i] or ""))
    place = np.empty(len(values), dtype=np.int64)
    place[order] = np.arange(len(values))
    index = encoded.indices.to_numpy(zero_copy_only=False)
    return place[index] if len(values) else index.astype(np.int64), [values[i] for i in order]


def pick_texts(values: Sequence[str | None], index: NDArray[np.integer]) -> pa.Array:
    """(n,) values[index], null where the index is -1."""
    return pa.array(list(values), pa.string()).take(pa.array(index, mask=index < 0))


def money(micro: Ints) -> pa.Array:
    """Micro-minor units as DECIMAL(18, 6) minor units."""
    words = np.empty((len(micro), 2), dtype=np.int64)
    words[:, 0], words[:, 1] = micro, micro >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 6), len(micro), [None, pa.py_buffer(words)])


def list_texts(values: pa.Array, index: NDArray[np.integer]) -> pa.Array:
    """(n,) lists of values[index] (n, k), without those whose index is -1."""
    has = index >= 0
    ends = np.concatenate([[0], np.cumsum(has.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), values.take(pa.array(index[has])))


def gather_lists(owner: Ints, values: pa.Array, n: int) -> pa.Array:
    """(n,) lists: to each of 0..n-1 the values (m,) it owns, in ascending order."""
    order = pc.sort_indices(pa.table({"o": owner, "v": values}), [("o", "ascending"), ("v", "ascending")])
    ends = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), values.take(order))
