"""The commands as a person types them: what they print, and their exit status.

A process takes a second to start, so long walks are gone in this one (`here`); each command also runs as the program
it is (`run`), in this folder or in test_import_command, test_private and test_killed_house.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from huitou.kit import clock
from huitou.kit.settings import settings, use_settings
from tests.flows.evening import PEOPLE, write_evening

NOW = "2026-11-20T15:00:00Z"


class Terminal:
    """Runs `huitou` in a folder of its own on the test's ledger."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.env = {
            **os.environ,
            "DATABASE_URL": url,
            "HUITOU_DATA": str(folder / "data"),
            "LANG": "C.UTF-8",
            "COLUMNS": "200",
        }
        self.env.pop("LC_ALL", None)

    def run(self, *words: str, status: int = 0, **env: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "huitou", *words],
            cwd=self.folder,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr

    def here(self, *words: str, status: int = 0) -> str:
        """The same in this process; paths among the words are absolute."""
        from huitou.cli.app import app

        before, moment = settings(), clock.set_clock(clock.SystemClock())
        try:
            done = CliRunner().invoke(app, list(words), env=self.env)
        finally:
            use_settings(before)
            clock.set_clock(moment)
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    def json(self, *words: str):  # type: ignore[no-untyped-def]
        return json.loads(self.run(*words, "--json"))

    def json_here(self, *words: str):  # type: ignore[no-untyped-def]
        return json.loads(self.here(*words, "--json"))


@pytest.fixture
def terminal(ledger: ModuleType, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, ledger.database_url())


def test_help_names_the_commands_in_the_order_one_meets_them(tmp_path: Path) -> None:
    text = Terminal(tmp_path, "").run("--help")
    places = [text.index(f" {name} ") for name in ("demo", "import", "broadcasts", "reach", "plan", "send", "report")]
    assert places == sorted(places)


def test_wrong_use_is_status_2(tmp_path: Path) -> None:
    assert "--now" in Terminal(tmp_path, "").run("reach", "B1", "--now", "yesterday", status=2)


def test_an_empty_house_says_what_to_do_first(terminal: Terminal) -> None:
    assert "huitou import" in terminal.run("broadcasts")


def test_a_broadcast_goes_from_file_to_decisions(terminal: Terminal, tmp_path: Path) -> None:
    file = write_evening(tmp_path / "evening.ndjson")
    events = len(file.read_text().splitlines())
    imported = terminal.json_here("import", str(file), "--now", NOW)
    assert {key: imported[key] for key in ("format", "accepted", "duplicate", "rejected", "rejected_file")} == {
        "format": "segment", "accepted": events, "duplicate": 0, "rejected": 0, "rejected_file": None,
    }  # fmt: skip
    again = terminal.json("import", str(file), "--now", NOW)
    assert (again["accepted"], again["duplicate"]) == (0, events)
    (stored,) = terminal.json_here("query", "SELECT count(*) AS events FROM events", "--now", NOW)
    assert stored == {"events": events}  # what was just imported can be asked at once

    (show,) = terminal.json_here("broadcasts", "--now", NOW)
    assert (show["broadcast"], show["viewers"], show["buyers"]) == ("B1", PEOPLE, 4)

    reach = terminal.json("reach", "B1", "--now", NOW)
    assert (reach["watchers"], reach["reachable"]) == (PEOPLE, PEOPLE)

    for name in ("a", "b"):
        terminal.here("plan", "B1", "--now", NOW, "--dry-run", "--out", str(tmp_path / f"{name}.parquet"))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    terminal.run("plan", "B1", "--now", NOW, "--out", "kept.parquet")
    terminal.here("plan", "B1", "--now", NOW, "--out", str(tmp_path / "again.parquet"))
    assert (tmp_path / "kept.parquet").read_bytes() == (tmp_path / "again.parquet").read_bytes()
    assert (tmp_path / "kept.parquet").read_bytes() == (tmp_path / "a.parquet").read_bytes()

    (counted,) = terminal.json_here("query", "SELECT count(DISTINCT customer) AS people FROM decisions", "--now", NOW)
    assert counted == {"people": PEOPLE - 4}
    report = terminal.json("report", "B1", "--now", NOW)
    assert report["funnel"]["entered"] == PEOPLE
    assert terminal.json("portrait", "u5@example.com", "--now", NOW)["person"]["name"] == "客人5"

    mail = terminal.json("campaign", "test", "follow-up", "--person", "u5@example.com", "--now", NOW)
    assert (mail["why"], mail["channel"], mail["trial"]) == ("carted", "email", None)
    assert "客人5" in mail["text"]


def test_a_refusal_is_one_line_and_status_1(terminal: Terminal) -> None:
    said = terminal.run("reach", "B9", "--now", NOW, status=1)
    assert said.startswith("✗ ")
    assert len(said.strip().splitlines()) == 1


def test_a_hopeless_file_is_refused_and_the_others_go_in(terminal: Terminal, tmp_path: Path) -> None:
    good = write_evening(tmp_path / "evening.ndjson")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 8)
    terminal.here("import", str(tmp_path / "noise.bin"), str(good), "--now", NOW, status=1)
    assert [show["broadcast"] for show in terminal.json_here("broadcasts", "--now", NOW)] == ["B1"]


def test_a_question_cannot_leave_the_tables(terminal: Terminal) -> None:
    assert terminal.run("query", "SELECT * FROM read_csv('/etc/passwd')", status=1)


def test_somebody_may_sign_in(terminal: Terminal, ledger: ModuleType) -> None:
    assert len(terminal.json("user", "operator")["password"]) >= 12
    with ledger.transaction() as connection:
        ((kept,),) = connection.execute("SELECT password FROM auth_user").fetchall()
    method, rounds, _ = kept.split("$", 2)
    assert (method, int(rounds) >= 600_000) == ("pbkdf2_sha256", True)  # OWASP, Password Storage Cheat Sheet


def test_write_keys_are_made_listed_and_revoked(terminal: Terminal) -> None:
    made = terminal.json("key", "add", "shop", "--class", "browser")
    assert (made["source"], made["class"], made["last_four"]) == ("browser:shop", "browser", made["key"][-4:])
    assert [(one["name"], one["revoked_at"]) for one in terminal.json_here("key", "list")] == [("shop", None)]
    assert terminal.json_here("key", "revoke", "shop")["revoked_at"] is not None
    terminal.here("key", "revoke", "shop", status=1)
    terminal.here("key", "add", "browser:shop", "--class", "server", status=1)
    terminal.here("key", "add", "shop", status=2)


def test_chinese_where_the_locale_is(terminal: Terminal) -> None:
    assert "还没有场次" in terminal.run("broadcasts", LANG="zh_CN.UTF-8")
