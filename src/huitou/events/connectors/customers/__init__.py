"""Customers and what they agreed to, as a table: ids that belong to one person, traits, consents per channel.

A yes is as good as the time it names (consent_at). Without one it imports as how `import`, which undoes no withdrawal:
the same list comes again and again, and nobody knows whether the person agreed before or after they left. What it says
of how and proof is kept as the proof; where it says nothing, file and row are. A no counts in any case, without a time
from now on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
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
from huitou.events.connectors.words import read_yes_or_no, refuse_totals
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
ANY = "*"  # of refusals: 退订 without a channel closes all of them
REFUSALS = {
    "email": ("email_opt_out", "邮件退订"),
    "sms": ("sms_opt_out", "短信退订"),
    "push": ("push_opt_out", "推送退订"),
    "wecom": ("wecom_opt_out", "企微退订"),
    ANY: ("opt_out", "unsubscribed", "do_not_contact", "退订", "是否退订", "已退订", "拒收", "免打扰"),
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
    **{f"consent.{channel}": names for channel, names in CHANNELS.items()},
    **{f"refusal.{channel}": names for channel, names in REFUSALS.items()},
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
REFUSES = re.compile(r"退订|拒收|拒绝|不接收|不接受|不同意|免打扰|屏蔽|unsub|opt_?out|do_not|dnd|refus|declin|withdr")
AGREES = re.compile(
    r"同意|授权|允许|接受|接收|许可|订阅|愿意|consent|accept|opt_?in|subscri|marketing|permission|allow|agree"
)
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
    if BESIDE.search(words):
        return None
    kind = "refusal" if REFUSES.search(words) else "consent" if AGREES.search(words) else None
    channel = next((channel for channel, pattern in OF_CHANNEL.items() if pattern.search(words)), None)
    return f"{kind}.{channel}" if kind and channel else None


def open_table(path: Path, options: Options) -> tuple[Table, dict[str, int]]:
    return open_placed(path, place, options.mapping, _is_header)


def read(path: Path, options: Options) -> Iterator[Record]:
    table, fields = open_table(path, options)
    told: dict[str, dict[str, int]] = {}
    for number, row, line in read_rows(table, fields):
        try:
            if isinstance(row, Rejected):
                raise row
            refuse_totals(line.cells)
            events = [*_events(_with_refusals(row), f"{path.name}:{number}", options)]
            yield Record((number,), tuple(number_state(event, _subject(event), told) for event in events), None, line)
        except Rejected as why:
            yield Record((number,), (), why, line)


def _is_header(columns: Sequence[str]) -> bool:
    placed = place(columns, {})
    return len(placed) > 1 and not IDS.keys().isdisjoint(placed)


def _with_refusals(row: Row) -> Row:
    """A yes to 退订 is a no to the channel; a no to it permits nothing."""
    refused = [channel for channel in REFUSALS if read_yes_or_no(row.get(f"refusal.{channel}"), REFUSALS[channel][0])]
    channels = CHANNELS if ANY in refused else refused
    return row | {f"consent.{channel}": "no" for channel in channels}


def _subject(event: dict[str, Any]) -> list[Any]:
    """What the event says something about: somebody, by the first of their ids, or what they permit on a channel."""
    who = event.get("context", event)["traits"]
    known = {"user_id": event["userId"]} if "userId" in event else {kind: who[kind] for kind in IDS if kind in who}
    return [event["type"], next(iter(known.items())), event.get("properties", {}).get("channel")]


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
        granted = read_yes_or_no(row.get(f"consent.{channel}"), f"{channel}_consent")
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
