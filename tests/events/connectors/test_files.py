"""Files as they really come: encodings, wrappings, quotes, damage."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huitou.events.connectors import find_connector, recognise
from huitou.events.connectors.base import Options
from huitou.events.connectors.files import EVIDENCE, encoding_of
from huitou.events.connectors.notes import collected
from huitou.events.connectors.tables import read_table
from huitou.kit.clock import HOUR, parse_time
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


# 谢, 郑伟, 叶梅 and 雪梅 are good UTF-8 in GB18030: л, ֣ΰ, Ҷ÷, ѩ÷.
SHORT = "user_id,name,email_consent\n1,叶梅,1\n2,谢**,0\n3,郑伟,1\n4,林晓,1\n"


@pytest.mark.parametrize(
    "text", [SHORT, PEOPLE.replace("林晓", "叶梅").replace("周周", "谢**"), "user_id,name\n1,雪梅\n"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_short_chinese_words_are_read_in_the_encoding_of_their_file(write: Write, text: str, encoding: str) -> None:
    expected = [line.split(",")[1].strip() for line in text.splitlines()[1:]]
    assert names(write("people.csv", text, encoding)) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_accented_letters_are_no_chinese(write: Write, encoding: str) -> None:
    text = "user_id,name,city\n1,Renée Müller,Köln\n2,Zoé,Nîmes\n3,Søren,Århus\n"
    assert names(write("people.csv", text, encoding)) == ["Renée Müller", "Zoé", "Søren"]


def test_a_damaged_line_is_named_and_its_neighbours_go_in(write: Write) -> None:
    lines = [f"{n},林晓,厦门" for n in range(3)]
    damaged = "9,林晓,厦门".encode()[:-1] + b",\n"
    path = write("people.csv", b"user_id,name,city\n" + damaged + "\n".join(lines).encode())
    records = read(path, "customers")
    assert rejections(records) == [(2, "", "damaged characters: not UTF-8")]
    assert [event["traits"]["name"] for event in events(records)] == ["林晓"] * 3


def test_bytes_decide_the_encoding_however_many_they_are() -> None:
    assert encoding_of(b"id,name\n1,x\n") == "utf-8"
    assert encoding_of("id,名\n".encode("utf-16")) == "utf-16"
    chinese = "客户,购买了白毫银针\n".encode("gb18030")
    assert encoding_of(chinese * (EVIDENCE // len(chinese) + 1))[:3] == "gb1"


def test_commas_in_comments_are_no_separators(write: Write) -> None:
    comment = "hi, is it, like, really, good, or, not?"
    rows = "".join(f"u{n}\tlive_commented\t2026-11-20 20:1{n}\t{comment}\n" for n in range(3))
    made = events(read(write("live.tsv", "user_id\tevent\ttime\tcontent\n" + rows), "table"))
    assert [event["properties"]["content"] for event in made] == [comment] * 3


def test_points_and_commas_of_decimals_are_no_separators(write: Write) -> None:
    path = write("products.csv", "sku;title;price;inventory;currency\nA-1;Tea;19,90;5;EUR\nA-2;Tin;1.234,50;5;EUR\n")
    assert [event["properties"]["price"] for event in events(read(path, "products"))] == [1990, 123450]


def test_a_quote_that_closes_rows_later_costs_its_own_row_only(write: Write) -> None:
    rows = "".join(f"199{n:08},客{n},是\n" for n in range(3))
    path = write("people.csv", '手机号,姓名,邮件授权\n19911111111,"林晓,是\n' + rows + '19922222222,周"周,是\n')
    records = read(path, "customers")
    assert rejections(records) == [(2, "", "a quote is never closed")]
    assert len([record for record in records if not record.rejected]) == 4


def test_a_quoted_cell_of_many_lines_stays_one_cell(write: Write) -> None:
    note = "请送到:\n福建,厦门\n思明区\n\n谢谢"
    path = write("orders.csv", f'user_id,order_id,time,amount,note\nu1,o1,2026-11-20,5,"{note}"\nu2,o2,2026-11-20,5,\n')
    first, second = events(read(path, "table"))
    assert (first["properties"]["note"], second["properties"]["order_id"]) == (note, "o2")


def test_a_banner_as_wide_as_the_table_is_no_header(write: Write) -> None:
    path = write(
        "people.csv", "制表日期,2026-11-20,制表人,张三\n客户ID,手机号,邮箱,姓名\n1,19900000001,a@example.com,林晓\n"
    )
    assert names(path) == ["林晓"]


SALES = ["user_id", "order_id", "time", "amount"]


def sheets(**rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, of_sheet in rows.items():
        sheet = book.create_sheet(name)
        for row in of_sheet:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_all_sheets_under_one_header_are_read_and_the_others_named(write: Write) -> None:
    content = sheets(
        说明=[["使用说明", "填写", "环比"], ["GMV", "见下", "高"]],
        十月=[SALES, ["u1", "o1", "2026-10-01 10:00", 10]],
        空=[],
        十一月=[["十一月订单"], ["order_id", "user_id", "amount", "time"], ["o2", "u2", 20, "2026-11-01 10:00"], ["o3", "u3", 20, "?"]],
    )  # fmt: skip
    path = write("sales.xlsx", content)
    with collected() as notes:
        records = read(path, "table")
    told = [(str(record.rows[0]), event["properties"]["order_id"]) for record in records for event in record.events]
    assert told == [("十月!2", "o1"), ("十一月!3", "o2")]
    assert [(str(row), field) for row, field, _ in rejections(records)] == [("十一月!4", "time")]
    assert [note["en"] for note in notes] == ["read sheet 十月, 十一月; other headers, not read: 说明"]


def test_a_cover_sheet_before_a_known_header(write: Write) -> None:
    cover = [["指标", "数值", "环比"], ["GMV", "12万", "+3%"], ["订单", "多", "-"]]
    orders = [["主订单编号", "订单应付金额", "订单提交时间", "订单状态"], ["1", "10.00", "2026/11/20 9:05", "待发货"]]
    records = read(write("orders.xlsx", sheets(概览=cover, 订单=orders)), "doudian")
    assert [event["event"] for event in events(records)] == ["order_created", "order_paid"]


def parquet(**columns: pa.Array) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def test_parquet_as_databases_write_it(write: Write) -> None:
    content = parquet(
        user_id=pa.array([Decimal("6917000000000053166")], pa.decimal128(20, 0)),
        order_id=pa.array(["订单-1".encode()], pa.binary()),
        time=pa.array([1795176600_123456789], pa.timestamp("ns")),
        amount=pa.array([Decimal("19.90")], pa.decimal128(10, 2)),
        city=pa.array(["厦门"]).dictionary_encode(),
        seen=pa.array([[1795176600_123456789]], pa.list_(pa.timestamp("ns"))),
    )
    [made] = events(read(write("orders.parquet", content), "table"))
    assert (made["userId"], made["properties"]["order_id"], made["properties"]["total"]) == (
        "6917000000000053166", "订单-1", 1990,
    )  # fmt: skip
    assert made["timestamp"] == 1795176600_123456 - 8 * HOUR
    assert made["properties"]["city"] == "厦门"


def test_a_table_format_takes_no_json(write: Write) -> None:
    with pytest.raises(Refused, match="is JSON, no table"):
        list(find_connector("customers").read(write("a.json", '{"type": "track"}'), Options()))


@pytest.mark.parametrize(("day", "iso"), [("25/12/2026", "2026-04-03"), ("12/25/2026", "2026-03-04")])
def test_the_file_settles_the_order_of_day_and_month(write: Write, day: str, iso: str) -> None:
    rows = "".join(f"u{n},o{n},{when},5\n" for n, when in enumerate(["03/04/2026 20:00", "05/06/2026", day]))
    first, *_ = events(read(write("orders.csv", ",".join(SALES) + "\n" + rows), "table"))
    assert first["timestamp"] == parse_time(f"{iso}T20:00", "Asia/Shanghai")


def test_days_that_nothing_settles_are_rejected(write: Write) -> None:
    records = read(write("orders.csv", ",".join(SALES) + "\nu1,o1,03/04/2026,5\nu2,o2,2026-04-03,5\n"), "table")
    assert rejections(records) == [(2, "time", "'03/04/2026' may be two days: write 2026-11-20")]


@pytest.mark.parametrize(
    ("column", "cell", "price"),
    [
        ("单价(分)", "1990", 1990), ("价格（单位：分）", "1990", 1990), ("price (cents)", 1990.0, 1990), ("售价[元]", "19.90", 1990),
        ("价格(万元)", "0.5", 500000), ("价格（人民币）", "19.90", 1990), ("价格(CNY)", "19.9", 1990), ("价格(含税)", "19.9", 1990),
    ],
)  # fmt: skip
def test_a_column_names_the_unit_of_its_money(write: Write, column: str, cell: Any, price: int) -> None:
    path = write("products.xlsx", sheets(a=[["商品编号", "名称", column], ["P1", "茶", cell]]))
    assert [event["properties"]["price"] for event in events(read(path, "products"))] == [price]


def test_a_column_in_another_currency_is_not_converted(write: Write) -> None:
    path = write("products.csv", "商品编号,名称,单价(USD)\nP1,茶,19.90\n")
    assert rejections(read(path, "products")) == [(2, "price", "the column is in USD, not in CNY")]
    assert events(read(path, "products", currency="USD"))[0]["properties"]["price"] == 1990


@pytest.mark.parametrize(
    ("column", "cell", "seconds"),
    [("观看时长", "360.5", 360), ("观看时长", "5:30", 330), ("观看时长", "1:05:30", 3930), ("观看时长", "5分30秒", 330),
     ("观看时长(分钟)", "6", 360), ("观看时长(分)", "1.5", 90), ("watch time (min)", "6", 360), ("观看时长(秒)", "90", 90)],
)  # fmt: skip
def test_durations_as_people_write_them(write: Write, column: str, cell: str, seconds: int) -> None:
    path = write("live.csv", f"用户ID,时间,{column},场次\nu1,2026-11-20 20:00,{cell},B1\n")
    [made] = events(read(path, "table", event="live_left"))
    assert made["properties"]["watch_seconds"] == seconds


def test_times_of_other_columns_are_local_too(write: Write) -> None:
    path = write(
        "live.csv", "user_id,started_at,time,event,场次\nu1,2026-11-20 20:00:00,2026-11-20 20:00:00,live_entered,B1\n"
    )
    [made] = events(read(path, "table"))
    assert made["properties"]["started_at"] == made["timestamp"] == parse_time("2026-11-20T12:00:00Z")


def test_invisible_marks_make_no_other_customer(write: Write) -> None:
    path = write("people.csv", "user_id,手机号,\u200b姓名\n\u200bu2,\u202d19900000001\u202c,\u2060林晓\n")
    [made] = events(read(path, "customers"))
    assert (made["userId"], made["traits"]) == ("u2", {"phone": "19900000001", "name": "林晓"})
