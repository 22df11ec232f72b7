"""`huitou user`: every subcommand does what it says, and the last administrator stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from huitou.cli.app import app
from huitou.kit.settings import settings
from huitou.migrations import __path__ as migrations

GOOD = "correct horse battery"
Run = Callable[..., Any]


@pytest.fixture
def user(ledger: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`huitou user …` in this process, on the test's ledger: the JSON it prints, or the text of a refusal."""
    monkeypatch.setenv("DATABASE_URL", settings().database_url or "")
    monkeypatch.setenv("HUITOU_LANG", "en")
    data = settings().data

    def run(*arguments: str, status: int = 0) -> Any:
        told = CliRunner().invoke(app, ["user", *arguments, "--json", "--data", str(data)])
        assert told.exit_code == status, told.output
        return json.loads(told.stdout) if status == 0 else told.stderr

    return run


def listed(user: Run) -> list[tuple[str, str, bool]]:
    return [(one["user"], one["role"], one["active"]) for one in user("list")]


def test_the_first_is_administrator_and_the_others_operators(user: Run) -> None:
    assert user("anna", "--password", GOOD) == {"user": "anna", "password": None}
    made = user("add", "bo")["password"]
    assert len(made) >= 12
    user("add", "chen", "--role", "analyst", "--password", GOOD)
    assert listed(user) == [("anna", "admin", True), ("bo", "operator", True), ("chen", "analyst", True)]


def test_a_role_is_changed_a_user_disabled_enabled_and_removed(user: Run) -> None:
    user("anna", "--password", GOOD)
    user("add", "bo")
    assert user("role", "bo", "admin") == {"user": "bo", "role": "admin"}
    user("disable", "anna")
    assert listed(user) == [("anna", "admin", False), ("bo", "admin", True)]
    user("enable", "anna")
    user("remove", "bo")
    assert listed(user) == [("anna", "admin", True)]


def test_the_last_administrator_stays(user: Run) -> None:
    user("anna", "--password", GOOD)
    user("add", "bo")
    for said in (("role", "anna", "operator"), ("disable", "anna"), ("remove", "anna")):
        assert "administrator" in user(*said, status=1)
    assert listed(user) == [("anna", "admin", True), ("bo", "operator", True)]


def test_a_new_password_is_given_or_made_and_a_bad_one_refused(user: Run) -> None:
    user("anna", "--password", GOOD)
    assert user("password", "anna", "--password", "another good horse")["password"] is None
    from huitou.admin.models import Account

    first, second = (user("password", "anna")["password"] for _ in range(2))
    assert first != second
    assert Account.objects.get(user__username="anna").must_change
    for bad in ("123", "password", ""):
        assert user("password", "anna", "--password", bad, status=1)
    assert user("password", "nobody", status=1)


def test_who_could_sign_in_before_there_were_roles_still_can(user: Run) -> None:
    """The migration: the first of them in use becomes administrator, the others operators, strangers nothing."""
    from django.contrib.auth.models import User
    from django.db.migrations.loader import MigrationLoader

    from huitou.stores.django import setup_django

    setup_django()
    for name, staff, active in (("old", True, False), ("anna", True, True), ("bo", True, True), ("guest", False, True)):
        User.objects.create(username=name, is_staff=staff, is_active=active)
    loader = MigrationLoader(None)
    migration = loader.get_migration("huitou", next(p.stem for p in Path(migrations[0]).glob("0008_*.py")))
    give_roles = migration.operations[-1].code
    give_roles(loader.project_state().apps, None)
    assert listed(user) == [("anna", "admin", True), ("bo", "operator", True), ("old", "operator", False)]
