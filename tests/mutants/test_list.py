"""The list of mutants is of today's sources; trying them is `make mutants`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import huitou
from tests.mutants.reading import ROOT, read_mutants

PACKAGE = Path(huitou.__file__).parent


def test_every_place_is_there_once() -> None:
    """Where the product's text changes, its mutant changes with it, or goes because it can no longer be made."""
    found = {one.id: (PACKAGE / one.file).read_text(encoding="utf-8").count(one.old) for one in read_mutants()}
    assert {name: times for name, times in found.items() if times != 1} == {}


def test_each_changes_something_and_names_its_tests() -> None:
    mutants = read_mutants()
    assert len(mutants) >= 60
    assert [name for name, times in Counter(one.id for one in mutants).items() if times > 1] == []
    assert [one.id for one in mutants if one.old == one.new or not one.breaks] == []
    named = {word for one in mutants for word in one.tests if word.endswith(".py")}
    assert {word for word in named if not (ROOT / "tests" / word).exists()} == set()
    assert [one.id for one in mutants if not named & set(one.tests)] == []
