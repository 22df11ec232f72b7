"""Customers and what they agreed to, as a table: ids that belong to one person, traits, consents per channel.

A yes is as good as the time it names (consent_at). Without one it imports as how `import`, which undoes no withdrawal:
the same list comes again and again, and nobody knows whether the person agreed before or after they left. What it says
of how and proof is kept as the proof; where it says nothing, file and row are.

A no under a column that asks for permission (是否同意接收短信: 否) is a consent not given; it takes back what the same column
said before and nothing else (`events.consent`). Whoever left has withdrawn: a yes under 退订, a time under 退订时间, and a word
that says so (退订, unsubscribed) under any of these columns. That counts in any case, without a time from now on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from huitou.events.connectors.base import Options, Record, hash_of, number_state, stamp
from huitou.events.connectors.cells import Row, a_moment, an_id, read_rows, text
from huitou.events.connectors.columns import (
    EVENT,
    GOODS,
    LIVE,
    ORDER,
    PERSON,
    TIMES,
    UPDATED,
    WHO,
    find_role,
    open_placed,
    place_columns,
    sums_up,
    tells_facts,
    words_of,
)
from huitou.events.connectors.files import Head
from huitou.events.connectors.tables import Table
from huitou.events.connectors.words import Answer, read_consent, read_refusal, refuse_totals
from huitou.events.purposes import IMPORT
from huitou.kit.errors import Rejected

name = "customers"
title = {"zh": "客户与授权", "en": "Customers and consents"}

IDS = {kind: names for kind, names in WHO.items() if kind != "anonymous_id"}
NAME_PARTS = {part: PERSON[part] for part in ("first_name", "last_name")}
TRAITS = {trait: names for trait, names in PERSON.items() if trait not in NAME_PARTS}
CHANNELS = {
    "email": ("email_consent", "邮件授权", "accepts email marketing", "accepts marketing", "email_opt_in"),
    "sms": ("sms_consent", "短信授权", "accepts sms marketing", "sms_opt_in"),
    "push": ("push_consent", "推送授权", "push_opt_in"),
    "wecom": ("wecom_consent", "企微授权"),
}
ANY = "*"  # of no channel: 退订 closes all of them, and so does that word under 订阅状态; a yes to all says of none
CONSENTS = {
    **CHANNELS,
    ANY: ("marketing_consent", "subscription_status", "订阅状态", "营销授权", "是否同意营销", "是否接收营销信息"),
}
REFUSALS = {
    "email": ("email_opt_out", "邮件退订"),
    "sms": ("sms_opt_out", "短信退订"),
    "push": ("push_opt_out", "推送退订"),
    "wecom": ("wecom_opt_out", "企微退订"),
    ANY: (
        "opt_out",
        "unsubscribed",
        "do_not_contact",
        "退订",
        "是否退订",
        "已退订",
        "拒收",
        "免打扰",
        "黑名单",
        "是否黑名单",
    ),
}
# What became of an address; of all its words only those of leaving are read.
STATUSES = {
    "email": ("email_status", "邮件状态", "邮箱状态"),
    "sms": ("sms_status", "短信状态"),
    "push": ("push_status", "推送状态"),
    "wecom": ("wecom_status", "企微状态"),
}
REFUSED_AT = {
    ANY: (
        "退订时间",
        "退订日期",
        "拒收时间",
        "unsubscribed_at",
        "unsub_time",
        "opt_out_at",
        "opt_out_date",
        "opted_out_at",
    )
}
PROOF = {
    "consent_how": ("how", "授权方式", "同意方式"),
    "consent_at": ("授权时间", "同意时间", "consented_at", "consent_time", "consent_date"),
    "consent_proof": ("proof", "授权凭证", "同意凭证"),
}
FIELDS = {
    **IDS,
    **TRAITS,
    **NAME_PARTS,
    **{f"consent.{channel}": names for channel, names in CONSENTS.items()},
    **{f"refusal.{channel}": names for channel, names in REFUSALS.items()},
    **{f"status.{channel}": names for channel, names in STATUSES.items()},
    **{f"refused_at.{channel}": REFUSED_AT.get(channel, ()) for channel in REFUSALS},
    **PROOF,
    **UPDATED,
}
FACTS = {**ORDER, **TIMES, **LIVE, **EVENT, **{role: GOODS[role] for role in ("product_id", "price")}}
del FACTS["status"], FACTS["ordered_at"]  # a member has a status (活跃) and was created some day

# How else a column asks for permission: 是否同意接收短信, SMS Marketing Consent, 不接收邮件.
OF_CHANNEL = {
    "email": re.compile(r"邮件|邮箱|email|e_mail|newsletter|edm"),
    "sms": re.compile(r"短信|sms|text_message"),
    "push": re.compile(r"推送|push"),
    "wecom": re.compile(r"企微|企业微信|wecom"),
}
REFUSES = re.compile(
    r"退订|拒收|拒绝|不接收|不接受|不同意|不再接收|取消(订阅|授权|同意)|撤回(授权|同意)?|免打扰|勿扰|屏蔽|黑名单|unsub|opt(ed)?_?out|do_not|dnd"
    r"|refus|declin|withdr|revok|black_?list|block_?list|suppress|(^|_)no_(e?mails?|sms|marketing|contact|push)(_|$)"
)
# Without a channel only what cannot be anything else: withdrawals are also of money.
REFUSES_ALL = re.compile(
    r"退订|拒收|免打扰|勿扰|黑名单|取消(订阅|授权)|撤回(授权|同意)|(不同意|不接收|不接受|拒绝|屏蔽).*(营销|推广|广告|消息|信息|触达|联系)|unsub|opt(ed)?_?out"
    r"|do_not_(contact|disturb|market|email|mail|sms|call)|(^|_)dnd(_|$)|black_?list|block_?list|suppress"
    r"|(refus|declin|withdr|revok).*(consent|marketing|permission|contact)|(consent|marketing|permission).*(refus|declin|withdr|revok)"
    r"|(^|_)no_(marketing|contact)(_|$)"
)
AGREES_ALL = re.compile(
    r"(同意|授权|允许|接受|接收|愿意|订阅).*(营销|推广|广告|消息|触达|联系)|(营销|推广|广告).*(同意|授权|允许|订阅)|订阅(状态|情况)$"
    r"|(marketing|contact).*(consent|permission|opt_?in|allowed|accepted)|(consent|accepts?|opt_?in).*(marketing|contact)"
    r"|(^|_)subscri(bed|ber|ption)_?(status|state)?$|(^|_)opt_?in$"
)
AGREES = re.compile(
    r"同意|授权|允许|接受|接收|许可|订阅|愿意|consent|accept|opt_?in|subscri|marketing|permission|allow|agree"
)
MOMENT = re.compile(r"时间|日期|(^|_)(at|time|date|on)$")
BESIDE = re.compile(
    r"时间|日期|方式|来源|凭证|次数|数$|(^|_)(at|time|date|source|level|method|ip|count|how|proof|status_reason)(_|$)"
)


def recognise(head: Head) -> float:
    placed = place(head.columns, {})
    ids = [role for role in placed if role in IDS]
    others = [column for index, column in enumerate(head.columns) if index not in placed.values()]
    return 0.9 if ids and len(placed) > 1 and not tells_facts(others, FACTS) else 0.0


def explained(columns: Sequence[str]) -> int:
    """How many of the columns are of people: what the list is read for, and what sums them up."""
    placed = set(place(columns, {}).values())
    return sum(index in placed or sums_up(column) for index, column in enumerate(columns))


def place(columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    placed = place_columns(columns, FIELDS, mapping)
    said = {find_role(role, FIELDS) for role in mapping}
    for index, column in enumerate(columns):
        role = _consent_role(column)
        if role and role not in placed and role not in said and index not in placed.values():
            placed[role] = index
    return placed


def _consent_role(column: str) -> str | None:
    words = words_of(column)
    channel = next((channel for channel, pattern in OF_CHANNEL.items() if pattern.search(words)), ANY)
    refuses, agrees = (REFUSES_ALL, AGREES_ALL) if channel == ANY else (REFUSES, AGREES)
    if BESIDE.search(words) or MOMENT.search(words):
        return f"refused_at.{channel}" if refuses.search(words) and MOMENT.search(words) else None
    kind = "refusal" if refuses.search(words) else "consent" if agrees.search(words) else None
    return f"{kind}.{channel}" if kind else None


def open_table(path: Path, options: Options) -> tuple[Table, dict[str, int]]:
    return open_placed(path, place, options.mapping, _is_header)


def read(path: Path, options: Options) -> Iterator[Record]:
    table, fields = open_table(path, options)
    told: dict[str, dict[str, int]] = {}
    asked = {
        channel: table.columns[fields[f"consent.{channel}"]] for channel in CHANNELS if f"consent.{channel}" in fields
    }
    for number, row, line in read_rows(table, fields):
        try:
            if isinstance(row, Rejected):
                raise row
            refuse_totals(line.cells)
            events = [*_events(row, f"{path.name}:{number}", options, asked)]
            yield Record((number,), tuple(number_state(event, _subject(event), told) for event in events), None, line)
        except Rejected as why:
            yield Record((number,), (), why, line)


def _is_header(columns: Sequence[str]) -> bool:
    placed = place(columns, {})
    return len(placed) > 1 and not IDS.keys().isdisjoint(placed)


def _answers(row: Row, options: Options) -> dict[str, tuple[Answer, int | None]]:
    """Channel -> what the row says of it, and since when where its column says so. Whoever left, left."""
    # Of no channel a column may ask much: there, too, only who left is of use.
    said = {channel: _answer(row, f"consent.{channel}", strict=channel != ANY) for channel in CONSENTS}
    answers: dict[str, tuple[Answer, int | None]] = {
        channel: (answer, None) for channel, answer in said.items() if answer is not None and channel != ANY
    }
    status = {channel: _answer(row, f"status.{channel}", strict=False) for channel in STATUSES}
    left = {channel for told in (said, status) for channel, answer in told.items() if answer == "withdrawn"}
    left = left.union(*map(_refused(row), REFUSALS))
    since = {channel: at for channel in REFUSALS if (at := _refused_at(row, channel, left, options)) is not None}
    for channel in CHANNELS:
        where = next((where for where in (channel, ANY) if where in left or where in since), None)
        if where is not None:
            answers[channel] = ("withdrawn", since.get(where))
    return answers


def _answer(row: Row, role: str, strict: bool) -> Answer | None:
    """None also for a word that nobody knows, where not `strict`."""
    try:
        return read_consent(row.get(role), f"{role.partition('.')[2]}_consent")
    except Rejected:
        if strict:
            raise
        return None


def _refused(row: Row) -> Callable[[str], list[str]]:
    """The channels that a column of those who left closes: its own, or those it names (“短信、邮件” under 退订)."""

    def closed(channel: str) -> list[str]:
        cell = row.get(f"refusal.{channel}")
        try:
            return [channel] if read_refusal(cell, REFUSALS[channel][0]) else []
        except Rejected:
            named = [other for other, pattern in OF_CHANNEL.items() if pattern.search(words_of(text(cell)))]
            if channel != ANY or not named:
                raise
            return named

    return closed


def _refused_at(row: Row, channel: str, left: Collection[str], options: Options) -> int | None:
    """When the person left, but where the column beside it says that they did not."""
    cell = row.get(f"refused_at.{channel}")
    if cell is None or (f"refusal.{channel}" in row and channel not in left):
        return None
    return a_moment(cell, f"refused_at.{channel}", options.zone)


def _subject(event: dict[str, Any]) -> list[Any]:
    """What the event says something about: somebody, by the first of their ids, or what they permit on a channel."""
    who = event.get("context", event)["traits"]
    known = {"user_id": event["userId"]} if "userId" in event else {kind: who[kind] for kind in IDS if kind in who}
    return [event["type"], next(iter(known.items())), event.get("properties", {}).get("channel")]


SAID = {"given": "consent_given", "not_given": "consent_not_given", "withdrawn": "consent_withdrawn"}


def _events(row: Row, where: str, options: Options, asked: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """One identify, and what each channel says of consent; `asked` is the column that asks for it."""
    ids = {field: an_id(row[field], field) for field in IDS if field in row}
    if not ids:
        raise Rejected("user_id", {"zh": "没有任何可识别客户的编号", "en": "no identifier of the customer"})
    user_id = ids.pop("user_id", None)
    traits = ids | {field: text(row[field]) for field in TRAITS if field in row}
    if "name" not in traits and (name := _full_name(row)):
        traits["name"] = name
    yield _raw("identify", user_id, {"traits": traits}, options.time_default)
    at = a_moment(row["consent_at"], "consent_at", options.zone) if "consent_at" in row else None
    for channel, (answer, since) in _answers(row, options).items():
        granted = answer == "given"
        properties = {"channel": channel, "purpose": "marketing", **_evidence(row, where, granted, at)}
        if answer != "withdrawn" and channel in asked:
            properties["column"] = asked[channel]
        # A no counts from now on: the time beside it is the consent's.
        when = since if not granted else options.time_default if at is None else at
        body = {"event": SAID[answer], "context": {"traits": ids}, "properties": properties}
        yield _raw("track", user_id, body, when)


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
