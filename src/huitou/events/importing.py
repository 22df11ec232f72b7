"""Bring a file in: recognise, read, validate, journal; every row ends accepted, duplicate, quarantined or rejected.

Batches are committed as they go; a file cut off in the middle is simply imported again: what is in is a duplicate.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from huitou.events.connectors import find_connector, look_at, recognise, table
from huitou.events.connectors.base import Options, Record
from huitou.events.journal import append_batch
from huitou.events.model import Event
from huitou.events.segment import read_segment
from huitou.kit import clock
from huitou.kit.errors import Rejected

BATCH = 2_000  # records in one commit: short enough that ingest beside it is not held up

Progress = Callable[[int], None]


@dataclass
class ImportResult:
    """What became of a file, counted in rows as the file counts them."""

    file: str
    format: str
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0
    rejected_file: str | None = None
    events: int = 0  # newly stored
    reasons: dict[str, int] = field(default_factory=dict)  # of the rejected
    mapping: dict[str, str] = field(default_factory=dict)  # role -> column, where it was guessed


def import_file(
    path: Path,
    options: Options | None = None,
    kind: str | None = None,
    progress: Progress | None = None,
    rejected_to: Path | None = None,
) -> ImportResult:
    """Refused where the file as a whole cannot be read; bad rows go to a file with their reasons.

    That file stands beside the imported one, or in the folder `rejected_to`.
    """
    options = options or Options()
    connector = find_connector(kind) if kind else recognise(path)
    result = ImportResult(str(path), connector.name, mapping=shown_mapping(path, connector.name, options))
    records = connector.read(path, options)
    done = 0
    with RejectedRows(path, rejected_to) as rejected:
        while batch := list(islice(records, BATCH)):
            _import_batch(batch, connector.name, result, rejected, options)
            done += sum(len(record.rows) for record in batch)
            if progress:
                progress(done)
    if rejected.path:
        result.rejected_file = str(rejected.path)
    return result


def shown_mapping(path: Path, connector: str, options: Options) -> dict[str, str]:
    """Which column the generic reader takes for what; {} for formats whose columns are known."""
    if connector != table.name:
        return {}
    columns = look_at(path).columns
    return {role: columns[index] for role, index in table.guess(columns, options.mapping).items()}


def _import_batch(
    batch: list[Record], source: str, result: ImportResult, rejected: RejectedRows, options: Options
) -> None:
    received_at = clock.now_us()
    read = [_read_record(record, source, received_at, options) for record in batch]
    events = [event for of_record in read if not isinstance(of_record, Rejected) for event in of_record]
    outcomes = iter(append_batch(events, received_at))
    for record, of_record in zip(batch, read, strict=True):
        if isinstance(of_record, Rejected):
            result.rejected += len(record.rows)
            result.reasons[of_record.reason] = result.reasons.get(of_record.reason, 0) + len(record.rows)
            rejected.add(record, of_record)
        else:
            _count(record, list(islice(outcomes, len(of_record))), result)


def _read_record(record: Record, source: str, received_at: int, options: Options) -> list[Event] | Rejected:
    if record.rejected is not None:
        return record.rejected
    try:
        return [read_segment(raw, source=source, received_at=received_at, sent_at=None) for raw in record.events]
    except Rejected as why:
        return why


def _count(record: Record, outcomes: list[str], result: ImportResult) -> None:
    """A row counts by the best that became of its events."""
    result.events += outcomes.count("accepted")
    rows = len(record.rows)
    if "accepted" in outcomes:
        result.accepted += rows
    elif "quarantined" in outcomes:
        result.quarantined += rows
    else:
        result.duplicate += rows


class RejectedRows:
    """`NAME.rejected.csv` (or .ndjson) beside the imported file: row, reason, then the row as it was read."""

    def __init__(self, path: Path, folder: Path | None = None) -> None:
        self.origin = path
        self.folder = folder
        self.path: Path | None = None
        self._file: Any = None
        self._writer: Any = None

    def __enter__(self) -> RejectedRows:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def add(self, record: Record, why: Rejected) -> None:
        originals = record.original if isinstance(record.original, list) else [record.original]
        for number, original in zip(_padded(record.rows, len(originals)), originals, strict=False):
            if isinstance(original, dict) and all(isinstance(v, str | int | float | None) for v in original.values()):
                self._write_cells(number, why.reason, original)
            else:
                self._write_text(number, why.reason, original)

    def _open(self, suffix: str) -> None:
        if self._file is None:
            self.path = _place(self.origin, self.folder, suffix)
            self._file = self.path.open("w", encoding="utf-8-sig" if suffix == "csv" else "utf-8", newline="")

    def _write_cells(self, number: int, reason: str, cells: dict[str, Any]) -> None:
        self._open("csv")
        if self._writer is None:
            self._writer = csv.writer(self._file)
            self._writer.writerow(["row", "reason", *cells])
        self._writer.writerow([number, reason, *(_safe_cell(cell) for cell in cells.values())])

    def _write_text(self, number: int, reason: str, original: Any) -> None:
        self._open("csv")
        if self._writer is None:
            self._writer = csv.writer(self._file)
            self._writer.writerow(["row", "reason", "original"])
        text = original if isinstance(original, str) else msgspec.json.encode(original, enc_hook=str).decode()
        self._writer.writerow([number, reason, text])


def _padded(rows: tuple[int, ...], count: int) -> Iterator[int]:
    yield from rows
    yield from (rows[-1] for _ in range(count - len(rows)))


def _place(path: Path, folder: Path | None, suffix: str) -> Path:
    """In the folder, else next to the file, or in the present folder where that one cannot be written to."""
    name = f"{path.name.removesuffix('.gz')}.rejected.{suffix}"
    beside = path.absolute().parent
    return (folder or (beside if os.access(beside, os.W_OK) else Path.cwd())) / name


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
