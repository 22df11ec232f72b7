"""What the models say and what the migrations make is one schema, reached by one road. Part of `make check`."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

LINE = re.compile(r"\d{4}_(admin|campaigns|decisions|delivery|events|flows|ledger|measurement|rewards|stores)_\w+")
FIRST_NAMED_BY_ROOM = 12  # earlier ones are called after what they bring alone


@pytest.fixture
def django(ledger: ModuleType) -> None:
    from huitou.stores.django import setup_django

    setup_django()


def test_no_model_waits_for_a_migration(django: None) -> None:
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)  # ends the process where one is missing


def test_migrations_are_one_line(django: None) -> None:
    """Two that follow the same one would be applied in no order."""
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None)
    names = sorted(name for app, name in loader.disk_migrations if app == "huitou")
    assert loader.graph.leaf_nodes("huitou") == [("huitou", names[-1])]
    assert loader.detect_conflicts() == {}
    numbers = [int(name[:4]) for name in names]
    assert len(set(numbers)) == len(numbers)
    assert [name for name in names if int(name[:4]) >= FIRST_NAMED_BY_ROOM and not LINE.fullmatch(name)] == []
