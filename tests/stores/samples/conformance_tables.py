"""Small nasty tables for the sample queries, which together use every function of the common dialect."""

from __future__ import annotations

import pyarrow as pa

from stores.nasty import nasty_table

PEOPLE = pa.schema(
    [
        ("id", pa.string()),
        ("city", pa.string()),
        ("score", pa.int64()),
        ("amount", pa.int64()),
        ("joined_at", pa.int64()),
        ("tags", pa.list_(pa.string())),
        ("vip", pa.bool_()),
        ("balance", pa.decimal128(12, 2)),
        ("note", pa.string()),
        ("props", pa.string()),
    ]
)
ORDERS = pa.schema([("order_id", pa.string()), ("id", pa.string()), ("paid", pa.int64())])

PROPS = [
    '{"a": "x", "b": {"c": [1, 2]}, "l": [5, "茶"], "n": "12"}',
    '{"a": 1.50, "b": {"c": true}, "l": [], "n": "12.5"}',
    '{"a": null, "b": null, "n": " 7"}',
    '{"a": 12, "b": "", "n": 199.5}',
    '{"a": {"k": "v"}, "b": {"c": "\\"quoted\\""}, "n": ""}',
    "{}",
    "[]",
]
NOTES = [
    "",
    "a",
    "ab,b",
    " 12 ",
    "-7",
    "1.5",
    "-2.5",
    "1e3",
    "+5",
    "０",
    "9223372036854775808",
    "it's \\ 100%",
    "👍茶b",
    "ABC,def,b",
]

PARAMS = {
    "parameters": {
        "days": -3,
        "note": "it's \\ 100%",
        "cities": ["杭州", "it's"],
        "scores": [0, 3],
        "none_of": [],
        "factor": 1.5,
        "flag": True,
        "by": 4,
        "least": -5,
    }
}


def tables() -> dict[str, pa.Table]:
    people = nasty_table(
        PEOPLE, rows=40, key="id", values={"props": PROPS, "note": NOTES, "city": ["杭州", "it's", ""]}
    )
    orders = nasty_table(ORDERS, rows=25, key="order_id", values={"id": [f"id{n}" for n in range(0, 60, 3)]})
    return {"people": people, "orders": orders}
