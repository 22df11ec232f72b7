"""What crosses from the process that reads a file to the one that stores it: lines of JSON, each an array by its tag.

Nothing that could run: text, numbers, lists and maps. Cells of types that JSON lacks cross as the text that a
rejected-rows file would show of them.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from huitou.events.connectors.base import Options, Record
from huitou.events.connectors.cells import Line
from huitou.events.connectors.limits import Bounds
from huitou.events.connectors.tables import SheetRow
from huitou.events.placing import Question
from huitou.kit.errors import Rejected

# How the reader ends where it cannot say a Refusal.
BROKE = 1
TOO_LARGE = 5
DAMAGED = 6

LONGEST = 32 << 20  # bytes of one fact; the events of no order and no push need as much
PLAIN = (str, int, bool, type(None))


class ReadOrder(msgspec.Struct):
    """What the reader is to do."""

    path: str
    options: Options
    kind: str | None
    bounds: Bounds


class OpenedFrame(msgspec.Struct, tag="opened", array_like=True):
    """The file was recognised; `mapping` as `shown_mapping` gives it."""

    format: str
    mapping: dict[str, str]


class Columns(msgspec.Struct, tag="columns", array_like=True):
    """The header of the rows that follow."""

    columns: tuple[str, ...]


class FactFrame(msgspec.Struct, tag="fact", array_like=True):
    """A Record. `why` are field and message; `kept` says what `original` is: a value, the event itself, a row, or rows."""

    rows: tuple[int | tuple[int, str], ...]
    events: tuple[dict[str, Any], ...]
    why: tuple[str, dict[str, str]] | None
    kept: str
    original: Any


class Refusal(msgspec.Struct, tag="refused", array_like=True):
    message: dict[str, str]
    code: str
    columns: tuple[str, ...] = ()
    question: Question | None = None


class Done(msgspec.Struct, tag="done", array_like=True):
    notes: tuple[dict[str, str], ...]


Frame = OpenedFrame | Columns | FactFrame | Refusal | Done

read = msgspec.json.Decoder(Frame).decode


def pack(record: Record) -> FactFrame:
    why = record.rejected
    kept, original = _keep(record)
    return FactFrame(
        tuple((int(row), row.sheet) if isinstance(row, SheetRow) else row for row in record.rows),
        record.events,
        None if why is None else (why.field, dict(why.message)),
        kept,
        original,
    )


def unpack(fact: FactFrame, columns: tuple[str, ...]) -> Record:
    rows = tuple(SheetRow(*row) if isinstance(row, tuple) else row for row in fact.rows)
    return Record(rows, fact.events, None if fact.why is None else Rejected(*fact.why), _restore(fact, columns))


def columns_of(record: Record) -> tuple[str, ...] | None:
    """The header of the rows it was read from; None where it was read from no table."""
    first = record.original[0] if isinstance(record.original, list) and record.original else record.original
    return first.columns if isinstance(first, Line) else None


def _keep(record: Record) -> tuple[str, Any]:
    original = record.original
    if isinstance(original, Line):
        return "row", _cells(original)
    if isinstance(original, list) and original and all(isinstance(one, Line) for one in original):
        return "rows", [_cells(one) for one in original]
    if record.events and original is record.events[0]:
        return "event", None
    return "value", original


def _restore(fact: FactFrame, columns: tuple[str, ...]) -> Any:
    if fact.kept == "row":
        return Line(columns, fact.original)
    if fact.kept == "rows":
        return [Line(columns, cells) for cells in fact.original]
    return fact.events[0] if fact.kept == "event" else fact.original


def _cells(line: Line) -> list[Any]:
    return [cell if type(cell) in PLAIN or _is_finite(cell) else str(cell) for cell in line.cells]


def _is_finite(cell: Any) -> bool:
    return type(cell) is float and math.isfinite(cell)
