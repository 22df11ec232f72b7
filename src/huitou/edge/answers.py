"""JSON answers, and errors of the house as HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from huitou.edge.bodies import TooLarge, TooSlow
from huitou.kit.errors import HuitouError, NotFound

RETRY_AFTER = {"retry-after": "1"}

_encode = msgspec.json.Encoder().encode


def answer(status: int, document: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(_encode(document), status, headers, media_type="application/json")


def status_of(error: HuitouError) -> int:
    """What a refusal is in HTTP; 503 where the same request may succeed later."""
    match error:
        case TooLarge():
            return 413
        case TooSlow():
            return 408
        case NotFound():
            return 404
    return 400 if error.permanent else 503


def refusal(status: int, error: HuitouError) -> Response:
    return answer(status, describe(error), RETRY_AFTER if status == 503 else None)


def describe(error: HuitouError) -> dict[str, Any]:
    return {"success": False, "code": error.code, "message": dict(error.message)}


async def refuse(request: Request, error: Exception) -> Response:
    """The exception handler of the application for HuitouError."""
    assert isinstance(error, HuitouError)
    return refusal(status_of(error), error)
