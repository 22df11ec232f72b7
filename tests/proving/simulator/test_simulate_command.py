"""`huitou simulate` on a small world, through the product's doors."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from huitou.cli.app import app

SMALL = ("--viewers", "200", "--seeds", "4")


def run(*arguments: str):
    return CliRunner().invoke(app, ["simulate", *arguments])


@pytest.fixture(scope="module")
def contest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds")
    policies = ("auto", "blast:next_day", "nothing")
    result = run(
        *SMALL, *(part for policy in policies for part in ("--policy", policy)), "--json", "--data", str(folder)
    )
    assert result.exit_code == 0, result.output
    return folder, {one["policy"]: one for one in json.loads(result.stdout)}


def test_the_products_own_policies_take_part(contest):
    folder, scores = contest
    assert list(scores) == ["oracle", "auto", "blast:next_day", "nothing"]
    auto, blast = scores["auto"], scores["blast:next_day"]
    assert 0 < auto["contacts"] <= 1
    assert auto["profit_minor"] < scores["oracle"]["profit_minor"]
    assert auto["messages_minor"] <= auto["messages_budget_minor"]
    assert auto["offers_minor"] <= auto["offers_budget_minor"]
    # Everybody can be reached by mail in this world: one mail each, at a tenth of a fen, less those who bought before. Whom
    # the caps keep from it (they count what other tools sent) may get an SMS at another hour, at five fen.
    assert (blast["contacts"], blast["offers_minor"]) == (1.0, 0.0)
    assert 0.9 * 200 < blast["messages"] < 200
    assert 0.1 * blast["messages"] <= blast["messages_minor"] < 0.1 * blast["messages"] + 5 * 5
    assert (folder / "base-4" / "house" / "contest-auto-W0.parquet").exists()


def test_the_same_world_gives_the_same_scores(contest):
    _, scores = contest
    again = run(*SMALL, "--policy", "auto", "--json")
    assert {one["policy"]: one for one in json.loads(again.stdout)} == {
        name: scores[name] for name in ("oracle", "auto")
    }


def test_the_table_has_a_line_for_each_policy():
    result = run(*SMALL, "--worlds", "base,null", "--policy", "operator", "--policy", "nothing")
    assert result.exit_code == 0
    for word in ("base 4", "null 4", "operator", "nothing", "oracle", "100.0%"):
        assert word in result.stdout


@pytest.mark.parametrize(
    "wrong", [("--worlds", "moon"), ("--seeds", "one"), ("--policy", "magic"), ("--viewers", "1"), ("--worlds", "")]
)
def test_wrong_use_is_told(wrong):
    assert run(*wrong).exit_code == 2
