"""Every command against every damage: one clear line in the reader's language, status 1, never a traceback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from typer.testing import CliRunner

from huitou.cli.app import app
from huitou.cli.common import explained
from huitou.events.journal import append_batch
from huitou.events.load import load
from huitou.kit.settings import settings, use_settings
from huitou.kit.text import LANGUAGES
from huitou.stores import ledger as house_ledger
from tests.events.events import NOON, track

FILE = "people.csv"
COMMANDS = {
    "broadcasts": ["broadcasts"],
    "reach": ["reach", "B1"],
    "plan": ["plan", "B1"],
    "send": ["send"],
    "report": ["report", "B1"],
    "portrait": ["portrait", "u1"],
    "query": ["query", "SELECT count(*) FROM events"],
    "import": ["import", FILE],
    "user": ["user", "lin"],
    "serve": ["serve", "--port", "0"],
}
# Storing a file or a user needs no lake; the server brings a damaged one up in its jobs and its pages.
WITHOUT_LAKE = {"import", "user", "serve"}
BOTH = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(autouse=True)
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(FILE).write_text("user_id,email\nu1,u1@example.com\n")


@pytest.fixture
def run(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Runs a command that has to be refused; the lines it said."""

    def run(name: str, language: str, url: str | None = None) -> list[str]:
        house_ledger.reset()
        monkeypatch.setenv("HUITOU_LANG", language)
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.delenv("DATABASE_URL", raising=False)
        if url is not None:
            monkeypatch.setenv("DATABASE_URL", url)
        done = CliRunner().invoke(app, [*COMMANDS[name], "--data", str(data)])
        assert done.exit_code == 1, done.output
        return done.stderr.strip().splitlines()

    before = settings()
    yield run
    house_ledger.reset()
    use_settings(before)


def is_one_line(lines: list[str], zh: str, en: str, language: str) -> None:
    assert len(lines) == 1, lines
    assert lines[0].startswith("✗ ")
    assert {"zh": zh, "en": en}[language] in lines[0]
    assert "Traceback" not in lines[0]


@BOTH
@pytest.mark.parametrize("name", COMMANDS)
def test_a_database_that_is_down(run: Callable[..., list[str]], name: str, language: str) -> None:
    lines = run(name, language, "postgresql://shop:s3cret@127.0.0.1:1/huitou")
    is_one_line(
        lines,
        "连不上数据库，请检查它是否在运行、DATABASE_URL 是否正确",
        "Does it run, and is DATABASE_URL right?",
        language,
    )
    assert "s3cret" not in lines[0]


@BOTH
@pytest.mark.parametrize("url", ["nonsense", "postgresql://shop:s3cret@127.0.0.1:s3cret/x", "mysql://a/b"])
def test_a_database_url_that_is_none(run: Callable[..., list[str]], url: str, language: str) -> None:
    lines = run("query", language, url)
    is_one_line(lines, "DATABASE_URL 的写法不对", "DATABASE_URL cannot be read", language)
    assert "s3cret" not in lines[0]


@BOTH
@pytest.mark.parametrize("name", COMMANDS)
def test_a_data_folder_that_is_a_file(run: Callable[..., list[str]], data: Path, name: str, language: str) -> None:
    data.write_text("")
    is_one_line(
        run(name, language), "是文件而不是文件夹：请用 --data 另选", "a file, not a folder: choose another", language
    )


@BOTH
@pytest.mark.parametrize("name", COMMANDS)
def test_a_database_folder_that_is_not_whole(
    run: Callable[..., list[str]], data: Path, name: str, language: str
) -> None:
    (data / "postgres" / "data").mkdir(parents=True)
    is_one_line(
        run(name, language), "不是数据库：缺少 PG_VERSION。请从备份恢复", "is missing; restore a backup", language
    )


@pytest.fixture
def lake(ledger: ModuleType) -> Path:
    """A lake with an event; its address is the test's database."""
    append_batch([track("live_entered", "1", userId="u1", properties={"broadcast_id": "B1"})], NOON)
    load()
    return settings().lake


def garble_the_log(lake: Path) -> None:
    (lake / "events" / "_delta_log" / f"{0:020}.json").write_text("{nonsense")


def lose_the_log(lake: Path) -> None:
    shutil.rmtree(lake / "events" / "_delta_log")
    (lake / "events" / "_delta_log").write_text("")


def put_a_file_in_its_place(lake: Path) -> None:
    shutil.rmtree(lake)
    lake.write_text("")


@BOTH
@pytest.mark.parametrize("damage", [garble_the_log, lose_the_log, put_a_file_in_its_place])
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in WITHOUT_LAKE])
def test_a_damaged_lake(
    run: Callable[..., list[str]], lake: Path, damage: Callable[[Path], None], name: str, language: str
) -> None:
    damage(lake)
    url = settings().database_url
    lines = run(name, language, url)
    assert len(lines) == 1, lines
    assert any(word in lines[0] for word in ("恢复", "另选", "restore", "choose another")), lines
    use_settings(replace(settings(), database_url=url))


@BOTH
def test_check_names_what_is_damaged(lake: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    garble_the_log(lake)
    before = settings()
    monkeypatch.setenv("HUITOU_LANG", language)
    monkeypatch.setenv("DATABASE_URL", before.database_url or "")
    done = CliRunner().invoke(app, ["check", "--data", str(before.data)])
    use_settings(before)
    assert done.exit_code == 1
    assert {"zh": "数据湖的表 events 已损坏", "en": "the table events of the lake is damaged"}[language] in done.stdout


@BOTH
@pytest.mark.parametrize("command", ["serve", "demo"])
@pytest.mark.parametrize("port", ["99999", "-1", "abc", "8o", "８０", "80.5"])
def test_a_port_that_is_none_is_wrong_use(
    command: str, port: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUITOU_LANG", language)
    done = CliRunner().invoke(app, [command, "--port", port])
    assert done.exit_code == 2
    is_one_line(done.stderr.strip().splitlines(), "0 到 65535", "from 0 to 65535", language)


@BOTH
def test_a_port_that_is_taken_and_a_host_that_is_not_ours(
    ledger: ModuleType, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = settings()
    monkeypatch.setenv("HUITOU_LANG", language)
    monkeypatch.setenv("DATABASE_URL", before.database_url or "")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = ["serve", "--data", str(before.data), "--port", str(taken.getsockname()[1])]
        done = CliRunner().invoke(app, words)
        is_one_line(done.stderr.strip().splitlines(), "已被占用", "is in use", language)
    for host in ("198.51.100.7", "no.such.host.invalid", "", "a" * 300):
        done = CliRunner().invoke(app, ["serve", "--data", str(before.data), "--port", "0", "--host", host or "::ffff"])
        assert done.exit_code == 1
        is_one_line(done.stderr.strip().splitlines(), "不是本机的地址", "is no address of this machine", language)
    use_settings(before)


def test_a_mistake_of_ours_is_one_line_and_its_traceback_is_kept(
    ledger: ModuleType, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("one\ntwo")

    before = settings()
    monkeypatch.setattr("huitou.flows.refresh.catch_up", fail)
    monkeypatch.setenv("HUITOU_LANG", "en")
    monkeypatch.setenv("DATABASE_URL", before.database_url or "")
    data.mkdir(parents=True, exist_ok=True)
    done = CliRunner().invoke(app, ["query", "SELECT 1", "--data", str(data)])
    use_settings(before)
    assert done.exit_code == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("✗ something went wrong: ZeroDivisionError: one (the whole in ")
    assert "in fail" in (data / "errors.log").read_text()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (psycopg.errors.DiskFull("could not extend file: No space left on device"), "the disk is full"),
        (OSError(28, "No space left on device", "/data/x"), "the disk is full"),
        (OSError(5, "Input/output error"), "the disk reports an error"),
        (OSError(30, "Read-only file system"), "the file system is read-only"),
        (PermissionError(13, "Permission denied"), "permission denied"),
        (psycopg.errors.DataCorrupted("invalid page in block 7"), "the database's files are damaged"),
        (psycopg.errors.AdminShutdown("terminating connection"), "cannot reach the database"),
        (ExceptionGroup("of a task group", [OSError(28, "No space left on device")]), "the disk is full"),
        (MemoryError(), "out of memory"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_trouble_of_the_machine_has_its_sentence(error: Exception, words: str) -> None:
    assert words in str(explained(error))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("only root, where mounting is allowed, has a disk to fill or to close")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@BOTH
@pytest.mark.parametrize("state", ["full", "read-only"])
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in WITHOUT_LAKE])
def test_a_lake_on_a_disk_that_takes_nothing(
    run: Callable[..., list[str]], lake: Path, small_disk: Path, state: str, name: str, language: str
) -> None:
    """As it is met by whoever has news to load: the ledger lies elsewhere and goes on."""
    url, data = settings().database_url, settings().data
    append_batch([track("live_left", "2", userId="u1", properties={"broadcast_id": "B1"})], NOON + 1)
    shutil.copytree(data, small_disk / "data")
    shutil.rmtree(data)
    data.symlink_to(small_disk / "data")
    if state == "full":
        with (small_disk / "filler").open("wb") as filler:
            while os.write(filler.fileno(), b"0" * 4096) == 4096 and shutil.disk_usage(small_disk).free:
                pass
    else:
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    lines = run(name, language, url)
    expected = {
        "full": ("磁盘已满", "the disk is full"),
        "read-only": ("文件系统是只读的", "the file system is read-only"),
    }
    is_one_line(lines, *expected[state], language)
    use_settings(replace(settings(), database_url=url))
