"""What the edge counts, for /metrics (Prometheus). No label carries anything of a person."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

EVENTS = Counter("huitou_events_total", "Events received, by outcome.", ["outcome"])
CLICKS = Counter("huitou_clicks_total", "Tracked links followed.")
UNSUBSCRIBES = Counter("huitou_unsubscribes_total", "Unsubscribe links used.")
BACKLOG = Gauge("huitou_journal_backlog", "Events waiting to be committed.")
