"""Importing files: every row ends somewhere and is counted there; what was rejected can be mended and brought in."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.events import importing, versions
from huitou.events.connectors.base import Options, Span
from huitou.events.consent import holds
from huitou.events.importing import ImportResult, import_file
from huitou.events.journal import append_batch
from huitou.events.segment import read_segment
from huitou.kit.clock import DAY, HOUR, FrozenClock, parse_time
from huitou.kit.errors import Refused

pytestmark = pytest.mark.usefixtures("reads_here")
EXAMPLES = Path(__file__).parents[2] / "examples"
ENDED = Span(ended_at=parse_time("2026-11-20T19:30+08:00"))
CUSTOMERS = "手机号,姓名,邮箱,邮件授权\r\n"


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    return result.accepted, result.duplicate, result.quarantined, result.rejected


def stored(ledger: ModuleType) -> int:
    with ledger.connect(autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM journal").fetchone()
    return int(row[0])


def mend(path: str, fix: Callable[[str], str]) -> Path:
    rejected = Path(path)
    rejected.write_text(fix(rejected.read_text("utf-8-sig")), "utf-8-sig" if rejected.suffix == ".csv" else "utf-8")
    return rejected


def test_rejected_rows_are_mended_and_imported(ledger: ModuleType, clock: FrozenClock, tmp_path: Path) -> None:
    path = tmp_path / "客户.csv"
    rows = ["19900000001,林晓,lin@example.com,是", "19900000002,=cmd|' /C calc'!A0,z@example.com,也许", "-,无名,,是"]
    path.write_text(CUSTOMERS + "\r\n".join(rows) + "\r\n", "gb18030")
    result = import_file(path)
    assert (result.format, *counts(result)) == ("customers", 1, 0, 0, 2)
    assert result.rejected_file == str(tmp_path / "客户.rejected.csv") or result.rejected_file == str(
        tmp_path / "客户.csv.rejected.csv"
    )
    with Path(result.rejected_file).open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.reader(file))
    assert table[0] == ["row", "field", "reason", "手机号", "姓名", "邮箱", "邮件授权"]
    assert [line[:2] for line in table[1:]] == [["3", "email_consent"], ["4", "user_id"]]
    assert table[1][3:] == ["19900000002", "'=cmd|' /C calc'!A0", "z@example.com", "也许"]  # no formula
    mended = mend(result.rejected_file, lambda text: text.replace("也许", "否").replace("-,无名", "19900000003,无名"))
    again = import_file(mended)
    assert (again.format, *counts(again), again.rejected_file) == ("customers", 2, 0, 0, 0, None)
    with ledger.connect(autocommit=True) as connection:
        phones = connection.execute("SELECT value FROM identifier WHERE kind = 'phone' ORDER BY 1").fetchall()
    assert phones == [("+8619900000001",), ("+8619900000002",), ("+8619900000003",)]


def test_rows_of_megabytes_are_committed_few_at_a_time(
    ledger: ModuleType, clock: FrozenClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,000 of them at once would be gigabytes in the server, out of a small gzip."""
    sizes: list[int] = []
    monkeypatch.setattr(
        importing, "append_batch", lambda events, at: sizes.append(len(events)) or append_batch(events, at)
    )
    path = tmp_path / "views.csv"
    rows = (f"u{n},2026-11-20T19:00:00Z,product_viewed,{'茶' * 700_000}\n" for n in range(12))
    path.write_text("user_id,time,event,note\n" + "".join(rows))
    assert counts(import_file(path, kind="table")) == (12, 0, 0, 0)
    assert sum(sizes) == 12
    assert max(sizes) * 2 * 2_100_000 <= importing.LARGEST_BATCH + 2 * 2_100_000  # the last one may go beyond


def test_reasons_that_name_their_values_are_counted_apart_up_to_a_number(
    ledger: ModuleType, clock: FrozenClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MOST_REASONS", 3)
    path = tmp_path / "views.csv"
    path.write_text(
        "user_id,time,event\n" + "".join(f"u1,soon{n},product_viewed\nu1,soon0,product_viewed\n" for n in range(5))
    )
    result = import_file(path, kind="table")
    assert result.rejected == 10
    assert sorted(result.reasons.values()) == [1, 1, 2, 6]
    assert result.reasons["other reasons"] == 2
    assert result.told["other reasons"]["zh"] == "其他原因"


def test_rejected_orders_wait_whole_and_come_in_whole(ledger: ModuleType, clock: FrozenClock, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "﻿主订单编号,子订单编号,商品ID,商品数量,订单应付金额,订单提交时间,支付完成时间,订单状态\n"
        "\t1,\t11,P1,1,10.00,2026-11-20 19:00:00,2026-11-20 19:01:00,待发货\n"
        "\t1,\t12,P2,两件,20.00,2026-11-20 19:00:00,2026-11-20 19:01:00,待发货\n"
        "\t2,\t21,P1,1,10.00,2026-11-20 19:00:00,2026-11-20 19:01:00,待发货\n"
    )
    result = import_file(path)
    assert counts(result) == (1, 0, 0, 2)
    again = import_file(mend(result.rejected_file or "", lambda text: text.replace("两件", "2")))
    assert (again.format, *counts(again)) == ("doudian", 2, 0, 0, 0)
    with ledger.connect(autocommit=True) as connection:
        orders = connection.execute("SELECT order_id, count(*) FROM stop GROUP BY 1 ORDER BY 1").fetchall()
    assert orders == [("1", 2), ("2", 2)]


def test_rejected_json_is_mended_and_imported(ledger: ModuleType, clock: FrozenClock, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    good = {
        "type": "track",
        "event": "page_viewed",
        "userId": "u1",
        "messageId": "m1",
        "timestamp": "2026-11-20T11:00:00Z",
    }
    lines = [
        json.dumps(good),
        json.dumps({**good, "messageId": "m2", "timestamp": "jetzt"}),
        '{"type": "track", "event": "x", "userId": "u2", ',
    ]
    path.write_text("\n".join(lines))
    result = import_file(path)
    assert (result.format, *counts(result)) == ("segment", 1, 0, 0, 2)
    kept = [json.loads(line) for line in Path(result.rejected_file or "").read_text().splitlines()]
    assert [(one["row"], one["field"]) for one in kept] == [(2, "timestamp"), (3, "")]
    assert kept[0]["original"] == {**good, "messageId": "m2", "timestamp": "jetzt"}
    fixed = mend(result.rejected_file or "", lambda text: text.replace("jetzt", "2026-11-20T11:01:00Z"))
    again = import_file(fixed)
    assert counts(again) == (1, 0, 0, 1)
    assert Path(again.rejected_file or "").name != fixed.name
    last = import_file(mend(again.rejected_file or "", lambda text: text.replace('\\"u2\\", "', '\\"u2\\"}"')))
    assert counts(last) == (1, 0, 0, 0)
    assert stored(ledger) == 3


def test_rejected_pushes_and_viewers_are_mended_and_imported(
    ledger: ModuleType, clock: FrozenClock, tmp_path: Path
) -> None:
    push = {"msg_id": "7-c-1", "sec_openid": "_000", "timestamp": "?", "content": "几号链接"}
    douyin = tmp_path / "push.ndjson"
    douyin.write_text(json.dumps({"headers": {"x-msg-type": "live_comment", "x-roomid": "R1"}, "body": [push]}))
    wecom = tmp_path / "B20.json"
    wecom.write_text(
        json.dumps({"errcode": 0, "stat_info": {"external_users": [{"external_userid": "wm1", "watch_time": "?"}]}})
    )
    for path, fix in ((douyin, "1795175510660"), (wecom, "60")):
        options = Options(broadcast="B20" if path == wecom else None, spans={"B20": ENDED})
        result = import_file(path, options)
        assert counts(result) == (0, 0, 0, 1)
        mended = mend(result.rejected_file or "", lambda text, fix=fix: text.replace('"?"', fix))  # type: ignore[misc]
        again = import_file(mended, options)
        assert (again.format, *counts(again)) == (result.format, 1, 0, 0, 0)
    with ledger.connect(autocommit=True) as connection:
        bodies = [
            json.loads(bytes(body)) for (body,) in connection.execute("SELECT body FROM journal ORDER BY position")
        ]
    assert bodies[0]["properties"]["room_id"] == "R1"
    assert bodies[1]["properties"] == {"broadcast_id": "B20", "watch_seconds": 60}


def test_quarantined_rows_are_named_in_the_file_too(ledger: ModuleType, tmp_path: Path) -> None:
    event = {
        "type": "track",
        "event": "page_viewed",
        "userId": "u1",
        "messageId": "m1",
        "properties": {"room_id": "R1"},
    }
    (tmp_path / "a.ndjson").write_text(json.dumps(event))
    import_file(tmp_path / "a.ndjson")
    other = {**event, "properties": {"room_id": "R2"}}
    (tmp_path / "b.ndjson").write_text(json.dumps(event) + "\n" + json.dumps(other))
    result = import_file(tmp_path / "b.ndjson")
    assert counts(result) == (0, 1, 1, 0)
    [kept] = [json.loads(line) for line in Path(result.rejected_file or "").read_text().splitlines()]
    assert kept == {"row": 2, "field": "", "reason": "same id, other content", "original": other}


def test_a_half_mended_file_is_not_overwritten(ledger: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(CUSTOMERS + "19900000001,林晓,,也许\n19900000002,周周,,不知道\n")
    first = import_file(path).rejected_file
    again = import_file(path).rejected_file
    assert first == again == str(tmp_path / "people.csv.rejected.csv")  # nothing was mended, nothing is new
    mended = mend(first or "", lambda text: text.replace("也许", "是")).read_text("utf-8-sig")
    assert import_file(path).rejected_file == str(tmp_path / "people.csv.rejected-2.csv")
    assert Path(first or "").read_text("utf-8-sig") == mended


def test_a_guarded_cell_comes_back_as_it_was(ledger: ModuleType, tmp_path: Path) -> None:
    notes = ["=1+1", "'=1+1", "@home", "-5", "- 5", "'-5", "it's", "+86 199"]
    path = tmp_path / "sales.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "order_id", "time", "amount", "note"])
        writer.writerows([f"u{n}", f"o{n}", "?", 5, note] for n, note in enumerate(notes))
    result = import_file(path)
    assert counts(result) == (0, 0, 0, len(notes))
    again = import_file(mend(result.rejected_file or "", lambda text: text.replace(",?,", ",2026-11-20,")))
    assert counts(again) == (len(notes), 0, 0, 0)
    with ledger.connect(autocommit=True) as connection:
        bodies = connection.execute("SELECT body FROM journal ORDER BY position").fetchall()
    assert [json.loads(bytes(body))["properties"]["note"] for (body,) in bodies] == notes


def test_rows_of_two_sheets_are_counted_and_named(ledger: ModuleType, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["本表", "内容"])
    for month in ("10月", "11月"):
        sheet = book.create_sheet(month)
        sheet.append(["user_id", "order_id", "time", "amount"])
        sheet.append([f"u{month}", f"o{month}", "2026-11-01 10:00", 10])
        sheet.append([f"u{month}", f"p{month}", "?", 10])
    book.save(tmp_path / "sales.xlsx")
    result = import_file(tmp_path / "sales.xlsx")
    assert counts(result) == (2, 0, 0, 2)
    assert [note["en"] for note in result.notes] == ["read sheet 10月, 11月; other headers, not read: 说明"]
    with Path(result.rejected_file or "").open(encoding="utf-8-sig", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["row", "10月!3", "11月!3"]


def test_a_second_partial_refund_goes_in(ledger: ModuleType, clock: FrozenClock, tmp_path: Path) -> None:
    header = "主订单编号,子订单编号,商品ID,商品数量,订单应付金额,订单提交时间,支付完成时间,订单状态,售后状态\n"
    line = "7001,{0},P{0},1,{1}.00,2026-11-10 20:10:00,2026-11-10 20:11:00,已发货,{2}\n"
    exports = [("退款成功", "-"), ("退款成功", "退款成功"), ("退款成功", "退款成功")]
    told = []
    for number, states in enumerate(exports):
        path = tmp_path / f"{number}.csv"
        path.write_text(header + line.format(1, 100, states[0]) + line.format(2, 50, states[1]))
        told.append(counts(import_file(path)))
    assert told == [(2, 0, 0, 0), (2, 0, 0, 0), (0, 2, 0, 0)]
    with ledger.connect(autocommit=True) as connection:
        bodies = [
            json.loads(bytes(body)) for (body,) in connection.execute("SELECT body FROM journal ORDER BY position")
        ]
    refunds = [body["properties"]["total"] for body in bodies if body["name"] == "order_refunded"]
    assert refunds == [10000, 5000]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("products.csv", (8, 0, 0, 0)),
        ("orders-B20.csv", (364, 3, 0, 3)),
        ("wecom-watch-stat-B20.ndjson.gz", (2864, 0, 0, 0)),  # it names B20, the operator when that ended
        ("douyin-live-B20.ndjson.gz", (5179, 65, 0, 0)),
    ],
)
def test_examples_twice_are_once(
    ledger: ModuleType, tmp_path: Path, name: str, expected: tuple[int, int, int, int]
) -> None:
    options = Options(spans={"B20": ENDED})
    first = import_file(EXAMPLES / name, options, rejected_to=tmp_path)
    assert counts(first) == expected
    before = stored(ledger)
    again = import_file(EXAMPLES / name, options, rejected_to=tmp_path)
    rows = sum(expected) - expected[3]
    assert counts(again) == (0, rows, 0, expected[3])
    assert stored(ledger) == before == first.events


def test_a_file_no_row_of_which_is_readable_says_so(ledger: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "greeting.txt"
    path.write_text("亲爱的用户,你好\n再见,朋友\n")
    with pytest.raises(Refused, match=r"^greeting\.txt: no column tells the customer"):
        import_file(path)
    assert list(tmp_path.glob("*rejected*")) == []


cells = st.text("19,.-=\"'\n\t是否P元E+\ufeff\u200b", max_size=8)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(cells, min_size=1, max_size=5), min_size=1, max_size=12))
def test_every_row_ends_somewhere_and_again_is_a_duplicate(
    ledger: ModuleType, tmp_path: Path, rows: list[list[str]]
) -> None:
    path = tmp_path / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "name", "email", "email_consent"])
        writer.writerow(["u0", "客", "u0@example.com", "yes"])
        writer.writerows(rows)
    blank = sum(all(not cell.strip() for cell in row) for row in rows)
    first = import_file(path)
    assert sum(counts(first)) == len(rows) + 1 - blank
    again = import_file(path)
    assert (again.accepted, again.quarantined, again.rejected) == (0, first.quarantined, first.rejected)


def test_a_table_with_mapped_columns_in_any_container(ledger: ModuleType, clock: FrozenClock, tmp_path: Path) -> None:
    columns = {
        "wer": ["u1", "u2", None],
        "was": ["buy", "cart", "buy"],
        "wann": [20261120, 20261119, 20261118],
        "betrag": [19.9, None, 5.0],
    }
    table = pa.table(columns)
    pq.write_table(table, tmp_path / "facts.parquet")
    options = Options(mapping={"user_id": "wer", "event": "was", "time": "wann", "total": "betrag"})
    result = import_file(tmp_path / "facts.parquet", options)
    assert (result.format, *counts(result)) == ("table", 2, 0, 0, 1)
    assert result.mapping == {"user_id": "wer", "event": "was", "time": "wann", "total": "betrag"}
    assert result.reasons == {"wer (user_id): no customer": 1}
    with pytest.raises(Refused, match="no role 'wen'"):
        import_file(tmp_path / "facts.parquet", Options(mapping={"wen": "wer"}))
    with pytest.raises(Refused, match="no column 'wem'"):
        import_file(tmp_path / "facts.parquet", Options(mapping={"user_id": "wem"}))


def test_two_equal_rows_of_one_day_are_two_facts_of_one_moment_one(
    ledger: ModuleType, clock: FrozenClock, tmp_path: Path
) -> None:
    days = tmp_path / "days.csv"
    days.write_text("customer_id,date,amount\n4,19970101,29.33\n4,19970101,29.33\n")
    assert counts(import_file(days)) == (2, 0, 0, 0)
    assert counts(import_file(days)) == (0, 2, 0, 0)
    moments = tmp_path / "moments.csv"
    moments.write_text("customer_id,time,amount\n4,1997-01-01 10:00,29.33\n4,1997-01-01 10:00,29.33\n")
    assert counts(import_file(moments)) == (1, 1, 0, 0)


def head_of(path: Path, rows: int, to: Path) -> Path:
    """Every n-th part of the file, so that each of its kinds is there."""
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    table = pq.read_table(path)
    step = table.num_rows // 3
    parts = [table.slice(step * part, rows // 3) for part in range(3)]
    target = to / path.name
    pq.write_table(pa.concat_tables(parts), target)
    return target


def test_cart_and_purchase_events_of_taobao(ledger: ModuleType, shared: Path, tmp_path: Path) -> None:
    path = head_of(shared / "data" / "taobao_buy_cart.parquet", 3000, tmp_path)
    options = Options(time_default=parse_time("2017-12-03T00:00:00", "Asia/Shanghai"))
    result = import_file(path, options)
    assert (result.format, result.accepted + result.duplicate, result.rejected) == ("table", 3000, 0)
    with ledger.connect(autocommit=True) as connection:
        names = [json.loads(bytes(body))["name"] for (body,) in connection.execute("SELECT body FROM journal")]
    assert set(names) == {"order_paid", "cart_added"}
    assert result.accepted == result.events == len(names)


def test_invoices_and_returns_of_a_shop(ledger: ModuleType, shared: Path, tmp_path: Path) -> None:
    path = head_of(shared / "data" / "online_retail_II_2009_2010.parquet", 3000, tmp_path)
    rows = pq.read_table(path).to_pylist()
    result = import_file(path, Options(currency="GBP", zone="Europe/London"))
    customer = next(name for name in rows[0] if name.lower().replace(" ", "").replace("_", "") in ("customerid",))
    unknown = sum(row[customer] is None or row[customer] != row[customer] for row in rows)
    assert unknown > 0
    assert (result.format, sum(counts(result))) == ("table", 3000)
    assert result.reasons.get("Customer ID (user_id): no customer") == unknown
    with ledger.connect(autocommit=True) as connection:
        kinds = dict(connection.execute("SELECT kind, count(*) FROM stop GROUP BY 1").fetchall())
    assert kinds["order"] > kinds["refunded"] > 0


def test_purchases_of_cdnow(ledger: ModuleType, shared: Path, tmp_path: Path) -> None:
    path = head_of(shared / "data" / "cdnow_sample.parquet", 2001, tmp_path)
    result = import_file(path, Options(currency="USD"))
    assert (result.format, *counts(result)) == ("table", 2001, 0, 0, 0)
    assert counts(import_file(path, Options(currency="USD"))) == (0, 2001, 0, 0)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("taobao_buy_cart", Options(time_default=parse_time("2017-12-03T00:00:00", "Asia/Shanghai"))),
        ("online_retail_II_2009_2010", Options(currency="GBP", zone="Europe/London")),
        ("cdnow_sample", Options(currency="USD")),
    ],
)
def test_whole_real_files(ledger: ModuleType, shared: Path, tmp_path: Path, name: str, options: Options) -> None:
    path = shared / "data" / f"{name}.parquet"
    result = import_file(path, options, rejected_to=tmp_path)
    assert sum(counts(result)) == pq.ParquetFile(path).metadata.num_rows
    again = import_file(path, options, rejected_to=tmp_path)
    assert (again.accepted, again.duplicate) == (0, result.accepted + result.duplicate)
    print(asdict(result))  # noqa: T201 - shown with -s


def test_progress_is_told_batch_by_batch(
    ledger: ModuleType, clock: FrozenClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 10)
    path = tmp_path / "people.csv"
    path.write_text(CUSTOMERS + "".join(f"199{n:08},客{n},,是\n" for n in range(25)))
    told: list[int] = []
    import_file(path, progress=told.append)
    assert told == [10, 20, 25]


def permits(ledger: ModuleType, user: str) -> bool:
    with ledger.connect(autocommit=True) as connection:
        [customer] = connection.execute("SELECT customer FROM identifier WHERE value = %s", (user,)).fetchone()
        return customer in holds(connection, [customer], "email")


def test_a_member_table_imported_again_brings_no_opt_out_back(
    ledger: ModuleType, clock: FrozenClock, tmp_path: Path
) -> None:
    """The list of members comes every night, and says yes for years of everybody who ever said it."""
    header, lin, new = (
        "user_id,email,email_consent,consent_how,consent_at\n",
        "lin,lin@example.com",
        "bo,bo@example.com",
    )

    def bring(name: str, *rows: str) -> None:
        (tmp_path / name).write_text(header + "\n".join(rows), "utf-8")
        assert import_file(tmp_path / name).rejected == 0

    bring("monday.csv", f"{lin},yes,form,")
    assert permits(ledger, "lin")
    clock.move_to(clock.at_us + HOUR)
    leave = {"type": "track", "event": "unsubscribed", "userId": "lin", "properties": {"channel": "email"}}
    append_batch([read_segment(leave, source="shop", received_at=clock.at_us)])
    clock.move_to(clock.at_us + DAY)
    bring("tuesday.csv", f"{lin},yes,form,", f"{new},yes,form,")
    assert (permits(ledger, "lin"), permits(ledger, "bo")) == (False, True)
    bring("wednesday.csv", f"{lin},yes,form,2026-11-20T12:59:59Z")  # before leaving
    assert not permits(ledger, "lin")
    bring("thursday.csv", f"{lin},yes,form,2026-11-20T13:00:01Z")  # after
    assert permits(ledger, "lin")


def test_what_changes_and_changes_back_is_news_each_time(
    ledger: ModuleType, clock: FrozenClock, tmp_path: Path
) -> None:
    """A list has no times: its rows say how things are now."""

    def bring(name: str, header: str, *rows: str) -> tuple[int, int, int, int]:
        (tmp_path / name).write_text(f"{header}\n" + "\n".join(rows), "utf-8")
        clock.move_to(clock.at_us + HOUR)
        return counts(import_file(tmp_path / name))

    for price, expected in (("19.90", 1), ("19.90", 0), ("29.90", 1), ("19.90", 1), ("19.90", 0), ("29.90", 1)):
        assert bring("goods.csv", "id,name,price", f"P1,Tea,{price}") == (expected, 1 - expected, 0, 0)
    with ledger.connect(autocommit=True) as connection:
        bodies = connection.execute("SELECT body FROM journal ORDER BY position").fetchall()
    assert [json.loads(bytes(body))["properties"]["price"] for (body,) in bodies] == [1990, 2990, 1990, 2990]
    for word in ("no", "yes", "no"):
        assert bring("people.csv", "user_id,name,email_consent", f"lin,Lin,{word}") == (1, 0, 0, 0)
    with ledger.connect(autocommit=True) as connection:
        granted = connection.execute("SELECT granted FROM consent ORDER BY id").fetchall()
    assert granted == [(None,), (True,), (False,)]


def test_two_rows_of_one_product_are_two_facts_and_again_none(
    ledger: ModuleType, clock: FrozenClock, tmp_path: Path
) -> None:
    path = tmp_path / "goods.csv"
    path.write_text("id,name,price\nP1,Tea 50 g,9.90\nP1,Tea 100 g,17.90\nP1,Tea 50 g,9.90\n")
    assert counts(import_file(path)) == (2, 1, 0, 0)
    assert counts(import_file(path)) == (0, 3, 0, 0)


def test_many_versions_of_a_price_are_found(ledger: ModuleType, clock: FrozenClock, tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    for price in range(versions.AT_ONCE + 3):
        path.write_text(f"id,name,price\nP1,Tea,{price}\n")
        assert counts(import_file(path)) == (1, 0, 0, 0)
    assert counts(import_file(path)) == (0, 1, 0, 0)
