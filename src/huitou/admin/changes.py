"""The log of what administrators changed."""

from __future__ import annotations

from dataclasses import dataclass

from huitou.kit import clock
from huitou.stores.ledger import Connection, transaction

SHOWN = 30


@dataclass(frozen=True)
class LoggedChange:
    """`kind` is setting or user; of secrets `before` and `after` are '' or HIDDEN."""

    id: int
    at: int
    by: str
    kind: str
    subject: str
    before: str
    after: str


def note_change(connection: Connection, kind: str, subject: str, before: str, after: str, by: str) -> None:
    """In the transaction that makes the change."""
    connection.execute(
        "INSERT INTO change (at, by, kind, subject, before, after) VALUES (%s, %s, %s, %s, %s, %s)",
        (clock.now_us(), by, kind, subject, before, after),
    )


def latest_changes(kind: str, most: int = SHOWN) -> list[LoggedChange]:
    """The newest first."""
    with transaction() as connection:
        rows = connection.execute(
            "SELECT id, at, by, kind, subject, before, after FROM change WHERE kind = %s ORDER BY id DESC LIMIT %s",
            (kind, most),
        ).fetchall()
    return [LoggedChange(*row) for row in rows]


def find_change(connection: Connection, number: int) -> LoggedChange | None:
    row = connection.execute(
        "SELECT id, at, by, kind, subject, before, after FROM change WHERE id = %s", (number,)
    ).fetchone()
    return LoggedChange(*row) if row else None
