"""An evening as Douyin pushes it: bodies of up to twenty events with signed headers, repeated and unordered.

Source: developer.open-douyin.com, live-room-scope/data-open (domain.md 1.1): the signature is base64(MD5(the four
headers sorted as k=v&k=v, the raw body, the secret of the msg_type)); duplicates are to be told by msg_id.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from huitou.kit.clock import SECOND
from huitou.proving.simulator.identities import DOUYIN, Identities
from huitou.proving.simulator.segment_format import say
from huitou.proving.simulator.shows import Evening

SECRETS = {
    "live_comment": "example-secret-comment",
    "live_like": "example-secret-like",
    "live_gift": "example-secret-gift",
    "live_fansclub": "example-secret-fansclub",
    "live_follow": "example-secret-follow",
}
MOST_IN_A_BODY = 20

Item = dict[str, Any]


def sign(headers: dict[str, str], body: str, secret: str) -> str:
    names = ("x-msg-type", "x-nonce-str", "x-roomid", "x-timestamp")
    text = "&".join(f"{name}={headers[name]}" for name in names) + body + secret
    return base64.b64encode(hashlib.md5(text.encode(), usedforsecurity=False).digest()).decode()


def push_lines(evening: Evening, identities: Identities, rng: np.random.Generator) -> list[str]:
    """The pushes of an evening, one request a line: {"headers": {...}, "body": "<raw JSON array>"}."""
    lines: list[tuple[int, str]] = []
    items = sorted(_items(evening, identities, rng), key=lambda one: (one[0], one[1]["timestamp"]))
    for kind in SECRETS:
        mine = [item for name, item in items if name == kind]
        while mine:
            # A second's worth goes together; a full body is sent at once.
            end = mine[0]["timestamp"] + int(rng.integers(1, 30)) * 1000
            body = [item for item in mine[:MOST_IN_A_BODY] if item["timestamp"] <= end]
            mine = mine[len(body) :]
            sent_at = body[-1]["timestamp"] + int(rng.integers(50, 900))
            request = _request(kind, evening.show.room_id, body, sent_at, int(rng.integers(10**9)))
            lines.append((sent_at, request))
            if rng.random() < 0.015:  # the platform repeats a push
                lines.append((sent_at + 2_000, request))
    return [line for _, line in sorted(lines)]


def _request(kind: str, room: str, body: list[Item], sent_at: int, nonce: int) -> str:
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    headers = {
        "content-type": "application/json",
        "x-msg-type": kind,
        "x-nonce-str": f"{nonce:09d}",
        "x-roomid": room,
        "x-timestamp": str(sent_at),
    }
    headers["x-signature"] = sign(headers, raw, SECRETS[kind])
    return json.dumps({"headers": headers, "body": raw}, ensure_ascii=False, separators=(",", ":"))


def _items(evening: Evening, identities: Identities, rng: np.random.Generator) -> Iterator[tuple[str, Item]]:
    number = 0
    dice = rng.random((len(evening.viewers), 2))
    for row, i in enumerate(evening.viewers.person.tolist()):
        only = identities.watches[i] == DOUYIN
        if not only and not identities.douyin_too[i]:
            continue
        for kind, at, fields in _acts(evening, row, only, float(dice[row, 0])):
            number += 1
            person = identities.people[i]
            openid = person.openid or f"_000x{i:07d}"
            nickname = person.name if dice[row, 1] < 0.3 else f"茶友{i % 9973}"
            yield kind, {
                "msg_id": f"{evening.show.room_id}-{kind[5]}-{number:05d}", "sec_openid": openid,
                **fields, "avatar_url": f"https://p3.example.com/a/{i % 97}.jpg", "nickname": nickname,
                "timestamp": at // 1000,
            }  # fmt: skip


def _acts(evening: Evening, row: int, only: bool, dice: float) -> Iterator[tuple[str, int, Item]]:
    """(msg_type, time, its own fields). Whoever is only on Douyin is seen by what they do, so they do something."""
    entered, left = int(evening.entered_at[row]), int(evening.left_at[row])
    comments = evening.comments[row] or (((entered + left) // 2, False),) if only else evening.comments[row][:1]
    for at, question in comments:
        yield "live_comment", at, {"content": say(at, question)}
    if evening.likes[row] or only:
        yield "live_like", left - SECOND, {"like_num": max(1, int(evening.likes[row]))}
    if evening.gifts[row]:
        value = int(evening.gifts[row]) * (10 if dice < 0.7 else 520)
        fields = {"sec_gift_id": f"gift{int(dice * 9)}", "gift_num": int(evening.gifts[row]), "gift_value": value}
        yield "live_gift", (entered + left) // 2, fields
    if evening.joins_club[row]:
        yield "live_fansclub", left - 2 * SECOND, {"fansclub_reason_type": 2, "fansclub_level": 1}
    if evening.follows[row]:
        # The official pages spell the field both ways.
        yield "live_follow", left - 3 * SECOND, {"user_follow_action" if dice < 0.5 else "use_follow_action": 1}
    if evening.unfollows[row]:
        yield "live_follow", left, {"user_follow_action": 2}
