"""POST /in/<connector>: pushes of the platforms, their signatures verified. Today Douyin's live push."""

from __future__ import annotations

import os
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from huitou.edge.answers import answer, refusal
from huitou.edge.bodies import read_body
from huitou.edge.ingest import MOST_ITEMS, ReadBody, read_events, store, too_many
from huitou.edge.write_keys import KeySender
from huitou.events.connectors.douyin import read_push_event
from huitou.events.connectors.douyin.signature import is_genuine
from huitou.events.model import parse_json
from huitou.kit.errors import HuitouError

PLATFORM = KeySender("douyin")
NO_SECRET = HuitouError(
    {
        "zh": "还没有设置 HUITOU_DOUYIN_SECRET，无法验证签名。",
        "en": "HUITOU_DOUYIN_SECRET is not set: no signature can be verified",
    },
    code="no_secret",
)


async def take_douyin(request: Request) -> Response:
    """A live push: 200 when durable (the platform waits 2 s and repeats), 401 where the signature is wrong or no secret is set."""
    secret = douyin_secret(request.headers.get("x-msg-type", ""))
    if not secret:
        return refusal(401, NO_SECRET)
    body, wire = await read_body(request.headers.get("content-length", ""), request.receive)
    if not is_genuine(request.headers, body, secret):
        return refusal(401, HuitouError({"zh": "签名不符", "en": "wrong signature"}, code="bad_signature"))
    items = parse_json(body)
    headers = {name: request.headers.get(name, "") for name in ("x-roomid", "x-msg-type")}
    if isinstance(items, list) and len(items) > MOST_ITEMS:
        raise too_many(len(items))
    read = ReadBody([], [], [])
    for index, item in enumerate(items if isinstance(items, list) else [items]):
        record = read_push_event(index, item, headers)
        if record.rejected:
            why = record.rejected
            read.rejected.append({"index": index, "field": why.field, "reason": str(why)})
            continue
        told = read_events(record.events, PLATFORM, None, len(body))
        read.events += told.events
        read.rejected += [{**one, "index": index} for one in told.rejected]
    counts = await store(request.app.state.committer, read, wire)
    return answer(200, {"err_no": 0, "err_msg": "success", **counts})


def douyin_secret(kind: str, env: Mapping[str, str] = os.environ) -> str | None:
    """HUITOU_DOUYIN_SECRET: one secret for all pushes, or `live_comment=…,live_gift=…` (each type has its own)."""
    said = env.get("HUITOU_DOUYIN_SECRET", "")
    if "=" not in said:
        return said or None
    pairs = dict(part.split("=", 1) for part in said.split(",") if "=" in part)
    return pairs.get(kind)
