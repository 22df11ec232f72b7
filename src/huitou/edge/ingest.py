"""POST /v1/…: the Segment HTTP API. 2xx only when every accepted event is durable.

Plain ASGI, without the framework's Request and middleware: they would cost as much as everything else together.
Write keys are public where browsers send events, so any origin may (CORS), and nothing but sending is allowed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

import msgspec
import psycopg
import structlog

from huitou.edge.answers import describe, status_of
from huitou.edge.bodies import HungUp, Receive, read_body
from huitou.edge.committer import Committer
from huitou.edge.metrics import count_events
from huitou.edge.write_keys import UNKNOWN_KEY, key_in, source_of
from huitou.events.model import Event, parse_json
from huitou.events.segment import LARGEST_EVENT, Rejected, read_segment, read_sent_at
from huitou.kit import clock
from huitou.kit.errors import HuitouError, Refused, Unavailable

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = tuple[int, dict[str, Any]]

SINGLE = ("track", "identify", "page", "screen", "group", "alias")
ANY_ORIGIN = (b"access-control-allow-origin", b"*")
PREFLIGHT = [
    ANY_ORIGIN,
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"authorization, content-type, content-encoding"),
    (b"access-control-max-age", b"86400"),
]


class Ingest:
    """The endpoint of one path: `kind` is a type of event, or None for batches."""

    def __init__(self, committer: Committer, kind: str | None = None) -> None:
        self.committer = committer
        self.kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": PREFLIGHT})
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            status, document = await self._take(dict(scope["headers"]), receive)
        except HungUp:
            return
        except HuitouError as error:
            status, document = status_of(error), describe(error)
        except psycopg.OperationalError as error:  # a full pool too
            log.error("ingest.unavailable", error=type(error).__name__)
            unavailable = Unavailable({"zh": "数据库暂时不可用，请重试。", "en": "the ledger is unavailable; retry"})
            status, document = 503, describe(unavailable)
        await _send_json(send, status, document)

    async def _take(self, headers: dict[bytes, bytes], receive: Receive) -> Answer:
        body = await read_body(headers.get(b"content-length", b"").decode("latin-1"), receive)
        document = parse_json(body)
        source = await source_of(key_in(headers.get(b"authorization", b"").decode("latin-1"), document))
        if source is None:
            return 401, describe(UNKNOWN_KEY)
        if self.kind is None:
            return await self._take_batch(document, source, len(body))
        return await self._take_single(document, source, len(body))

    async def _take_batch(self, document: Any, source: str, size: int) -> Answer:
        items = document.get("batch") if isinstance(document, dict) else None
        if not isinstance(items, list):
            raise Refused({"zh": "缺少 batch 数组", "en": "the batch array is missing"}, code="no_batch")
        events, rejected = read_events(items, source, read_sent_at(document.get("sentAt")), size)
        return 200, {"success": True, **await self._store(events, rejected)}

    async def _take_single(self, raw: Any, source: str, size: int) -> Answer:
        sent_at = None
        if isinstance(raw, dict):
            raw["type"] = self.kind
            sent_at = read_sent_at(raw.get("sentAt"))
        events, rejected = read_events([raw], source, sent_at, size)
        counts = await self._store(events, rejected)
        if rejected:
            return 400, {"success": False, "code": "rejected", **rejected[0]}
        return 200, {"success": True, **counts}

    async def _store(self, events: Sequence[Event], rejected: list[dict[str, Any]]) -> dict[str, Any]:
        return await store(self.committer, events, rejected)


async def store(committer: Committer, events: Sequence[Event], rejected: list[dict[str, Any]]) -> dict[str, Any]:
    """Commit, count for /metrics, and say what became of the events."""
    outcomes = await committer.commit(events)
    counts = {outcome: outcomes.count(outcome) for outcome in ("accepted", "duplicate", "quarantined")}
    count_events({**counts, "rejected": len(rejected)} if rejected else counts)
    return {**counts, "rejected": rejected}


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
            "", {"zh": f"事件有 {size} 字节，超过 {kib} KB", "en": f"the event has {size} bytes, over {kib} KB"}
        )


async def _send_json(send: Send, status: int, document: dict[str, Any]) -> None:
    body = msgspec.json.encode(document)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), ANY_ORIGIN]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
