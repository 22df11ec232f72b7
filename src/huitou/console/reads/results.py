"""The report of a follow-up, kept as long as nothing it was made from has changed."""

from __future__ import annotations

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast, create_broadcasts
from huitou.console.reads import ledger, memory, snapshot
from huitou.events.broadcast_acts import read_standing
from huitou.kit import clock
from huitou.measurement.report import Report, make_report
from huitou.stores.ledger import read_arrow, transaction

MESSAGES = "SELECT id, customer, state, reason, cost_micro FROM message WHERE occurrence = ANY(%s) AND campaign = %s"


def report_of(broadcast: Broadcast, campaign: Campaign) -> Report:
    """Seconds at first, nothing afterwards: orders and messages that come in make it anew."""
    now = clock.now_us()
    counts = ledger.rows("message_counts", occurrence=broadcast.broadcast)
    seen = tuple((row["campaign"], row["state"], row["reason"], row["messages"]) for row in counts)
    key = ("report", broadcast, campaign.name, campaign.version, seen, now // clock.HOUR)
    return memory.keep(key, lambda: _make(broadcast, campaign, now))


def _make(broadcast: Broadcast, campaign: Campaign, now: int) -> Report:
    with transaction() as connection:
        ids = read_standing(connection).merged_into(broadcast.broadcast)
        messages = read_arrow(connection, MESSAGES, (ids, campaign.name))
    with snapshot.open_engine() as engine:
        create_broadcasts(engine, now)
        return make_report(engine, broadcast, campaign, messages, now)
