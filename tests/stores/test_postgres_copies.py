"""Copies and moves of the data folder: each folder has its own server, and no command touches another's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.stores.test_postgres import Command, ask, connects, kill, leave_nothing_running, processes_of, wait_until

from huitou.kit.errors import Refused
from huitou.kit.text import Text
from huitou.stores import postgres, postgres_cluster
from huitou.stores.postgres import start_postgres

LONG = "很长的路径" * 12  # the socket has to lie outside then


@pytest.fixture(scope="module")
def model(roomy: Path) -> Iterator[Path]:
    """A stopped cluster with one row, made once."""
    with tempfile.TemporaryDirectory(prefix="huitou-model-", dir=roomy) as name:
        with start_postgres(Path(name) / "postgres") as running, psycopg.connect(running.dsn) as connection:
            connection.execute("CREATE TABLE tea (name text)")
            connection.execute("INSERT INTO tea VALUES ('龙井')")
        yield Path(name) / "postgres"


@pytest.fixture(params=["short", LONG], ids=["short", "long"])
def original(roomy: Path, model: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="huitou-test-", dir=roomy) as name:
        folder = Path(name) / request.param / "postgres"
        copy(model, folder)
        yield folder
        leave_nothing_running(Path(name))


def copy(origin: Path, to: Path, *options: str) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", *(options or ("-a",)), str(origin), str(to)], check=True, stderr=subprocess.DEVNULL)
    return to


def add(dsn: str, name: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO tea VALUES (%s)", (name,))


def names(dsn: str) -> list[str]:
    return str(ask(dsn, "SELECT string_agg(name, ',' ORDER BY name) FROM tea")).split(",")


def test_a_copy_of_a_running_folder_has_its_own_server(original: Path) -> None:
    user = Command(original)
    server = ask(user.dsn, "SELECT pg_postmaster_start_time()::text")
    twin = copy(original, original.parent / "copy")
    heard: list[Text] = []
    with start_postgres(twin, heard.append) as running:
        add(running.dsn, "in the copy")
        assert names(user.dsn) == ["龙井"]
        add(user.dsn, "in the original")
        assert names(running.dsn) == ["in the copy", "龙井"]
    assert any("was copied or moved from" in message["en"] for message in heard)
    assert names(user.dsn) == ["in the original", "龙井"]
    assert ask(user.dsn, "SELECT pg_postmaster_start_time()::text") == server
    assert user.leave() == "left"


def test_a_copy_of_a_copy_and_of_what_was_killed(original: Path) -> None:
    Command(original).kill()
    kill(processes_of(original))
    first = copy(original, original.parent / "first")
    user = Command(original)
    used = Command(first)
    second = copy(first, original.parent / "second")
    with start_postgres(second) as running:
        assert len({user.dsn, used.dsn, running.dsn}) == 3
        add(running.dsn, "in the second copy")
    assert (names(user.dsn), names(used.dsn)) == (["龙井"], ["龙井"])
    assert used.leave() == "left"
    assert connects(user.dsn)
    assert user.leave() == "left"


def test_a_copy_whose_server_is_killed_and_left_alone_leaves_the_original_alone(original: Path) -> None:
    user = Command(original)
    twin = copy(original, original.parent / "copy")
    used = Command(twin)
    kill(processes_of(twin))
    used.kill()
    assert names(user.dsn) == ["龙井"]
    assert user.leave() == "left"


def test_a_stopped_folder_may_be_moved(original: Path) -> None:
    start_postgres(original).stop()
    moved = original.rename(original.parent / "moved")
    heard: list[Text] = []
    with start_postgres(moved, heard.append) as running:
        assert names(running.dsn) == ["龙井"]
    assert heard == []


def test_a_folder_moved_while_it_runs_goes_on_at_its_new_place(original: Path) -> None:
    user = Command(original)
    add(user.dsn, "just before")
    moved = original.rename(original.parent / "moved")
    with start_postgres(moved) as running:
        assert names(running.dsn) == ["just before", "龙井"]
        assert user.leave() == "left"  # the command of the old place touches neither
        assert not original.exists()
        assert connects(running.dsn)


def test_a_folder_swapped_for_another_is_left_alone_by_the_commands_of_the_one_before(original: Path) -> None:
    user = Command(original)
    twin = copy(original, original.parent / "copy")
    original.rename(original.parent / "moved")
    twin.rename(original)
    used = Command(original)
    add(used.dsn, "in the new one")
    assert user.leave() == "left"
    assert names(used.dsn) == ["in the new one", "龙井"]
    assert used.leave() == "left"


def test_a_linked_folder_is_the_same_house(original: Path) -> None:
    user = Command(original)
    link = original.parent / "link"
    link.symlink_to(original)
    with start_postgres(link) as running:
        assert running.dsn == user.dsn
    assert user.leave() == "left"


def test_a_copy_by_hard_links_is_refused_while_the_original_runs_and_after(
    original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ELSEWHERE_SECONDS", 0.3)
    user = Command(original)
    twin = copy(original, original.parent / "copy", "-al")
    with pytest.raises(Refused, match="running under another path") as refusal:
        start_postgres(twin)
    assert str(original) in refusal.value.message["zh"]
    assert names(user.dsn) == ["龙井"]
    assert user.leave() == "left"
    with pytest.raises(Refused, match="shares its database files with another data folder"):
        start_postgres(twin)


def test_a_cluster_linked_in_from_another_folder_is_refused(original: Path) -> None:
    user = Command(original)
    other = original.parent / "other"
    other.mkdir(mode=0o700)
    (other / "data").symlink_to(original / "data")
    with pytest.raises(Refused, match="link the whole folder"):
        start_postgres(other)
    assert connects(user.dsn)
    assert user.leave() == "left"


def test_a_pid_that_another_server_has_by_now_is_not_signalled(original: Path, model: Path) -> None:
    """As after the restart of a container, where pids begin anew."""
    user = Command(original)
    other = copy(model, original.parent / "other")
    pid = postgres._postmaster(original)
    (other / "data" / "postmaster.pid").write_text(f"{pid}\n{other / 'data'}\n0\n5432\n{other / 'run'}\n\n\nready\n")
    used = Command(other)
    assert used.dsn != user.dsn
    assert not postgres._serves(pid or 0, other)
    assert used.leave() == "left"
    assert connects(user.dsn)
    assert user.leave() == "left"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_socket_folder_of_somebody_else_is_left_alone(original: Path) -> None:
    with tempfile.TemporaryDirectory() as foreign:
        (Path(foreign) / postgres_cluster.SOCKET).write_text("theirs")
        os.chown(foreign, 12345, 12345)
        (original / "socket").write_text(foreign)
        with start_postgres(original) as running:
            assert names(running.dsn) == ["龙井"]
        assert (Path(foreign) / postgres_cluster.SOCKET).read_text() == "theirs"


def test_a_folder_copied_without_its_modes_is_closed_again(original: Path) -> None:
    loose = copy(original, original.parent / "loose", "-r", "--no-preserve=mode")
    subprocess.run(["chmod", "-R", "a+rX", str(loose)], check=True)
    with start_postgres(loose) as running:
        assert names(running.dsn) == ["龙井"]


def test_a_copy_that_came_out_broken_says_how_to_take_one(original: Path) -> None:
    user = Command(original)
    twin = copy(original, original.parent / "copy")
    shutil.rmtree(twin / "data" / "pg_wal")
    with pytest.raises(postgres_cluster.Unavailable, match="stop huitou first and copy again"):
        start_postgres(twin)
    os.kill(user.process.pid, signal.SIGCONT)
    assert user.leave() == "left"
    wait_until(lambda: not processes_of(original), "the server outlived its last user")
