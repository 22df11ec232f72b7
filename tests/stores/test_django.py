"""Django is one per process, so what it is told at the start is tried in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from psycopg import sql

from huitou.stores import django as house_django
from huitou.stores.postgres import Running

SOURCE = Path(__file__).parents[2] / "src"
CONSOLE = SOURCE / "huitou" / "console"


@pytest.fixture
def empty_database(server: Running) -> Iterator[str]:
    name = sql.Identifier(f"empty_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    with psycopg.connect(server.dsn_for("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield server.dsn_for(name.as_string().strip('"'))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def start(code: str, url: str, data: Path) -> subprocess.Popen[str]:
    """A process that runs the code and prints one JSON value."""
    environment = {"PATH": os.defpath, "DATABASE_URL": url, "HUITOU_DATA": str(data)}
    environment["PYTHONPATH"] = os.pathsep.join([str(SOURCE), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", "import json, sys\n" + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def answer(process: subprocess.Popen[str]) -> Any:
    said, complained = process.communicate(timeout=60)
    assert process.returncode == 0, complained
    return json.loads(said)


MIGRATE = """
from huitou.stores.django import migrate
names = []
first = migrate(names.append)
print(json.dumps([first, names, migrate(names.append), "django" in sys.modules]))
"""


def test_migrates_once_tells_each_name_and_then_loads_no_django(empty_database: str, tmp_path: Path) -> None:
    first, names, again, _ = answer(start(MIGRATE, empty_database, tmp_path))
    assert (first, again) == (True, False)
    with psycopg.connect(empty_database) as connection:
        applied = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY id").fetchall()
        missing = connection.execute("SELECT to_regclass('procrastinate_jobs') IS NULL").fetchone()
    assert names == [name for (name,) in applied]
    assert missing == (False,)
    assert answer(start(MIGRATE, empty_database, tmp_path)) == [False, [], False, False]


def test_of_two_first_commands_one_migrates(empty_database: str, tmp_path: Path) -> None:
    both = [start(MIGRATE, empty_database, tmp_path) for _ in range(2)]
    answers = sorted(answer(process)[0] for process in both)
    assert answers == [False, True]


def test_tables_of_a_newer_version_are_refused(empty_database: str, tmp_path: Path) -> None:
    answer(start(MIGRATE, empty_database, tmp_path))
    with psycopg.connect(empty_database) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('huitou', '9999_next', now())")
        connection.execute("UPDATE huitou_schema SET fingerprint = 'of the next version'")
    code = """
from huitou.kit.errors import HuitouError
from huitou.stores.django import migrate
try:
    migrate()
except HuitouError as error:
    print(json.dumps([error.code, str(error)]))
"""
    assert answer(start(code, empty_database, tmp_path)) == [
        "newer_database",
        "the database was written by a newer version (huitou.9999_next): upgrade huitou",
    ]


def test_models_and_migrations_agree(ledger: ModuleType) -> None:
    """A table changed in a room's models.py without a migration would be missing at every customer's."""
    house_django.setup_django()
    from django.apps import apps
    from django.db import connections
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(connections["default"])
    changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(graph=loader.graph)
    assert {app: [str(one) for one in found] for app, found in changes.items() if app == "huitou"} == {}


def test_everything_the_console_shows_is_looked_for_in_the_console(ledger: ModuleType) -> None:
    house_django.setup_django()
    from django.conf import settings
    from django.contrib.staticfiles import finders
    from django.template import engines

    assert [Path(place) for place in settings.LOCALE_PATHS] == [CONSOLE / "locale"]
    assert [Path(place) for place in engines["django"].dirs] == [CONSOLE / "templates"]
    for folder in filter(Path.is_dir, [CONSOLE / "static"]):
        for file in (file for file in folder.rglob("*") if file.is_file()):
            assert finders.find(str(file.relative_to(folder))) == str(file)
    tags = {file.stem for file in (CONSOLE / "templatetags").glob("[!_]*.py")}
    assert tags <= set(engines["django"].engine.template_libraries)


def test_django_and_psycopg_see_one_ledger(ledger: ModuleType) -> None:
    house_django.setup_django()
    from django.contrib.auth.models import User

    User.objects.create_user("operator")
    with ledger.transaction() as connection:
        assert connection.execute("SELECT username FROM auth_user").fetchall() == [("operator",)]


def test_django_follows_the_ledger_to_another_database(empty_database: str, server: Running, tmp_path: Path) -> None:
    code = f"""
from dataclasses import replace
from huitou.kit.settings import settings, use_settings
from huitou.stores.django import setup_django
setup_django()
from django.db import connection
def current():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        return cursor.fetchone()[0]
seen = [current()]
use_settings(replace(settings(), database_url={server.dsn_for("postgres")!r}))
setup_django()
print(json.dumps([*seen, current()]))
"""
    name = f"empty_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    assert answer(start(code, empty_database, tmp_path)) == [name, "postgres"]
