"""Cancel what is still queued as soon as its reason to go is gone, so that nobody sees plans that will not happen.

The guard is what keeps the promise; this keeps the list of queued messages true. Ids of stops and consents are drawn
before their transactions commit, so each run looks some way back again.
"""

from __future__ import annotations

from huitou.delivery.outbox import cancel_queued, query
from huitou.events.broadcast_acts import read_standing
from huitou.kit.clock import now_us
from huitou.stores.ledger import lock, transaction

LOOK_BACK = 5_000  # rows; more than are ever open at once
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
            batch = {"ids": queued[at : at + BATCH], "now": now}
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
    with transaction() as connection:
        standing = read_standing(connection)
        cancelled = 0
        for gone, reason in ((standing.deleted, "broadcast_deleted"), (set(standing.survivors), "broadcast_merged")):
            if gone:
                cancelled += cancel_queued(connection, None, sorted(gone), reason)
    return cancelled
