"""Files made to hurt: each is refused in one line that names the limit, and whoever asked lives on, as large as before."""

from __future__ import annotations

import gzip
import io
import os
import resource
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huitou.events.connectors import limits, recognise, tables
from huitou.events.connectors.base import Options, Record
from huitou.events.connectors.files import read_lines
from huitou.events.reading import FileRefused, ReaderBroke, frames, read_apart
from huitou.kit.errors import Refused

HEADER = "".join(
    f'<c r="{c}1" t="inlineStr"><is><t>{t}</t></is></c>'
    for c, t in zip("ABC", ("user_id", "时间", "事件"), strict=True)
)
ROOT = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(path: Path, rows: str, before: str = "", **more: bytes) -> Path:
    """A workbook of one sheet, its XML as given: a header, then `rows`."""
    empty = io.BytesIO()
    openpyxl.Workbook().save(empty)
    sheet = f'<?xml version="1.0"?>{before}<worksheet {ROOT}><sheetData><row r="1">{HEADER}</row>{rows}</sheetData></worksheet>'
    with zipfile.ZipFile(empty) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, sheet if part == "xl/worksheets/sheet1.xml" else old.read(part))
        for name, content in more.items():
            new.writestr(f"xl/{name}.xml", content, compresslevel=1)
    return path


def far_cell(path: Path) -> Path:
    return workbook(path, '<row r="60000"><c r="XFD60000"><v>1</v></c></row>')


def farthest_cell(path: Path) -> Path:
    return workbook(path, '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


def blanks(path: Path) -> Path:
    return workbook(path, "", comments=b" " * (300 << 20))


def many_parts(path: Path) -> Path:
    return workbook(path, "", **{f"part{n}": b"" for n in range(limits.WORKBOOK_PARTS)})


def gzip_bomb(path: Path) -> Path:
    packer = io.BytesIO()
    with gzip.GzipFile(fileobj=packer, mode="wb", compresslevel=1) as file:
        file.write(b"user_id,email\n")
        for _ in range(300):
            file.write(b"\0" * (1 << 20))
    path.write_bytes(packer.getvalue())
    return path


def many_rows(path: Path) -> Path:
    """Three million equal rows in some hundred bytes."""
    column = pa.array([None], pa.string()).take(pa.array([0] * 3_000_000))
    pq.write_table(pa.table({"user_id": column, "time": column}), path, compression="zstd")
    return path


def long_text(path: Path) -> Path:
    """One value of a megabyte, told 20,000 times: as plain values they are 20 GB."""
    values = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), ["x" * (1 << 20)])
    pq.write_table(pa.table({"user_id": values, "time": values}), path, compression="zstd")
    return path


@pytest.mark.parametrize(
    ("name", "make", "told"),
    [
        ("a.xlsx", far_cell, "of memory to read"),
        ("a.xlsx", farthest_cell, "of memory to read"),
        ("a.xlsx", blanks, "unzips to more than 256 MB"),
        ("a.xlsx", many_parts, "10,000 parts"),
        ("a.csv.gz", gzip_bomb, "unzips to more than 256 MB"),
        ("a.parquet", many_rows, "claims 3,000,000 rows"),
        ("a.parquet", long_text, "of memory to read"),
    ],
)
def test_a_bomb_is_refused_in_one_line_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, make: Callable[[Path], Path], told: str
) -> None:
    monkeypatch.setenv(limits.MEMORY_SETTING, "1GB")
    path = make(tmp_path / name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Refused) as refused, read_apart(path, Options()) as reading:
        list(reading.records)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "CSV" in str(refused.value) or "Unzip it" in str(refused.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # KB


def test_sheets_that_span_too_much_are_refused_though_they_would_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "CELLS", 1_000)
    path = workbook(tmp_path / "a.xlsx", '<row r="400"><c r="C400"><v>1</v></c></row>')
    with pytest.raises(Refused, match="span more than 50,000,000 cells"):
        recognise(path)


def test_a_reader_that_does_not_come_to_an_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text("user_id,email\n" + "u1,a@example.com\n" * 300_000)
    monkeypatch.setattr(limits, "SECONDS", 1)
    monkeypatch.setattr(limits, "SECONDS_A_MB_PLAIN", 0)
    with pytest.raises(Refused, match="more than 1 s to read"), read_apart(path, Options(), "customers") as reading:
        list(reading.records)


def test_an_import_that_takes_too_long_in_all_is_ended_though_its_rows_still_come(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("user_id,email\n" + "u1,a@example.com\n" * 300_000)
    with pytest.raises(Refused, match="longer than an upload may"), read_apart(path, Options(), within=1.5) as reading:
        any(time.sleep(0.001) for _ in reading.records)


@pytest.mark.parametrize(("begins", "seconds"), [(b"PAR1", 300), (b"\x1f\x8b", 100), (b"PK\3\4", 20), (b"a,b\n", 10)])
def test_a_file_may_take_time_by_what_is_packed_in_it(tmp_path: Path, begins: bytes, seconds: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(begins + bytes(3 << 20))
    assert limits.bounds_for(path).seconds == limits.SECONDS + 3 * seconds


def test_a_workbook_is_parsed_once_and_anew_where_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import python_calamine

    parsed = []
    parse = python_calamine.CalamineWorkbook.from_filelike
    told = SimpleNamespace(from_filelike=lambda file: parsed.append(1) or parse(file))
    monkeypatch.setattr(python_calamine, "CalamineWorkbook", told)
    for user in ("u1", "u22"):
        row = f'<row r="2"><c r="A2" t="inlineStr"><is><t>{user}</t></is></c></row>'
        path = workbook(tmp_path / "a.xlsx", row)
        for _ in range(2):
            assert [cells[0] for _, cells in tables.read_table(path).rows] == [user]
    assert len(parsed) == 2


def test_entities_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{tmp_path}/secret"><!ENTITY l "{"ha" * 1000}">]>'
    row = '<row r="2"><c r="A2" t="inlineStr"><is><t>u1</t></is></c><c r="B2" t="inlineStr"><is><t>&e;&l;</t></is></c></row>'
    path = workbook(tmp_path / "a.xlsx", row, before=doctype)
    with pytest.raises(Refused, match="unrecognized entity"), read_apart(path, Options(), "table"):
        pass


def test_a_table_of_very_many_columns_is_refused_in_a_short_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("".join(f"column{n}{'x' * 200}," for n in range(5_000)) + "z\n" + "1," * 5_000 + "1\n")
    told = r"column59x{52}… … \(5,001\)"
    with pytest.raises(FileRefused, match=told) as refused, read_apart(path, Options(), "table") as reading:
        list(reading.records)
    assert len(str(refused.value)) < 5_000
    assert len(refused.value.columns) == 60
    assert max(map(len, refused.value.columns)) == 60


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(Refused, match="no regular file"), read_apart(tmp_path / "pipe.csv", Options()):
        pass


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_without_end_costs_itself_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("user_id,email\nu1," + "x" * (5 << 20) + "\nu2,b@example.com\n", encoding)
    lines = list(read_lines(path))
    assert [isinstance(line, str) for line in lines] == [True, False, True]


def test_what_crosses_is_what_was_read(tmp_path: Path) -> None:
    """Rows of sheets, numbers of 4,000 digits, cells of types that JSON lacks: the same records, read apart or not."""
    book = openpyxl.Workbook()
    for name in ("十一月", "十二月"):
        sheet = book.create_sheet(name)
        sheet.append(["user_id", "time", "event", "备注"])
        sheet.append(["u1", "2026-11-20 12:00", "page_viewed", 1.5])
        sheet.append(["", "2026-11-20 12:00", "page_viewed", True])
    book.save(tmp_path / "visits.xlsx")
    events = tmp_path / "events.ndjson"
    events.write_text(
        f'{{"type": "track", "event": "x", "userId": "u", "properties": {{"n": {"9" * 4000}}}}}\n{{"a\n[7]\n'
    )
    for path in (tmp_path / "visits.xlsx", events):
        plain = list(recognise(path).read(path, Options()))
        with read_apart(path, Options()) as reading:
            apart = list(reading.records)
        assert [shown(record) for record in apart] == [shown(record) for record in plain]


def shown(record: Record) -> Any:
    why = record.rejected
    return [*map(str, record.rows)], record.events, why and (why.field, why.message), record.original


def test_the_columns_are_told_where_they_were_the_trouble(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("谁,何时,多少\n林,2026-11-20,3\n")
    with pytest.raises(FileRefused) as refused, read_apart(tmp_path / "a.csv", Options(), "table") as reading:
        list(reading.records)
    assert (refused.value.code, refused.value.columns) == ("no_customer_column", ("谁", "何时", "多少"))


def test_a_mistake_of_ours_is_no_word_about_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("user_id,email\nu1,a@example.com\n")
    monkeypatch.setattr(frames, "ReadOrder", lambda path, options, kind, bounds: {"path": path})
    with pytest.raises(ReaderBroke, match="ValidationError"), read_apart(tmp_path / "a.csv", Options()):
        pass


@pytest.mark.parametrize(("said", "size"), [("2GB", 2 << 30), ("800 mb", 800 << 20), ("1GiB", 1 << 30)])
def test_memory_is_set_in_plain_words(monkeypatch: pytest.MonkeyPatch, said: str, size: int) -> None:
    monkeypatch.setenv(limits.MEMORY_SETTING, said)
    assert limits.memory_allowed() == size
    monkeypatch.setenv(limits.MEMORY_SETTING, "much")
    with pytest.raises(Refused, match="is no size"):
        limits.memory_allowed()
