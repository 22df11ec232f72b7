"""How the sending of one follow-up goes: messages by state, and why those that stopped did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from huitou.console.reads import ledger
from huitou.console.reads.broadcasts import OPEN
from huitou.kit.money import MICRO
from huitou.measurement.report import HANDED_OVER

ORDER = (
    "planned", "retry", "claimed", "awaiting_staff", "final", "submitted", "delivered", "opened", "clicked",
    "converted", "in_doubt", "unknown", "failed", "suppressed", "expired",
)  # fmt: skip


@dataclass(frozen=True)
class Sending:
    total: int
    handed_over: int
    waiting: int
    in_doubt: int
    cost_minor: float
    next_at: int | None
    states: tuple[tuple[str, int], ...]
    stopped: tuple[tuple[str, int], ...]  # reason, messages


def sending_of(broadcast: str, campaign: str) -> Sending:
    rows = [row for row in ledger.rows("message_counts", occurrence=broadcast) if row["campaign"] == campaign]
    states: Counter[str] = Counter()
    stopped: Counter[str] = Counter()
    for row in rows:
        states[row["state"]] += row["messages"]
        if row["state"] in ("suppressed", "expired", "failed"):
            stopped[row["reason"] or row["state"]] += row["messages"]
    return Sending(
        sum(states.values()),
        sum(states[state] for state in HANDED_OVER),
        sum(states[state] for state in OPEN),
        states["in_doubt"] + states["unknown"],
        sum(row["cost_micro"] for row in rows if row["state"] in HANDED_OVER) / MICRO,
        min((row["next_at"] for row in rows if row["next_at"]), default=None),
        tuple((state, states[state]) for state in ORDER if states[state]),
        tuple(stopped.most_common()),
    )
