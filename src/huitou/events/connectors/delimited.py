"""Delimited text (CSV, TSV) as numbered rows of cells: the separator, quoted cells over several lines, quotes never closed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from huitou.events.connectors.files import LONGEST_LINE, Broken
from huitou.kit.errors import Rejected

LONGEST_ROW = 50  # lines; a quote that closes nowhere would otherwise swallow the rest of the file
DELIMITERS = ",\t;|"

Cells = Sequence[Any]
Numbered = tuple[int, "Cells | Broken"]
Line = tuple[int, "str | Broken"]


def find_delimiters(top: list[Line]) -> list[tuple[str, int]]:
    """(mark, how many cells it makes) of the marks that rows agree on: those with most such rows, then cells, first."""
    found = []
    for mark in DELIMITERS:
        rows = (cells for _, cells in cut_rows(iter(top), mark, 0) if not isinstance(cells, Broken))
        widths = Counter(len(cells) for cells in rows if sum(map(is_filled, cells)) > 1)
        if widths:
            found.append((*max((count, width) for width, count in widths.items()), mark))
    return [(mark, width) for _, width, mark in sorted(found, key=lambda one: one[:2], reverse=True)] or [(",", 0)]


def cut_rows(lines: Iterator[Line], delimiter: str, width: int) -> Iterator[Numbered]:
    """(number of its first line, cells) of a delimited text; a quoted cell may hold newlines."""
    again: list[Line] = []  # lines looked at that did not belong to the row before them
    while True:
        number, line = again.pop(0) if again else next(lines, (0, ""))
        if not line:
            return
        if isinstance(line, Broken):
            yield number, line
            continue
        cells = _cut(line, delimiter)
        if cells is None:
            followers: list[Line] = []
            cells = _join(line, again, lines, followers, delimiter)
            if cells is None or _are_rows(followers, delimiter, width):
                again = followers + again
                cells = _unclosed(line)
        yield number, cells


def _cut(line: str, delimiter: str) -> Cells | Broken | None:
    """The cells of a line; None where a quoted cell goes on in the next."""
    if '"' not in line:
        return line.rstrip("\r\n").split(delimiter)
    try:
        return next(csv.reader(StringIO(line, newline="\n"), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
    try:  # quotes inside a cell that has none around it, as people type them
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error as error:
        return Broken(Rejected("", {"zh": f"不是 CSV：{error}", "en": f"is not CSV: {error}"}), line[:1000])


def _join(
    line: str, again: list[Line], waiting: Iterator[Line], followers: list[Line], delimiter: str
) -> Cells | Broken | None:
    """The cells of a line and as many after it as its quoted cell needs; None where it closes nowhere near."""
    while len(followers) < LONGEST_ROW:
        number, more = again.pop(0) if again else next(waiting, (0, ""))
        if not more:
            return None
        followers.append((number, more))
        if isinstance(more, Broken):
            return None
        line += more
        if len(line) > LONGEST_LINE:
            return None
        if '"' in more and (cells := _cut(line, delimiter)) is not None:
            return cells
    return None


def _are_rows(lines: list[Line], delimiter: str, width: int) -> bool:
    """Whether most lines that a quoted cell would take in are rows by themselves: then its quote was never closed.

    A line that ends the cell in its first piece is none. Under two columns it cannot be told: a line of an address may
    well have one comma.
    """

    def is_row(line: object) -> bool:
        cells = next(csv.reader([str(line)], delimiter=delimiter), [""])
        return len(cells) == width and '"' not in str(line).split(delimiter, 1)[0]

    return width > 2 and 2 * sum(is_row(line) for _, line in lines) > len(lines)


def _unclosed(line: str) -> Broken:
    return Broken(Rejected("", {"zh": "引号没有闭合", "en": "a quote is never closed"}), line.rstrip("\r\n"))


def is_filled(cell: Any) -> bool:
    return cell is not None and (type(cell) is not str or not (not cell or cell.isspace()))
