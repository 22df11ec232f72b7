"""Decisions made anew from what was kept of what they saw: the same bytes."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from huitou.decisions.decide import Decisions, plan_new, write_decisions
from huitou.decisions.lake_tables import DECISION_FEATURES, DECISIONS
from huitou.decisions.policies import open_policy
from huitou.decisions.replay import replay
from huitou.kit.clock import HOUR
from huitou.kit.settings import settings
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake

from .show import NOW, campaign, crowd

CAMPAIGNS = {
    "rules": campaign("explore = 0\nholdout = 0.2\nmargin = 0.9\n"),
    "explored": campaign("explore = 0.3\nholdout = 0.1\nmargin = 0.9\n"),
    "random": campaign('policy = "random"\n', offers=10**9, messages=10**9),
    "blast": campaign('policy = "blast"\nholdout = 0.1\n'),
    "short of money": campaign("explore = 0.1\n", offers=2000, messages=300),
}


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_run_replays_from_its_features(name: str) -> None:
    chosen = replace(CAMPAIGNS[name], version=2)
    decided = plan_new(crowd(2500), chosen, NOW, run=1)
    assert decided.new.num_rows > 2500 or name == "blast"
    shuffled = decided.features.take(pa.array(range(decided.features.num_rows - 1, -1, -1)))
    assert replay(shuffled, chosen, open_policy(chosen)).equals(decided.new)


def test_each_run_replays_from_the_lake(ledger: ModuleType) -> None:
    """The second run has the money that the first left, and is told apart from it."""
    chosen, given, lake = CAMPAIGNS["short of money"], crowd(900), Lake(settings().lake)
    early = replace(given, candidates=given.candidates.slice(0, 500))
    first = plan_new(early, chosen, NOW, run=0)
    again = replace(given, existing=first.new, decided=first.new.column("customer"))
    second = plan_new(again, chosen, NOW + HOUR, run=1)
    with ledger.transaction() as connection:
        for decided in (first, second):
            write_decisions(lake, connection, decided, "plan")
    with Engine(lake) as engine:
        engine.attach(DECISION_FEATURES)
        for run, decided in enumerate((first, second)):
            features = engine.run_text(f"SELECT * FROM decision_features WHERE run = {run}").cast(
                DECISION_FEATURES.schema
            )
            assert replay(features, chosen, open_policy(chosen)).equals(decided.new)
    assert {row["messages_left_micro"] for row in second.features.to_pylist()} != {300_000_000}


def test_features_of_a_run_that_died_give_way(ledger: ModuleType) -> None:
    lake, chosen = Lake(settings().lake), CAMPAIGNS["rules"]
    died, done = plan_new(crowd(30), chosen, NOW), plan_new(crowd(40), chosen, NOW)
    with ledger.transaction() as connection:
        lake.append(DECISION_FEATURES, died.features, app="plan", version=0)
        write_decisions(lake, connection, done, "plan")
    with Engine(lake) as engine:
        engine.attach(DECISION_FEATURES, DECISIONS)
        counts = engine.run_text(
            "SELECT (SELECT count(*) FROM decision_features) AS f, (SELECT count(*) FROM decisions) AS d"
        )
    assert counts.to_pylist() == [{"f": 40, "d": done.new.num_rows}]


def test_no_name_and_no_address_is_kept() -> None:
    decided: Decisions = plan_new(crowd(50), CAMPAIGNS["rules"], NOW)
    for table in (decided.new, decided.features):
        assert not {"name", "email", "phone", "context"} & set(table.column_names)
    kept = pc.unique(decided.features.column("channel_states").combine_chunks().flatten()).to_pylist()
    assert set(kept) <= {"reachable", "no_address", "no_consent", "opted_out"}
