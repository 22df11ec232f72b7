"""`huitou check` finds what is wrong, one thing at a time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import psycopg
import pyarrow as pa
import pytest

from huitou.cli import check
from huitou.customers.lake_tables import PORTRAITS
from huitou.kit.settings import Settings, settings, use_settings
from huitou.proving.sink import running_sink
from huitou.stores.lake import Lake
from tests.cli.test_commands import Terminal, terminal

__all__ = ["terminal"]


@pytest.fixture
def given(ledger: ModuleType) -> Settings:
    """The settings in force, put back by the fixture that made them."""
    return settings()


def test_a_new_house_is_well(terminal: Terminal) -> None:
    told = terminal.json("check")
    assert told["ok"]
    assert [(one["name"], one["state"]) for one in told["findings"]] == [
        ("python", "good"), ("disk", "good"), ("database", "good"), ("lake", "good"), ("mail", "warning"),
        ("address", "warning"), ("clock", "good"), ("messages", "good"),
    ]  # fmt: skip


def test_what_is_wrong_is_status_1_in_the_terminals_language(terminal: Terminal) -> None:
    url = f"smtp://127.0.0.1:{unused_port()}"
    terminal.run("check", status=1, HUITOU_SMTP_URL=url)
    terminal.run("check", status=1, DATABASE_URL="postgresql://127.0.0.1:1/none?connect_timeout=1")


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_full_disk(given: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check.check_disk().state == "good"
    monkeypatch.setattr(check, "ROOM_LEFT", 2**60)
    assert check.check_disk().state == "bad"


def test_a_database_that_may_lose_what_it_confirmed(given: Settings, ledger: ModuleType) -> None:
    assert check.check_database().state == "good"
    url = given.database_url or ""
    with psycopg.connect(url, autocommit=True) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    try:
        found = check.examine(check.check_database)
        assert found.state == "bad"
        assert "synchronous_commit" in found.message["en"]
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{name}" RESET synchronous_commit')


def test_a_lake_that_lost_a_file(given: Settings) -> None:
    assert check.check_lake().message["en"] == "empty so far"
    lake = Lake(given.lake)
    lake.append(PORTRAITS, pa.table({"customer": ["c1"]}))
    assert check.check_lake().message["en"] == "tables that can be read: 1"
    (file,) = lake.files(PORTRAITS)
    Path(file).rename(f"{file}.away")
    assert (check.check_lake().state, "what was written last is not whole" in check.check_lake().message["en"]) == (
        "bad",
        True,
    )
    Path(f"{file}.away").rename(file)
    lake.append(PORTRAITS, pa.table({"customer": ["c2"]}))
    Path(file).unlink()
    found = check.check_lake()
    assert (found.state, file in found.message["zh"]) == ("bad", True)


def test_a_mail_server(given: Settings, tmp_path: Path) -> None:
    with running_sink(tmp_path / "sink") as url:
        use_settings(replace(given, smtp_url=url))
        assert check.check_mail().state == "good"
    assert check.check_mail().state == "bad"


@pytest.fixture
def stranger() -> Iterator[str]:
    """Something that listens and is no mail server."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.sendall(b"SSH-2.0-else\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"smtp://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_a_server_that_is_none_for_mail(given: Settings, stranger: str) -> None:
    use_settings(replace(given, smtp_url=stranger))
    found = check.check_mail()
    assert (found.state, "SSH-2.0" in found.message["en"]) == ("bad", True)


def test_a_clock_that_is_off(given: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check.check_clock().state == "good"
    monkeypatch.setattr(check, "MOST_SKEW", -1_000)
    assert check.check_clock().state == "bad"


def test_a_refusal_is_a_finding(given: Settings) -> None:
    use_settings(replace(given, smtp_url="ftp://mail"))
    assert check.examine(check.check_mail).state == "bad"
