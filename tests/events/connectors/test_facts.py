"""Tables that nobody wrote for us: what they are taken for, and what their rows tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from huitou.events.connectors import check_use, find_connector, recognise, shown_mapping
from huitou.events.connectors.base import Options
from huitou.events.segment import read_segment
from huitou.kit.clock import parse_time
from huitou.kit.errors import Refused
from tests.events.connectors.conftest import read, rejections

Write = Callable[..., Path]
NOW = parse_time("2026-11-30T00:00:00Z")


def told(path: Path, **options: Any) -> list[tuple[str, str, Any]]:
    """(event, its time in UTC, its total) of everything in the file."""
    found = []
    for record in read(path, "table", **options):
        for raw in record.events:
            event = read_segment(raw, source="table", received_at=NOW)
            at = datetime.fromtimestamp(event.occurred_at / 1e6, UTC).strftime("%m-%d %H:%M")
            found.append((event.name, at, event.properties.get("total")))
    return found


def properties(path: Path, **options: Any) -> list[dict[str, Any]]:
    return [dict(event["properties"]) for record in read(path, "table", **options) for event in record.events]


@pytest.mark.parametrize(
    ("header", "row", "kind"),
    [
        ("会员ID,姓名,手机号,支付时间,订单号,实付金额", "M1,林晓,19900000001,2026-11-01 10:00:00,O1,199.00", "table"),
        ("openid,昵称,直播间ID,进入时间,观看时长,评论", "o1,小鹿,R1,2026-11-20 20:00:00,360,怎么买", "table"),
        ("订单号,商品ID,商品名称,售价,数量,会员ID,下单时间", "O1,P1,茶,19.90,2,M1,2026-11-01 10:00:00", "table"),
        ("user_id,city,date,total", "u1,Xiamen,2026-11-01,12.50", "table"),
        ("user_id,name,live_id,enter_time,watch_time", "u1,Lin,B20,2026-11-20 20:00:00,60", "table"),
        ("客户ID,手机号,城市,消费金额,消费时间", "u1,19900000001,厦门,35.00,2026-11-01 10:00:00", "table"),
        ("Name,Email,Total,Created at,Lineitem name", "#1001,a@example.com,9.00,2026-11-01 10:00:00,Tea", "table"),
        # People are known since some day, and their orders are counted; neither is an order.
        ("客户ID,手机号,城市,注册时间,累计消费金额,最近下单时间,订单数", "u1,19900000001,厦门,,,,3", "customers"),
        ("customer_id,email,city,created_at,Total Spent,Total Orders,Tags", "u1,a@example.com,X,,1,2,vip", "customers"),
        ("会员号,手机号", "V1,19900000001", "customers"),
        ("货号,品名,商品价格,库存数量,上架时间,销量", "P1,茶,19.90,5,2026-11-01,7", "products"),
        (
            "Handle,Title,Type,Variant SKU,Variant Inventory Qty,Variant Price,Variant Compare At Price",
            "t,Tea,,T1,5,9,",
            "products",
        ),
        # 淘宝 has columns of 抖店's names, but another buyer and another amount.
        (
            "订单编号,买家会员名,买家实际支付金额,订单状态,联系手机,订单创建时间,订单付款时间,宝贝标题",
            "1,lin,9.00,交易成功,19900000001,2026-11-01 10:00:00,2026-11-01 10:01:00,茶",
            "table",
        ),
        (
            "主订单编号,子订单编号,商品ID,商品数量,订单应付金额,运费,优惠金额,订单提交时间,支付完成时间,订单状态",
            "1,11,P1,1,9.00,0,0,2026-11-01 10:00:00,2026-11-01 10:01:00,已完成",
            "doudian",
        ),
    ],
)
def test_the_format_that_explains_most_columns_is_taken(write: Write, header: str, row: str, kind: str) -> None:
    assert recognise(write("a.csv", f"{header}\n{row}\n")).name == kind


def test_what_is_guessed_is_shown(write: Write) -> None:
    path = write("sales.csv", "会员编号,消费日期,消费金额,备注\nM1,2026-11-01,35.00,自提\n")
    assert shown_mapping(path, "table", Options()) == {
        "user_id": "会员编号", "date": "消费日期", "total": "消费金额", "event": "(order_paid)",
    }  # fmt: skip
    people = write("people.csv", "会员编号,手机号码,是否同意接收短信\nM1,19900000001,是\n")
    assert shown_mapping(people, "customers", Options()) == {
        "user_id": "会员编号", "phone": "手机号码", "consent.sms": "是否同意接收短信",
    }  # fmt: skip


PAID = [("order_created", "11-01 02:00", 1000), ("order_paid", "11-01 02:01", 1000)]


@pytest.mark.parametrize(
    ("status", "paid_at", "events"),
    [
        ("已支付", "10:01", PAID),
        ("买家已付款，等待卖家发货", "10:01", PAID),  # 淘宝
        ("交易成功", "10:01", PAID),
        ("Processing", "10:01", PAID),  # WooCommerce
        ("退款中", "10:01", PAID),  # not yet
        ("待付款", "", PAID[:1]),
        ("等待买家付款", "", PAID[:1]),
        ("wc-on-hold", "", PAID[:1]),
        ("已取消", "", [*PAID[:1], ("order_cancelled", "11-01 02:00", 1000)]),
        ("交易关闭", "10:01", [*PAID, ("order_cancelled", "11-01 02:01", 1000)]),
        ("已退款", "10:01", [*PAID, ("order_refunded", "11-01 02:01", 1000)]),
        ("未发货，退款成功", "10:01", [*PAID, ("order_refunded", "11-01 02:01", 1000)]),  # 拼多多
        ("已完成", "", [("order_paid", "11-01 02:00", 1000)]),
    ],
)
def test_an_orders_status_tells_what_became_of_it(
    write: Write, status: str, paid_at: str, events: list[tuple[str, str, int]]
) -> None:
    at = f"2026-11-01 {paid_at}:00" if paid_at else "-"
    header = "订单号,下单时间,支付时间,商品名称,数量,实付金额,订单状态,手机号"
    path = write("o.csv", f'{header}\nO1,2026-11-01 10:00:00,{at},茶,1,10.00,"{status}",19900000001\n')
    assert told(path) == events


@pytest.mark.parametrize("column", ["订单状态", "status", "交易状态", "支付结果", "order_process_state", "售后状态"])
def test_a_word_nobody_knows_is_never_taken_for_a_sale(write: Write, column: str) -> None:
    path = write("o.csv", f"user_id,order_id,time,total,{column}\nu1,O1,2026-11-01 10:00,10,外星\n")
    records = read(path, "table")
    assert [(field, reason.split(":")[0]) for _, field, reason in rejections(records)] == [
        (column, "'外星' is an unknown status")
    ]
    role = next(role for role, name in shown_mapping(path, "table", Options()).items() if name == column)
    assert told(path, mapping={role: "-"}) == [("order_paid", "11-01 02:00", 1000)]


@pytest.mark.parametrize("column", ["物流状态", "发票状态", "会员状态"])
def test_the_status_of_other_things_says_nothing_of_the_order(write: Write, column: str) -> None:
    path = write("o.csv", f"user_id,order_id,time,total,{column}\nu1,O1,2026-11-01 10:00,10,外星\n")
    assert told(path) == [("order_paid", "11-01 02:00", 1000)]


def test_an_empty_status_is_no_sale_either(write: Write) -> None:
    rows = ["u1,O1,2026-11-01 10:00,10,", "u1,O2,2026-11-01 10:00,10,paid"]
    path = write("o.csv", "user_id,order_id,time,total,status\n" + "\n".join(rows))
    assert rejections(read(path, "table")) == [(2, "status", "is empty")]


def test_the_payments_own_status_knows_best_whether_it_was_paid(write: Write) -> None:
    rows = ["O1,pending,paid", "O2,completed,pending", "O3,completed,refunded"]
    path = write(
        "o.csv",
        "order_id,order_status,payment_status,user_id,time,total\n"
        + "\n".join(f"{row},u1,2026-11-01 10:00,10" for row in rows),
    )
    assert [event for event, _, _ in told(path)] == ["order_paid", "order_created", "order_paid", "order_refunded"]


def test_a_partly_refunded_order_gives_back_what_its_column_says(write: Write) -> None:
    header = "订单编号,会员ID,下单时间,实付金额,订单状态,退款金额"
    path = write("o.csv", f"{header}\nO1,M1,2026-11-01 10:00,100,部分退款,30\nO2,M1,2026-11-01 10:00,100,已完成,0\n")
    assert told(path) == [
        ("order_paid", "11-01 02:00", 10000),
        ("order_refunded", "11-01 02:00", 3000),
        ("order_paid", "11-01 02:00", 10000),
    ]


def test_a_refunded_line_gives_back_its_part_whenever_it_is_told(write: Write) -> None:
    header = "订单编号,子订单编号,会员ID,支付时间,商品编号,实付金额,订单状态,售后状态\n"
    line = "O1,{0},M1,2026-11-01 10:00,P{0},50,已发货,{1}\n"
    first = write("1.csv", header + line.format(1, "退款成功") + line.format(2, "-") + line.format(3, "-"))
    later = write("2.csv", header + line.format(1, "退款成功") + line.format(2, "退款成功") + line.format(3, "-"))
    paid, one = read(first, "table")[0].events
    assert (paid["properties"]["total"], one["properties"]["total"], one["messageId"]) == (
        15000,
        5000,
        ":O1:order_refunded:1",
    )
    assert read(later, "table")[0].events[:2] == (paid, one)
    two = read(later, "table")[0].events[2]
    assert (two["messageId"], two["timestamp"] - one["timestamp"]) == (":O1:order_refunded:2", 1)


def test_a_shopify_export_fills_the_first_line_of_an_order_only(write: Write) -> None:
    header = (
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Refunded Amount\n"
    )
    path = write(
        "orders_export.csv",
        header + "#1001,a@example.com,paid,2026-11-01 10:01:00,fulfilled,USD,30.00,5.00,1.20,36.20,2026-11-01 10:00:00,"
        "1,Tea,10.00,T1,0.00\n"
        "#1001,a@example.com,,,,,,,,,2026-11-01 10:00:00,2,Cup,10.00,C1,\n",
    )
    created, paid = properties(path)
    assert created == paid
    assert {key: paid[key] for key in ("order_id", "total", "subtotal", "shipping", "tax", "currency")} == {
        "order_id": "#1001", "total": 3620, "subtotal": 3000, "shipping": 500, "tax": 120, "currency": "USD",
    }  # fmt: skip
    assert [(line["product_id"], line["quantity"]) for line in paid["products"]] == [("T1", 1), ("C1", 2)]


@pytest.mark.parametrize(
    ("totals", "prices", "total"),
    [
        (("30", "30"), ("10", "20"), 3000),  # each line repeats the order's
        (("10", "20"), ("10", "20"), 3000),
        (("10", "10"), ("10", "10"), 2000),
        (("30", ""), ("10", "20"), 3000),
        (("", ""), ("10", "20"), 3000),
    ],
)
def test_an_orders_total_is_counted_once(
    write: Write, totals: tuple[str, str], prices: tuple[str, str], total: int
) -> None:
    rows = [f"O1,u1,2026-11-01 10:00,{amount},1,{price}" for amount, price in zip(totals, prices, strict=True)]
    path = write("o.csv", "order_id,user_id,time,amount,quantity,unit_price\n" + "\n".join(rows))
    assert told(path) == [("order_paid", "11-01 02:00", total)]


@pytest.mark.parametrize(
    "column",
    [
        "商家实收金额(元)",
        "顾客实际支付(元)",
        "订单实付款额",
        "成交总金额",
        "Order Amount Paid",
        "netTotal",
        "line total",
    ],
)
def test_what_was_paid_is_found_under_names_nobody_listed(write: Write, column: str) -> None:
    header = f"订单号,买家ID,付款时间,优惠金额,退款总额,运费,平台补贴金额,{column},发货数量"
    path = write("o.csv", f"{header}\nO1,M1,2026-11-01 10:00,1,0,2,3,10,2\n")
    assert told(path) == [("order_paid", "11-01 02:00", 1000)]


def test_of_an_orders_sums_what_was_paid_counts_then_the_orders_then_its_lines(write: Write) -> None:
    rows = ["O1,u1,2026-11-01 10:00,25,10", "O1,u1,2026-11-01 10:00,25,10"]
    orders = write("o.csv", "order_id,user_id,time,order_total,item_total\n" + "\n".join(rows))
    assert told(orders) == [("order_paid", "11-01 02:00", 2500)]
    paid = write("p.csv", "订单号,买家ID,时间,订单金额,实付金额\nO1,u1,2026-11-01 10:00,25,20\n")
    assert told(paid) == [("order_paid", "11-01 02:00", 2000)]


def test_money_beside_the_total_is_in_minor_units_too(write: Write) -> None:
    path = write(
        "o.csv",
        "user_id,order_id,time,amount,subtotal,shipping,tax,discount,revenue,currency\n"
        "u1,O1,2026-11-20 20:00:00,108.50,100.00,5,3.50,-0.5,99.9,USD\n",
    )
    [paid] = properties(path)
    assert {name: paid[name] for name in ("total", "subtotal", "shipping", "tax", "discount", "revenue_as_written")} == {
        "total": 10850, "subtotal": 10000, "shipping": 500, "tax": 350, "discount": 50, "revenue_as_written": "99.9",
    }  # fmt: skip
    assert told(path) == [("order_paid", "11-20 12:00", 10850)]


@pytest.mark.parametrize("total", ["", "NaN", "#N/A", "-"])
def test_a_sale_without_its_amount_is_rejected(write: Write, total: str) -> None:
    path = write("o.csv", f"user_id,order_id,time,total\nu1,O1,2026-11-01 10:00,{total}\n")
    assert [field for _, field, _ in rejections(read(path, "table"))] == ["total"]


@pytest.mark.parametrize(
    ("word", "event", "total"),
    [
        ("Order Completed", "order_paid", 1250),
        ("order completed", "order_paid", 1250),
        ("Order Refunded", "order_refunded", 1250),
        ("order_paid", "order_paid", 1250),
        ("PAY", "order_paid", 1250),
        ("支付成功", "order_paid", 1250),
        ("退货", "order_refunded", 1250),
        ("return", "order_refunded", 1250),
        ("浏览商品", "product_viewed", 1250),
        ("add_to_cart", "cart_added", 1250),
        ("addtocart", "cart_added", 1250),
        ("fav", "wishlist_added", 1250),
    ],
)
@pytest.mark.parametrize("column", ["event", "事件", "event_type", "行为类型", "交易类型"])
def test_an_event_by_any_of_its_names_has_one_kind_of_money(
    write: Write, column: str, word: str, event: str, total: int
) -> None:
    path = write("e.csv", f"user_id,{column},time,total,currency\nu1,{word},2026-11-01 10:00,12.50,USD\n")
    assert told(path) == [(event, "11-01 02:00", total)]


def test_an_unknown_event_is_a_name_of_its_own_but_not_beside_money(write: Write) -> None:
    rows = ["u1,video_played,2026-11-01 10:00,", "u1,video_bought_twice,2026-11-01 10:00,5", "u1,,2026-11-01 10:00,5"]
    path = write("e.csv", "user_id,event,time,amount\n" + "\n".join(rows))
    assert told(path) == [("video_played", "11-01 02:00", None)]
    assert rejections(read(path, "table")) == [
        (3, "event", "'video_bought_twice' is no event known here"),
        (4, "event", "is empty"),
    ]


def test_what_a_row_says_in_an_orders_columns_is_kept_where_it_is_no_order(write: Write) -> None:
    path = write(
        "visits.csv",
        "user_id,time,status,created_at,discount,order_id\nu1,2026-11-01 10:00,active,2026-10-31,1.50,O1\n",
    )
    assert properties(path, event="store_visited") == [
        {"status": "active", "created_at": "2026-10-31", "discount": 150, "order_id": "O1", "currency": "CNY"}
    ]


def test_a_plain_type_is_an_event_only_where_its_words_are(write: Write) -> None:
    header = "订单号,会员ID,时间,金额,类型\n"
    tills = write("tills.csv", header + "O1,M1,2026-11-01 10:00,10,销售\nO2,M1,2026-11-01 10:00,10,退货\n")
    assert [event for event, _, _ in told(tills)] == ["order_paid", "order_refunded"]
    orders = write("orders.csv", header + "O1,M1,2026-11-01 10:00,10,普通\nO2,M1,2026-11-01 10:00,10,预售\n")
    assert [event for event, _, _ in told(orders)] == ["order_paid", "order_paid"]
    assert properties(orders)[0]["类型"] == "普通"


def test_viewers_come_in_with_their_time_and_what_they_said(write: Write) -> None:
    path = write(
        "viewers.csv",
        "openid,昵称,场次ID,进入时间,离开时间,观看时长(分钟),评论\n"
        "o1,小鹿,B20,2026-11-20 20:00:00,2026-11-20 20:30:00,12.5,怎么买\n"
        "o2,小马,B20,2026-11-20 20:00:00,,6,\n",
    )
    events = [event for record in read(path, "table") for event in record.events]
    seen = [(event["event"], event["properties"].get("watch_seconds")) for event in events]
    assert seen == [
        ("live_entered", None),
        ("live_left", 750),
        ("live_commented", None),
        ("live_entered", None),
        ("live_left", 360),
    ]
    assert {event["properties"]["broadcast_id"] for event in events} == {"B20"}
    assert events[-1]["properties"]["time_estimated"] is True
    assert [at for _, at, _ in told(path)] == [
        "11-20 12:00",
        "11-20 12:30",
        "11-20 12:00",
        "11-20 12:00",
        "11-20 12:06",
    ]


@pytest.mark.parametrize(
    ("column", "cell", "seconds"),
    [
        ("watch_seconds", "360.5", 360),
        ("watch_seconds", "360", 360),
        ("观看时长(分钟)", "6", 360),
        ("watch_minutes", "6", 360),
        ("观看时长", "00:06:00", 360),
        ("观看时长", "06:00", 360),
        ("观看时长", "6分钟", 360),
        ("观看时长", "1小时20分5秒", 4805),
        ("停留时长(秒)", "45秒", 45),
        ("watch_time", "1h 20m", 4800),
    ],
)
def test_how_long_somebody_watched_is_seconds(write: Write, column: str, cell: str, seconds: int) -> None:
    path = write("w.csv", f"user_id,time,event,{column}\nu1,2026-11-20 20:00,live_left,{cell}\n")
    assert [one["watch_seconds"] for one in properties(path)] == [seconds]


@pytest.mark.parametrize("cell", ["很久", "-5", "nan", "inf"])
def test_what_is_no_duration_is_rejected(write: Write, cell: str) -> None:
    path = write("w.csv", f"user_id,time,event,content,watch_seconds\nu1,2026-11-20 20:00,live_left,a,{cell}\n")
    found = [field for _, field, _ in rejections(read(path, "table"))]
    assert found == ([] if cell == "nan" else ["watch_seconds"])


def test_all_times_of_a_row_are_of_the_same_zone(write: Write) -> None:
    path = write(
        "e.csv",
        "user_id,started_at,time,event,broadcast_id\nu1,2026-11-20 20:00:00,2026-11-20 20:00:00,live_entered,B1\n",
    )
    assert properties(path)[0]["started_at"] == parse_time("2026-11-20T12:00:00Z")


def test_the_day_and_the_time_of_day_may_stand_apart(write: Write) -> None:
    path = write("tills.csv", "日期,时间,会员卡号,小票号,金额\n2026-11-01,10:05:00,V1,T1,10\n")
    assert told(path) == [("order_paid", "11-01 02:05", 1000)]


def test_a_row_without_a_time_is_rejected_unless_one_is_given(write: Write) -> None:
    path = write("o.csv", "order_id,user_id,time,total\nO1,u1,2026-11-01 10:00,100\nO2,u2,,200\n")
    assert rejections(read(path, "table")) == [(3, "time", "is empty")]
    assert told(path, time_default=NOW)[1] == ("order_paid", "11-30 00:00", 20000)


@pytest.mark.parametrize("word", ["总计", "合 计", "合计:", "小计", "Total", "Grand Total"])
@pytest.mark.parametrize(
    ("name", "header", "good", "rest"),
    [
        ("o.csv", "会员ID,支付时间,订单号,实付金额", "M1,2026-11-01 10:00,O1,10", ",,99999"),
        ("c.csv", "会员ID,姓名,手机号", "M1,林晓,19900000001", "2,"),
        ("p.csv", "商品ID,商品名称,价格", "P1,茶,10", ",99"),
    ],
)
def test_a_row_of_totals_is_nobody(write: Write, name: str, header: str, good: str, rest: str, word: str) -> None:
    path = write(name, f"{header}\n{good}\n{word},{rest}\n")
    records = list(find_connector(recognise(path).name).read(path, Options(time_default=NOW)))
    assert [(row, reason) for row, _, reason in rejections(records)] == [(3, f"a row of totals ('{word}')")]


def test_a_format_that_cannot_be_the_files_is_refused(write: Write) -> None:
    events = write("events.json", '[{"type": "track", "event": "x", "userId": "u1"}]')
    for kind in ("customers", "products", "table", "doudian"):
        with pytest.raises(Refused, match=f"is JSON, no table: {kind} reads CSV"):
            check_use(events, find_connector(kind), {})
    with pytest.raises(Refused, match="--map: the columns of segment are fixed"):
        check_use(events, find_connector("segment"), {"user_id": "userId"})
