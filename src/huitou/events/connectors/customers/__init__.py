"""Customers and what they agreed to, as a table: ids that belong to one person, traits, consents per channel.

A consent cell of yes or no alone imports as purpose `marketing`, how `import`, proof file and row; with columns
consent_how, consent_at and consent_proof it is as good as the proof they name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record
from huitou.events.connectors.columns import Row, match_columns, named_rows, open_table, text
from huitou.events.connectors.files import Head
from huitou.events.connectors.tables import read_moment
from huitou.kit import clock
from huitou.kit.errors import Rejected
from huitou.kit.ids import clean_id, short_hash

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
FIELDS = {**IDS, **TRAITS, **{f"consent.{channel}": names for channel, names in CHANNELS.items()}, **PROOF}
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
    for number, row, original in named_rows(table, fields):
        try:
            yield Record((number,), tuple(_events(row, f"{path.name}:{number}", options)), None, original)
        except Rejected as why:
            yield Record((number,), (), why, original)


def _events(row: Row, where: str, options: Options) -> Iterator[dict[str, Any]]:
    """One identify, and one consent_given or consent_withdrawn for each channel that says yes or no."""
    if "" in row:
        raise row[""]
    ids = {field: value for field in IDS if field in row and (value := _id(row[field], field))}
    if not ids:
        raise Rejected("user_id", {"zh": "没有任何可识别客户的编号", "en": "no identifier of the customer"})
    at = _consent_time(row, options)
    traits = {**{key: value for key, value in ids.items() if key != "user_id"}, **_traits(row)}
    yield _raw("identify", ids, {"traits": traits}, options.time_default)
    for channel in CHANNELS:
        granted = _yes_or_no(row.get(f"consent.{channel}"), CHANNELS[channel][0])
        if granted is not None:
            properties = {
                "channel": channel,
                "purpose": "marketing",
                "how": text(row.get("consent_how", "import")),
                "proof": text(row.get("consent_proof", where)),
            }
            event = "consent_given" if granted else "consent_withdrawn"
            body = {"event": event, "context": {"traits": traits}, "properties": properties}
            yield _raw("track", ids, body, at)


def _raw(kind: str, ids: dict[str, str], body: dict[str, Any], at: int | None) -> dict[str, Any]:
    raw: dict[str, Any] = {"type": kind, **body}
    if "user_id" in ids:
        raw["userId"] = ids["user_id"]
    if at is not None:
        raw["timestamp"] = clock.to_iso(at)
    parts = [str(part) for part in (kind, sorted(ids.items()), sorted(body.items(), key=str), at)]
    return {**raw, "messageId": short_hash(*parts)}


def _id(cell: Any, field: str) -> str | None:
    try:
        return clean_id(cell)
    except ValueError as error:
        raise Rejected(field, {"zh": f"{cell!r} 不是编号", "en": str(error)}) from error


def _traits(row: Row) -> dict[str, str]:
    return {field: text(row[field]) for field in TRAITS if field in row}


def _consent_time(row: Row, options: Options) -> int | None:
    if "consent_at" not in row:
        return options.time_default
    try:
        return read_moment(row["consent_at"], options.zone)
    except (ValueError, OverflowError) as error:
        bad = row["consent_at"]
        raise Rejected("consent_at", {"zh": f"{bad!r} 不是时间", "en": f"{bad!r} is not a time"}) from error


def _yes_or_no(cell: Any, column: str) -> bool | None:
    if cell is None:
        return None
    word = text(cell).lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise Rejected(column, {"zh": f"{cell!r} 不是“是/否”", "en": f"{cell!r} is neither yes nor no"})
