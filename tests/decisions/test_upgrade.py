"""A house from before decisions were columns: everything that its JSON said is there, whenever it was killed.

decisions_until_2026_11.parquet was written by the code of that time, of the crowd and the campaign below.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huitou.decisions import upgrade
from huitou.decisions.decide import plan_new
from huitou.decisions.lake_tables import DECISION_FEATURES, DECISIONS
from huitou.decisions.upgrade import upgrade_decisions
from huitou.kit.settings import settings
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake, LakeTable

from .show import NOW, campaign, crowd

OLD = Path(__file__).with_name("decisions_until_2026_11.parquet")
# What an old row does not tell: of nobody but those written to the version, of the held-out what the message would say.
UNTOLD = {"campaign_version", "products", "why", "stage", "language", "timezone", "expires_at", "offer_price_minor",
          "offer_expires_at", "stop_since"}  # fmt: skip


def old_house(*tables: pa.Table) -> Lake:
    lake = Lake(settings().lake)
    for number, table in enumerate(tables or (pq.read_table(OLD),)):
        old = LakeTable("decisions", table.schema, stats=("broadcast", "campaign", "decided_at"))
        lake.append(old, table, app="plan:follow-up:B20", version=number)
    return lake


def rows_of(lake: Lake, table: LakeTable, order: str) -> list[dict[str, Any]]:
    with Engine(lake) as engine:
        engine.attach(table)
        return list(engine.run_text(f"SELECT * FROM {table.name} ORDER BY {order}").to_pylist())


def planned_today() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    decided = plan_new(crowd(400, seed=4), campaign("holdout = 0.3\nexplore = 0.3\nmargin = 0.9\n"), NOW)
    return decided.new.to_pylist(), decided.features.to_pylist()


def test_old_rows_say_in_columns_what_todays_do(ledger: ModuleType) -> None:
    lake = old_house()
    assert upgrade_decisions(lake)
    found, (today, features) = rows_of(lake, DECISIONS, "customer, step"), planned_today()
    assert len(found) == len(today) > 90
    for old, new in zip(found, today, strict=True):
        assert old["propensity"] == pytest.approx(new["propensity"], rel=1e-12)
        untold = {"propensity"} | (set() if new["action"] == "send" else UNTOLD)
        assert {name: old[name] for name in old.keys() - untold} == {name: new[name] for name in new.keys() - untold}
    assert {row["action"] for row in found if row["dropped_steps"]} == {"send", "holdout"}
    assert sum(row["offer_cost"] for row in found) > 0
    kept = rows_of(lake, DECISION_FEATURES, "customer")
    for old, new in zip(kept, features, strict=True):
        told = ("campaign", "occasion", "decided_at", "customer", "user_id", *upgrade.FACTS.values())
        assert [old[name] for name in told] == [new[name] or 0 if name == "orders" else new[name] for name in told]


def test_it_is_done_once_and_the_house_goes_on(ledger: ModuleType) -> None:
    lake = old_house(pq.read_table(OLD).slice(0, 50), pq.read_table(OLD).slice(50))
    assert upgrade_decisions(lake)
    version = lake.version(DECISIONS)
    assert not upgrade_decisions(lake)
    assert (lake.version(DECISIONS), lake.loaded_version(DECISIONS, "plan:follow-up:B20")) == (version, 1)
    lake.append(DECISIONS, plan_new(crowd(9, seed=5), campaign(), NOW).new, app="plan:follow-up:B20", version=2)
    assert lake.columns(DECISIONS) == DECISIONS.schema.names
    assert not upgrade_decisions(Lake(settings().lake.parent / "empty"))


@pytest.mark.parametrize("dies", ["_facts", "_upgraded"])
@pytest.mark.parametrize("after", [0, 2])
def test_killed_in_the_middle_it_is_made_up_for(
    ledger: ModuleType, monkeypatch: pytest.MonkeyPatch, dies: str, after: int
) -> None:
    lake = old_house()
    before = lake.version(DECISIONS)
    calls = iter(range(10**6))
    works = getattr(upgrade, dies)

    def die(rows: list[dict[str, Any]]) -> Any:
        if next(calls) >= after:
            raise SystemExit("killed")
        return works(rows)

    monkeypatch.setattr(upgrade, "BATCH", 20)
    with monkeypatch.context() as killed:
        killed.setattr(upgrade, dies, die)
        with pytest.raises(BaseException, match="killed"):
            upgrade_decisions(lake)
    assert lake.version(DECISIONS) == before
    assert upgrade_decisions(lake)
    assert len(rows_of(lake, DECISIONS, "customer, step")) == len(planned_today()[0])
    assert len(rows_of(lake, DECISION_FEATURES, "customer")) == 400


def test_rows_that_tell_nothing_stay_as_they_are(ledger: ModuleType) -> None:
    table = pq.read_table(OLD)
    held = table.filter(pa.compute.equal(table["action"], "holdout")).slice(0, 2)
    index = held.schema.get_field_index("context")
    silent = held.set_column(index, "context", pa.array(["{}", None], pa.string()))
    lake = old_house(silent)
    assert upgrade_decisions(lake)
    found = rows_of(lake, DECISIONS, "customer, step")
    assert [(row["decision_id"], row["step"], row["send_at"], row["intent"]) for row in found] == [
        (one, 0, None, None) for one in silent["decision_id"].to_pylist()
    ]
