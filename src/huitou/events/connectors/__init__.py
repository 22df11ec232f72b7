"""The sources Huitou reads, one folder each.

What they share, from bytes to meaning: files (encodings, containers) · delimited, json_texts (text cut into rows and
values) · tables, documents (rows under their header, JSON documents) · columns (what headers are called) · words (what
statuses and answers are called) · cells, moments, durations (what stands in a cell) · notes (remarks on a whole file).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from huitou.events.connectors import customers, doudian, douyin, products, segment, table, wecom
from huitou.events.connectors.base import Connector, GuessingConnector, Options
from huitou.events.connectors.cells import match_columns
from huitou.events.connectors.columns import WHO
from huitou.events.connectors.files import Head, read_head
from huitou.events.connectors.refusals import refuse_file
from huitou.events.connectors.tables import head_rows
from huitou.kit.errors import Refused

MODULES = (segment, douyin, doudian, wecom, products, customers, table)
CONNECTORS: dict[str, Connector] = {module.name: cast(Connector, module) for module in MODULES}
GUESSING: dict[str, GuessingConnector] = {
    module.name: cast(GuessingConnector, module) for module in (products, customers, table)
}
TABLES = frozenset({doudian.name, *GUESSING})


def find_connector(name: str) -> Connector:
    if name not in CONNECTORS:
        known = ", ".join(CONNECTORS)
        raise Refused({"zh": f"没有 {name!r} 这种格式；可用：{known}", "en": f"no format {name!r}; there are {known}"})
    return CONNECTORS[name]


def looks_at(path: Path) -> list[Head]:
    """The head once for every row, on every sheet, that may be the header: covers and banners stand before it."""
    head = read_head(path)
    return [replace(head, columns=columns) for columns in head_rows(head)] or [head]


def look_at(path: Path) -> Head:
    """The file under the one header of them that tells most."""
    return max(looks_at(path), key=lambda head: table.explained(head.columns))


def recognise(path: Path, mapping: Mapping[str, str] | None = None) -> Connector:
    """The connector that explains most of the file's columns, of two the surer one; Refused where none knows it.

    What --map says of a column counts like its name.
    """
    heads = looks_at(path)
    if mapping:
        named = {column: role for role, column in mapping.items()}
        heads = [replace(head, columns=tuple(named.get(column, column) for column in head.columns)) for head in heads]
    found = [
        (_explained(connector, head), sure, connector)
        for head in heads
        for connector in CONNECTORS.values()
        if (sure := connector.recognise(head)) > 0
    ]
    if not found:
        known = ", ".join(CONNECTORS)
        raise refuse_file(
            path,
            f"认不出格式，请用 --as 指明：{known}",
            f"no known format: name one by --as ({known})",
            code="unknown_format",
        )
    return max(found, key=lambda one: one[:2])[2]


def _explained(connector: Connector, head: Head) -> int:
    """Columns the format has a use for. One with fixed columns explains them all, where it misses neither the buyer
    nor the amount: 淘宝, 京东 and 有赞 call some of their columns like 抖店.
    """
    if connector.name in GUESSING:
        return GUESSING[connector.name].explained(head.columns)
    if connector.name not in TABLES:
        return 0
    fixed = match_columns(head.columns, doudian.FIELDS)
    buyers = set(match_columns(head.columns, WHO)) - fixed.keys()
    return len(head.columns) if not buyers and fixed.keys() & {"payable", "amount", "price"} else len(fixed)


def check_use(path: Path, connector: Connector, mapping: Mapping[str, str]) -> None:
    """Refused where the format cannot be the file's, or has no columns to --map: nothing is ignored in silence."""
    if connector.name in TABLES and read_head(path).kind == "json":
        zh = f"是 JSON，不是表格；{connector.name} 要 CSV、xlsx 或 Parquet。"
        raise refuse_file(path, zh, f"is JSON, no table: {connector.name} reads CSV, xlsx or Parquet")
    if mapping and connector.name not in GUESSING:
        able = ", ".join(GUESSING)
        zh = f"{connector.name} 的列是固定的，不能用 --map；可用 --as 指明 {able}。"
        raise refuse_file(path, zh, f"--map: the columns of {connector.name} are fixed; --map is for --as {able}")


def shown_mapping(path: Path, connector: str, options: Options) -> dict[str, str]:
    """Which column is taken for what; {} for formats whose columns are known. What no column says but is assumed of
    every row stands in brackets: {"event": "(order_paid)"}.
    """
    if connector not in GUESSING:
        return {}
    opened, placed = GUESSING[connector].open_table(path, options)
    columns = {role: opened.columns[index] for role, index in placed.items()}
    guess = table.assumed(placed, options) if connector == table.name else None
    return columns | ({"event": f"({guess})"} if guess else {})
