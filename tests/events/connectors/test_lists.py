"""Products and customers as tables, with headers in either language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.events.connectors import customers, products, recognise
from huitou.events.connectors.base import Options
from huitou.kit.clock import parse_time
from huitou.kit.errors import Refused
from tests.events.connectors.conftest import events, read, rejections

Write = Callable[..., Path]


def properties(path: Path, **options: Any) -> list[dict[str, Any]]:
    return [event["properties"] for event in events(read(path, "products", **options))]


@pytest.mark.parametrize(
    "header",
    [
        "product_id,name,category,price,stock,margin,url",
        "商品ID,商品名称,类目,售价,库存,毛利率,商品链接",
        "SKU,Title,分类,价格(元),Inventory,利润率,Link",
    ],
)
def test_products_with_headers_in_either_language(write: Write, header: str) -> None:
    path = write("products.csv", f"{header}\nP1,普洱,黑茶,199.00,600,45%,https://shop.example/p/1\n")
    assert properties(path, shop="S1") == [
        {
            "product_id": "P1", "name": "普洱", "category": "黑茶", "price": 19900, "currency": "CNY", "shop_id": "S1",
            "stock": 600, "margin": 0.45, "url": "https://shop.example/p/1",
        }
    ]  # fmt: skip


def test_products_name_what_is_wrong(write: Write) -> None:
    rows = [
        "P1,普洱,免费,1,",
        "P2,,9,1,",
        ",正山,9,1,",
        "P4,龙井,-1,1,",
        "P5,龙井,9,多,",
        "P6,龙井,9,1,两成",
        "P7,龙井,9,1,7",
        "8.0,龙井,9,-,0.3",
    ]
    path = write("products.csv", "商品ID,名称,价格,库存,毛利率\n" + "\n".join(rows))
    records = read(path, "products")
    assert [(row, field) for row, field, _ in rejections(records)] == [
        (2, "price"), (3, "name"), (4, "product_id"), (5, "price"), (6, "stock"), (7, "margin"), (8, "margin"),
    ]  # fmt: skip
    assert [event["properties"]["product_id"] for event in events(records)] == ["8"]


def test_customers_with_chinese_headers(write: Write) -> None:
    path = write(
        "客户.csv",
        "会员号,手机号,邮箱,姓名,城市,邮件授权,短信授权,授权方式,授权时间,授权凭证\n"
        "V1,19900000001,lin@example.com,林晓,厦门,是,否,h5_checkout,2026-01-18 19:00:00,form-7\n",
    )
    identify, given, not_given = events(read(path, "customers"))
    assert identify["traits"] == {
        "phone": "19900000001", "email": "lin@example.com", "member_id": "V1", "name": "林晓", "city": "厦门",
    }  # fmt: skip
    at = parse_time("2026-01-18T19:00:00", "Asia/Shanghai")
    assert (given["event"], given["timestamp"], given["properties"]) == (
        "consent_given", at,
        {"channel": "email", "purpose": "marketing", "how": "h5_checkout", "proof": "form-7", "column": "邮件授权"},
    )  # fmt: skip
    assert (not_given["event"], not_given["properties"]["channel"]) == ("consent_not_given", "sms")
    assert given["context"]["traits"] == {"phone": "19900000001", "email": "lin@example.com", "member_id": "V1"}


def test_customers_as_shopify_exports_them(write: Write) -> None:
    path = write(
        "customers_export.csv",
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address City,Phone,Accepts SMS Marketing,"
        "Total Spent,Total Orders,Note,Tax Exempt,Tags\n"
        "'7001234567890,Lin,Xiao,lin@example.com,yes,Xiamen,'+8619900000001,no,199.00,2,,no,vip\n",
    )
    identify, given, not_given = events(read(path, "customers"))
    assert identify["userId"] == "7001234567890"
    assert identify["traits"] == {"phone": "+8619900000001", "email": "lin@example.com", "name": "Lin Xiao"}
    assert given["properties"] == {
        "channel": "email", "purpose": "marketing", "how": "import", "proof": "customers_export.csv:2",
        "column": "Accepts Email Marketing",
    }  # fmt: skip
    assert not_given["event"] == "consent_not_given"


def test_a_grant_is_as_good_as_the_time_it_names(write: Write) -> None:
    """Without one it is an import, which undoes no withdrawal; what the table says of it is kept as its proof."""
    rows = ["u1,yes,,form,sheet 7", "u2,yes,,,", "u3,yes,2026-01-18 19:00:00,,", "u4,no,,form,", "u5,no,,,"]
    path = write("c.csv", "user_id,email_consent,consent_at,consent_how,consent_proof\n" + "\n".join(rows))
    at = parse_time("2026-11-20T12:00:00Z")
    told = [event for event in events(read(path, "customers", time_default=at)) if event["type"] == "track"]
    assert [(e.get("timestamp"), e["properties"]["how"], e["properties"]["proof"]) for e in told] == [
        (at, "import", "form sheet 7"),
        (at, "import", "c.csv:3"),
        (parse_time("2026-01-18T19:00:00", "Asia/Shanghai"), "event", "c.csv:4"),
        (None, "form", "c.csv:5"),  # said at some time: it counts from now on, whatever the default
        (None, "import", "c.csv:6"),
    ]


def test_customers_name_what_is_wrong(write: Write) -> None:
    rows = [
        "-,,是,",
        "u2,a@example.com,也许,",
        "u3,b@example.com,是,去年",
        "6.9E+18,c@example.com,是,",
        "u5.0,,,",
        "13085.0,,是,",
    ]
    path = write("customers.csv", "user_id,email,email_consent,consent_at\n" + "\n".join(rows))
    records = read(path, "customers")
    assert [(row, field) for row, field, _ in rejections(records)] == [
        (2, "user_id"), (3, "email_consent"), (4, "consent_at"), (5, "user_id"),
    ]  # fmt: skip
    assert [event["userId"] for event in events(records) if event["type"] == "identify"] == ["u5.0", "13085"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("是", "given"), ("√", "given"), ("已订阅", "given"), ("1.0", "given"), ("Opt-in", "given"), ("SUBSCRIBED", "given"),
        ("否", "not_given"), ("×", "not_given"), ("未授权", "not_given"), ("不允许", "not_given"), ("no", "not_given"),
        ("0", "not_given"), ("0.0", "not_given"), ("FALSE", "not_given"), ("NEVER_SUBSCRIBED", "not_given"),
        ("退订", "withdrawn"), ("已退订", "withdrawn"), ("拒收", "withdrawn"), ("已拒绝", "withdrawn"), ("Opt-out", "withdrawn"),
        ("UNSUBSCRIBED", "withdrawn"), ("withdrawn", "withdrawn"), ("黑名单", "withdrawn"),
        ("未知", None), ("pending", None), ("", None), ("-", None),
    ],
)  # fmt: skip
def test_consent_in_many_words(write: Write, word: str, said: str | None) -> None:
    path = write("c.csv", f"会员编号,手机号码,是否同意接收短信\nM1,19900000001,{word}\n")
    told = [event["event"] for event in events(read(path, "customers")) if event["type"] == "track"]
    assert told == ([] if said is None else [f"consent_{said}"])


@pytest.mark.parametrize(
    ("column", "cell", "withdrawn"),
    [
        ("是否退订短信", "是", ["sms"]),
        ("是否退订短信", "否", []),  # nobody left; that is no permission
        ("不接收邮件", "1", ["email"]),
        ("SMS opt-out", "yes", ["sms"]),
        ("unsubscribed", "true", ["email", "push", "sms", "wecom"]),
        ("退订", "已退订", ["email", "push", "sms", "wecom"]),
        ("退订", "短信、邮件", ["email", "sms"]),
        ("退订状态", "已订阅", []),
        ("短信退订时间", "2026-11-01 10:00", ["sms"]),
        ("unsubscribed_at", "2026-11-01", ["email", "push", "sms", "wecom"]),
        ("是否黑名单", "是", ["email", "push", "sms", "wecom"]),
        ("拒绝营销信息", "是", ["email", "push", "sms", "wecom"]),
        ("email status", "valid", []),
        ("Email Status", "Unsubscribed", ["email"]),
        ("短信状态", "已退订", ["sms"]),
        ("订阅状态", "已退订", ["email", "push", "sms", "wecom"]),
        ("订阅状态", "未订阅", []),
        ("Email Subscription", "unsubscribed", ["email"]),
        ("marketing_opted_out", "1", ["email", "push", "sms", "wecom"]),
        ("no_sms", "1", ["sms"]),
        ("withdrawals", "12.5", []),  # of money
        ("是否退订", "是", ["email", "push", "sms", "wecom"]),
    ],
)
def test_a_column_of_those_who_left(write: Write, column: str, cell: str, withdrawn: list[str]) -> None:
    path = write("c.csv", f"user_id,phone,{column}\nu1,19900000001,{cell}\n")
    said = [event for event in events(read(path, "customers")) if event["type"] == "track"]
    assert {event["event"] for event in said} <= {"consent_withdrawn"}
    assert sorted(event["properties"]["channel"] for event in said) == withdrawn


def test_a_time_of_leaving_beside_a_no_is_of_the_past(write: Write) -> None:
    rows = ["u1,是,2026-11-01 10:00", "u2,否,2026-11-01 10:00", "u3,,2026-11-01 10:00", "u4,是,"]
    path = write("c.csv", "user_id,短信退订,短信退订时间\n" + "\n".join(rows))
    at = parse_time("2026-11-01T10:00", "Asia/Shanghai")
    told = [event for event in events(read(path, "customers")) if event["type"] == "track"]
    assert [(event["userId"], event.get("timestamp")) for event in told] == [("u1", at), ("u3", at), ("u4", None)]


@pytest.mark.parametrize(
    "header",
    [
        "会员编号,姓名,手机号码,邮箱地址",
        "客户编号,客户姓名,联系电话,电子邮件",
        "customer_id,full_name,mobile_number,email_address",
        "用户ID,昵称,手机,电子邮箱",
    ],
)
def test_customers_under_other_names(write: Write, header: str) -> None:
    [identify] = events(read(write("c.csv", f"{header}\nM1,林晓,19900000001,lin@example.com\n"), "customers"))
    assert (identify["userId"], identify["traits"]) == (
        "M1", {"name": "林晓", "phone": "19900000001", "email": "lin@example.com"},
    )  # fmt: skip


def test_columns_are_mapped_for_customers_and_products_too(write: Write) -> None:
    people = write("c.csv", "代号,称呼,号码,短信\nM1,林晓,19900000001,可\nM2,周周,19900000002,是\n")
    mapping = {"user_id": "代号", "name": "称呼", "手机号": "号码", "sms_consent": "短信"}
    records = list(customers.read(people, Options(mapping=mapping)))
    assert rejections(records) == [(2, "sms_consent", "'可' is neither yes nor no")]
    identify, given = events(records)
    assert (identify["userId"], identify["traits"]) == ("M2", {"name": "周周", "phone": "19900000002"})
    assert given["properties"]["channel"] == "sms"
    assert recognise(people, mapping).name == "customers"
    goods = write("p.csv", "代号,叫法,多少钱\nP1,普洱,199.00\n")
    mapping = {"product_id": "代号", "name": "叫法", "price": "多少钱"}
    assert recognise(goods, mapping).name == "products"
    [listed] = events(list(products.read(goods, Options(mapping=mapping))))
    assert (listed["properties"]["product_id"], listed["properties"]["price"]) == ("P1", 19900)
    for connector, path in ((customers, people), (products, goods)):
        with pytest.raises(Refused, match="no role 'wen'"):
            list(connector.read(path, Options(mapping={"wen": "代号"})))
        with pytest.raises(Refused, match="no column 'wem'"):
            list(connector.read(path, Options(mapping={"name": "wem"})))


def test_a_column_mapped_to_one_role_is_no_other(write: Write) -> None:
    path = write("c.csv", "会员号,手机号,昵称\nV1,19900000001,小鹿\n")
    [identify] = events(list(customers.read(path, Options(mapping={"user_id": "会员号", "name": "-"}))))
    assert (identify["userId"], identify["traits"]) == ("V1", {"phone": "19900000001"})


def test_the_regular_price_counts_where_there_is_no_sale(write: Write) -> None:
    path = write("p.csv", "SKU,Name,Sale price,Regular price\nP1,Tea,,19.90\nP2,Cup,5.00,9.90\n")
    assert [one["price"] for one in properties(path)] == [1990, 500]


def test_the_same_row_makes_the_same_ids_and_another_row_others(write: Write) -> None:
    header = "user_id,email,email_consent\n"
    once, again = (events(read(write("c.csv", header + "u1,a@example.com,yes\n"))) for _ in range(2))
    other = events(read(write("c.csv", header + "u2,a@example.com,yes\n")))
    ids = [{event["messageId"] for event in made} for made in (once, again, other)]
    assert ids[0] == ids[1]
    assert len(ids[0] | ids[2]) == 4
