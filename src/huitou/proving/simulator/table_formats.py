"""The tables a shop keeps itself: customers with consents, products; and WeCom's watch statistics."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from huitou.kit.clock import DAY, SECOND, to_datetime
from huitou.proving.simulator.identities import CONSENT_WAYS, WECOM, Identities
from huitou.proving.simulator.people import Product
from huitou.proving.simulator.shows import MINI_SHOP, Evening

CUSTOMER_COLUMNS = (
    "user_id", "name", "phone", "email", "openid", "unionid", "external_userid", "city", "timezone", "language",
    "birthday", "email_consent", "sms_consent", "push_consent", "consent_how", "consent_at", "consent_proof",
)  # fmt: skip
PAGE = 200  # viewers on a page of get_watch_stat


def to_csv(columns: tuple[str, ...], rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()


def customer_row(identities: Identities, i: int, at: int) -> list[str]:
    """The shop's row of one person; an address nobody has is empty, and so is the consent for it."""
    person = identities.people[i]
    given_at = at - int(identities.consent_days[i]) * DAY - (i * 7919 % 50_000) * SECOND
    way = CONSENT_WAYS[int(identities.consent_way[i])]
    return [
        person.user_id, person.name, person.phone, person.email, person.openid, person.unionid, person.external_userid,
        person.city, person.timezone, person.language, person.birthday,
        _yes_no(identities.consent_email[i]) if person.email else "",
        _yes_no(identities.consent_sms[i]) if person.phone else "",
        _yes_no(identities.consent_push[i]) if person.user_id else "",
        way, to_datetime(given_at, "Asia/Shanghai").strftime("%Y-%m-%d %H:%M:%S"), f"{way}-v{1 + i % 3}",
    ]  # fmt: skip


def _yes_no(value: Any) -> str:
    return "yes" if value else "no"


def write_products(products: tuple[Product, ...]) -> bytes:
    columns = ("product_id", "name", "category", "price", "currency", "stock", "margin", "url", "shop_id")
    rows = [
        [
            one.product_id, one.name, one.category, f"{one.price / 100:.2f}", "CNY", str(one.stock), str(one.margin_rate),
            f"https://shop.example.com/p/{one.product_id}", MINI_SHOP,
        ]
        for one in products
    ]  # fmt: skip
    return to_csv(columns, rows)


def watch_pages(evening: Evening, identities: Identities) -> list[dict[str, Any]]:
    """The pages of `living/get_watch_stat`; whoever fetched them noted the livingid beside the answer."""
    users = [
        {
            "external_userid": identities.people[i].external_userid,
            "type": 1,
            "name": identities.people[i].name,
            "watch_time": int(evening.left_at[row] - evening.entered_at[row]) // SECOND,
            "is_comment": int(bool(evening.comments[row])),
            "is_mic": 0,
        }
        for row, i in enumerate(evening.viewers.person.tolist())
        if identities.watches[i] == WECOM
    ]
    staff = [{"userid": f"staff{k}", "watch_time": 10_800, "is_comment": 1, "is_mic": 1} for k in (1, 2)]
    pages = []
    for start in range(0, len(users), PAGE):
        ending = start + PAGE >= len(users)
        pages.append(
            {
                "livingid": evening.show.broadcast_id,
                "errcode": 0,
                "errmsg": "ok",
                "ending": int(ending),
                "next_key": "" if ending else f"k{start + PAGE}",
                "stat_info": {"users": staff if start == 0 else [], "external_users": users[start : start + PAGE]},
            }
        )
    return pages


def write_watch_pages(evening: Evening, identities: Identities) -> bytes:
    lines = (json.dumps(page, ensure_ascii=False, separators=(",", ":")) for page in watch_pages(evening, identities))
    return ("\n".join(lines) + "\n").encode()
