"""The file of rows that did not go in: number, field, reason, then the row as it was read.

Mended, it is imported like the file it came from: the connectors know its first three columns.
"""

from __future__ import annotations

import csv
import filecmp
import glob
import os
from itertools import count, zip_longest
from pathlib import Path
from typing import Any

import msgspec

from huitou.events.connectors.base import Record
from huitou.events.connectors.cells import Line
from huitou.events.connectors.files import REJECTED_COLUMNS
from huitou.kit.errors import Rejected
from huitou.kit.spreadsheet import guarded
from huitou.kit.text import say


class RejectedRows:
    """`NAME.rejected.csv` for tables, `NAME.rejected.ndjson` for JSON; made when the first row comes."""

    def __init__(self, origin: Path, folder: Path | None = None, language: str = "en") -> None:
        self.origin = origin
        self.folder = folder
        self.language = language
        self.path: Path | None = None
        self._file: Any = None
        self._writer: Any = None

    def __enter__(self) -> RejectedRows:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file and self.path:
            self._file.close()
            self.path = _only_one(self.path)

    def add(self, record: Record, why: Rejected) -> None:
        originals = record.original if _are_lines(record.original) else [record.original]
        for number, original in zip_longest(record.rows, originals, fillvalue=record.rows[-1]):
            if isinstance(original, Line):
                self._write_cells(number, why, original)
            else:
                self._write_value(number, why, original)

    def _open(self, suffix: str) -> None:
        if self._file is None:
            self.path = _place(self.origin, self.folder, suffix)
            # Spreadsheets take a file without a BOM for the system's old encoding.
            self._file = self.path.open("w", encoding="utf-8-sig" if suffix == "csv" else "utf-8", newline="")

    def _write_cells(self, number: int, why: Rejected, line: Line) -> None:
        self._open("csv")
        if self._writer is None:
            self._writer = csv.writer(self._file)
            self._writer.writerow([*REJECTED_COLUMNS, *map(_as_text, line.columns)])
        self._writer.writerow([number, why.field, say(why.message, self.language), *map(_as_text, line.cells)])

    def _write_value(self, number: int, why: Rejected, original: Any) -> None:
        self._open("ndjson")
        document = {"row": number, "field": why.field, "reason": say(why.message, self.language), "original": original}
        self._file.write(_as_json(document) + "\n")


def _as_text(cell: Any) -> Any:
    return guarded(cell, numbers_are_text=True)


def _are_lines(original: Any) -> bool:
    return isinstance(original, list) and bool(original) and all(isinstance(one, Line) for one in original)


def _as_json(document: dict[str, Any]) -> str:
    try:
        return msgspec.json.encode(document).decode()
    except (UnicodeEncodeError, RecursionError):  # what JSON cannot hold is shown as text
        return msgspec.json.encode({**document, "original": repr(document["original"])[:10_000]}).decode()


def _place(path: Path, folder: Path | None, suffix: str) -> Path:
    """In the folder, else next to the file, or in the present folder where that one cannot be written to.

    Always a name that is free, so that nothing half mended is lost: after `a.rejected.csv` comes `a.rejected-2.csv`.
    """
    beside = path.absolute().parent
    folder = folder or (beside if os.access(beside, os.W_OK) else Path.cwd())
    base, _, _ = path.name.removesuffix(".gz").partition(".rejected")
    names = (f"{base}.rejected{f'-{number}' if number > 1 else ''}.{suffix}" for number in count(1))
    return next(folder / name for name in names if not (folder / name).exists())


def _only_one(path: Path) -> Path:
    """The same file of an import before, where there is one: then this one is not needed."""
    stem = path.name.rpartition(".rejected")[0]
    others = sorted(path.parent.glob(f"{glob.escape(stem)}.rejected*{path.suffix}"))
    same = next((one for one in others if one != path and filecmp.cmp(one, path, shallow=False)), None)
    if same is not None:
        path.unlink()
    return same or path
