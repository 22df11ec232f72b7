"""Traffic of real SDKs, captured: our API's arrives whole, other makers' paths are refused in clear words."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from huitou.events.model import Event
from huitou.kit.settings import settings, use_settings
from tests.edge.conftest import keep_key


def read_captures(shared: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shared / "fixtures" / "sdk_capture.jsonl").read_text().splitlines()]


def as_sent(capture: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    """Headers and body as they were on the wire: zipped where the headers say so."""
    body = capture["b"].encode()
    headers = {name: value for name, value in capture["h"].items() if name != "content-length"}
    return headers, gzip.compress(body) if headers.get("content-encoding") == "gzip" else body


async def test_every_captured_batch_arrives_whole_and_again_is_a_duplicate(
    edge: httpx.AsyncClient, journal: Callable[[], list[Event]], shared: Path, ledger: Any
) -> None:
    batches = [capture for capture in read_captures(shared) if capture["p"] == "/v1/batch"]
    assert len(batches) == 5
    keys = ("wk_live_demo", "wk_rudder", "wk_py", "rk")
    for key in keys:
        keep_key(ledger, key, f"source-{key}")
    edge.auth = httpx.Auth()
    expected = []
    for capture in batches:
        headers, body = as_sent(capture)
        events = json.loads(capture["b"])["batch"]
        answer = await edge.post(capture["p"], content=body, headers=headers)
        again = await edge.post(capture["p"], content=body, headers=headers)
        whole = {"success": True, "accepted": len(events), "duplicate": 0, "quarantined": 0, "rejected": []}
        assert (answer.status_code, answer.json()) == (200, whole)
        assert again.json() == {**whole, "accepted": 0, "duplicate": len(events)}
        expected += [event["messageId"] for event in events]
    stored = journal()
    assert [event.event_id for event in stored] == expected
    first = {event.name: event for event in stored[:6]}
    assert list(first) == ["identified", "order_paid", "page_viewed", "screen_viewed", "grouped", "aliased"]
    assert first["identified"].traits == {"name": "林晓", "phone": "+8613800000000"}
    assert first["order_paid"].properties["revenue"] == 19900  # 199 decimals of Segment's own event
    assert {event.source for event in stored} == {f"source-{key}" for key in keys}


@pytest.mark.parametrize(
    ("path", "maker"),
    [
        ("/batch/", "PostHog"),
        ("/com.snowplowanalytics.snowplow/tp2", "Snowplow"),
        ("/track", "Mixpanel"),
        ("/ce", "CloudEvents"),
        ("/sa", "Sensors Analytics"),
    ],
)
async def test_other_collectors_are_told_apart(edge: httpx.AsyncClient, shared: Path, path: str, maker: str) -> None:
    captures = [capture for capture in read_captures(shared) if capture["p"].split("?")[0] == path]
    assert captures
    for capture in captures:
        headers, body = as_sent(capture)
        answer = await edge.request(capture["m"], capture["p"], content=body, headers=headers)
        assert answer.status_code == 404
        assert answer.json()["code"] == "unsupported_collector"
        assert maker in answer.json()["message"]["en"]
        assert maker in answer.json()["message"]["zh"]


async def test_the_key_may_stand_in_the_body(edge: httpx.AsyncClient, journal: Callable[[], list[Event]]) -> None:
    use_settings(replace(settings(), write_key="in-body"))
    edge.auth = httpx.Auth()
    body = {
        "writeKey": "in-body",
        "event": "live_entered",
        "userId": "u-1",
        "messageId": "m-1",
        "properties": {"room_id": "7"},
    }
    answer = await edge.post("/v1/track", content=json.dumps(body), headers={"content-type": "text/plain"})
    assert answer.json()["accepted"] == 1
    assert [event.source for event in journal()] == ["script"]
