"""POST /v1/…: the Segment HTTP API. 2xx only when every accepted event is durable.

Plain ASGI, without the framework's Request and middleware: they would cost as much as everything else together.
Write keys are public where browsers send events, so any origin may (CORS), and nothing but sending is allowed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
import structlog

from huitou.edge.answers import describe, status_of
from huitou.edge.bodies import Receive, TooLarge, read_body
from huitou.edge.browser_events import restrict
from huitou.edge.committer import Committer
from huitou.edge.metrics import BROWSER_EVENTS, count_events
from huitou.edge.write_keys import UNKNOWN_KEY, KeySender, key_in, sender_of, tally
from huitou.events.model import Event, parse_json
from huitou.events.segment import LARGEST_EVENT, Rejected, read_segment, read_sent_at
from huitou.kit import clock
from huitou.kit.errors import HuitouError, Refused, Unavailable

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = tuple[int, dict[str, Any]]

MOST_ITEMS = 10_000  # of a batch; 500 KB of the smallest events that mean anything
AT_ONCE = 200  # items read on the loop; more of them would keep others waiting for milliseconds
LEAST_LISTED = 2_048  # bytes of rejections that are listed however small the request was
FEW = 4  # rejections that are listed without weighing them
LONGEST_FIELD = 120  # characters

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
        except HuitouError as error:
            status, document = status_of(error), describe(error)
        except psycopg.OperationalError as error:  # a full pool too
            log.error("ingest.unavailable", error=type(error).__name__)
            unavailable = Unavailable({"zh": "数据库暂时不可用，请重试。", "en": "the ledger is unavailable; retry"})
            status, document = 503, describe(unavailable)
        await _send_json(send, status, document)

    async def _take(self, headers: dict[bytes, bytes], receive: Receive) -> Answer:
        body, wire = await read_body(headers.get(b"content-length", b"").decode("latin-1"), receive)
        document = parse_json(body)
        sender = await sender_of(key_in(headers.get(b"authorization", b"").decode("latin-1"), document))
        if sender is None:
            return 401, describe(UNKNOWN_KEY)
        if self.kind is None:
            return await self._take_batch(document, sender, len(body), wire)
        return await self._take_single(document, sender, len(body), wire)

    async def _take_batch(self, document: Any, sender: KeySender, size: int, wire: int) -> Answer:
        items = document.get("batch") if isinstance(document, dict) else None
        if not isinstance(items, list):
            raise Refused({"zh": "缺少 batch 数组", "en": "the batch array is missing"}, code="no_batch")
        if len(items) > MOST_ITEMS:
            raise too_many(len(items))
        read = await read_all(items, sender, read_sent_at(document.get("sentAt")), size)
        return 200, {"success": True, **await store(self.committer, read, wire)}

    async def _take_single(self, raw: Any, sender: KeySender, size: int, wire: int) -> Answer:
        sent_at = None
        if isinstance(raw, dict):
            raw["type"] = self.kind
            sent_at = read_sent_at(raw.get("sentAt"))
        read = read_events([raw], sender, sent_at, size)
        counts = await store(self.committer, read, wire)
        if read.rejected:
            return 400, {"success": False, "code": "rejected", **read.rejected[0]}
        return 200, {"success": True, **counts}


@dataclass(slots=True)
class ReadBody:
    """What became of the items of a body: {index, field, reason} each of those rejected or kept in part."""

    events: list[Event]
    rejected: list[dict[str, Any]]
    left_aside: list[dict[str, Any]]


async def store(committer: Committer, read: ReadBody, wire: int) -> dict[str, Any]:
    """Commit, count for /metrics, and say what became of the events: of a body of `wire` bytes, as much as fits."""
    outcomes = await committer.commit(read.events)
    counts: dict[str, Any] = {name: outcomes.count(name) for name in ("accepted", "duplicate", "quarantined")}
    count_events({**counts, "rejected": len(read.rejected)} if read.rejected else counts)
    room = max(LEAST_LISTED, 2 * wire)
    counts["rejected"] = listed = _fitting(read.rejected, room)
    if len(listed) < len(read.rejected):
        counts["rejected_unlisted"] = len(read.rejected) - len(listed)
    if read.left_aside:
        counts["left_aside"] = listed = _fitting(read.left_aside, room)
        if len(listed) < len(read.left_aside):
            counts["left_aside_unlisted"] = len(read.left_aside) - len(listed)
    return counts


def _fitting(entries: list[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    """The first entries that take at most `room` bytes, at least one: no reply is many times its request."""
    if len(entries) <= FEW:
        return entries
    for count, entry in enumerate(entries):
        room -= len(msgspec.json.encode(entry)) + 1
        if room < 0:
            return entries[: max(count, 1)]
    return entries


async def read_all(items: Sequence[Any], sender: KeySender, sent_at: int | None, body_size: int) -> ReadBody:
    """`read_events`, beside the loop where it would take long: others are answered meanwhile."""
    if len(items) <= AT_ONCE:
        return read_events(items, sender, sent_at, body_size)
    return await asyncio.to_thread(read_events, items, sender, sent_at, body_size)


def read_events(items: Iterable[Any], sender: KeySender, sent_at: int | None, body_size: int) -> ReadBody:
    """The valid events, and what is to be said of the others. No event of a small body needs weighing."""
    received_at = clock.now_us()
    read = ReadBody([], [], [])
    for index, raw in enumerate(items):
        try:
            if body_size > LARGEST_EVENT:
                _check_size(raw)
            event = read_segment(raw, source=sender.source, received_at=received_at, sent_at=sent_at)
            if sender.is_browser:
                event = _restrict(event, raw, index, sender, read)
            read.events.append(event)
        except Rejected as why:
            if sender.is_browser:
                count_browser(sender, "rejected", [getattr(why, "rule", "invalid")])
            read.rejected.append({"index": index, "field": why.field[:LONGEST_FIELD], "reason": str(why)})
    return read


def _restrict(event: Event, raw: Any, index: int, sender: KeySender, read: ReadBody) -> Event:
    event, aside = restrict(event, raw)
    if aside:
        count_browser(sender, "left_aside", {one.rule for one in aside})
        read.left_aside += [{"index": index, "field": one.field[:LONGEST_FIELD], "reason": one.reason} for one in aside]
    return event


def count_browser(sender: KeySender, outcome: str, rules: Iterable[str]) -> None:
    """Count an event, by the rules that refused it or left a part of it aside, for /metrics and for the console."""
    for rule in rules:
        BROWSER_EVENTS.labels(outcome, rule).inc()
        tally(sender, outcome, rule)


def too_many(count: int) -> TooLarge:
    return TooLarge(
        {
            "zh": f"一批有 {count} 条，超过 {MOST_ITEMS} 条",
            "en": f"the batch has {count} items, over {MOST_ITEMS}",
        }
    )


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
