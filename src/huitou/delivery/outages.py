"""Channels that could not be used when something was due: kept, so that the operator sees it where he looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from huitou.kit.text import Text
from huitou.stores.ledger import Connection


@dataclass(frozen=True)
class Outage:
    """Since when the channel cannot be used, when that was last seen, and what it said."""

    channel: str
    since: int
    last_at: int
    error: Text


def keep_outages(connection: Connection, down: Mapping[str, Text], tried: Iterable[str], now: int) -> None:
    """What a run of sending found: the channels that were down, among those it tried. One that worked is forgotten."""
    connection.execute("DELETE FROM channel_outage WHERE channel = ANY (%s)", ([n for n in tried if n not in down],))
    for channel, error in down.items():
        connection.execute(
            "INSERT INTO channel_outage (channel, since, last_at, error) VALUES (%s, %s, %s, %s) ON CONFLICT (channel)"
            " DO UPDATE SET last_at = greatest(channel_outage.last_at, excluded.last_at), error = excluded.error",
            (channel, now, now, Jsonb(dict(error))),
        )


def list_outages(connection: Connection) -> dict[str, Outage]:
    rows = connection.execute("SELECT channel, since, last_at, error FROM channel_outage").fetchall()
    return {row[0]: Outage(*row) for row in rows}
