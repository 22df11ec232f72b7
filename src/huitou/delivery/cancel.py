"""Cancel what is still queued: because its reason to go is gone, or because the operator takes it back.

Of the first the guard is what keeps the promise; this keeps the list of queued messages true. Ids of stops and consents
are drawn before their transactions commit, so each run looks some way back again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from psycopg.errors import DeadlockDetected

from huitou.delivery.outbox import cancel_queued, outbox_lock, query
from huitou.events.broadcast_acts import read_standing
from huitou.events.rules import EVER
from huitou.kit.clock import now_us
from huitou.stores.ledger import Connection, lock, transaction

LOOK_BACK = 5_000  # rows; more than are ever open at once
TRIES = 5  # against senders that make the same messages final, in their own order
BATCH = 500  # messages; the server knows no sizes inside a statement and may compare each with each


def cancel_stopped() -> int:
    """Cancel queued messages of people who ordered, left, unfollowed or complained since; returns how many."""
    with transaction() as connection:
        lock(connection, "cancel")
        marks = dict(connection.execute("SELECT name, position FROM receipt_cursor WHERE name = ANY(%s)",
                                        (["stop", "consent"],)).fetchall())  # fmt: skip
        reached = connection.execute(
            "SELECT coalesce((SELECT max(id) FROM stop), 0), coalesce((SELECT max(id) FROM consent), 0)"
        ).fetchone()
        assert reached is not None
        if reached == (marks.get("stop", 0), marks.get("consent", 0)):
            return 0
        since = {"stop": marks.get("stop", 0) - LOOK_BACK, "consent": marks.get("consent", 0) - LOOK_BACK}
        now, cancelled = now_us(), 0
        queued = [row[0] for row in connection.execute(query("queued"), {**since, "now": now}).fetchall()]
        for at in range(0, len(queued), BATCH):
            batch = {"ids": queued[at : at + BATCH], "now": now, "until": EVER}
            cancelled += connection.execute(query("cancel_stopped"), batch).rowcount
        connection.execute(
            "INSERT INTO receipt_cursor (name, position) VALUES ('stop', %s), ('consent', %s)"
            " ON CONFLICT (name) DO UPDATE SET position = excluded.position",
            reached,
        )
        return cancelled


def cancel_gone() -> int:
    """Cancel what is queued for broadcasts that were deleted or merged into another; how many. An act cancels what it
    finds; this finds what a plan that was under way queued after it, and what came back to be tried again."""

    def cancel(connection: Connection) -> int:
        standing = read_standing(connection)
        return sum(
            cancel_queued(connection, None, sorted(gone), reason)
            for gone, reason in ((standing.deleted, "broadcast_deleted"), (set(standing.survivors), "broadcast_merged"))
            if gone
        )

    return beside_senders(cancel)


def cancel_follow_up(campaign: str, occurrences: Sequence[str], by: str) -> int:
    """Take back, for good, what the campaign has queued for a broadcast (and for those merged into it); how many.

    What is being handed over at this moment is not stopped; where it comes back it does not go again. Planning anew
    later queues who is new, never what was cancelled.
    """

    def cancel(connection: Connection) -> int:
        lock(connection, outbox_lock(campaign))
        now = now_us()
        cancelled = [cancel_queued(connection, campaign, [one], "cancelled") for one in occurrences]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO cancellation (campaign, occurrence, at, by, messages) VALUES (%s, %s, %s, %s, %s)",
                [(campaign, one, now, by[:150], count) for one, count in zip(occurrences, cancelled, strict=True)],
            )
        return sum(cancelled)

    return beside_senders(cancel)


def count_queued(occurrences: Sequence[str], connection: Connection | None = None) -> dict[str, tuple[int, int]]:
    """{campaign: (queued, in flight)}: what cancelling would take back, and what it would be too late for."""
    if connection is None:
        with transaction() as own:
            return count_queued(occurrences, own)
    rows = connection.execute(query("queued_of"), {"occurrences": list(occurrences)}).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def list_cancellations(occurrences: Sequence[str]) -> list[tuple[str, int, str, int]]:
    """(campaign, when, by whom, messages) of a broadcast, the latest first; those that stopped nothing left out."""
    with transaction() as connection:
        rows = connection.execute(
            "SELECT campaign, at, by, messages FROM cancellation WHERE occurrence = ANY (%s) AND messages > 0"
            " ORDER BY at DESC, id DESC",
            (list(occurrences),),
        ).fetchall()
    return [(row[0], row[1], row[2], row[3]) for row in rows]


Result = TypeVar("Result")


def beside_senders(work: Callable[[Connection], Result]) -> Result:
    """The result of `work` in a transaction; done anew where senders, who make messages final in their own order, got
    in its way."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction() as connection:
                return work(connection)
        except DeadlockDetected:
            if attempt == TRIES:
                raise
    raise AssertionError("unreachable")
