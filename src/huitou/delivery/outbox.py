"""The outbox: every intended message is one row, written once, claimed by one sender at a time.

The row's key is (customer, campaign, occurrence, step), so planning twice, or twice at once, writes it once. A claim
is a lease with a fence: whoever claims next raises it, and what an earlier claim still writes finds no row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from huitou.campaigns.definition import Campaign
from huitou.kit.clock import MINUTE, SECOND, now_us
from huitou.kit.ids import short_hash
from huitou.kit.money import to_micro
from huitou.stores.ledger import Connection, copy_rows, lock
from huitou.stores.sql import load_query

if TYPE_CHECKING:
    import pyarrow as pa

LEASE_SECONDS = 60
MANY = 1_000  # new messages, after which the server counts what the claim and the guard read
READ = "message, customer, identifier, consent, stop"
COUNTED = ("final", "submitted", "delivered", "opened", "clicked", "converted", "awaiting_staff", "in_doubt", "unknown")
COLUMNS = (
    "id", "customer", "campaign", "campaign_version", "occurrence", "step", "decision", "channel", "offer", "products",
    "context", "stop_since", "send_at", "expires_at", "cost_micro", "created_at", "meant_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """A claimed message. `root` and `address` are the person and where to write as of the claim; the guard checks both
    again. `address` is '' where there is none; `nodes` are those of the person that drew for the holdout."""

    id: str
    customer: str
    root: str
    campaign: str
    campaign_version: int
    occurrence: str
    step: int
    channel: str
    offer: str
    context: Mapping[str, Any]
    stop_since: int
    send_at: int
    expires_at: int
    attempts: int
    fence: int
    address: str
    nodes: Sequence[str]
    queued_at: int | None = None  # None: it is made only to be looked at, now


@cache
def query(name: str) -> bytes:
    """One of this room's ledger queries; `{stopped}` in it stands for what stopped.sql says once for all of them."""
    text = load_query("delivery", f"ledger/{name}")
    return text.replace("{stopped}", load_query("delivery", "ledger/stopped").rstrip()).encode()


def message_id(customer: str, campaign: str, occurrence: str, step: int) -> str:
    return "m" + short_hash(customer, campaign, occurrence, str(step))


def enqueue(connection: Connection, decisions: pa.Table, campaign: Campaign, began_at: int | None = None) -> int:
    """Write the decisions whose action is 'send' into the outbox; returns how many of them are newly to be sent.

    `decisions` has the columns of the decisions table; its `context` is JSON text of what the templates need, and may
    say `campaign_version`, the one it was decided under (else this campaign's), `stop_since` and `expires_at` (epoch
    microseconds; else the broadcast's start, and its end plus the campaign's window). Called again with the same rows
    it writes nothing. What was decided before the operator cancelled (see cancel.py) is written down as cancelled;
    `began_at` is when this plan began, for decisions only tell their minute.
    """
    lock(connection, outbox_lock(campaign.name))
    connection.execute(
        "CREATE TEMPORARY TABLE enqueued (id text, customer text, campaign text, campaign_version integer,"
        " occurrence text, step integer, decision text, channel text, offer text, products text, context text,"
        " stop_since bigint, send_at bigint, expires_at bigint, cost_micro bigint, created_at bigint, meant_at bigint)"
        " ON COMMIT DROP"
    )
    copy_rows(connection, "enqueued", COLUMNS, _rows(decisions, campaign, began_at))
    states: dict[str, int] = dict(connection.execute(query("enqueue")).fetchall())
    connection.execute("DROP TABLE enqueued")
    written = states.get("planned", 0)
    # Else the server may take tables just filled for empty until it looks by itself, and read them whole each time.
    if written >= MANY:
        connection.execute(f"ANALYZE {READ}")
    return written


def outbox_lock(campaign: str) -> str:
    """Held while the campaign's messages are queued or cancelled: what is queued beside a cancelling is cancelled too."""
    return f"outbox:{campaign}"


def _rows(decisions: pa.Table, campaign: Campaign, began_at: int | None) -> Iterator[Sequence[Any]]:
    created_at = now_us()
    began_at = created_at if began_at is None else began_at
    for batch in decisions.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            if row["action"] == "send":
                yield _row(row, campaign, created_at, began_at)


def _row(row: Mapping[str, Any], campaign: Campaign, created_at: int, began_at: int) -> Sequence[Any]:
    context = json.loads(row.get("context") or "{}")
    broadcast = context.get("broadcast") or {}
    started = broadcast.get("started_at") or row["decided_at"]
    ended = broadcast.get("ended_at") or row["decided_at"]
    step = int(row["step"])
    return (
        message_id(row["customer"], row["campaign"], row["broadcast"] or "", step),
        row["customer"],
        row["campaign"],
        context.get("campaign_version") or campaign.version,
        row["broadcast"] or "",
        step,
        row["decision_id"],
        row["channel"],
        row["offer"] or "",
        json.dumps(list(row.get("products") or []), ensure_ascii=False),
        json.dumps(context, ensure_ascii=False),
        context.get("stop_since") or started,
        row["send_at"],
        context.get("expires_at") or ended + campaign.window_us(),
        to_micro(row["cost_minor"]),
        created_at,
        began_at if row["decided_at"] >= began_at - began_at % MINUTE else row["decided_at"],
    )


def claim(
    connection: Connection,
    now: int,
    limit: int,
    lease_seconds: int = LEASE_SECONDS,
    *,
    channel: str = "email",
    address_kind: str = "email",
    sender: str = "",
) -> list[Message]:
    """Take up to `limit` messages of the channel that are due at `now`, the longest due first.

    Two senders never get the same row. `sender` names the process, so that its claims can be given back at once when
    it dies (see recovery.py) instead of when the lease runs out.
    """
    rows = connection.execute(
        query("claim"),
        {
            "now": now,
            "limit": limit,
            "lease": lease_seconds * SECOND,
            "channel": channel,
            "address_kind": address_kind,
            "sender": sender,
            "paused": paused_campaigns(connection),
        },
    ).fetchall()
    return [Message(*row) for row in rows]


def paused_campaigns(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute(query("paused_campaigns")).fetchall()]


def due_channels(connection: Connection, now: int) -> list[str]:
    """Channels that have something due, by name."""
    return [row[0] for row in connection.execute(query("due_channels"), {"now": now}).fetchall()]


def next_due(connection: Connection, now: int) -> int | None:
    """When the next message that is not yet due will be; None where nothing waits."""
    row = connection.execute(
        "SELECT min(send_at) FROM message WHERE state IN ('planned', 'retry') AND send_at > %s", (now,)
    ).fetchone()
    return row[0] if row else None


def count_states(connection: Connection, occurrence: str | None = None) -> dict[tuple[str, str], int]:
    """{(state, reason): messages}, of one occurrence or of all."""
    rows = connection.execute(query("count_states"), {"occurrence": occurrence}).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}


def cancel_queued(connection: Connection, campaign: str | None, occurrences: Sequence[str], reason: str) -> int:
    """Cancel for good what is queued for these occurrences, of one campaign or (None) of all; how many there were.

    What is final is out of reach: it has gone, or goes.
    """
    told = {"campaign": campaign, "occurrences": list(occurrences), "reason": reason, "now": now_us()}
    return connection.execute(query("cancel_queued"), told).rowcount
