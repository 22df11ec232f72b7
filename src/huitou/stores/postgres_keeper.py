"""A small process beside the embedded server, run as a script with the standard library alone.

    postgres_keeper.py exec IDENTITY PROGRAM ARG…          become IDENTITY, then the program
    postgres_keeper.py keep FOLDER IDENTITY PROGRAM ARG…   start the server and stay with it

PostgreSQL refuses to run as root. IDENTITY says what to be instead:
    self          whoever we are
    service:UID   that uid, keeping of root's powers only the one to reach files below closed folders
    userns:UID    a user namespace in which our own uid is called UID; files on disk stay ours

Three files in FOLDER carry who is there; the kernel lets go of a lock when its holder dies, however it dies:
    start.lock    held while somebody starts, joins, leaves or stops
    users.lock    shared by every process that uses the server
    server.lock   held by every process of the server itself, back ends included (inherited, never taken twice)

The keeper stops the server once nobody holds users.lock (a killed command leaves no server behind), reaps it,
and starts it again when it dies while it is in use.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
import time

CANNOT_BECOME = 77  # exit status: the identity is not to be had here
POLL_SECONDS = 1.0
MOST_RESTARTS = 5  # within RESTART_WINDOW; a server that keeps dying is left for a person to look at
RESTART_WINDOW = 60.0
STOP_SECONDS = 60.0  # a fast shutdown writes a checkpoint; after that an immediate one, which recovery repairs

# linux/prctl.h, linux/capability.h, linux/sched.h
PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 47, 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522
CLONE_NEWUSER = 0x10000000


def main(argv: list[str]) -> None:
    if argv[0] == "exec":
        become_and_exec(argv[1], argv[2:])
    else:
        keep(argv[1], argv[2], argv[3:])


def become_and_exec(identity: str, command: list[str]) -> None:
    try:
        become(identity)
    except OSError as error:
        sys.stderr.write(f"FATAL:  cannot become {identity}: {error}\n")
        os._exit(CANNOT_BECOME)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def become(identity: str) -> None:
    kind, _, number = identity.partition(":")
    if kind == "service":
        _become_service(int(number))
    elif kind == "userns":
        _enter_namespace(int(number))


def _become_service(uid: int) -> None:
    _libc_call("prctl", PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    mask = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)  # effective, permitted, inheritable; low then high word
    try:
        _libc_call("capset", header, sets)
        _libc_call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)
    except OSError:
        pass  # root without that power (a container that dropped it): open folders can still be reached


def _enter_namespace(uid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    _libc_call("unshare", CLONE_NEWUSER)
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{uid} {outer_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib costs this script half its start
            file.write(content)


def _libc_call(name: str, *args: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def keep(folder: str, identity: str, command: list[str]) -> None:
    server_lock = take(folder, "server.lock")
    if server_lock is None:
        sys.stderr.write("FATAL:  another server is running in this folder\n")
        os._exit(1)
    if os.fork():
        os._exit(0)  # the starter goes on; from here we belong to init, not to a command that may be killed
    os.setsid()
    os.chdir("/")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # we end when the last user has left, not before
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    deaths: list[float] = []
    home = os.stat(folder).st_ino  # noqa: PTH116 - see above
    server = _spawn(identity, command, server_lock)
    while watch(folder, server, home):
        deaths = [moment for moment in deaths if moment > time.monotonic() - RESTART_WINDOW] + [time.monotonic()]
        again = _wait_until_free(folder, server, home) if len(deaths) <= MOST_RESTARTS else None
        if again is None:
            return
        server = _restart(folder, identity, command, *again)


def watch(folder: str, server: int, home: int) -> bool:
    """Returns when the server has ended: True where it died in use, False where it was stopped."""
    while True:
        signal.sigtimedwait({signal.SIGCHLD}, POLL_SECONDS)
        ended, status = os.waitpid(server, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) != 0
        if not _is_there(folder, home):
            os.kill(server, signal.SIGQUIT)  # its files were deleted or moved: recovery at their new place saves all
            return False
        start = take(folder, "start.lock")
        if start is None:
            continue
        if nobody_uses(folder):
            stop(server)
            return False
        os.close(start)


def nobody_uses(folder: str) -> bool:
    """Asked only by the holder of start.lock, so that nobody arrives meanwhile."""
    users = take(folder, "users.lock")
    if users is None:
        return False
    os.close(users)
    return True


def stop(server: int) -> None:
    os.kill(server, signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while os.waitpid(server, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(server, signal.SIGQUIT)
            os.waitpid(server, 0)
            return
        signal.sigtimedwait({signal.SIGCHLD}, POLL_SECONDS)


def take(folder: str, name: str) -> int | None:
    """The lock's descriptor, or None where somebody else holds it."""
    descriptor = os.open(f"{folder}/{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _is_there(folder: str, home: int) -> bool:
    try:
        return os.stat(folder).st_ino == home  # noqa: PTH116 - see above
    except OSError:
        return False


def _spawn(identity: str, command: list[str], server_lock: int) -> int:
    """Fork and exec the server, which takes the lock along and gives it to each of its back ends."""
    pid = os.fork()
    if pid:
        os.close(server_lock)
        return pid
    os.set_inheritable(server_lock, True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    become_and_exec(identity, command)
    raise AssertionError("exec does not return")


def _wait_until_free(folder: str, dead: int, home: int) -> tuple[int, int] | None:
    """start.lock and server.lock once the dead server's back ends are gone; None where we are not needed."""
    while _is_there(folder, home):
        start = take(folder, "start.lock")
        if start is not None:
            if nobody_uses(folder) or _successor(folder, dead):
                os.close(start)
                return None
            server_lock = take(folder, "server.lock")
            if server_lock is not None:
                return start, server_lock
            os.close(start)
        time.sleep(0.05)
    return None


def _successor(folder: str, dead: int) -> bool:
    """True where a command has meanwhile started another server."""
    try:
        with open(f"{folder}/data/postmaster.pid") as file:  # noqa: PTH123 - see above
            return file.readline().strip() not in ("", str(dead))
    except OSError:
        return False


def _restart(folder: str, identity: str, command: list[str], start: int, server_lock: int) -> int:
    sys.stderr.write("LOG:  the server died in use; its keeper starts it again\n")
    sys.stderr.flush()
    try:
        os.unlink(f"{folder}/data/postmaster.pid")  # noqa: PTH108 - its pid is dead, and may be anybody's by now
    except FileNotFoundError:
        pass
    server = _spawn(identity, command, server_lock)
    os.close(start)
    return server


if __name__ == "__main__":
    main(sys.argv[1:])
