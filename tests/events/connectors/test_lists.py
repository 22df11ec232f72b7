"""Products and customers as tables, with headers in either language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.kit.clock import parse_time
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
    identify, given, withdrawn = events(read(path, "customers"))
    assert identify["traits"] == {
        "phone": "19900000001", "email": "lin@example.com", "member_id": "V1", "name": "林晓", "city": "厦门",
    }  # fmt: skip
    at = parse_time("2026-01-18T19:00:00", "Asia/Shanghai")
    assert (given["event"], given["timestamp"], given["properties"]) == (
        "consent_given", at, {"channel": "email", "purpose": "marketing", "how": "h5_checkout", "proof": "form-7"},
    )  # fmt: skip
    assert (withdrawn["event"], withdrawn["properties"]["channel"]) == ("consent_withdrawn", "sms")
    assert given["context"]["traits"] == {"phone": "19900000001", "email": "lin@example.com", "member_id": "V1"}


def test_customers_as_shopify_exports_them(write: Write) -> None:
    path = write(
        "customers_export.csv",
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address City,Phone,Accepts SMS Marketing,"
        "Total Spent,Total Orders,Note,Tax Exempt,Tags\n"
        "'7001234567890,Lin,Xiao,lin@example.com,yes,Xiamen,'+8619900000001,no,199.00,2,,no,vip\n",
    )
    identify, given, withdrawn = events(read(path, "customers"))
    assert identify["userId"] == "7001234567890"
    assert identify["traits"] == {"phone": "+8619900000001", "email": "lin@example.com", "name": "Lin Xiao"}
    assert given["properties"] == {
        "channel": "email", "purpose": "marketing", "how": "import", "proof": "customers_export.csv:2",
    }  # fmt: skip
    assert withdrawn["event"] == "consent_withdrawn"


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


def test_the_same_row_makes_the_same_ids_and_another_row_others(write: Write) -> None:
    header = "user_id,email,email_consent\n"
    once, again = (events(read(write("c.csv", header + "u1,a@example.com,yes\n"))) for _ in range(2))
    other = events(read(write("c.csv", header + "u2,a@example.com,yes\n")))
    ids = [{event["messageId"] for event in made} for made in (once, again, other)]
    assert ids[0] == ids[1]
    assert len(ids[0] | ids[2]) == 4
