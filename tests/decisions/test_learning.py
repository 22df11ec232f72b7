"""A stranger's policy: one file copied into the folder. It learns from what was explored, and what it believes is used."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest

from huitou.decisions import policies
from huitou.decisions.decide import plan_new, write_decisions
from huitou.decisions.lake_tables import DECISION_FEATURES, DECISIONS
from huitou.decisions.learning import LakeModels, learn, read_log
from huitou.decisions.policies import known_policies, open_policy, open_with_evidence
from huitou.kit.clock import DAY
from huitou.kit.errors import Refused
from huitou.kit.settings import settings
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake
from huitou.stores.ledger import transaction

from .show import NOW, campaign, crowd

RANDOM = campaign('policy = "random"\nholdout = 0\n', offers=10**9, messages=10**9)
TOY = replace(campaign("holdout = 0\nexplore = 0.2\n", offers=10**9, messages=10**9), policy="toy")


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is there, as if it had been copied into the folder."""
    monkeypatch.setattr(policies, "__path__", [*policies.__path__, str(Path(__file__).with_name("toy"))])


def explored(lake: Lake) -> tuple[pa.Table, dict[str, int]]:
    """An evening at random in the lake, and what came of it: whoever got a coupon of ten by SMS bought for 50."""
    decided = plan_new(crowd(900), RANDOM, NOW)
    first = {row["customer"]: row for row in reversed(decided.new.to_pylist())}
    profit = {who: 5_000 if (row["channel"], row["offer"]) == ("sms", "ten") else 0 for who, row in first.items()}
    with transaction() as connection:
        write_decisions(lake, connection, decided, "plan")
    return decided.new, profit


def log_of(lake: Lake, profit: dict[str, int]) -> pa.Table:
    outcomes = pa.table(
        {
            "campaign": pa.repeat("follow-up", len(profit)),
            "occasion": pa.repeat("B20", len(profit)),
            "customer": list(profit),
            "profit_minor": list(profit.values()),
        }
    )
    with Engine(lake) as engine:
        engine.attach(DECISIONS, DECISION_FEATURES)
        return read_log(engine, outcomes)


def test_it_learns_what_was_explored_and_decides_by_it(ledger: ModuleType, toy: None) -> None:
    lake = Lake(settings().lake)
    models = LakeModels(lake)
    _, profit = explored(lake)
    log = log_of(lake, profit)
    assert log.num_rows == 900
    with pytest.raises(Refused, match="learned nothing yet"):
        open_policy(TOY, models)
    with transaction() as connection:
        model = learn(connection, models, "toy", log, NOW + DAY)
    assert (model.version, model.learned_from, model.learned_to, model.decisions) == (1, NOW, NOW, 900)
    assert models.find("toy", None) == model == models.find("toy", 1)
    later = plan_new(crowd(900, seed=2), TOY, NOW, models=models).new.to_pylist()
    sent = [row for row in later if row["action"] == "send"]
    own = [row for row in sent if row["reason"] != "explored"]
    reached_by_sms = [row for row in own if row["channel"] == "sms"]
    assert {row["offer"] for row in reached_by_sms} == {"ten"}
    # what it believes is what is logged, and paid by: not what the prior believes
    worth = {row["expected_profit_minor"] for row in reached_by_sms}
    assert worth == {round_micro(model.score)}
    assert {row["offer_cost"] for row in sent} == {7}
    assert {(row["policy"], row["policy_version"]) for row in later} == {("toy", "1")}


def round_micro(value: float) -> Decimal:
    return Decimal(round(value * 1_000_000)) / 1_000_000


def test_its_money_is_kept_by_what_it_believes(ledger: ModuleType, toy: None) -> None:
    lake = Lake(settings().lake)
    models, (_, profit) = LakeModels(lake), explored(lake)
    with transaction() as connection:
        learn(connection, models, "toy", log_of(lake, profit), NOW)
    tight = replace(TOY, explore=0.0, budget=campaign(offers=700).budget)
    rows = plan_new(crowd(900), tight, NOW, models=models).new.to_pylist()
    given = {row["customer"] for row in rows if row["action"] == "send" and row["offer"] != "none"}
    assert len(given) == 700 * (1 - tight.budget.reserve) // 7


def test_a_model_is_kept_by_its_version_and_named_by_it(ledger: ModuleType, toy: None) -> None:
    lake = Lake(settings().lake)
    models, (_, profit) = LakeModels(lake), explored(lake)
    log = log_of(lake, profit)
    with transaction() as connection:
        first = learn(connection, models, "toy", log.slice(0, 500), NOW)
        second = learn(connection, models, "toy", log, NOW + DAY)
    assert (first.version, second.version) == (1, 2)
    policy, evidence = open_with_evidence(TOY, models)
    assert (policy.version, evidence) == ("2", second)
    assert policy.explored_share(TOY, evidence) == 0.1
    assert open_policy(replace(TOY, policy="toy@1"), models).version == "1"
    with pytest.raises(Refused, match="no version 3"):
        open_policy(replace(TOY, policy="toy@3"), models)


def test_nothing_is_learned_by_default(ledger: ModuleType) -> None:
    assert known_policies() == ["blast", "random", "rules"]
    models = LakeModels(Lake(settings().lake))
    for name in ("auto", "rules", "random", "blast"):
        assert open_with_evidence(replace(TOY, policy=name), models)[1] is None
    with transaction() as connection, pytest.raises(Refused, match="learns nothing"):
        learn(connection, models, "rules", pa.table({"decided_at": [0]}), NOW)
    with pytest.raises(Refused, match="cannot be used yet"):
        open_policy(replace(TOY, policy="base"), models)
