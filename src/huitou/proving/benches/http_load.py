"""A load generator: `python -m huitou.proving.benches.http_load PORT EVENTS BATCH CONNECTIONS` prints {events, seconds}.

Bodies are made before the clock starts, connections kept alive, each waits for its answer before it sends the next.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
import uuid
from datetime import UTC, datetime

KEY = "bench"


def make_requests(events: int, batch: int) -> list[bytes]:
    """Comments as the Segment SDK for Node sends them."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    mark = uuid.uuid4().hex
    made = []
    for start in range(0, events, batch):
        facts = [_comment(f"node-next-{mark}-{n}", n, at) for n in range(start, min(start + batch, events))]
        body = {"batch": facts, "writeKey": KEY, "sentAt": at} if batch > 1 else facts[0]
        made.append(_request("/v1/batch" if batch > 1 else "/v1/track", json.dumps(body, ensure_ascii=False).encode()))
    return made


def _comment(message: str, n: int, at: str) -> dict[str, object]:
    return {
        "timestamp": at,
        "integrations": {},
        "type": "track",
        "event": "live_commented",
        "messageId": message,
        "userId": f"u-{n % 5000}",
        "properties": {"broadcast_id": "B20", "content": "怎么买 几号链接"},
        "context": {"library": {"name": "@segment/analytics-node", "version": "3.1.0"}},
        "_metadata": {"nodeVersion": "v20.20.2", "jsRuntime": "node"},
    }


def _request(path: str, body: bytes) -> bytes:
    key = base64.b64encode(f"{KEY}:".encode()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Basic {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def send_all(port: int, requests: list[bytes], connections: int) -> float:
    """Seconds until the last answer; raises where one is not 200 with every event accepted."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    began = time.perf_counter()
    await asyncio.gather(*(_send(*pair, requests[n::connections]) for n, pair in enumerate(opened)))
    seconds = time.perf_counter() - began
    for _, writer in opened:
        writer.close()
    return seconds


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: list[bytes]) -> None:
    for request in requests:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if not head.startswith(b"http/1.1 200") or b'"duplicate":0,"quarantined":0,"rejected":[]' not in body:
            raise RuntimeError(f"{head.decode()} {body.decode()[:300]}")


def main(port: str, events: str, batch: str, connections: str) -> None:
    requests = make_requests(int(events), int(batch))
    seconds = asyncio.run(send_all(int(port), requests, int(connections)))
    sys.stdout.write(json.dumps({"events": int(events), "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
