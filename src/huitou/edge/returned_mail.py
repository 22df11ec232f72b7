"""POST /in/mail: bounces and abuse reports, as the mail server hands them on, one whole mail a request.

Postfix, main.cf: recipient_delimiter = +; master.cf:
    returned unix - n n - - pipe user=nobody argv=/usr/bin/curl -sf -u KEY: --data-binary @- http://127.0.0.1:8000/in/mail
transport_maps: bounce@mail.example.com  returned:
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from huitou.delivery.channels.email.bounces import LARGEST, take_returned
from huitou.edge.answers import answer, refusal
from huitou.edge.bodies import read_body
from huitou.edge.ledger import transaction
from huitou.edge.write_keys import BROWSERS_KEY, UNKNOWN_KEY, key_in, sender_of
from huitou.kit import clock
from huitou.kit.errors import Rejected


async def take_returned_mail(request: Request) -> Response:
    """200 when what it says is durable, and also for a mail that is no report: a mail server would send it again."""
    sender = await sender_of(key_in(request.headers.get("authorization", ""), None))
    if sender is None:
        return refusal(401, UNKNOWN_KEY)
    if sender.is_browser:
        return refusal(403, BROWSERS_KEY)
    body, _ = await read_body(request.headers.get("content-length", ""), request.receive, LARGEST)
    return answer(200, {"success": True, **await asyncio.to_thread(_take, body)})


def _take(body: bytes) -> dict[str, Any]:
    try:
        with transaction() as connection:
            returned = take_returned(connection, body, clock.now_us())
    except Rejected as why:
        return {"kind": "ignored", "reason": dict(why.message)}
    return {"kind": returned.kind, "message": returned.message, "status": returned.status}
