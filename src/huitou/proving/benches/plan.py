"""Candidates a second decided for and queued, of one broadcast with the shipped campaign.

Floor: reading what the plan is made from, and deciding nothing.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from huitou.campaigns.definition import Campaign
from huitou.campaigns.reading import default_text
from huitou.campaigns.versions import save_version
from huitou.catalog.broadcasts import find_broadcast
from huitou.decisions.lake_tables import DECISION_FEATURES, DECISIONS
from huitou.decisions.reading import open_lake, read_inputs
from huitou.flows.follow_up import plan_follow_up
from huitou.kit import clock
from huitou.kit.settings import settings
from huitou.proving.benches import Figure
from huitou.proving.benches.evening import BROADCAST, ORDERED, PLANNED, hold_evening
from huitou.proving.benches.own_house import forget_peak, own_house, rates, timed
from huitou.stores.engine import Engine
from huitou.stores.ledger import transaction

RUNS = 2
CANDIDATES = 100_000


def measure_plan(size: int | None, folder: Path) -> Figure:
    """The whole of `huitou plan` once visits and portraits are there: read, decide, keep, queue."""
    begun, wanted = time.perf_counter(), size or CANDIDATES
    before = clock.set_clock(clock.FrozenClock(PLANNED))
    try:
        with own_house(folder):
            preparing = timed(lambda: hold_evening(round(wanted / (1 - ORDERED))))
            with transaction() as connection:
                campaign = save_version(connection, default_text())
            floor = [timed(lambda: read_only(campaign)) for _ in range(RUNS)]
            forget_peak()
            spent, people, queued = [], 0, 0
            for _ in range(RUNS):
                _forget_plan()
                started = time.perf_counter()
                planned = plan_follow_up(BROADCAST, campaign)
                spent.append(time.perf_counter() - started)
                people, queued = len(planned.decisions["customer"].unique()), planned.queued
    finally:
        clock.set_clock(before)
    notes = {
        "queued": queued,
        "seconds_for_100000": round(min(spent) / people * 100_000, 1),
        "visits_and_portraits_s": round(preparing, 1),
        "floor_is": "reading the plan's inputs",
    }
    return rates("plan", "candidates/s", people, spent, floor, begun, notes)


def read_only(campaign: Campaign) -> None:
    with Engine() as engine, transaction() as connection:
        open_lake(engine)
        read_inputs(engine, connection, find_broadcast(engine, BROADCAST, PLANNED), campaign, PLANNED)


def _forget_plan() -> None:
    for table in (DECISIONS, DECISION_FEATURES):
        shutil.rmtree(settings().lake / table.name, ignore_errors=True)
    with transaction() as connection:
        connection.execute("TRUNCATE message CASCADE")
