"""Cells of known columns: by any of the names an export may give them, emptied of marks like `-`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from huitou.events.connectors.files import read_head
from huitou.events.connectors.tables import Table, read_table
from huitou.kit.errors import Rejected
from huitou.kit.ids import EMPTY

Row = dict[str, Any]  # our field -> cell as text or native value; empty cells are left out


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


def named_rows(table: Table, fields: Mapping[str, int]) -> Iterator[tuple[int, Row, dict[str, Any]]]:
    """(row number, our fields, the row as read); too many cells make `Rejected` in place of the fields."""
    width = len(table.columns)
    for number, cells in table.rows:
        original = dict(zip(table.columns, cells, strict=False))
        if len(cells) > width and any(str(cell or "").strip() for cell in cells[width:]):
            original["+"] = cells[width:]
            yield number, {"": _too_wide(len(cells), width)}, original
            continue
        yield number, {f: c for f, i in fields.items() if i < len(cells) and not is_empty(c := cells[i])}, original


def _too_wide(cells: int, width: int) -> Rejected:
    return Rejected("", {"zh": f"有 {cells} 格,表头只有 {width} 列", "en": f"{cells} cells under {width} columns"})


def is_empty(cell: Any) -> bool:
    if cell is None:
        return True
    if isinstance(cell, float):
        return cell != cell
    return isinstance(cell, str) and cell.strip().strip("\ufeff").strip().lower() in EMPTY


def open_table(path: Path, names: Mapping[str, Sequence[str]], needed: Sequence[str]) -> tuple[Table, dict[str, int]]:
    """The table whose header holds the needed fields, wherever that header stands."""

    def is_header(cells: Sequence[str]) -> bool:
        found = match_columns(cells, names)
        return all(field in found for field in needed)

    table = read_table(path, read_head(path).kind, is_header)
    return table, match_columns(table.columns, names)


def text(cell: Any) -> str:
    """A cell as text: 13085.0 is '13085', tabs and quotes of exports are gone."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip().strip("\ufeff").strip().lstrip("'").strip()
