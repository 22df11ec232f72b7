"""The file of rows that did not go in: number, field, reason, then the row as it was read.

Mended, it is imported like the file it came from: the connectors know its first three columns.
"""

from __future__ import annotations

import csv
import os
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from huitou.events.connectors.base import Record
from huitou.events.connectors.cells import Line
from huitou.events.connectors.files import REJECTED_COLUMNS
from huitou.kit.errors import Rejected
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
        if self._file:
            self._file.close()

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
            self._writer.writerow([*REJECTED_COLUMNS, *line.columns])
        self._writer.writerow([number, why.field, say(why.message, self.language), *map(_safe_cell, line.cells)])

    def _write_value(self, number: int, why: Rejected, original: Any) -> None:
        self._open("ndjson")
        document = {"row": number, "field": why.field, "reason": say(why.message, self.language), "original": original}
        self._file.write(_as_json(document) + "\n")


def _are_lines(original: Any) -> bool:
    return isinstance(original, list) and bool(original) and all(isinstance(one, Line) for one in original)


def _as_json(document: dict[str, Any]) -> str:
    try:
        return msgspec.json.encode(document).decode()
    except (UnicodeEncodeError, RecursionError):  # what JSON cannot hold is shown as text
        return msgspec.json.encode({**document, "original": repr(document["original"])[:10_000]}).decode()


def _place(path: Path, folder: Path | None, suffix: str) -> Path:
    """In the folder, else next to the file, or in the present folder where that one cannot be written to.

    Mending `a.rejected.csv` itself must not overwrite it while it is read: what fails again is `a.rejected-2.csv`.
    """
    beside = path.absolute().parent
    folder = folder or (beside if os.access(beside, os.W_OK) else Path.cwd())
    base, _, again = path.name.removesuffix(".gz").partition(".rejected")
    tries = int(again.split(".")[0].removeprefix("-") or 1) if again.split(".")[0].removeprefix("-").isdigit() else 1
    mark = f"rejected-{tries + 1}" if again else "rejected"
    return folder / f"{base}.{mark}.{suffix}"


def _safe_cell(cell: Any) -> Any:
    """A cell that a spreadsheet would run as a formula is written as text (OWASP: CSV injection)."""
    if isinstance(cell, str) and cell[:1] in "=+-@" and len(cell) > 1 and not _is_number(cell):
        return "'" + cell
    return cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
