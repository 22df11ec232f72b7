"""Tables of any container (CSV, xlsx, Parquet) as rows under their header, wherever the header stands."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

from huitou.events.connectors.delimited import Cells, Numbered, cut_rows, find_delimiters, is_filled
from huitou.events.connectors.files import (
    LONGEST_LINE,
    REJECTED_COLUMNS,
    Broken,
    Head,
    read_head,
    read_lines,
    seekable,
)
from huitou.events.connectors.limits import CELLS, ROWS, refuse_cells, refuse_rows
from huitou.events.connectors.moments import day_order, in_order, may_be_two_days
from huitou.events.connectors.notes import collected, note
from huitou.events.connectors.refusals import listed, refuse_file
from huitou.kit.errors import Refused
from huitou.kit.ids import without_marks
from huitou.kit.spreadsheet import unguarded

BANNER_ROWS = 20  # exports put titles above the header; it is looked for this far down
LOOKED_AT = 50  # lines the separator, and rows the order of days and months, are told by


Rate = Callable[[Sequence[str]], float]  # how well a row serves as header; 0: it is none


class SheetRow(int):
    """A row's number in a workbook of which several sheets are read: '12月!2' to people."""

    sheet: str

    def __new__(cls, number: int, sheet: str) -> SheetRow:
        row = super().__new__(cls, number)
        row.sheet = sheet
        return row

    def __str__(self) -> str:
        return f"{self.sheet}!{int(self)}"


@dataclass(frozen=True)
class Table:
    """`rows` yields (row number as the file counts it, cells); a row may be shorter or longer than the header."""

    columns: tuple[str, ...]
    rows: Iterator[Numbered]


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook, or the one table of another file: its first rows, and all that follow them."""

    name: str
    top: list[Numbered]
    rest: Iterator[Numbered]
    header: int | None = None  # its place among the first rows, where the format says it

    def below(self, header: int) -> Iterator[Numbered]:
        return _filled_rows(chain(self.top[header + 1 :], self.rest))


def read_table(path: Path, rate: Rate | None = None) -> Table:
    """The table under the row that `rate` thinks most of as header; without `rate`, under the first that looks like one.

    Of a workbook all sheets under the same header are read as one; those left aside are noted.
    """
    table = _read_once(path, rate)
    first = list(islice(table.rows, LOOKED_AT))
    if any(may_be_two_days(cell) for _, cells in first if not isinstance(cells, Broken) for cell in cells):
        return _settle_days(path, rate, table, first)
    return replace(table, rows=chain(first, table.rows))


def _read_once(path: Path, rate: Rate | None) -> Table:
    return _choose(path, _open_sheets(path), rate)


def _choose(path: Path, readings: list[list[Sheet]], rate: Rate | None) -> Table:
    found = [
        (sheets, sheet, *place)
        for sheets in readings
        for sheet in sheets
        if (place := _find_header(sheet, rate)) is not None
    ]
    if not found:
        raise refuse_file(path, "找不到表头。", "no header row found")
    sheets, best, header, _ = max(found, key=lambda one: one[3])
    columns = _names(best.top[header][1])
    same = [one for one in found if one[0] is sheets and _is_same(columns, _names(one[1].top[one[2]][1]))]
    _note_others(sheets, [sheet.name for _, sheet, _, _ in same])
    if len(same) == 1:
        return _without_reasons(Table(columns, best.below(header)))
    return _without_reasons(Table(columns, chain.from_iterable(_in_order(columns, one[1], one[2]) for one in same)))


def _is_same(columns: Sequence[str], others: Sequence[str]) -> bool:
    return sorted(filter(None, columns)) == sorted(filter(None, others))


def _in_order(columns: Sequence[str], sheet: Sheet, header: int) -> Iterator[Numbered]:
    """The sheet's rows, numbered as its own, their cells in the order of `columns`."""
    own = list(_names(sheet.top[header][1]))
    if len(set(filter(None, own))) < len(list(filter(None, own))):
        own = list(columns)  # names that come twice: their order is all that is known
    places = [own.index(name) if name in own else len(own) for name in columns]
    for number, cells in sheet.below(header):
        row = SheetRow(number, sheet.name)
        if isinstance(cells, Broken) or own == list(columns):
            yield row, cells
        else:
            yield row, [cells[place] if place < len(cells) else None for place in places]


def _note_others(sheets: list[Sheet], read: list[str]) -> None:
    others = [sheet.name for sheet in sheets if sheet.name not in read and any(map(_is_filled_row, sheet.top))]
    if others:
        used, left = listed(read), listed(others)
        note(
            {
                "zh": f"读了工作表 {used}；表头不同而没有读：{left}",
                "en": f"read sheet {used}; other headers, not read: {left}",
            }
        )


def _settle_days(path: Path, rate: Rate | None, table: Table, first: list[Numbered]) -> Table:
    """Days like 03/04/2026 in the order that others of the file are in, told by a reading of its own."""
    columns: set[int] = set()

    def days() -> Iterator[Any]:
        for _, cells in _read_once(path, rate).rows:
            if not isinstance(cells, Broken):
                for index, cell in enumerate(cells):
                    if may_be_two_days(cell):
                        columns.add(index)
                        yield cell

    order = day_order(days())
    rows = chain(first, table.rows)
    if order is None:
        return replace(table, rows=rows)

    def ordered(cells: Cells | Broken) -> Cells | Broken:
        if isinstance(cells, Broken):
            return cells
        return [in_order(cell, order) if index in columns else cell for index, cell in enumerate(cells)]

    return replace(table, rows=((number, ordered(cells)) for number, cells in rows))


def head_rows(head: Head) -> tuple[tuple[str, ...], ...]:
    """Every row that may be the header, on every sheet; the one taken where nothing is known about it comes first."""
    if head.kind not in ("csv", "xlsx", "parquet"):
        return ()
    readings = _open_sheets(head.path)
    found: dict[tuple[str, ...], None] = {}
    try:
        with collected():  # nothing is chosen yet
            found[_choose(head.path, readings, None).columns] = None
    except Refused:
        if head.kind != "csv":  # no text could pass for these
            raise
    for sheet in chain.from_iterable(readings):
        for _, cells in sheet.top if sheet.header is None else ():
            if looks_like_header(names := _names(cells)):
                found[_own_columns(names)] = None
    return tuple(found)


def _own_columns(columns: tuple[str, ...]) -> tuple[str, ...]:
    skip = len(REJECTED_COLUMNS)
    return columns[skip:] if columns[:skip] == REJECTED_COLUMNS else columns


def _open_sheets(path: Path) -> list[list[Sheet]]:
    """The sheets of the file, once for each way it may be read: a text by each separator it may have, likely ones first."""
    kind = read_head(path).kind
    if kind == "parquet":
        return [[_parquet(path)]]
    if kind == "json":
        raise refuse_file(path, "是 JSON，不是表格。", "is JSON, no table")
    if kind == "xlsx":
        return [[_sheet(name, rows) for name, rows in _sheets(path)]]
    csv.field_size_limit(LONGEST_LINE)
    top = list(islice(enumerate(read_lines(path), 1), LOOKED_AT))
    return [[_sheet("", cut_rows(enumerate(read_lines(path), 1), mark, width))] for mark, width in find_delimiters(top)]


def _sheet(name: str, rows: Iterator[Numbered]) -> Sheet:
    return Sheet(name, list(islice(rows, BANNER_ROWS)), rows)


def _without_reasons(table: Table) -> Table:
    """A rejected-rows file is the table it came from behind its row numbers and reasons, its cells guarded."""
    skip = len(REJECTED_COLUMNS)
    if table.columns[:skip] != REJECTED_COLUMNS:
        return table
    rows = (
        (number, cells if isinstance(cells, Broken) else [unguarded(cell) for cell in cells[skip:]])
        for number, cells in table.rows
    )
    return Table(table.columns[skip:], rows)


def _filled_rows(rows: Iterator[Numbered]) -> Iterator[Numbered]:
    return (row for row in rows if _is_filled_row(row))


def _is_filled_row(row: Numbered) -> bool:
    return isinstance(row[1], Broken) or any(is_filled(cell) for cell in row[1])


def _names(cells: Cells | Broken) -> tuple[str, ...]:
    return () if isinstance(cells, Broken) else tuple(_name(cell) for cell in cells)


def _name(cell: Any) -> str:
    return "" if cell is None else without_marks(str(cell)).strip()


def _find_header(sheet: Sheet, rate: Rate | None) -> tuple[int, float] | None:
    """(index, rate) of the row rated highest; of equal ones the first that is about as wide as any."""
    if sheet.header is not None:
        return sheet.header, 1.0
    named = [_names(cells) for _, cells in sheet.top]
    rates = [(rate or looks_like_header)(cells) if cells else 0 for cells in named]
    widths = [sum(map(bool, cells)) for cells in named]
    wide = max((width for width, rated in zip(widths, rates, strict=True) if rated), default=0)
    best = max(range(len(named)), key=lambda i: (rates[i], widths[i] >= 0.7 * wide), default=None)
    return None if best is None or not rates[best] else (best, float(rates[best]))


def looks_like_header(cells: Sequence[str]) -> bool:
    """At least two names, nearly all different, none of them a number."""
    names = [cell for cell in cells if cell]
    return len(names) >= 2 and len(set(names)) >= 0.8 * len(names) and not any(_is_number(name) for name in names)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True


def _sheets(path: Path) -> list[tuple[str, Iterator[Numbered]]]:
    stat = path.stat()
    sheets = _read_workbook(path, stat.st_size, stat.st_mtime_ns)
    if sum(sheet.height * sheet.width for sheet in sheets) > CELLS:
        raise refuse_cells(path)
    return [(sheet.name, _sheet_rows(sheet)) for sheet in sheets]


@lru_cache(maxsize=1)  # a workbook is opened several times before its first row is read, and is work to parse
def _read_workbook(path: Path, _size: int, _changed: int) -> list[Any]:
    import python_calamine

    try:
        with seekable(path) as file:
            book = python_calamine.CalamineWorkbook.from_filelike(file)
        tables = [one for one in book.sheets_metadata if one.typ == python_calamine.SheetTypeEnum.WorkSheet]
        return [book.get_sheet_by_name(one.name) for one in tables]
    except MemoryError:
        raise
    except Exception as error:
        raise refuse_file(path, f"打不开这个工作簿（{error}）。", f"the workbook cannot be read ({error})") from error


def _sheet_rows(sheet: Any) -> Iterator[Numbered]:
    for number, cells in enumerate(sheet.iter_rows(), sheet.start[0] + 1 if sheet.start else 1):
        yield number, [None if cell == "" else cell for cell in cells]


def _parquet(path: Path) -> Sheet:
    """The file's table; its header is what its schema says, whatever stands in its rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def refused(error: Exception) -> Refused:
        return refuse_file(path, f"打不开这个 Parquet({error})。", f"the Parquet file cannot be read ({error})")

    try:
        with seekable(path) as file:
            told = pq.read_metadata(file)
            columns = tuple(told.schema.to_arrow_schema().names)
    except (pa.ArrowException, OSError) as error:
        raise refused(error) from error
    if told.num_rows > max(ROWS, path.stat().st_size):
        raise refuse_rows(path, told.num_rows)

    def rows() -> Iterator[Numbered]:
        number = 0
        with seekable(path) as file:
            try:
                for batch in pq.ParquetFile(file).iter_batches(20_000):
                    for cells in zip(*map(_python_values, batch.columns), strict=True):
                        number += 1
                        yield number, cells
            except pa.ArrowMemoryError:
                raise
            except (pa.ArrowException, OSError) as error:
                raise refused(error) from error

    return Sheet("", [(0, columns)], rows(), header=0)


def _python_values(column: Any) -> list[Any]:
    """The column's values as Python has them: no finer than microseconds, bytes as the text they are."""
    import pyarrow.types as kinds

    if kinds.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = _coarse(column.type)
    values: list[Any] = (column if kind == column.type else column.cast(kind, safe=False)).to_pylist()
    if kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_fixed_size_binary(kind):
        return [value if value is None else _as_text(value) for value in values]
    return values


def _coarse(kind: Any) -> Any:
    """The type with microseconds for nanoseconds, which Python's own types do not hold."""
    import pyarrow as pa
    import pyarrow.types as kinds

    if kinds.is_timestamp(kind):
        return pa.timestamp("us", kind.tz) if kind.unit == "ns" else kind
    if kinds.is_duration(kind):
        return pa.duration("us") if kind.unit == "ns" else kind
    if kinds.is_time64(kind):
        return pa.time64("us")
    if kinds.is_list(kind):
        return pa.list_(kind.value_field.with_type(_coarse(kind.value_type)))
    if kinds.is_struct(kind):
        return pa.struct([field.with_type(_coarse(field.type)) for field in kind])
    return kind


def _as_text(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value
