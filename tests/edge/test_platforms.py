"""Douyin's pushes over HTTP: only genuine ones, each event once, test data not at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from huitou.edge.platforms import douyin_secret
from huitou.events.connectors.douyin.signature import sign
from huitou.events.model import Event

Journal = Callable[[], list[Event]]
SECRET = "example-secret-comment"
EXAMPLE = Path(__file__).parents[2] / "examples" / "douyin-live-B20.ndjson.gz"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ("comment", "like", "gift", "fansclub", "follow")
    monkeypatch.setenv("HUITOU_DOUYIN_SECRET", ",".join(f"live_{kind}=example-secret-{kind}" for kind in kinds))


def signed(events: Any, secret: str = SECRET, kind: str = "live_comment") -> tuple[dict[str, str], bytes]:
    body = json.dumps(events, ensure_ascii=False).encode()
    headers = {"x-nonce-str": "n1", "x-timestamp": "1795175510660", "x-roomid": "7430001", "x-msg-type": kind}
    return {**headers, "x-signature": sign(headers, body, secret), "content-type": "application/json"}, body


def comment(number: int, **more: Any) -> dict[str, Any]:
    return {"msg_id": f"7-c-{number}", "sec_openid": "_0a", "content": "怎么买", "timestamp": 1795175510660, **more}


async def test_a_genuine_push_goes_in_once(edge: httpx.AsyncClient, journal: Journal) -> None:
    headers, body = signed([comment(1), comment(2), comment(1)])
    answer = await edge.post("/in/douyin", content=body, headers=headers)
    assert answer.status_code == 200
    assert answer.json() == {
        "err_no": 0,
        "err_msg": "success",
        "accepted": 2,
        "duplicate": 1,
        "quarantined": 0,
        "rejected": [],
    }
    again = await edge.post("/in/douyin", content=body, headers=headers)
    assert (again.json()["accepted"], again.json()["duplicate"]) == (0, 3)
    assert [(event.source, event.name, event.properties["room_id"]) for event in journal()] == [
        ("douyin", "live_commented", "7430001")
    ] * 2


async def test_what_is_not_signed_by_douyin_is_401(edge: httpx.AsyncClient, journal: Journal) -> None:
    headers, body = signed([comment(1)])
    forgeries: list[tuple[dict[str, str], bytes]] = [
        signed([comment(1)], secret="guessed"),
        ({**headers, "x-signature": ""}, body),
        ({name: value for name, value in headers.items() if name != "x-signature"}, body),
        ({**headers, "x-roomid": "another"}, body),
        ({**headers, "x-msg-type": "live_gift"}, body),
        (headers, body.replace(b"7-c-1", b"7-c-9")),
        (headers, b""),
    ]
    for forged, content in forgeries:
        answer = await edge.post("/in/douyin", content=content, headers=forged)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert journal() == []


async def test_test_data_and_broken_events_are_named_by_their_index(edge: httpx.AsyncClient, journal: Journal) -> None:
    items = [
        comment(1),
        comment(2, test=True),
        7,
        comment(3, timestamp="x"),
        comment(4, timestamp=9_999_999_999_999),
        comment(5),
    ]
    headers, body = signed(items)
    answer = (await edge.post("/in/douyin", content=body, headers=headers)).json()
    assert answer["accepted"] == 2
    assert [(one["index"], one["field"]) for one in answer["rejected"]] == [
        (1, "test"),
        (2, ""),
        (3, "timestamp"),
        (4, "timestamp"),
    ]
    assert [event.event_id for event in journal()] == ["7-c-1", "7-c-5"]


async def test_without_a_secret_nothing_is_taken(edge: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    headers, body = signed([comment(1)])
    monkeypatch.delenv("HUITOU_DOUYIN_SECRET")
    answer = await edge.post("/in/douyin", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "no_secret")


async def test_signed_nonsense_is_400(edge: httpx.AsyncClient) -> None:
    headers, _ = signed([])
    for content in (b"{broken", b"\xff\xfe", b"[NaN]"):
        good = {**headers, "x-signature": sign(headers, content, SECRET)}
        assert (await edge.post("/in/douyin", content=content, headers=good)).status_code == 400


async def test_the_example_evening_as_it_was_pushed(edge: httpx.AsyncClient, journal: Journal) -> None:
    """Its first 150 requests byte for byte, and the one whose signature is wrong."""
    requests = [json.loads(line) for line in gzip.decompress(EXAMPLE.read_bytes()).decode().splitlines()]
    statuses = []
    for request in requests[:150]:
        body = request["body"] if isinstance(request["body"], str) else json.dumps(request["body"])
        answer = await edge.post("/in/douyin", content=body.encode(), headers=request["headers"])
        statuses.append(answer.status_code)
    assert set(statuses) <= {200, 401}
    assert statuses.count(200) >= 149
    assert len({event.event_id for event in journal()}) == len(journal())


def test_one_secret_for_all_or_one_for_each() -> None:
    assert douyin_secret("live_gift", {"HUITOU_DOUYIN_SECRET": "one"}) == "one"
    assert douyin_secret("live_gift", {"HUITOU_DOUYIN_SECRET": "live_gift=a=,live_like=b"}) == "a="
    assert douyin_secret("live_comment", {"HUITOU_DOUYIN_SECRET": "live_gift=a"}) is None
    assert douyin_secret("live_comment", {}) is None
