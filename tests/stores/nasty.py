"""Rows that tell engines apart: NULLs everywhere, ties, negative and large numbers, emoji, empty and nested values."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

TEXTS = ["", "a", "b", "ab", "B", "杭州", "é", "👍", "it's", "100%", "a,b", " a "]
NUMBERS = [0, 1, 2, 3, 3, -1, -7, 8, 10, 100, -100, 2**40, 10**12 + 1]
TIMES = [0, 1, -1, 1_700_000_000_000_000, 1_700_000_000_000_000, 1_763_596_799_999_999, 1_763_596_800_000_000]


def nasty_table(
    schema: pa.Schema,
    *,
    rows: int = 30,
    key: str | None = None,
    never_null: Iterable[str] = (),
    values: Mapping[str, Sequence[Any]] | None = None,
    seed: int = 7,
) -> pa.Table:
    """`rows` rows of that schema. `key` is a text column of distinct values; a fifth of the others is NULL, apart from
    `never_null`; `values` names what a column is drawn from. The same arguments give the same rows.
    """
    draw = random.Random(seed)
    filled = {*never_null, key}
    columns = []
    for field in schema:
        if field.name == key:
            columns.append(pa.array([f"{key}{number}" for number in range(rows)], field.type))
            continue
        choices = list((values or {}).get(field.name) or choices_of(field))
        cells = [draw.choice(choices) for _ in range(rows)]
        nulls = [field.name not in filled and draw.random() < 0.2 for _ in range(rows)]
        columns.append(pa.array([None if null else cell for cell, null in zip(cells, nulls, strict=True)], field.type))
    return pa.table(columns, schema=schema)


def choices_of(field: pa.Field) -> list[Any]:
    kind = field.type
    if pa.types.is_list(kind):
        inner = choices_of(pa.field("element", kind.value_type))
        return [[], inner[:2], inner[1:4], [inner[1], None], [inner[2], inner[2]]]
    if pa.types.is_struct(kind):
        parts = {kind.field(i).name: choices_of(kind.field(i)) for i in range(kind.num_fields)}
        return [{name: inner[n % len(inner)] for name, inner in parts.items()} for n in range(3)]
    if pa.types.is_boolean(kind):
        return [True, False]
    if pa.types.is_decimal(kind):
        return [Decimal("0"), Decimal("1.25"), Decimal("-2.5"), Decimal("99.99")]
    if pa.types.is_floating(kind):
        return [0.0, 0.1, -2.5, 1e6]
    if pa.types.is_integer(kind):
        return TIMES if field.name.endswith("_at") else [n for n in NUMBERS if abs(n) < 2 ** (kind.bit_width - 1)]
    return TEXTS
