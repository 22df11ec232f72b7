"""Customers and what they agreed to, as a table: ids that belong to one person, traits, consents per channel.

A yes is as good as the time it names (consent_at). Without one it imports as how `import`, which undoes no withdrawal:
the same list comes again and again, and nobody knows whether the person agreed before or after they left. What it says
of how and proof is kept as the proof; where it says nothing, file and row are. A no counts in any case, without a time
from now on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record, hash_of, stamp
from huitou.events.connectors.cells import Row, a_moment, an_id, match_columns, open_table, read_rows, shown, text
from huitou.events.connectors.files import Head
from huitou.events.consent import IMPORT
from huitou.kit.errors import Rejected

name = "customers"
title = {"zh": "客户与授权", "en": "Customers and consents"}

IDS = {
    "user_id": ("userId", "客户ID", "用户ID", "会员ID", "customer_id"),
    "openid": ("open_id", "抖音openid"),
    "unionid": ("union_id",),
    "phone": ("手机号", "手机", "mobile", "电话"),
    "external_userid": ("企微客户ID", "外部联系人ID"),
    "email": ("邮箱", "电子邮箱", "e-mail", "mail"),
    "member_id": ("会员号", "会员卡号"),
    "device": ("device_id", "设备ID"),
}
TRAITS = {
    "name": ("姓名", "昵称", "nickname"),
    "city": ("城市",),
    "province": ("省", "省份"),
    "gender": ("性别",),
    "birthday": ("生日", "出生日期"),
    "timezone": ("时区",),
    "language": ("语言", "lang"),
}
CHANNELS = {
    "email": ("email_consent", "邮件授权", "accepts email marketing", "email_opt_in"),
    "sms": ("sms_consent", "短信授权", "accepts sms marketing", "sms_opt_in"),
    "push": ("push_consent", "推送授权", "push_opt_in"),
    "wecom": ("wecom_consent", "企微授权"),
}
PROOF = {
    "consent_how": ("how", "授权方式"),
    "consent_at": ("授权时间", "consented_at"),
    "consent_proof": ("proof", "授权凭证"),
}
NAME_PARTS = {"first_name": ("名",), "last_name": ("姓",)}
FIELDS = {
    **IDS,
    **TRAITS,
    **NAME_PARTS,
    **{f"consent.{channel}": names for channel, names in CHANNELS.items()},
    **PROOF,
}
YES = frozenset({"1", "true", "yes", "y", "是", "同意", "已授权", "t", "on", "subscribed"})
NO = frozenset({"0", "false", "no", "n", "否", "不同意", "未授权", "拒绝", "f", "off", "unsubscribed"})
FOREIGN = ("order_id", "订单编号", "主订单编号", "Invoice", "product_id", "event", "price", "amount", "quantity")


def recognise(head: Head) -> float:
    ids = match_columns(head.columns, IDS)
    rest = match_columns(head.columns, {key: names for key, names in FIELDS.items() if key not in IDS})
    others = match_columns(head.columns, dict.fromkeys(FOREIGN, ()))
    return 0.9 if ids and rest and not others else 0.0


def read(path: Path, options: Options) -> Iterator[Record]:
    table, fields = open_table(path, FIELDS, ())
    for number, row, line in read_rows(table, fields):
        try:
            if isinstance(row, Rejected):
                raise row
            yield Record((number,), tuple(_events(row, f"{path.name}:{number}", options)), None, line)
        except Rejected as why:
            yield Record((number,), (), why, line)


def _events(row: Row, where: str, options: Options) -> Iterator[dict[str, Any]]:
    """One identify, and one consent_given or consent_withdrawn for each channel that says yes or no."""
    ids = {field: an_id(row[field], field) for field in IDS if field in row}
    if not ids:
        raise Rejected("user_id", {"zh": "没有任何可识别客户的编号", "en": "no identifier of the customer"})
    user_id = ids.pop("user_id", None)
    traits = ids | {field: text(row[field]) for field in TRAITS if field in row}
    if "name" not in traits and (name := _full_name(row)):
        traits["name"] = name
    yield _raw("identify", user_id, {"traits": traits}, options.time_default)
    at = a_moment(row["consent_at"], "consent_at", options.zone) if "consent_at" in row else None
    for channel in CHANNELS:
        granted = _yes_or_no(row.get(f"consent.{channel}"), f"{channel}_consent")
        if granted is not None:
            event = "consent_given" if granted else "consent_withdrawn"
            properties = {"channel": channel, "purpose": "marketing", **_evidence(row, where, granted, at)}
            when = options.time_default if granted and at is None else at
            yield _raw("track", user_id, {"event": event, "context": {"traits": ids}, "properties": properties}, when)


def _evidence(row: Row, where: str, granted: bool, at: int | None) -> dict[str, str]:
    """how and proof; of a grant without a time what the table says of either is proof."""
    said = {field: text(row[f"consent_{field}"]) for field in ("how", "proof") if f"consent_{field}" in row}
    if granted and at is None:
        return {"how": IMPORT, "proof": " ".join(said.values()) or where}
    return {"how": "event" if granted else IMPORT, "proof": where, **said}


def _raw(kind: str, user_id: str | None, body: dict[str, Any], at: int | None) -> dict[str, Any]:
    raw: dict[str, Any] = {"type": kind, **body}
    if user_id is not None:
        raw["userId"] = user_id
    if at is not None:
        raw["timestamp"] = stamp(at)
    raw["messageId"] = hash_of(raw)
    return raw


def _full_name(row: Row) -> str:
    """Shopify keeps first and last names apart."""
    return " ".join(text(row[part]) for part in NAME_PARTS if part in row)


def _yes_or_no(cell: Any, column: str) -> bool | None:
    if cell is None:
        return None
    word = text(cell).lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise Rejected(column, {"zh": f"{shown(cell)} 不是“是/否”", "en": f"{shown(cell)} is neither yes nor no"})
