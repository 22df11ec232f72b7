"""What the house keeps is its owner's alone, whatever the umask, and what was left open is closed at the next start."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from tests.flows.evening import write_evening

from huitou.cli import main
from huitou.stores.private import close_to_others

NOBODY = 65534


def open_to_others(folder: Path) -> list[str]:
    return sorted(
        str(place.relative_to(folder))
        for place in (folder, *folder.rglob("*"))
        if not place.is_symlink() and stat.S_IMODE(place.lstat().st_mode) & 0o077
    )


def run(folder: Path, url: str, *words: str) -> None:
    """As another user would start it: with an umask that closes nothing."""
    environment = {**os.environ, "DATABASE_URL": url, "HUITOU_DATA": str(folder / "data"), "HUITOU_LANG": "en"}
    command = [sys.executable, "-m", "huitou", *words]
    subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True, umask=0)


def test_whatever_a_command_writes_is_its_owners(ledger: ModuleType, tmp_path: Path) -> None:
    url, file = ledger.database_url(), write_evening(tmp_path / "evening.ndjson")
    file.write_text(file.read_text() + '{"event": "rejected"}\n')
    run(tmp_path, url, "import", str(file))
    run(tmp_path, url, "plan", "B1", "--now", "2026-11-20T15:00:00Z", "--out", "decisions.parquet")
    run(tmp_path, url, "query", "SELECT * FROM events", "--out", "events.parquet")
    assert open_to_others(tmp_path / "data") == []
    assert [path.name for path in (tmp_path / "data" / "lake").iterdir()] != []
    written = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.*") if path != file}
    assert written == dict.fromkeys(("decisions.parquet", "events.parquet", "evening.ndjson.rejected.ndjson"), 0o600)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_reads_nothing(ledger: ModuleType, tmp_path: Path) -> None:
    run(tmp_path, ledger.database_url(), "import", str(write_evening(tmp_path / "evening.ndjson")))
    run(tmp_path, ledger.database_url(), "query", "SELECT 1")
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o005)
    found = subprocess.run(
        ["find", str(tmp_path / "data"), "-type", "f"], user=NOBODY, capture_output=True, text=True, check=False
    )
    assert "Permission denied" in found.stderr
    assert found.stdout == ""


def loose(folder: Path) -> Path:
    (folder / "lake" / "events" / "_delta_log").mkdir(parents=True)
    (folder / "lake" / "events" / "part.parquet").write_text("wang@example.com")
    (folder / "uploads").mkdir()
    (folder / "uploads" / "people.csv").write_text("wang@example.com")
    for place in (folder, *folder.rglob("*")):
        place.chmod(0o755 if place.is_dir() else 0o644)
    return folder


def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    data = loose(tmp_path / "data")
    close_to_others(data)
    assert open_to_others(data) == []
    assert (data / "uploads" / "people.csv").read_text() == "wang@example.com"


def test_a_folder_that_holds_other_things_stays_open_around_what_is_ours(tmp_path: Path) -> None:
    data = loose(tmp_path / "home")
    (data / "notes.txt").write_text("theirs")
    (data / "notes.txt").chmod(0o644)
    close_to_others(data)
    assert open_to_others(data) == [".", "notes.txt"]


def test_nothing_outside_is_touched_through_links(tmp_path: Path) -> None:
    data, outside = loose(tmp_path / "data"), tmp_path / "outside.txt"
    outside.write_text("theirs")
    outside.chmod(0o644)
    (data / "uploads" / "link").symlink_to(outside)
    close_to_others(data)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_a_folder_that_is_not_there_or_is_a_file_is_left_to_whoever_uses_it(tmp_path: Path) -> None:
    close_to_others(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    close_to_others(tmp_path / "file")
    assert not (tmp_path / "missing").exists()


def test_the_program_closes_what_it_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huitou.cli.app.app", lambda: None)
    before = os.umask(0)
    main()
    assert os.umask(before) == 0o077
