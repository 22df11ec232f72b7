"""What a killed sender leaves behind is put right by the next one, or by anybody who asks.

Each sender holds an advisory lock for as long as it lives; PostgreSQL lets go of it when the process dies, so its
claims are given back at once. One that merely hangs (SIGSTOP) keeps its lock: its claims are given back when the
lease runs out, and its fence keeps it from writing or sending when it wakes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg

from huitou.delivery.channels.base import ChannelAdapter
from huitou.delivery.outbox import query
from huitou.kit.clock import SECOND
from huitou.stores.ledger import Connection, connect, lock_key

IN_DOUBT_SECONDS = 60  # then it is closed as unknown, where the channel cannot be asked (DESIGN §7)


@dataclass(frozen=True)
class Recovered:
    """How many messages were freed to be sent, are in doubt now, or were closed as unknown."""

    freed: int = 0
    in_doubt: int = 0
    unknown: int = 0


@contextmanager
def living_sender() -> Iterator[str]:
    """A name for this sender, and its lock on a connection of its own until the block ends."""
    name = secrets.token_hex(8)
    with connect(autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (lock_key("sender", name),))
        try:
            yield name
        finally:  # the server notices a closed connection a moment later than whoever recovers next
            with suppress(psycopg.Error):
                connection.execute("SELECT pg_advisory_unlock(%s)", (lock_key("sender", name),))


def recover(connection: Connection, now: int, *, wait_seconds: int = IN_DOUBT_SECONDS) -> Recovered:
    """Give back what dead or overdue senders claimed; put their final messages in doubt; close old doubts.

    Runs in the caller's transaction. Twice is once.
    """
    rows = connection.execute(
        query("recover"), {"now": now, "dead": dead_senders(connection), "wait": wait_seconds * SECOND}
    ).fetchall()
    counts: dict[str, int] = dict(rows)
    return Recovered(counts.get("claimed", 0), counts.get("final", 0), counts.get("in_doubt", 0))


def dead_senders(connection: Connection) -> list[str]:
    """Names on open claims whose lock nobody holds."""
    rows = connection.execute(
        "SELECT DISTINCT sender FROM message WHERE state IN ('claimed', 'final') AND sender <> ''"
    ).fetchall()
    return [name for (name,) in rows if _is_free(connection, name)]


def _is_free(connection: Connection, name: str) -> bool:
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (lock_key("sender", name),)).fetchone()
    return bool(row and row[0])


async def resolve_doubts(connection: Connection, channels: Mapping[str, ChannelAdapter], now: int) -> tuple[int, int]:
    """Ask the channels that can be asked about messages in doubt; (found, absent).

    Found counts as submitted. What provably is not there is free to be sent again.
    """
    found, absent = 0, 0
    for name, channel in channels.items():
        if channel.idempotency != "lookup":
            continue
        rows = connection.execute(
            "SELECT id FROM message WHERE state = 'in_doubt' AND channel = %s ORDER BY id", (name,)
        ).fetchall()
        answers = await channel.look_up([row[0] for row in rows]) if rows else {}
        there = [message for message, is_there in answers.items() if is_there]
        gone = [message for message, is_there in answers.items() if not is_there]
        connection.execute(query("settle_doubts"), {"there": there, "gone": gone, "now": now})
        found, absent = found + len(there), absent + len(gone)
    return found, absent
