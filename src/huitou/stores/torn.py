"""What a power cut can do to a Delta table on a local disk, and its repair.

delta-rs writes files and the commit without fsync: a killed process loses nothing, but after a power cut the newest
commit may be there while its bytes are not, cut at any byte or full of zeros. `settle` forces a commit to disk before
anybody is told that it is done; a newest commit that never settled was told to nobody. Readers pass over it
(`whole_version`), the table's only writer takes it away (`drop_torn_commit`).

A commit is lines of JSON without a mark at its end, so one that was cut between two lines reads well. That it is whole
shows in what its first line announces: how many files it adds and removes, and (in MARK) the transaction at its end.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

MARK = "huitou.transaction"  # in a commit's own metadata: "app:version" of the transaction id that it stores
PARQUET_END = b"PAR1"
SMALL = 1024 * 1024  # bytes; a file up to this size is always read through, which takes some milliseconds
# What each operation announces in its metrics, by the action that carries it (delta-rs 1.6).
ANNOUNCED = {"add": ("num_added_files", "numFilesAdded"), "remove": ("num_removed_files", "numFilesRemoved")}
# Operations whose news is in other actions.
NEEDED = {"CREATE TABLE": ("protocol", "metaData"), "ADD COLUMN": ("metaData",), "SET TBLPROPERTIES": ("metaData",)}

_looked_at: set[Path] = set()


def settle(folder: Path, versions: range) -> None:
    """Force the commits of those versions, and the files they added, to disk."""
    for version in versions:
        commit = _commit_path(folder, version)
        for added in _all_of("add", _actions(commit) or []):
            _sync(folder / unquote(added["path"]))
        _sync(commit)
    _sync(folder / "_delta_log")
    _sync(folder)


def settle_checkpoint(folder: Path, version: int) -> None:
    """Force a checkpoint to disk: the commits that it stands for may go only afterwards."""
    log = folder / "_delta_log"
    for file in (*log.glob(f"{version:020}.checkpoint*"), log / "_last_checkpoint"):
        _sync(file)
    _sync(log)


def whole_version(folder: Path) -> int | None:
    """The newest version whose commit is whole; None where that is simply the newest, -1 where there is no other."""
    torn = _torn_commits(folder, thorough=False)
    return min(_version_of(commit) for commit in torn) - 1 if torn else None


def drop_torn_commit(folder: Path) -> bool:
    """Take away the newest commit if it is torn; whether it was.

    The caller is the table's only writer. Large files that it added are read through at this process's first look
    only: no power has been cut since.
    """
    torn = _torn_commits(folder, thorough=folder not in _looked_at)
    _looked_at.add(folder)
    for commit in sorted(torn, reverse=True):
        commit.unlink()
    if torn:
        _sync(folder / "_delta_log")
    return bool(torn)


def drop_torn_checkpoint(folder: Path) -> bool:
    """Take away the newest checkpoint if it is torn; whether it was. It repeats what the commits say, so that anybody may.

    It is kept where the commits it stands for are gone: then it is all there is.
    """
    log = folder / "_delta_log"
    newest = max(log.glob("[0-9]*.checkpoint*.parquet"), default=None)
    if newest is None or _can_be_read(newest) or not _commit_path(folder, _version_of(newest)).exists():
        return False
    (log / "_last_checkpoint").unlink(missing_ok=True)
    newest.unlink(missing_ok=True)
    _sync(log)
    return True


def _torn_commits(folder: Path, thorough: bool) -> list[Path]:
    """The newest commit where it is torn, and with it what `vacuum` writes together: a start and an end."""
    newest = sorted((folder / "_delta_log").glob("[0-9]*.json"))[-2:]
    if not newest:
        return []
    if not _is_whole(folder, newest[-1], thorough):
        return newest[-1:]
    is_end = _operation(_actions(newest[-1]) or []) == "VACUUM END"
    return newest if is_end and not _is_whole(folder, newest[0], thorough) else []


def _is_whole(folder: Path, commit: Path, thorough: bool) -> bool:
    actions = _actions(commit)
    if not actions or not _says_all(actions):
        return False
    return all(
        _is_whole_file(folder / unquote(file["path"]), file["size"], thorough) for file in _all_of("add", actions)
    )


def _says_all(actions: list[dict[str, Any]]) -> bool:
    """Whether everything that the commit's first line announces is there."""
    told = next(iter(_all_of("commitInfo", actions)), {})
    metrics = told.get("operationMetrics", {})
    for kind, names in ANNOUNCED.items():
        if len(_all_of(kind, actions)) < max(int(metrics.get(name) or 0) for name in names):
            return False
    stored = {f"{one['appId']}:{one['version']}" for one in _all_of("txn", actions)}
    return (MARK not in told or told[MARK] in stored) and all(
        _all_of(kind, actions) for kind in NEEDED.get(_operation(actions), ())
    )


def _is_whole_file(path: Path, size: int, thorough: bool) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    if found.st_size != size:
        return False
    if thorough or size <= SMALL:
        return _is_read_through(path, found.st_mtime_ns, size)
    with path.open("rb") as file:
        file.seek(-len(PARQUET_END), os.SEEK_END)
        return file.read() == PARQUET_END


@lru_cache(maxsize=256)
def _is_read_through(path: Path, changed_ns: int, size: int) -> bool:
    """Once for each file, as it was at that time and of that size."""
    return _can_be_read(path)


def _can_be_read(path: Path) -> bool:
    try:
        with pq.ParquetFile(path) as file:
            return all(True for _ in file.iter_batches())
    except (pa.ArrowException, OSError, EOFError) as error:
        if isinstance(error, OSError) and error.errno:  # the disk's word, not the file's
            raise
        return False


def _operation(actions: list[dict[str, Any]]) -> str:
    return next((str(told.get("operation")) for told in _all_of("commitInfo", actions)), "")


def _all_of(kind: str, actions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [action[kind] for action in actions if kind in action]


def _actions(commit: Path) -> list[dict[str, Any]] | None:
    """None where the commit cannot be read: it is cut, or full of zeros."""
    try:
        actions = [json.loads(line) for line in commit.read_bytes().splitlines()]
    except ValueError:
        return None
    return actions if all(isinstance(action, dict) for action in actions) else None


def _version_of(path: Path) -> int:
    return int(path.name.partition(".")[0])


def _commit_path(folder: Path, version: int) -> Path:
    return folder / "_delta_log" / f"{version:020}.json"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
