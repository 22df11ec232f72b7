"""The data folder is its owner's alone: it tells who watches, buys and agrees, and where to reach them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OURS = {"errors.log", "lake", "mails", "postgres", "secrets", "spill", "uploads"}  # postgres/ closes itself


def close_to_others(data: Path) -> None:
    """Close what the house keeps in this folder to all but its owner: folders 0700, files 0600.

    The folder itself is left as it is where it holds other things too (a home, a project). What is closed already costs
    one look; files are walked through once, the first time.
    """
    with suppress(OSError):  # not there yet, or not ours: whoever uses it says so
        entries = {entry.name for entry in data.iterdir()}
        for name in entries & OURS - {"postgres"}:
            _close(Path(os.path.realpath(data / name)))
        if entries <= OURS and _is_open(data):
            data.chmod(0o700)


def _close(place: Path) -> None:
    if not _is_open(place):
        return
    for part in _below(place):
        part.chmod(0o700 if part.is_dir() else 0o600)
    place.chmod(0o700 if place.is_dir() else 0o600)  # last, so that a walk broken off is done again


def _below(place: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(place):
        for name in (*folders, *files):
            part = Path(folder) / name
            if not part.is_symlink():
                yield part


def _is_open(place: Path) -> bool:
    return bool(stat.S_IMODE(place.stat().st_mode) & 0o077)
