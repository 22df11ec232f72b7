"""抖店's order export: any subset of its columns in any order, its marks for empty, its broken rows."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from huitou.events.segment import read_segment
from huitou.kit.clock import SECOND, parse_time
from tests.events.connectors.conftest import events, read, rejections

Write = Callable[..., Path]
# The longest list of domain.md §1.2.
ALL = (  # noqa: SIM905 - as it stands in the export
    "主订单编号,子订单编号,选购商品,商品规格,商品数量,商品ID,商家编码,商品单价,商品金额,订单应付金额,运费,优惠总金额,平台优惠,商家优惠,"
    "达人优惠,平台实际承担优惠金额,支付方式,收件人,收件人手机号,省,市,区,详细地址,订单提交时间,支付完成时间,承诺发货时间,发货时间,"
    "订单完成时间,订单状态,售后状态,取消原因,快递信息,达人ID,达人昵称,流量来源,流量体裁,商家备注,买家留言"
).split(",")
ORDER = {
    "主订单编号": "\t6917000000000053166", "子订单编号": "\t6917000000000053167", "选购商品": "白毫银针", "商品数量": "2",
    "商品ID": "\t3500000000000000001", "商品单价": "299.00", "商品金额": "598.00", "订单应付金额": "558.00", "收件人手机号": "199****4231",
    "订单提交时间": "2026-11-20 19:09:28", "支付完成时间": "2026-11-20 19:12:29", "发货时间": "-", "订单状态": "待发货", "售后状态": "-",
}  # fmt: skip


def export(*orders: dict[str, str], columns: list[str] = ALL) -> str:
    lines = [",".join(columns)]
    lines += [",".join((ORDER | order).get(column, "-") for column in columns) for order in orders]
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


def facts(path: Path, **options: Any) -> list[tuple[str, str, int]]:
    """(event, order, total) of every event, after the one validator has read it."""
    now = parse_time("2026-11-22T00:00:00Z")
    read_ = [read_segment(raw, source="doudian", received_at=now) for raw in events(read(path, "doudian", **options))]
    return [(event.name, event.properties["order_id"], event.properties["total"]) for event in read_]


def test_an_order_with_all_columns(write: Write) -> None:
    created, paid = events(read(write("orders.csv", export({})), "doudian"))
    assert (created["event"], paid["event"]) == ("order_created", "order_paid")
    assert created["timestamp"] == parse_time("2026-11-20T19:09:28", "Asia/Shanghai")
    assert paid["messageId"] == ":6917000000000053166:order_paid"
    assert paid["anonymousId"] == "doudian-order-6917000000000053166"  # the phone is masked
    assert paid["properties"] == {
        "order_id": "6917000000000053166",
        "total": 55800,
        "currency": "CNY",
        "products": [{"product_id": "3500000000000000001", "name": "白毫银针", "quantity": 2, "price": 29900}],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize(
    "columns",
    [
        list(reversed(ALL)),
        ["订单状态", "订单提交时间", "支付完成时间", "订单应付金额", "主订单编号"],
        ["主订单编号", "订单状态", "支付完成时间", "商品单价", "商品数量", "订单应付金额"],  # no time of creating
        [c for c in ALL if "收件人" not in c and c not in ("省", "市", "区", "详细地址")],
        ["序号", "主订单编号", "某个新列", "订单应付金额(元)", "订单提交时间", "支付完成时间", "订单状态"],
    ],
)
def test_any_columns_in_any_order(write: Write, columns: list[str], encoding: str) -> None:
    order = {"订单应付金额(元)": "558.00"}
    path = write("orders.csv", export(order, columns=columns).lstrip("\ufeff"), encoding)
    assert facts(path)[-1] == ("order_paid", "6917000000000053166", 55800)


def test_paid_orders_without_a_column_of_payment_are_paid_when_created(write: Write) -> None:
    columns = ["主订单编号", "订单应付金额", "订单提交时间", "订单状态"]
    states = {"1": "待支付", "2": "待发货", "3": "已完成", "4": "已关闭"}
    path = write("orders.csv", export(*({"主订单编号": o, "订单状态": s} for o, s in states.items()), columns=columns))
    assert facts(path) == [
        ("order_created", "1", 55800),
        ("order_created", "2", 55800),
        ("order_paid", "2", 55800),
        ("order_created", "3", 55800),
        ("order_paid", "3", 55800),
        ("order_created", "4", 55800),
        ("order_cancelled", "4", 55800),
    ]


def test_a_closed_order_was_closed_after_it_was_paid(write: Write) -> None:
    *_, paid, cancelled = events(read(write("orders.csv", export({"订单状态": "已关闭"})), "doudian"))
    assert (paid["event"], cancelled["event"]) == ("order_paid", "order_cancelled")
    assert cancelled["timestamp"] > paid["timestamp"]


def test_a_refunded_sub_order_refunds_its_part(write: Write) -> None:
    path = write(
        "orders.csv",
        export(
            {"子订单编号": "\t1", "订单应付金额": "100.00"},
            {"子订单编号": "\t2", "订单应付金额": "30.50", "售后状态": "退款成功", "订单状态": "已关闭"},
        ),
    )
    assert facts(path)[1:] == [
        ("order_paid", "6917000000000053166", 13050),
        ("order_refunded", "6917000000000053166", 3050),
    ]


def test_a_second_refund_is_a_fact_of_its_own_and_a_later_export_repeats_the_first(write: Write) -> None:
    lines = [{"子订单编号": "\t1", "订单应付金额": "50.00"}, {"子订单编号": "\t2", "订单应付金额": "50.00"}]
    exports = [
        [lines[0] | {"售后状态": "退款成功"}, lines[1]],
        [
            line | {"售后状态": "退款成功", "订单状态": "已完成", "订单完成时间": "2026-11-25 10:00:00"}
            for line in lines
        ],
    ]
    first, second = (
        [event for event in events(read(write("orders.csv", export(*rows)), "doudian")) if "refunded" in event["event"]]
        for rows in exports
    )
    assert first == second[:1]
    assert [(event["messageId"][-2:], event["properties"]["total"]) for event in second] == [(":1", 5000), (":2", 5000)]
    assert second[0]["timestamp"] != second[1]["timestamp"]  # of one moment and amount they would be one refund
    paid = parse_time("2026-11-20T19:12:29", "Asia/Shanghai")
    assert all(0 <= event["timestamp"] - paid < SECOND for event in second)


@pytest.mark.parametrize("state", ["等待买家付款", "订单关闭", "交易取消", "未付款", "某个新状态"])
def test_orders_the_export_gives_no_payment_of_are_not_paid(write: Write, state: str) -> None:
    path = write("orders.csv", export({"订单状态": state, "支付完成时间": "-"}))
    assert "order_paid" not in [event for event, _, _ in facts(path)]


def test_an_unknown_state_without_a_column_of_payment_is_not_guessed(write: Write) -> None:
    columns = ["主订单编号", "订单应付金额", "订单提交时间", "订单状态"]
    path = write("orders.csv", export({"订单状态": "某个新状态"}, columns=columns))
    assert rejections(read(path)) == [(2, "订单状态", "'某个新状态' is no status we know: is it paid?")]


@pytest.mark.parametrize(
    "written", ["2026/11/20 9:05", "2026-11-20  9:05", "2026/11/20 上午9:05", "46346.378472222219"]
)
def test_times_as_spreadsheets_save_them_again(write: Write, written: str) -> None:
    created, paid = events(
        read(write("orders.csv", export({"订单提交时间": written, "支付完成时间": written})), "doudian")
    )
    assert created["timestamp"] == paid["timestamp"] == parse_time("2026-11-20T09:05", "Asia/Shanghai")


def test_amounts_with_a_decimal_comma(write: Write) -> None:
    path = write("orders.csv", export({"订单应付金额": "1.199,00"}).replace(",", ";").replace("1.199;00", "1.199,00"))
    assert facts(path)[-1] == ("order_paid", "6917000000000053166", 119900)


def test_amounts_fall_back_to_the_goods_then_to_price_by_quantity(write: Write) -> None:
    for empty, total in ((("订单应付金额",), 59800), (("订单应付金额", "商品金额"), 59800)):
        path = write("orders.csv", export(dict.fromkeys(empty, "-")))
        assert facts(path)[-1][2] == total


@pytest.mark.parametrize(
    ("cell", "field", "reason"),
    [
        ({"订单应付金额": "五百"}, "订单应付金额", "is not an amount"),
        ({"订单应付金额": "-5"}, "订单应付金额", "is below zero"),
        ({"订单应付金额": "1.234"}, "订单应付金额", "finer than the minor unit"),
        ({"订单提交时间": "昨天"}, "订单提交时间", "is not a time"),
        ({"订单提交时间": "-", "支付完成时间": "-"}, "订单提交时间", "is empty"),
        ({"支付完成时间": "2026-13-01 00:00:00"}, "支付完成时间", "is not a time"),
        ({"商品数量": "两"}, "商品数量", "is not a whole number"),
        ({"商品数量": "0"}, "商品数量", "is not a whole number"),
        ({"主订单编号": "-"}, "主订单编号", "is empty"),
        ({"主订单编号": "6.917E+18"}, "主订单编号", "is not an id"),
        ({"订单状态": ""}, "订单状态", "is empty"),
        ({"订单应付金额": "-", "商品金额": "-", "商品单价": "-"}, "订单应付金额", "is empty"),
    ],
)
def test_a_bad_cell_is_named_and_the_next_order_goes_in(
    write: Write, cell: dict[str, str], field: str, reason: str
) -> None:
    path = write("orders.csv", export(cell, {"主订单编号": "\t7"}))
    records = read(path, "doudian")
    [(row, named, said)] = rejections(records)
    assert (row, named) == (2, field)
    assert reason in said
    assert {order for _, order, _ in facts(path)} == {"7"}


def test_one_bad_row_holds_its_whole_order_back(write: Write) -> None:
    path = write("orders.csv", export({"子订单编号": "1"}, {"子订单编号": "2", "商品数量": "x"}, {"主订单编号": "7"}))
    assert rejections(read(path)) == [
        (2, "主订单编号", "row 3 of the same order is rejected"),
        (3, "商品数量", "'x' is not a whole number from 1 to 1,000,000"),
    ]
    assert {order for _, order, _ in facts(path)} == {"7"}


def test_a_row_exported_twice_counts_once(write: Write) -> None:
    records = read(write("orders.csv", export({}, {})), "doudian")
    assert [record.rows for record in records] == [(2,), (3,)]
    assert records[0].events == records[1].events


def test_ids_that_a_workbook_holds_as_numbers(write: Write) -> None:
    book = openpyxl.Workbook()
    book.active.append(["抖店订单报表"])
    book.active.append(["主订单编号", "商品ID", "订单应付金额", "订单提交时间", "支付完成时间", "订单状态"])
    book.active.append([4800000000000001.0, 35.0, 558, "2026-11-20 19:09:28", "2026-11-20 19:12:29", "待发货"])
    book.active.append([6.917e18, 35, 558, "2026-11-20 19:09:28", "2026-11-20 19:12:29", "待发货"])
    file = io.BytesIO()
    book.save(file)
    records = read(write("orders.xlsx", file.getvalue()), "doudian")
    paid = events(records)[1]["properties"]
    assert (paid["order_id"], paid["products"][0]["product_id"], paid["total"]) == ("4800000000000001", "35", 55800)
    assert [(row, field) for row, field, _ in rejections(records)] == [(4, "主订单编号")]


def test_who_bought_is_named_where_the_export_names_them(write: Write) -> None:
    columns = [*ALL, "抖音openid"]
    path = write("orders.csv", export({"收件人手机号": "19900694231", "抖音openid": "_000abc"}, columns=columns))
    assert events(read(path))[0]["context"] == {"traits": {"openid:doudian": "_000abc", "phone": "19900694231"}}
    assert events(read(path, shop="S1", broadcast="B20"))[0]["properties"]["shop_id"] == "S1"
