"""What every test may ask for: a moment, a data folder, a clean ledger, the shared data sets.

One embedded server serves the whole run, all xdist workers included. Each worker has one migrated database, emptied
between tests (2 ms, 10 with connecting; a fresh clone takes 50), cloned again only where a test changed more than rows.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: two workers on two cores got in each other's way

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import hypothesis
import psycopg
import pytest
from psycopg import sql

from huitou.kit import clock as house_clock
from huitou.kit.settings import Settings, read_settings, use_settings
from huitou.stores import ledger as house_ledger
from huitou.stores.postgres import Running, start_postgres
from tests.reruns import pytest_runtest_logreport, pytest_sessionfinish, pytest_terminal_summary

__all__ = ["pytest_runtest_logreport", "pytest_sessionfinish", "pytest_terminal_summary"]

NOON = "2026-11-20T12:00:00Z"
RESET = (Path(__file__).parent / "reset.sql").read_text()
PREFIX = "huitou-tests-"
# The same examples each time, and no clock: a busy machine is no failure.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("house")
ROOMY = 1024 * 1024 * 1024


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Campaigns and benches run only where `-m` asks for them."""
    if config.getoption("markexpr"):
        return
    left_out = [item for item in items if item.get_closest_marker("long") or item.get_closest_marker("bench")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def clock() -> Iterator[house_clock.FrozenClock]:
    """Time stands at 2026-11-20 12:00 UTC (20:00 in Shanghai) until the test moves it."""
    with house_clock.frozen(NOON) as frozen:
        yield frozen


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """An empty data folder, in force; nothing of the caller's environment."""
    previous = use_settings(read_settings(data=tmp_path / "data", env={}))
    yield tmp_path / "data"
    _restore(previous)


@pytest.fixture
def reads_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in this process (see tests/reading_here.py)."""
    from huitou.events import reading
    from tests.reading_here import ReaderHere

    monkeypatch.setattr(reading, "_start", ReaderHere)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data sets and references kept beside the checkout."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the shared data sets are not beside this checkout (../shared)")
    return folder


@pytest.fixture(scope="session")
def roomy() -> Path:
    """Where a database may lie: in memory where there is room, so that fsync stays on and costs nothing."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOMY:
        return memory
    return Path(tempfile.gettempdir())


@pytest.fixture(scope="session")
def server(roomy: Path) -> Iterator[Running]:
    """The run's one server."""
    _sweep(roomy)
    folder = roomy / f"{PREFIX}{os.geteuid()}-{os.environ.get('PYTEST_XDIST_TESTRUNUID', time.time_ns())}"
    running = start_postgres(folder)
    yield running
    running.stop()
    if _is_unused(folder):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _database(server: Running) -> Iterator[str]:
    """This worker's migrated database, and beside it the clean copy it can be cloned from."""
    from huitou.stores.django import migrate

    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    _execute(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with tempfile.TemporaryDirectory() as folder:
        previous = use_settings(replace(read_settings(data=folder, env={}), database_url=server.dsn_for(name)))
        migrate()
        _hash_quickly()
        _forget_connections()
        _restore(previous)
    with psycopg.connect(server.dsn_for(name), autocommit=True) as connection:
        connection.execute(RESET.encode())
        connection.execute("SELECT test_remember()")
    _execute(server, _clone(f"{name}_clean", name))
    yield name
    _forget_connections()


@pytest.fixture
def ledger(data: Path, server: Running, _database: str) -> Iterator[ModuleType]:
    """The ledger module on a migrated database without rows; Django follows where it is set up."""
    with psycopg.connect(server.dsn_for(_database), autocommit=True) as connection:
        clean = _reset(connection)
    if not clean:
        _forget_connections()
        _execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(_database)))
        _execute(server, _clone(_database, f"{_database}_clean"))
    previous = use_settings(replace(read_settings(data=data, env={}), database_url=server.dsn_for(_database)))
    yield house_ledger
    _restore(previous)


def _hash_quickly() -> None:
    """A million rounds for a password take a quarter of a second; what processes of their own do stays as it is."""
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    PBKDF2PasswordHasher.iterations = 1


def _reset(connection: psycopg.Connection) -> bool:
    connection.execute("SET lock_timeout = '5s'")
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
    )
    row = connection.execute("SELECT test_reset()").fetchone()
    return bool(row and row[0])


def _clone(name: str, source: str) -> sql.Composed:
    return sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
        sql.Identifier(name), sql.Identifier(source)
    )


def _execute(server: Running, statement: sql.Composed) -> None:
    with psycopg.connect(server.dsn_for("postgres"), autocommit=True) as connection:
        connection.execute(statement)


def _forget_connections() -> None:
    house_ledger.reset()
    from django.db import connections

    connections["default"].close()
    connections["default"].close_pool()


def _restore(previous: Settings | None) -> None:
    if previous is not None:
        use_settings(previous)
    else:
        use_settings(read_settings())


def _sweep(parent: Path) -> None:
    """Remove what runs that were killed left behind an hour ago or more."""
    for folder in parent.glob(f"{PREFIX}{os.geteuid()}-*"):
        if folder.stat().st_mtime < time.time() - 3600 and _is_unused(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_unused(folder: Path) -> bool:
    with (folder / "users.lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
