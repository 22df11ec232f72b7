"""The console's questions to the ledger: named SQL in, rows as dicts out."""

from __future__ import annotations

from functools import cache
from typing import Any

from psycopg.rows import dict_row

from huitou.events.broadcast_acts import read_standing
from huitou.stores.ledger import transaction
from huitou.stores.sql import load_query


@cache
def _text(name: str) -> bytes:
    return load_query("console", f"ledger/{name}").encode()


def rows(query: str, /, **params: object) -> list[dict[str, Any]]:
    """An `occurrence` asked for is the broadcast with all that was merged into it; one told is what it is today."""
    with transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
        if "occurrence" not in params:
            return cursor.execute(_text(query), params).fetchall()
        standing, asked = read_standing(connection), params["occurrence"]
        ids = standing.merged_into(asked) if isinstance(asked, str) else None
        found = cursor.execute(_text(query), {**params, "occurrence": ids}).fetchall()
    survivors = standing.survivors
    return [{**row, "occurrence": survivors.get(row["occurrence"], row["occurrence"])} if "occurrence" in row else row
            for row in found]  # fmt: skip


def one(query: str, /, **params: object) -> dict[str, Any] | None:
    found = rows(query, **params)
    return found[0] if found else None
