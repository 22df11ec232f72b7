"""Tables of any container (CSV, xlsx, Parquet) as rows named by their header, wherever the header stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from huitou.events.connectors.files import Head, read_csv, refuse_file
from huitou.kit import clock

BANNER_ROWS = 20  # exports put titles above the header; it is looked for this far down


@dataclass(frozen=True)
class Table:
    """`rows` yields (row number as the file counts it, cells); a row may be shorter or longer than the header."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[int, list[Any]]]


def read_table(path: Path, kind: str, is_header: Callable[[Sequence[str]], bool] | None = None) -> Table:
    """The table of a file; `is_header` tells a known header, else the first row that looks like one is taken."""
    if kind == "parquet":
        return _parquet(path)
    rows = _sheet(path) if kind == "xlsx" else read_csv(path)
    top = [(number, cells) for number, cells in islice(rows, BANNER_ROWS)]
    index = _find_header(top, is_header or _looks_like_header)
    if index is None:
        raise refuse_file(path, "找不到表头。", "no header row found")
    columns = tuple(_name(cell) for cell in top[index][1])
    return Table(columns, (row for row in chain(top[index + 1 :], rows) if any(_filled(cell) for cell in row[1])))


def head_columns(head: Head) -> tuple[str, ...]:
    """The header of a table file, () where there is none."""
    if head.kind not in ("csv", "xlsx", "parquet"):
        return ()
    try:
        return read_table(head.path, head.kind).columns
    except Exception:  # recognising must not refuse: reading will say what is wrong
        return ()


def _name(cell: Any) -> str:
    return "" if cell is None else str(cell).strip().strip("\ufeff").strip()


def _filled(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


def _looks_like_header(cells: Sequence[str]) -> bool:
    """At least two names, all different, none of them a number."""
    names = [cell for cell in cells if cell]
    return len(names) >= 2 and len(set(names)) == len(names) and not any(_is_number(name) for name in names)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True


def _find_header(top: list[tuple[int, list[Any]]], is_header: Callable[[Sequence[str]], bool]) -> int | None:
    for index, (_, cells) in enumerate(top):
        if is_header([_name(cell) for cell in cells]):
            return index
    return None


def _sheet(path: Path) -> Iterator[tuple[int, list[Any]]]:
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        sheet = book.get_sheet_by_index(0)
    except Exception as error:
        raise refuse_file(path, f"打不开这个工作簿({error})。", f"the workbook cannot be read ({error})") from error
    for number, cells in enumerate(sheet.iter_rows(), sheet.start[0] + 1 if sheet.start else 1):
        yield number, [None if cell == "" else cell for cell in cells]


def _parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise refuse_file(
            path, f"打不开这个 Parquet({error})。", f"the Parquet file cannot be read ({error})"
        ) from error

    def rows() -> Iterator[tuple[int, list[Any]]]:
        number = 0
        for batch in file.iter_batches(20_000):
            columns = [column.to_pylist() for column in batch.columns]
            for cells in zip(*columns, strict=True):
                number += 1
                yield number, list(cells)

    return Table(tuple(file.schema_arrow.names), rows())


def read_moment(value: Any, zone: str) -> int:
    """A time as exports write it, to epoch µs: text in local time, a date, 19970101, epoch s/ms/µs, an Excel cell.

    ValueError where it is none of them.
    """
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=clock.zone_of(zone))
        return clock.from_datetime(moment)
    if isinstance(value, date):
        return clock.parse_time(value.isoformat(), zone)
    text = str(value).strip().strip("\ufeff").strip()
    if text.endswith(".0"):
        text = text[:-2]
    if text.isdigit():
        return _digits(text, zone)
    return clock.parse_time(text.replace("年", "-").replace("月", "-").replace("日", ""), zone)


def _digits(text: str, zone: str) -> int:
    if len(text) == 8:
        return clock.parse_time(f"{text[:4]}-{text[4:6]}-{text[6:]}", zone)
    if len(text) == 14:
        return clock.parse_time(f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}", zone)
    unit = {10: clock.SECOND, 13: 1_000, 16: 1}.get(len(text))
    if unit is None:
        raise ValueError(f"{text!r} is not a time")
    return int(text) * unit
