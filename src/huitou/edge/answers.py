"""JSON answers, and errors of the house as HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from huitou.edge.bodies import TooLarge
from huitou.kit.errors import HuitouError, NotFound, Rejected, Unavailable

RETRY_AFTER = {"retry-after": "1"}


def answer(status: int, document: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(document), status, headers, media_type="application/json")


def refusal(status: int, error: HuitouError, headers: dict[str, str] | None = None) -> Response:
    document = {"success": False, "code": error.code, "message": dict(error.message)}
    return answer(status, document, headers)


async def refuse(request: Request, error: Exception) -> Response:
    """The exception handler of the application for HuitouError."""
    assert isinstance(error, HuitouError)
    match error:
        case TooLarge():
            return refusal(413, error)
        case Unavailable():
            return refusal(503, error, RETRY_AFTER)
        case NotFound():
            return refusal(404, error)
        case Rejected():
            return refusal(400, error)
    return refusal(400 if error.permanent else 503, error, None if error.permanent else RETRY_AFTER)
