"""POST /v1/…: the Segment HTTP API. 2xx only when every accepted event is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from huitou.edge import write_keys
from huitou.edge.answers import answer, refusal
from huitou.edge.bodies import parse_body, read_body
from huitou.edge.metrics import EVENTS
from huitou.events.model import Event
from huitou.events.segment import LARGEST_EVENT, Rejected, read_segment, read_sent_at
from huitou.kit import clock
from huitou.kit.errors import HuitouError

SINGLE = ("track", "identify", "page", "screen", "group", "alias")


async def take_batch(request: Request) -> Response:
    """/v1/batch (and /v1/import): accepted, duplicate, quarantined counts; rejected with index, field, reason."""
    body = await read_body(request)
    document = parse_body(body)
    source = await _source(request, document)
    if source is None:
        return _unknown_key()
    items = document.get("batch") if isinstance(document, dict) else None
    if not isinstance(items, list):
        return refusal(400, HuitouError({"zh": "缺少 batch 数组", "en": "the batch array is missing"}, code="no_batch"))
    events, rejected = read_events(items, source, read_sent_at(document.get("sentAt")), len(body))
    outcomes = await request.app.state.committer.commit(events)
    return _counted(outcomes, rejected)


async def take_single(request: Request) -> Response:
    """/v1/track, /v1/identify …: one event; 400 with its reason where it is rejected."""
    body = await read_body(request)
    raw = parse_body(body)
    source = await _source(request, raw)
    if source is None:
        return _unknown_key()
    if isinstance(raw, dict):
        raw["type"] = request.path_params["type"]
    sent_at = read_sent_at(raw.get("sentAt")) if isinstance(raw, dict) else None
    events, rejected = read_events([raw], source, sent_at, len(body))
    if rejected:
        return answer(400, {"success": False, "code": "rejected", **rejected[0]})
    return _counted(await request.app.state.committer.commit(events), [])


def read_events(
    items: Iterable[Any], source: str, sent_at: int | None, body_size: int
) -> tuple[list[Event], list[dict[str, Any]]]:
    """The valid events, and {index, field, reason} of the others. No event of a small body needs weighing."""
    received_at = clock.now_us()
    events: list[Event] = []
    rejected: list[dict[str, Any]] = []
    for index, raw in enumerate(items):
        try:
            if body_size > LARGEST_EVENT:
                _check_size(raw)
            events.append(read_segment(raw, source=source, received_at=received_at, sent_at=sent_at))
        except Rejected as why:
            rejected.append({"index": index, "field": why.field, "reason": str(why)})
    return events, rejected


def _check_size(raw: Any) -> None:
    size = len(msgspec.json.encode(raw))
    if size > LARGEST_EVENT:
        kib = LARGEST_EVENT // 1024
        raise Rejected(
            "", {"zh": f"事件有 {size} 字节,超过 {kib} KB", "en": f"the event has {size} bytes, over {kib} KB"}
        )


async def _source(request: Request, document: Any) -> str | None:
    key = write_keys.key_in(request.headers, document)
    if write_keys.is_fresh():
        return write_keys.source_of(key)
    return await asyncio.to_thread(write_keys.source_of, key)


def _unknown_key() -> Response:
    return refusal(
        401,
        HuitouError({"zh": "写入密钥缺失或无效", "en": "the write key is missing or unknown"}, code="unknown_key"),
    )


def _counted(outcomes: list[str], rejected: list[dict[str, Any]]) -> Response:
    counts = {outcome: outcomes.count(outcome) for outcome in ("accepted", "duplicate", "quarantined")}
    for outcome, count in counts.items():
        if count:
            EVENTS.labels(outcome).inc(count)
    if rejected:
        EVENTS.labels("rejected").inc(len(rejected))
    return answer(200, {"success": True, **counts, "rejected": rejected})
