"""The outbox: every intended message is one row, written once, claimed by one sender at a time.

The row's key is (customer, campaign, occurrence, step), so planning twice, or twice at once, writes it once. A claim
is a lease with a fence: whoever claims next raises it, and what an earlier claim still writes finds no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.campaigns.versions import load_campaign
from huitou.delivery.contexts import Told, list_json, write_contexts
from huitou.events.rules import fill_rules
from huitou.kit.clock import MINUTE, SECOND, now_us
from huitou.kit.errors import NotFound
from huitou.kit.ids import short_hash
from huitou.kit.money import MICRO
from huitou.stores.ledger import Connection, copy_arrow, lock
from huitou.stores.sql import load_query

LEASE_SECONDS = 60
MANY = 1_000  # new messages, after which the server counts what the claim and the guard read
READ = "message, customer, identifier, consent, stop, contact"
COUNTED = ("final", "submitted", "delivered", "opened", "clicked", "converted", "awaiting_staff", "in_doubt", "unknown")


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
    """One of this room's ledger queries; `{stopped}` in it stands for what stopped.sql says once for all of them, by the rules
    about people (events/rules.py)."""
    text = load_query("delivery", f"ledger/{name}")
    return fill_rules(text.replace("{stopped}", load_query("delivery", "ledger/stopped").rstrip())).encode()


def message_id(customer: str, campaign: str, occurrence: str, step: int) -> str:
    return "m" + short_hash(customer, campaign, occurrence, str(step))


def enqueue(
    connection: Connection, decisions: pa.Table, campaign: Campaign, told: Told, began_at: int | None = None
) -> int:
    """Write the decisions whose action is 'send' into the outbox; returns how many of them are newly to be sent.

    `decisions` has the columns of the decisions table; each is queued by the campaign's version it was decided under
    (where it tells none, or that is not kept, by this `campaign`). Called again with the same rows it writes nothing.
    What was decided before the operator cancelled (see cancel.py) is written down as cancelled; `began_at` is when this
    plan began, for decisions only tell their minute.
    """
    lock(connection, outbox_lock(campaign.name))
    sends = decisions.filter(pc.equal(decisions.column("action"), "send"))
    if not sends.num_rows:
        return 0
    connection.execute(query("enqueued"))
    for version in pc.unique(sends.column("campaign_version")).to_pylist():
        ruling = _version_of(connection, campaign, version)
        of_it = pc.is_in(sends.column("campaign_version"), value_set=pa.array([version], pa.int64()), skip_nulls=False)
        copy_arrow(connection, "enqueued", _rows(sends.filter(of_it), ruling, told, began_at))
    states: dict[str, int] = dict(connection.execute(query("enqueue"), {"purpose": campaign.purpose}).fetchall())
    connection.execute("DROP TABLE enqueued")
    written = states.get("planned", 0)
    # Else the server may take tables just filled for empty until it looks by itself, and read them whole each time.
    if written >= MANY:
        connection.execute(f"ANALYZE {READ}")
    return written


def _version_of(connection: Connection, campaign: Campaign, version: int | None) -> Campaign:
    if version is None or version == campaign.version:
        return campaign
    try:
        return load_campaign(connection, campaign.name, version)
    except NotFound:
        return campaign


def outbox_lock(campaign: str) -> str:
    """Held while the campaign's messages are queued or cancelled: what is queued beside a cancelling is cancelled too."""
    return f"outbox:{campaign}"


def _rows(sends: pa.Table, campaign: Campaign, told: Told, began_at: int | None) -> pa.Table:
    """The columns of `enqueued`, of decisions by this version of the campaign."""
    n, created_at = sends.num_rows, now_us()
    began_at = created_at if began_at is None else began_at
    keys = zip(*(sends.column(name).to_pylist() for name in ("customer", "occasion", "step")), strict=True)
    decided_at = sends.column("decided_at")
    columns = {
        "id": [message_id(customer, campaign.name, occasion or "", step) for customer, occasion, step in keys],
        "customer": sends.column("customer"),
        "campaign": pa.repeat(campaign.name, n),
        "campaign_version": pa.repeat(campaign.version, n),
        "occurrence": pc.fill_null(sends.column("occasion"), ""),
        "step": sends.column("step"),
        "decision": sends.column("decision_id"),
        "channel": sends.column("channel"),
        "offer": pc.fill_null(sends.column("offer"), ""),
        "products": list_json(sends.column("products")),
        "context": write_contexts(sends, campaign, told),
        "stop_since": pc.coalesce(sends.column("stop_since"), decided_at),
        "send_at": sends.column("send_at"),
        "expires_at": pc.coalesce(sends.column("expires_at"), pc.add(decided_at, campaign.window_us())),
        "cost_micro": pc.cast(pc.multiply(sends.column("cost_minor"), MICRO), pa.int64()),
        "created_at": pa.repeat(created_at, n),
        "meant_at": pc.if_else(pc.greater_equal(decided_at, began_at - began_at % MINUTE), began_at, decided_at),
    }
    return pa.table(columns)


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
