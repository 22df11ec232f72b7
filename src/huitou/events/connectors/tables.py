"""Tables of any container (CSV, xlsx, Parquet) as rows under their header, wherever the header stands."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from huitou.events.connectors.files import (
    LONGEST_LINE,
    REJECTED_COLUMNS,
    Head,
    is_cut,
    read_head,
    read_lines,
    refuse_file,
    seekable,
)
from huitou.kit.errors import Refused, Rejected

BANNER_ROWS = 20  # exports put titles above the header; it is looked for this far down
LONGEST_ROW = 50  # lines; a quote that closes nowhere would otherwise swallow the rest of the file
DELIMITERS = ",\t;|"


class Broken(NamedTuple):
    """A row that cannot be taken apart into cells."""

    why: Rejected
    text: str


Cells = Sequence[Any]
Numbered = tuple[int, "Cells | Broken"]


@dataclass(frozen=True)
class Table:
    """`rows` yields (row number as the file counts it, cells); a row may be shorter or longer than the header."""

    columns: tuple[str, ...]
    rows: Iterator[Numbered]


def read_table(path: Path, is_header: Callable[[Sequence[str]], bool] | None = None) -> Table:
    """The table of a file; `is_header` tells a known header, else the first row that looks like one is taken."""
    kind = read_head(path).kind
    if kind == "parquet":
        return _parquet(path)
    for rows in _sheets(path) if kind == "xlsx" else [_csv_rows(path)]:
        top = list(islice(rows, BANNER_ROWS))
        index = _find_header(top, is_header)
        if index is not None:
            columns = tuple(_name(cell) for cell in top[index][1])
            return _without_reasons(Table(columns, _filled_rows(chain(top[index + 1 :], rows))))
    raise refuse_file(path, "找不到表头。", "no header row found")


def head_columns(head: Head) -> tuple[str, ...]:
    """The header of a table file, () where there is none."""
    if head.kind not in ("csv", "xlsx", "parquet"):
        return ()
    try:
        return read_table(head.path).columns
    except Refused:
        if head.kind != "csv":  # no text could pass for these
            raise
        return ()


def _without_reasons(table: Table) -> Table:
    """A rejected-rows file is the table it came from behind its row numbers and reasons."""
    skip = len(REJECTED_COLUMNS)
    if table.columns[:skip] != REJECTED_COLUMNS:
        return table
    rows = ((number, cells if isinstance(cells, Broken) else cells[skip:]) for number, cells in table.rows)
    return Table(table.columns[skip:], rows)


def _filled_rows(rows: Iterator[Numbered]) -> Iterator[Numbered]:
    return (row for row in rows if isinstance(row[1], Broken) or any(_is_filled(cell) for cell in row[1]))


def _name(cell: Any) -> str:
    return "" if cell is None else str(cell).strip().strip("\ufeff").strip()


def _is_filled(cell: Any) -> bool:
    return cell is not None and (type(cell) is not str or not (not cell or cell.isspace()))


def _find_header(top: list[Numbered], is_header: Callable[[Sequence[str]], bool] | None) -> int | None:
    """The first row that is the known header; else the first that looks like one and is about as wide as any."""
    named = [[] if isinstance(cells, Broken) else [_name(cell) for cell in cells] for _, cells in top]
    if is_header is not None:
        return next((index for index, cells in enumerate(named) if is_header(cells)), None)
    wide = max((sum(map(bool, cells)) for cells in named if _looks_like_header(cells)), default=0)
    return next(
        (i for i, cells in enumerate(named) if _looks_like_header(cells) and sum(map(bool, cells)) >= 0.7 * wide), None
    )


def _looks_like_header(cells: Sequence[str]) -> bool:
    """At least two names, nearly all different, none of them a number."""
    names = [cell for cell in cells if cell]
    return len(names) >= 2 and len(set(names)) >= 0.8 * len(names) and not any(_is_number(name) for name in names)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True


def _csv_rows(path: Path) -> Iterator[Numbered]:
    """(number of its first line, cells) of a delimited text file; a quoted cell may hold newlines."""
    csv.field_size_limit(LONGEST_LINE)
    lines = enumerate(read_lines(path), 1)
    top = list(islice(lines, BANNER_ROWS))
    delimiter = max(DELIMITERS, key=lambda mark: sum(line.count(mark) for _, line in top))
    waiting = iter(chain(top, lines))
    again: list[tuple[int, str]] = []  # lines looked at that did not belong to the row before them
    while True:
        number, line = again.pop(0) if again else next(waiting, (0, ""))
        if not line:
            return
        cells = _cut(line, delimiter)
        if cells is None:
            followers: list[tuple[int, str]] = []
            cells = _join(line, again, waiting, followers, delimiter)
            if cells is None:
                again = followers + again
                cells = _unclosed(line)
        yield number, cells


def _cut(line: str, delimiter: str) -> Cells | Broken | None:
    """The cells of a line; None where a quoted cell goes on in the next."""
    if is_cut(line):
        mb = LONGEST_LINE >> 20
        return Broken(Rejected("", {"zh": f"一行超过 {mb} MB", "en": f"a line over {mb} MB"}), line[:1000])
    if '"' not in line:
        return line.rstrip("\r\n").split(delimiter)
    try:
        return next(csv.reader(line.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
    try:  # quotes inside a cell that has none around it, as people type them
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error as error:
        return Broken(Rejected("", {"zh": f"不是 CSV:{error}", "en": f"is not CSV: {error}"}), line[:1000])


def _join(
    line: str,
    again: list[tuple[int, str]],
    waiting: Iterator[tuple[int, str]],
    followers: list[tuple[int, str]],
    delimiter: str,
) -> Cells | Broken | None:
    """The cells of a line and as many after it as its quoted cell needs; None where it closes nowhere near."""
    while len(followers) < LONGEST_ROW:
        number, more = again.pop(0) if again else next(waiting, (0, ""))
        if not more:
            return None
        followers.append((number, more))
        line += more
        if len(line) > LONGEST_LINE:
            return None
        if '"' in more and (cells := _cut(line, delimiter)) is not None:
            return cells
    return None


def _unclosed(line: str) -> Broken:
    return Broken(Rejected("", {"zh": "引号没有闭合", "en": "a quote is never closed"}), line.rstrip("\r\n"))


def _sheets(path: Path) -> Iterator[Iterator[Numbered]]:
    import python_calamine

    try:
        with seekable(path) as file:
            book = python_calamine.CalamineWorkbook.from_filelike(file)
        sheets = [book.get_sheet_by_index(index) for index in range(len(book.sheet_names))]
    except Exception as error:
        raise refuse_file(path, f"打不开这个工作簿({error})。", f"the workbook cannot be read ({error})") from error
    return (_sheet_rows(sheet) for sheet in sheets)


def _sheet_rows(sheet: Any) -> Iterator[Numbered]:
    for number, cells in enumerate(sheet.iter_rows(), sheet.start[0] + 1 if sheet.start else 1):
        yield number, [None if cell == "" else cell for cell in cells]


def _parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with seekable(path) as file:
            columns = tuple(pq.read_schema(file).names)
    except (pa.ArrowException, OSError) as error:
        raise refuse_file(
            path, f"打不开这个 Parquet({error})。", f"the Parquet file cannot be read ({error})"
        ) from error

    def rows() -> Iterator[Numbered]:
        number = 0
        with seekable(path) as file:
            for batch in pq.ParquetFile(file).iter_batches(20_000):
                for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield number, cells

    return _without_reasons(Table(columns, rows()))
