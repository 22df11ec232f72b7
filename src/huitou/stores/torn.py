"""What a power cut can do to a Delta table on a local disk, and its repair.

delta-rs writes files and the commit without fsync: a killed process loses nothing, but after a power cut the newest
commit may be there while its bytes are not. `settle` forces a commit to disk before anybody is told that it is done;
`drop_torn_commit` takes away a newest commit that never settled, which nobody was told of.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

PARQUET_END = b"PAR1"


def settle(folder: Path, version: int) -> None:
    """Force the commit of that version, and the files it added, to disk."""
    commit = _commit_path(folder, version)
    for added in _added(commit) or ():
        _sync(folder / unquote(added["path"]))
    _sync(commit)
    _sync(commit.parent)
    _sync(folder)


def drop_torn_commit(folder: Path, version: int | None = None) -> bool:
    """Take away the newest commit (`version`, where it is known) if it is torn; whether it was.

    The caller is the table's only writer.
    """
    commit = _newest(folder) if version is None else _commit_path(folder, version)
    if commit is None or _is_whole(folder, commit):
        return False
    commit.unlink()
    _sync(commit.parent)
    return True


def _newest(folder: Path) -> Path | None:
    return max((folder / "_delta_log").glob("[0-9]*.json"), default=None)


def _is_whole(folder: Path, commit: Path) -> bool:
    added = _added(commit)
    return added is not None and all(_is_whole_file(folder / unquote(file["path"]), file["size"]) for file in added)


def _is_whole_file(path: Path, size: int) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        file.seek(-len(PARQUET_END), os.SEEK_END)
        return file.read() == PARQUET_END


def _added(commit: Path) -> list[dict[str, Any]] | None:
    """The commit's added files; None where the commit itself cannot be read."""
    try:
        actions = [json.loads(line) for line in commit.read_bytes().splitlines()]
    except ValueError:
        return None
    return [action["add"] for action in actions if "add" in action] if actions else None


def _commit_path(folder: Path, version: int) -> Path:
    return folder / "_delta_log" / f"{version:020}.json"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
