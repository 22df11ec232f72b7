"""What the edge counts, for /metrics (Prometheus). No label carries anything of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prometheus_client import Counter, Gauge

from huitou.flows.health import Trouble

OUTCOMES = ("accepted", "duplicate", "quarantined", "rejected")
_EVENTS = Counter("huitou_events_total", "Events received, by outcome.", ["outcome"])
_BY_OUTCOME = {outcome: _EVENTS.labels(outcome) for outcome in OUTCOMES}  # finding a label costs more than adding
CLICKS = Counter("huitou_clicks_total", "Tracked links followed.")
UNSUBSCRIBES = Counter("huitou_unsubscribes_total", "Unsubscribe links used.")
BACKLOG = Gauge("huitou_journal_backlog", "Events waiting to be committed.")
TROUBLES = Gauge("huitou_troubles", "What keeps messages from going, by kind.", ["kind"])
STUCK = Gauge("huitou_messages_stuck", "Messages that it concerns, by kind.", ["kind"])
KINDS = ("channel", "worker", "overdue", "self_paused", "held_start", "put_off", "in_doubt")


def show_troubles(troubles: Sequence[Trouble]) -> None:
    """Every kind has its value, 0 where all is well."""
    for kind in KINDS:
        found = [one for one in troubles if one.kind == kind]
        TROUBLES.labels(kind).set(len(found))
        STUCK.labels(kind).set(sum(one.messages for one in found))


def count_events(counts: Mapping[str, int]) -> None:
    for outcome, count in counts.items():
        if count:
            _BY_OUTCOME[outcome].inc(count)
