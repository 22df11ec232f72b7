"""The console's questions to the ledger: named SQL in, rows as dicts out."""

from __future__ import annotations

from functools import cache
from typing import Any

from psycopg.rows import dict_row

from huitou.stores.ledger import transaction
from huitou.stores.sql import load_query


@cache
def _text(name: str) -> bytes:
    return load_query("console", f"ledger/{name}").encode()


def rows(query: str, /, **params: object) -> list[dict[str, Any]]:
    with transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_text(query), params).fetchall()


def one(query: str, /, **params: object) -> dict[str, Any] | None:
    found = rows(query, **params)
    return found[0] if found else None
