"""POST /in/<connector>: pushes of the platforms, their signatures verified. Today Douyin's live push."""

from __future__ import annotations

import os
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from huitou.edge.answers import answer, refusal
from huitou.edge.bodies import read_body
from huitou.edge.ingest import read_events, store
from huitou.events.connectors.douyin import read_push_event
from huitou.events.connectors.douyin.signature import is_genuine
from huitou.events.model import parse_json
from huitou.kit.errors import HuitouError, Unavailable


async def take_douyin(request: Request) -> Response:
    """A live push: 200 when durable (the platform waits 2 s and repeats), 401 where the signature is wrong."""
    secret = douyin_secret(request.headers.get("x-msg-type", ""))
    if not secret:
        raise Unavailable({"zh": "还没有设置 HUITOU_DOUYIN_SECRET", "en": "HUITOU_DOUYIN_SECRET is not set"})
    body = await read_body(request.headers.get("content-length", ""), request.receive)
    if not is_genuine(request.headers, body, secret):
        return refusal(401, HuitouError({"zh": "签名不符", "en": "wrong signature"}, code="bad_signature"))
    items = parse_json(body)
    headers = {name: request.headers.get(name, "") for name in ("x-roomid", "x-msg-type")}
    events, rejected = [], []
    for index, item in enumerate(items if isinstance(items, list) else [items]):
        record = read_push_event(index, item, headers)
        if record.rejected:
            why = record.rejected
            rejected.append({"index": index, "field": why.field, "reason": str(why)})
            continue
        read, refused = read_events(record.events, "douyin", None, len(body))
        events += read
        rejected += [{**one, "index": index} for one in refused]
    return answer(
        200, {"err_no": 0, "err_msg": "success", **await store(request.app.state.committer, events, rejected)}
    )


def douyin_secret(kind: str, env: Mapping[str, str] = os.environ) -> str | None:
    """HUITOU_DOUYIN_SECRET: one secret for all pushes, or `live_comment=…,live_gift=…` (each type has its own)."""
    said = env.get("HUITOU_DOUYIN_SECRET", "")
    if "=" not in said:
        return said or None
    pairs = dict(part.split("=", 1) for part in said.split(",") if "=" in part)
    return pairs.get(kind)
