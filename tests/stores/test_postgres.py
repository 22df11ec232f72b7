"""The embedded server against everything that can happen to it, with real processes and real kills."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest

from huitou.kit.errors import Refused, Unavailable
from huitou.kit.text import Text
from huitou.stores import postgres, postgres_cluster
from huitou.stores.postgres import start_postgres

SOURCE = Path(__file__).parents[2] / "src"
KEEPER = postgres_cluster.KEEPER.name.encode()
ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody").pw_uid
PATIENCE = 15.0  # seconds; everything here takes well under one on an idle machine

USER_OF_THE_SERVER = """
import sys, pathlib
from huitou.stores.postgres import start_postgres
running = start_postgres(pathlib.Path(sys.argv[1]))
print(running.dsn, flush=True)
sys.stdin.readline()
running.stop()
print("left", flush=True)
"""


class Command:
    """Another process that uses the server until it is told to leave, or is killed."""

    started: ClassVar[list[Command]] = []

    def __init__(self, folder: Path, python: str = sys.executable, **options: Any) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), *map(str, sys.path)])}
        self.process = subprocess.Popen(
            [python, "-c", USER_OF_THE_SERVER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            **options,
        )
        self.started.append(self)
        assert self.process.stdout is not None
        self.dsn = self.process.stdout.readline().strip()
        if not self.dsn:
            raise AssertionError(self.process.communicate()[1])

    def leave(self) -> str:
        return str(self.process.communicate("leave\n", timeout=PATIENCE)[0]).strip()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE)


@pytest.fixture
def place(roomy: Path) -> Iterator[Path]:
    """An empty folder; afterwards nothing may be running in it."""
    with tempfile.TemporaryDirectory(prefix="huitou-test-", dir=roomy) as name:
        yield Path(name)
        leave_nothing_running(Path(name))


@pytest.fixture
def folder(place: Path) -> Path:
    return place / "postgres"


@pytest.fixture(scope="module")
def cluster(roomy: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="huitou-test-", dir=roomy) as name:
        start_postgres(Path(name) / "postgres").stop()
        yield Path(name) / "postgres"


@pytest.fixture
def kept(cluster: Path) -> Iterator[Path]:
    """A cluster made once, for tests that only start and stop it."""
    yield cluster
    leave_nothing_running(cluster)


def leave_nothing_running(folder: Path) -> None:
    """A test that fails half-way would otherwise leave users and servers behind for the next one."""
    while Command.started:
        Command.started.pop().kill()
    try:
        wait_until(lambda: not processes_of(folder), "a process is left running")
    finally:
        kill(processes_of(folder))


def processes_of(folder: Path, programs: tuple[bytes, ...] = (b"/postgres", b"/initdb", KEEPER)) -> list[int]:
    """Servers and keepers whose command line names the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        ours = any(word.endswith(programs) for word in words)
        if ours and any(str(folder).encode() in word for word in words):
            found.append(int(entry.name))
    return sorted(found)


def kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # the keeper of the server before may just be ending
            os.kill(pid, signal.SIGKILL)


def postmaster_of(folder: Path) -> int:
    pid = postgres._postmaster(folder)
    assert pid is not None
    return int(pid)


def wait_until(happened: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.01)


def ask(dsn: str, query: str) -> Any:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def connects(dsn: str) -> bool:
    try:
        return bool(ask(dsn, "SELECT 1") == 1)
    except psycopg.OperationalError:
        return False


def test_keeps_what_was_written_and_leaves_nothing_running(folder: Path) -> None:
    with start_postgres(folder) as first:
        with psycopg.connect(first.dsn) as connection:
            connection.execute("CREATE TABLE tea (name text)")
            connection.execute("INSERT INTO tea VALUES ('龙井')")
        assert len(processes_of(folder)) >= 2
    wait_until(lambda: not processes_of(folder), "the server outlived its last user")
    with start_postgres(folder) as second:
        assert ask(second.dsn, "SELECT name FROM tea") == "龙井"


def test_settings_that_durability_and_privacy_rest_on(kept: Path) -> None:
    wanted = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "jit": "off",
        "TimeZone": "UTC",
        "max_connections": "100",
        "shared_buffers": "256MB",
        "max_wal_size": "2GB",
    }
    with start_postgres(kept) as running, psycopg.connect(running.dsn) as connection:
        found = {name: connection.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in wanted}
        assert found == {name: (value,) for name, value in wanted.items()}
        locale = "SELECT datlocprovider, datlocale, datcollate FROM pg_database WHERE datname = 'huitou'"
        assert connection.execute(locale).fetchone() == ("b", "C.UTF-8", "C")


@pytest.mark.parametrize(
    "name",
    [
        "with space and 中文 (副本)",
        "深" * 60 + "/" + "很长的路径" * 12,  # 360 bytes; a socket's path may have 107
        "comma, \"quote\" and 'apostrophe' %41 #1",
    ],
    ids=["space-and-chinese", "long", "punctuation"],
)
def test_any_path(place: Path, name: str) -> None:
    folder = place / name
    with start_postgres(folder) as running:
        assert ask(running.dsn, "SELECT current_database()") == "huitou"
        sockets = running.sockets.stat()
        assert (sockets.st_uid, stat.S_IMODE(sockets.st_mode)) == (os.geteuid(), 0o700)
    assert running.sockets == folder / "run" or not running.sockets.exists()


def test_two_processes_share_and_the_last_one_stops_it(kept: Path) -> None:
    first, second = Command(kept), Command(kept)
    server = postmaster_of(kept)
    assert first.dsn == second.dsn
    assert first.leave() == "left"
    assert postmaster_of(kept) == server
    assert connects(second.dsn)
    assert second.leave() == "left"
    assert not connects(second.dsn)
    wait_until(lambda: not processes_of(kept), "the server outlived its last user")


def test_within_a_process_shares_are_counted(kept: Path) -> None:
    with start_postgres(kept) as outer:
        with start_postgres(kept) as inner:
            assert inner is outer
        assert connects(outer.dsn)
    assert not connects(outer.dsn)
    outer.stop()  # once too often changes nothing
    assert processes_of(kept) == [] or not connects(outer.dsn)


def test_many_first_commands_at_once_make_one_server(folder: Path) -> None:
    commands: list[Command] = []
    threads = [threading.Thread(target=lambda: commands.append(Command(folder))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    started = {ask(command.dsn, "SELECT pg_postmaster_start_time()::text") for command in commands}
    assert (len(commands), len(started)) == (4, 1)
    assert [command.leave() for command in commands] == ["left"] * 4


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_owner_leaves_no_server_behind(kept: Path, number: signal.Signals) -> None:
    command = Command(kept)
    command.kill(number)
    wait_until(lambda: not processes_of(kept), "the server outlived its killed owner")


def test_a_killed_owner_takes_nothing_from_the_others(kept: Path) -> None:
    killed, staying = Command(kept), Command(kept)
    server = postmaster_of(kept)
    killed.kill()
    time.sleep(1.5)  # longer than the keeper's poll
    assert connects(staying.dsn)
    assert postmaster_of(kept) == server
    assert staying.leave() == "left"


def test_an_orphan_is_reused_and_stopped_by_the_next_command(kept: Path) -> None:
    command = Command(kept)
    server = postmaster_of(kept)
    kill(processes_of(kept, (KEEPER,)))
    command.kill()
    assert connects(command.dsn)
    with start_postgres(kept):
        assert postmaster_of(kept) == server
    wait_until(lambda: not processes_of(kept), "the orphan was not stopped")


def test_a_postmaster_killed_in_use_comes_back_by_itself(kept: Path) -> None:
    with start_postgres(kept) as running:
        with psycopg.connect(running.dsn) as connection:
            connection.execute("DROP TABLE IF EXISTS committed")
            connection.execute("CREATE TABLE committed AS SELECT 7 AS lucky")
        server = postmaster_of(kept)
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: connects(running.dsn), "the server did not come back")
        assert postmaster_of(kept) != server
        assert ask(running.dsn, "SELECT lucky FROM committed") == 7


def test_a_dead_postmaster_is_waited_for_and_replaced(kept: Path) -> None:
    """Its back end still runs when the next command comes, and nobody is there to restart it."""
    command = Command(kept)
    with psycopg.connect(command.dsn):
        kill(processes_of(kept, (KEEPER,)))
        server = postmaster_of(kept)
        os.kill(server, signal.SIGKILL)
        with start_postgres(kept) as running:
            assert connects(running.dsn)
            assert postmaster_of(kept) != server
            assert command.leave() == "left"


def test_start_after_everything_was_killed_and_the_pid_belongs_to_somebody_else(kept: Path) -> None:
    command = Command(kept)
    kill(processes_of(kept))
    command.kill()
    wait_until(lambda: not processes_of(kept), "the killed are not gone")
    left = kept / "data" / "postmaster.pid"
    lines = left.read_text().splitlines()
    left.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    (kept / "run" / f"{postgres_cluster.SOCKET}.lock").write_text(f"{os.getpid()}\n")
    with start_postgres(kept) as running:
        assert connects(running.dsn)


def test_a_command_that_waits_says_so(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "FIRST_WORD", 0.0)
    said: list[Text] = []
    with start_postgres(kept, tell=said.append):
        pass
    assert [sorted(text) for text in said] == [["en", "zh"]]
    assert said[0]["en"] == "the database is starting … 0 s"


def test_only_after_a_kill_it_says_that_it_recovers(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = Command(kept)
    kill(processes_of(kept))
    command.kill()
    wait_until(lambda: not processes_of(kept), "the killed are not gone")
    monkeypatch.setattr(postgres, "FIRST_WORD", 0.0)
    said: list[Text] = []
    with start_postgres(kept, tell=said.append):
        pass
    assert said[0]["en"] == "the database was killed and recovers … 0 s"


def test_ctrl_c_reaches_the_command_and_not_the_server(kept: Path) -> None:
    with start_postgres(kept) as running:
        command = Command(kept, start_new_session=True)
        os.killpg(command.process.pid, signal.SIGINT)
        command.process.communicate(timeout=PATIENCE)
        assert connects(running.dsn)


def test_a_forked_child_keeps_the_server_and_does_not_stop_it(kept: Path) -> None:
    running = start_postgres(kept)
    child = os.fork()
    if child == 0:
        running.stop()
        os._exit(0 if connects(running.dsn) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert connects(running.dsn)
    running.stop()
    assert not connects(running.dsn)


def test_an_interrupted_first_start_is_begun_again(folder: Path) -> None:
    (folder / "data.new" / "base").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    with start_postgres(folder) as running:
        assert connects(running.dsn)
    assert not (folder / "data.new").exists()


def test_a_deleted_folder_ends_its_server(folder: Path) -> None:
    running = start_postgres(folder)
    folder.rename(folder.with_name("thrown away"))
    wait_until(lambda: not processes_of(folder), "the server outlived its folder")
    with start_postgres(folder) as again:
        assert again is not running
        assert connects(again.dsn)


def test_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(Refused, match="was written by PostgreSQL 17, the embedded one is 18"):
        start_postgres(tmp_path)


def test_a_server_that_cannot_start_says_why(place: Path, kept: Path) -> None:
    broken = place / "broken"
    shutil.copytree(kept, broken, ignore=shutil.ignore_patterns("*.lock", "socket", "run"))
    (broken / "data" / "global" / "pg_control").write_bytes(b"\0" * 8192)
    with pytest.raises(Unavailable, match=r"did not start.*postgres\.log.*(FATAL|PANIC)"):
        start_postgres(broken)
    wait_until(lambda: not processes_of(broken), "the keeper outlived its dead server")


@pytest.mark.skipif(not ROOT, reason="only root can give a folder away")
def test_anothers_folder_is_refused_in_one_line_and_left_as_it_is(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o750)
    os.chown(theirs, NOBODY, NOBODY)
    with pytest.raises(Refused) as refusal:
        start_postgres(theirs)
    assert refusal.value.code == "foreign_data_folder"
    assert str(refusal.value) == (
        f"{theirs} belongs to nobody and you are root: run as that user, or choose another --data"
    )
    assert (theirs.stat().st_uid, stat.S_IMODE(theirs.stat().st_mode), list(theirs.iterdir())) == (NOBODY, 0o750, [])


@pytest.mark.skipif(not ROOT, reason="about what root does")
def test_root_changes_nothing_outside_the_folder(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    before = [(place.stat().st_uid, place.stat().st_mode) for place in (closed, *closed.parents)]
    with start_postgres(closed / "postgres") as running:
        assert connects(running.dsn)
        uids = {Path(f"/proc/{postmaster_of(closed / 'postgres')}").stat().st_uid}
        assert uids == {postgres_cluster.SERVICE_UID}
    assert [(place.stat().st_uid, place.stat().st_mode) for place in (closed, *closed.parents)] == before


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_no_other_local_user_gets_in() -> None:
    """Also where the path is too long, and the socket lies in the common temporary folder."""
    folder = Path("/tmp") / f"huitou-test-{os.getpid()}" / ("长" * 60)
    try:
        with start_postgres(folder) as running:
            assert running.sockets.parent != folder
            child = os.fork()
            if child == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                with socket.socket(socket.AF_UNIX) as stranger:
                    os._exit(stranger.connect_ex(str(running.sockets / postgres_cluster.SOCKET)) % 256)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 13  # EACCES
    finally:
        shutil.rmtree(folder.parent)


@pytest.mark.skipif(not ROOT, reason="about root where files cannot be given away")
def test_root_on_a_file_system_that_keeps_owners(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if subprocess.run(["unshare", "--user", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this kernel gives no user namespaces")
    monkeypatch.setattr(os, "chown", refuse)
    with start_postgres(folder) as running:
        assert connects(running.dsn)
        assert (folder / "data").stat().st_uid == 0
    monkeypatch.undo()
    with start_postgres(folder) as running:  # and back, as after a move to another disk
        assert connects(running.dsn)
        assert (folder / "data").stat().st_uid == postgres_cluster.SERVICE_UID


@pytest.mark.skipif(not ROOT, reason="the whole file runs as an ordinary user then")
@pytest.mark.parametrize("uid", [NOBODY, 12345], ids=["named", "nameless"])
def test_an_ordinary_user(place: Path, uid: int) -> None:
    python = find_common_python()
    place.chmod(0o711)
    home = place / "家 1"
    home.mkdir(mode=0o700)
    os.chown(home, uid, uid)
    for _ in range(2):
        command = Command(home / "数据", python, user=uid, group=uid, extra_groups=[], cwd="/")
        assert Path(f"/proc/{postmaster_of(home / '数据')}").stat().st_uid == uid
        assert command.leave() == "left"


def find_common_python() -> str:
    """An interpreter of our version outside root's home, that can read our sources and packages."""
    for candidate in ("/usr/bin/python3", "/usr/local/bin/python3", sys.executable):
        probe = "import sys; sys.path[:0] = sys.argv[1:]; import psycopg, huitou; print(sys.version_info[:2])"
        try:
            said = subprocess.run(
                [candidate, "-c", probe, str(SOURCE), *filter(None, sys.path)],
                user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", capture_output=True, text=True, check=False,
            )  # fmt: skip
        except PermissionError:
            continue
        if said.stdout.strip() == str(sys.version_info[:2]):
            return candidate
    pytest.skip("no Python of this version that an ordinary user can run")
