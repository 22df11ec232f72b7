"""Cells of tables: found by any of the names an export may give their columns, read as what they should be.

Readers raise Rejected with the column's name; marks like `-` are empty, tabs and quotes of exports are gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from huitou.events.connectors.tables import Broken, Table, read_table
from huitou.kit import clock
from huitou.kit.errors import Rejected
from huitou.kit.ids import EMPTY, clean_id
from huitou.kit.money import to_minor

Row = dict[str, Any]  # our field -> cell as text or native value; empty cells are left out

LONGEST_MARK = max(map(len, EMPTY))
WRITTEN_FLOAT = re.compile(r"(\d+)\.0+")  # what a spreadsheet or pandas makes of an id
SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+\d+")  # 6.917E+18: its digits are lost


class Line(NamedTuple):
    """A row as it was read, for the rejected-rows file."""

    columns: tuple[str, ...]
    cells: Sequence[Any]


def plain(name: str) -> str:
    """A column name without case, blanks, underscores and a unit in brackets: 'Product ID' = 'product_id'."""
    base = name.strip().split("(")[0].split("（")[0] if not name.strip().startswith(("(", "（")) else name
    return base.strip().lower().replace(" ", "").replace("_", "").replace("-", "")


def match_columns(columns: Sequence[str], names: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """{field: index} of every field whose name, or one of its other names, is a column."""
    places = {plain(column): index for index, column in reversed(list(enumerate(columns)))}
    found = {}
    for field, others in names.items():
        place = next((places[plain(n)] for n in (field, *others) if plain(n) in places), None)
        if place is not None:
            found[field] = place
    return found


def open_table(path: Path, names: Mapping[str, Sequence[str]], needed: Sequence[str]) -> tuple[Table, dict[str, int]]:
    """The table whose header holds the needed fields, wherever that header stands, and where its fields are."""

    def is_header(cells: Sequence[str]) -> bool:
        found = match_columns(cells, names)
        return all(field in found for field in needed)

    table = read_table(path, is_header if needed else None)
    return table, match_columns(table.columns, names)


def read_rows(table: Table, fields: Mapping[str, int]) -> Iterator[tuple[int, Row | Rejected, Line]]:
    """(row number, our fields or why the row is no row, the row as read)."""
    width = len(table.columns)
    places = list(fields.items())
    for number, cells in table.rows:
        line = Line(table.columns, cells)
        if isinstance(cells, Broken):
            yield number, cells.why, Line(table.columns, [cells.text])
        elif len(cells) > width and not all(is_empty(cell) for cell in cells[width:]):
            yield number, _too_wide(len(cells), width), line
        else:
            size = len(cells)
            yield number, {f: c for f, i in places if i < size and not is_empty(c := cells[i])}, line


def _too_wide(cells: int, width: int) -> Rejected:
    return Rejected("", {"zh": f"有 {cells} 格,表头只有 {width} 列", "en": f"{cells} cells under {width} columns"})


def is_empty(cell: Any) -> bool:
    if type(cell) is str:
        if len(cell) > LONGEST_MARK and cell[0].isalnum():
            return False
        return cell.strip().strip("\ufeff").strip().lower() in EMPTY
    return cell is None or cell != cell


def text(cell: Any) -> str:
    """A cell as text: 13085.0 is '13085', tabs and quotes of exports are gone."""
    if type(cell) is str:
        if cell[:1].isalnum() and cell[-1:].isalnum():
            return cell
        return cell.strip().strip("\ufeff").strip().lstrip("'").strip()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def an_id(cell: Any, column: str) -> str:
    """Text; '13085.0' and 13085.0 are '13085'. Rejected where a spreadsheet has lost its digits (6.917E+18)."""
    try:
        value = clean_id(cell)
    except ValueError:
        value = None
    if value is None or SCIENTIFIC.fullmatch(value):
        raise Rejected(column, {"zh": f"{shown(cell)} 不是编号(被表格软件改写?)", "en": f"{shown(cell)} is not an id"})
    match = WRITTEN_FLOAT.fullmatch(value) if value.endswith("0") else None
    return match[1] if match else value


def a_moment(cell: Any, column: str, zone: str) -> int:
    """Epoch µs of a time as exports write it: text in local time, a date, 19970101, epoch s/ms/µs, an Excel cell."""
    try:
        return _moment(cell, zone)
    except (ValueError, OverflowError):
        raise Rejected(column, {"zh": f"{shown(cell)} 不是时间", "en": f"{shown(cell)} is not a time"}) from None


def an_amount(cell: Any, column: str, currency: str, *, signed: bool = False) -> int:
    """Minor units of an amount in major units (元)."""
    try:
        minor = to_minor(round(cell, 6) if isinstance(cell, float) else text(cell).removesuffix("元"), currency)
    except ValueError as error:
        fine = "finer" in str(error)
        zh = f"{shown(cell)} 比最小货币单位还细" if fine else f"{shown(cell)} 不是金额"
        raise Rejected(column, {"zh": zh, "en": str(error)[:200]}) from None
    if minor < 0 and not signed:
        raise Rejected(column, {"zh": f"{shown(cell)} 小于零", "en": f"{shown(cell)} is below zero"})
    return minor


def a_count(cell: Any, column: str, *, least: int = 0, most: int = 1_000_000_000) -> int:
    """A whole number between `least` and `most`."""
    try:
        number = float(text(cell).replace(",", ""))
    except ValueError:
        number = float("nan")
    if not number.is_integer() or not least <= number <= most:
        raise Rejected(column, {"zh": f"{shown(cell)} 不是数量", "en": f"{shown(cell)} is no quantity"})
    return int(number)


def missing(column: str) -> Rejected:
    return Rejected(column, {"zh": "是空的", "en": "is empty"})


def shown(cell: Any) -> str:
    """The cell as its owner will recognise it, but not a megabyte of it."""
    said = repr(cell) if isinstance(cell, str) else str(cell)
    return said if len(said) <= 60 else said[:57] + "…"


def _moment(cell: Any, zone: str) -> int:
    if isinstance(cell, datetime):
        moment = cell if cell.tzinfo else cell.replace(tzinfo=clock.zone_of(zone))
        at = clock.from_datetime(moment)
        if at < 0:
            raise ValueError("before 1970")
        return at
    if isinstance(cell, date):
        return clock.parse_time(cell.isoformat(), zone)
    said = text(cell).removesuffix(".0")
    if said.isdigit():
        return _digits(said, zone)
    return clock.parse_time(said.replace("年", "-").replace("月", "-").replace("日", ""), zone)


def _digits(said: str, zone: str) -> int:
    if len(said) == 8:
        return clock.parse_time(f"{said[:4]}-{said[4:6]}-{said[6:]}", zone)
    if len(said) == 14:
        return clock.parse_time(f"{said[:4]}-{said[4:6]}-{said[6:8]}T{said[8:10]}:{said[10:12]}:{said[12:]}", zone)
    unit = {10: clock.SECOND, 13: 1_000, 16: 1}.get(len(said))
    if unit is None:
        raise ValueError("no time has so many digits")
    return int(said) * unit
