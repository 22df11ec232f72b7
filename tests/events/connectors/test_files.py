"""Files as they really come: encodings, wrappings, quotes, damage."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from huitou.events.connectors import recognise
from huitou.events.connectors.tables import read_table
from huitou.kit.errors import Refused
from tests.events.connectors.conftest import events, read, rejections

Write = Callable[..., Path]
PEOPLE = "手机号,姓名,邮件授权\r\n19900000001,林晓,是\r\n19900000002,周周,否\r\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"


def names(path: Path) -> list[str]:
    return [event["traits"]["name"] for event in events(read(path, "customers")) if event["type"] == "identify"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le-bom"])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".txt"])
def test_any_encoding_zipped_or_not(write: Write, encoding: str, suffix: str) -> None:
    content = b"\xff\xfe" + PEOPLE.encode("utf-16-le") if encoding == "utf-16-le-bom" else PEOPLE.encode(encoding)
    assert names(write(f"people{suffix}", content)) == ["林晓", "周周"]


def test_lines_of_two_encodings_in_one_file(write: Write) -> None:
    head, first, second, _ = PEOPLE.split("\r\n")
    mixed = b"\n".join([head.encode(), first.encode("gb18030"), second.encode(), b""])
    assert names(write("people.csv", mixed)) == ["林晓", "周周"]


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_any_delimiter_under_a_banner(write: Write, delimiter: str) -> None:
    banner = "客户名单 2026-11-20 导出,共 2 人\n\n"
    assert names(write("people.csv", banner + PEOPLE.replace(",", delimiter))) == ["林晓", "周周"]


def test_a_quoted_cell_holds_newlines_and_rows_keep_their_line_numbers(write: Write) -> None:
    path = write("people.csv", '手机号,姓名,邮件授权\n19900000001,"林\n晓",是\n19900000002,"周""周",maybe\n')
    records = read(path, "customers")
    assert [event["traits"]["name"] for event in events(records) if event["type"] == "identify"] == ["林\n晓"]
    assert rejections(records) == [(4, "email_consent", "'maybe' is neither yes nor no")]


def test_a_quote_that_is_never_closed_costs_its_own_row_only(write: Write) -> None:
    rows = "".join(f"199{n:08},客{n},是\n" for n in range(200))
    path = write("people.csv", '手机号,姓名,邮件授权\n19911111111,"林晓,是\n' + rows)
    records = read(path, "customers")
    assert rejections(records) == [(2, "", "a quote is never closed")]
    assert len([record for record in records if not record.rejected]) == 200


def test_quotes_as_people_type_them_are_text(write: Write) -> None:
    path = write("people.csv", '手机号,姓名,邮件授权\n19900000001,林"晓"儿,是\n19900000002,5" 的周,否\n')
    assert names(path) == ['林"晓"儿', '5" 的周']


def test_extra_and_missing_cells(write: Write) -> None:
    path = write(
        "people.csv", "手机号,姓名,邮件授权\n19900000001,林晓,是,什么,\n19900000002,周周\n19900000003,吴,是,,\n"
    )
    records = read(path, "customers")
    assert rejections(records) == [(2, "", "5 cells under 3 columns")]
    assert names(path) == ["周周", "吴"]


def test_blank_rows_are_no_rows(write: Write) -> None:
    assert names(write("people.csv", PEOPLE.replace("\r\n1990000000", "\r\n , ,\r\n\r\n1990000000") + ",,\n\n")) == [
        "林晓",
        "周周",
    ]


def test_nul_bytes_in_a_cell_reject_its_row(write: Write) -> None:
    from huitou.events.importing import _read_record

    rows = "".join(f"199{n:08},客{n},是\n" for n in range(500))
    path = write("people.csv", "手机号,姓名,邮件授权\n" + rows + "199\x0012345678,林晓,是\n")
    last = _read_record(read(path, "customers")[-1], "customers", 0)
    assert "identifier" in str(last)


def test_a_line_over_4_mb_is_rejected_and_the_next_goes_in(write: Write) -> None:
    path = write("people.csv", f"手机号,姓名,邮件授权\n19900000001,{'x' * (5 << 20)},是\n19900000002,周周,是\n")
    records = read(path, "customers")
    assert rejections(records) == [(2, "", "a line over 4 MB")]
    assert len([record for record in records if not record.rejected]) == 1


def workbook(rows: list[list[Any]], before: list[list[Any]] | None = None) -> bytes:
    book = openpyxl.Workbook()
    if before is not None:
        for row in before:
            book.active.append(row)
        book.create_sheet("数据")
    for row in rows:
        book.worksheets[-1].append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


ROWS = [["手机号", "姓名", "邮件授权"], [19900000001, "林晓", "是"], [19900000002.0, "周周", True]]


@pytest.mark.parametrize("suffix", [".xlsx", ".xlsx.gz", ".csv"])  # the last as people rename them
def test_a_workbook_with_numbers_for_ids(write: Write, suffix: str) -> None:
    path = write(f"people{suffix}", workbook(ROWS))
    found = [event["traits"]["phone"] for event in events(read(path, "customers")) if event["type"] == "identify"]
    assert found == ["19900000001", "19900000002"]
    assert names(path) == ["林晓", "周周"]


def test_banner_rows_above_the_header_and_a_cover_sheet_before_it(write: Write) -> None:
    banners: list[list[Any]] = [["客户报表"], ["导出时间", "2026-11-20 12:00"], [], ["店铺:回头茶铺"]]
    assert names(write("a.xlsx", workbook(banners + ROWS))) == ["林晓", "周周"]
    assert names(write("b.xlsx", workbook(ROWS, before=[["说明"], ["本表由系统导出"]]))) == ["林晓", "周周"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b"\xef\xbb\xbf\r\n \r\n", "the file is empty"),
        ("a.csv.gz", b"", "the file is empty"),
        ("a.csv", PNG, "neither text, a table nor JSON"),
        ("a.csv", gzip.compress(PEOPLE.encode(), mtime=0)[:-12], "damaged gzip"),
        ("a.csv", gzip.compress(PEOPLE.encode() * 9999, mtime=0)[:-2000], "damaged gzip"),
        ("a.csv", b"\x1f\x8bgarbage", "damaged gzip"),
        ("a.json", b"{", "is not JSON"),
        ("a.xlsx", b"PK\x03\x04 this is no zip", "no xlsx workbook"),
        ("a.parquet", b"PAR1 this is none", "the Parquet file cannot be read"),
        ("a.json", b"[1, 2, 3]", "no known format"),
        ("a.json", b'{"a": 1}\n{"b": 2}', "no known format"),
    ],
)
def test_a_hopeless_file_is_refused_in_one_line(write: Write, name: str, content: bytes, reason: str) -> None:
    path = write(name.removesuffix(".gz"), content) if not name.endswith(".gz") else write(name, content)
    with pytest.raises(Refused) as refused:
        recognise(path)
    assert reason in str(refused.value)
    assert str(refused.value).startswith(path.name)
    assert "\n" not in str(refused.value)


def test_a_zip_that_is_no_workbook_is_told(write: Write) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("orders.csv", PEOPLE)
    with pytest.raises(Refused, match="is a zip, but no xlsx workbook"):
        recognise(write("orders.xlsx", file.getvalue()))


def test_missing_files_and_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no such file"):
        recognise(tmp_path / "nothing.csv")
    with pytest.raises(Refused, match="is a folder"):
        recognise(tmp_path)


def test_a_known_header_is_found_wherever_it_stands(write: Write) -> None:
    path = write("a.csv", "甲,乙\n1,2\nphone,name\n3,4\n")
    table = read_table(path, lambda cells: "phone" in cells)
    assert (table.columns, list(table.rows)) == (("phone", "name"), [(4, ["3", "4"])])
