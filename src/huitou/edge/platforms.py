"""POST /in/<connector>: pushes of the platforms, their signatures verified. Today Douyin's live push."""

from __future__ import annotations

import os
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from huitou.edge.answers import answer, refusal
from huitou.edge.bodies import parse_body, read_body
from huitou.edge.ingest import read_events
from huitou.events.connectors.douyin import read_push_event
from huitou.events.connectors.douyin.signature import is_genuine
from huitou.kit.errors import HuitouError


async def take_douyin(request: Request) -> Response:
    """A live push: 200 when durable (the platform waits 2 s and repeats), 401 where the signature is wrong."""
    secret = douyin_secret(request.headers.get("x-msg-type", ""))
    if not secret:
        return refusal(
            503,
            HuitouError(
                {"zh": "还没有设置 HUITOU_DOUYIN_SECRET", "en": "HUITOU_DOUYIN_SECRET is not set"}, code="no_secret"
            ),
        )
    body = await read_body(request)
    if not is_genuine(request.headers, body, secret):
        return refusal(401, HuitouError({"zh": "签名不符", "en": "wrong signature"}, code="bad_signature"))
    items = parse_body(body)
    headers = {name: request.headers.get(name, "") for name in ("x-roomid", "x-msg-type")}
    records = [
        read_push_event(i, item, headers) for i, item in enumerate(items if isinstance(items, list) else [items])
    ]
    rejected = [
        {"index": record.rows[0], "field": record.rejected.field, "reason": str(record.rejected)}
        for record in records
        if record.rejected
    ]
    events, refused = read_events([raw for record in records for raw in record.events], "douyin", None, len(body))
    outcomes = await request.app.state.committer.commit(events)
    counts = {outcome: outcomes.count(outcome) for outcome in ("accepted", "duplicate", "quarantined")}
    return answer(200, {"err_no": 0, "err_msg": "success", **counts, "rejected": rejected + refused})


def douyin_secret(kind: str, env: Mapping[str, str] = os.environ) -> str | None:
    """HUITOU_DOUYIN_SECRET: one secret for all pushes, or `live_comment=…,live_gift=…` (each type has its own)."""
    said = env.get("HUITOU_DOUYIN_SECRET", "")
    if "=" not in said:
        return said or None
    pairs = dict(part.split("=", 1) for part in said.split(",") if "=" in part)
    return pairs.get(kind)
