"""Cells of tables: found by any of the names an export may give their columns, read as what they should be.

Readers raise Rejected with the column's name; marks like `-` are empty, tabs and quotes of exports are gone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from huitou.events.connectors.files import Broken
from huitou.events.connectors.moments import TwoDays, read_moment
from huitou.events.connectors.tables import Table, looks_like_header, read_table
from huitou.kit.errors import Rejected
from huitou.kit.ids import EMPTY, clean_id, without_marks
from huitou.kit.money import CODES, EXPONENTS, SIGNS, currency_code, exponent, read_decimal, to_minor

Row = dict[str, Any]  # our field -> cell as text or native value; empty cells are left out

LONGEST_MARK = max(map(len, EMPTY))
WRITTEN_FLOAT = re.compile(r"(\d+)\.0+")  # what a spreadsheet or pandas makes of an id
BRACKET = re.compile(r"[(（\[【]")
MINOR = Decimal(0)  # of the currency's smallest unit; any other factor is of its main one
MONEY_UNITS = {
    "分": MINOR, "人民币分": MINOR, "cent": MINOR, "cents": MINOR, "minor": MINOR, "minor units": MINOR,
    "角": Decimal("0.1"), "元": Decimal(1), "人民币": Decimal(1), "百元": Decimal(100), "千元": Decimal(1_000),
    "万": Decimal(10_000), "万元": Decimal(10_000), "亿元": Decimal(100_000_000),
}  # fmt: skip
CURRENCIES = frozenset((*EXPONENTS, *SIGNS, *CODES, *CODES.values())) - {"元", "人民币"}
SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+\d+")  # 6.917E+18: its digits are lost


class Line(NamedTuple):
    """A row as it was read, for the rejected-rows file."""

    columns: tuple[str, ...]
    cells: Sequence[Any]


class Measured(str):
    """A cell under a column that says its unit: 单价(分), 销售额(万元), price (USD)."""

    unit: str

    def __new__(cls, cell: Any, unit: str) -> Measured:
        measured = super().__new__(cls, text(cell))
        measured.unit = unit
        return measured


@lru_cache(maxsize=16_384)  # the names that formats know are compared with every row that may be a header
def plain(name: str) -> str:
    """A column name without case, blanks, underscores and a unit in brackets: 'Product ID' = 'product_id'."""
    stripped = name.strip()
    base = BRACKET.split(stripped, maxsplit=1)[0] or stripped
    return base.strip().lower().replace(" ", "").replace("_", "").replace("-", "")


def unit_of(name: str) -> str | None:
    """What stands in the last brackets of a column name, where it measures money: '单价(分)' -> '分'."""
    parts = BRACKET.split(unicodedata.normalize("NFKC", name).strip().rstrip(")]】").lower())
    unit = parts[-1].replace("单位", "").strip(" :") if len(parts) > 1 else ""
    return unit if unit in MONEY_UNITS or unit.upper() in CURRENCIES else None


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
    """The table whose header has most of the fields, and all the needed ones, and where its fields are."""

    def rate(cells: Sequence[str]) -> float:
        found = match_columns(cells, names)
        if not all(field in found for field in needed):
            return 0
        return len(found) if needed else 1 + len(found) if looks_like_header(cells) else 0

    table = read_table(path, rate)
    return table, match_columns(table.columns, names)


def read_rows(table: Table, fields: Mapping[str, int]) -> Iterator[tuple[int, Row | Rejected, Line]]:
    """(row number, our fields or why the row is no row, the row as read)."""
    width = len(table.columns)
    places = list(fields.items())
    units = {field: unit for field, index in places if (unit := unit_of(table.columns[index])) is not None}
    for number, cells in table.rows:
        line = Line(table.columns, cells)
        if isinstance(cells, Broken):
            yield number, cells.why, Line(table.columns, [cells.text])
        elif len(cells) > width and not all(is_empty(cell) for cell in cells[width:]):
            yield number, _too_wide(len(cells), width), line
        else:
            size = len(cells)
            row = {f: c for f, i in places if i < size and not is_empty(c := cells[i])}
            if units:
                row |= {field: Measured(row[field], unit) for field, unit in units.items() if field in row}
            yield number, row, line


def _too_wide(cells: int, width: int) -> Rejected:
    return Rejected("", {"zh": f"有 {cells} 格，表头只有 {width} 列", "en": f"{cells} cells under {width} columns"})


def is_empty(cell: Any) -> bool:
    if type(cell) is str:
        if len(cell) > LONGEST_MARK and cell[0].isalnum():
            return False
        return without_marks(cell).strip().lower() in EMPTY
    return cell is None or cell != cell


def text(cell: Any) -> str:
    """A cell as text: 13085.0 is '13085', tabs and quotes of exports are gone."""
    if type(cell) is str:
        if cell[:1].isalnum() and cell[-1:].isalnum():
            return cell
        return without_marks(cell).strip().lstrip("'").strip()
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
        raise Rejected(
            column, {"zh": f"{shown(cell)} 不是编号（可能被表格软件改写）", "en": f"{shown(cell)} is not an id"}
        )
    match = WRITTEN_FLOAT.fullmatch(value) if value.endswith("0") else None
    return match[1] if match else value


def a_moment(cell: Any, column: str, zone: str) -> int:
    """Epoch µs of a time as people and exports write it (moments.py), local where it names no offset."""
    try:
        return read_moment(cell, zone)
    except TwoDays:
        zh, en = "可能是两个不同的日子：请写成 2026-11-20", "may be two days: write 2026-11-20"
    except (ValueError, OverflowError):
        zh, en = "不是时间", "is not a time"
    raise Rejected(column, {"zh": f"{shown(cell)} {zh}", "en": f"{shown(cell)} {en}"})


def an_amount(cell: Any, column: str, currency: str, *, signed: bool = False) -> int:
    """Minor units of an amount in major units (元), or in the unit its column names."""
    try:
        if isinstance(cell, Measured):
            minor = _measured_money(cell, column, currency)
        else:
            minor = to_minor(round(cell, 6) if isinstance(cell, float) else text(cell), currency)
    except ValueError as error:
        fine = "finer" in str(error)
        zh = f"{shown(cell)} 比最小货币单位还细" if fine else f"{shown(cell)} 不是金额"
        raise Rejected(column, {"zh": zh, "en": str(error)[:200]}) from None
    if minor < 0 and not signed:
        raise Rejected(column, {"zh": f"{shown(cell)} 小于零", "en": f"{shown(cell)} is below zero"})
    return minor


def _measured_money(cell: Measured, column: str, currency: str) -> int:
    """单价(分), 销售额(万元), price (USD); Rejected where the column names another currency than the row."""
    factor = MONEY_UNITS.get(cell.unit)
    if factor == MINOR:
        return to_minor(read_decimal(cell).scaleb(-exponent(currency)), currency)
    if factor is None and (named := currency_code(cell.unit)) != currency_code(currency):
        zh, en = f"列里写的是 {named}，不是 {currency}", f"the column is in {named}, not in {currency}"
        raise Rejected(column, {"zh": zh, "en": en})
    return to_minor(read_decimal(cell) * (factor or 1), currency)


def a_count(cell: Any, column: str, *, least: int = 0, most: int = 1_000_000_000) -> int:
    """A whole number between `least` and `most`."""
    try:
        number = read_decimal(text(cell))
    except ValueError:
        number = None
    if number is None or number != number.to_integral_value() or not least <= number <= most:
        raise Rejected(
            column,
            {
                "zh": f"{shown(cell)} 不是 {least:,} 到 {most:,} 的整数",
                "en": f"{shown(cell)} is not a whole number from {least:,} to {most:,}",
            },
        )
    return int(number)


def missing(column: str) -> Rejected:
    return Rejected(column, {"zh": "是空的", "en": "is empty"})


def shown(cell: Any) -> str:
    """The cell as its owner will recognise it, but not a megabyte of it."""
    said = repr(cell) if isinstance(cell, str) else str(cell)
    return said if len(said) <= 60 else said[:57] + "…"
