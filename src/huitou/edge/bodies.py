"""Request bodies: bounded, unzipped where they are gzip whatever the headers say, parsed by the one JSON parser."""

from __future__ import annotations

import zlib
from typing import Any

from starlette.requests import Request

from huitou.events.model import parse_json
from huitou.events.segment import LARGEST_BODY
from huitou.kit.errors import HuitouError


class TooLarge(HuitouError):
    """The body, as sent or unzipped, is over the limit."""

    code = "too_large"


def _too_large() -> TooLarge:
    kib = LARGEST_BODY // 1024
    return TooLarge({"zh": f"请求体超过 {kib} KB", "en": f"the body is over {kib} KB"})


async def read_body(request: Request) -> bytes:
    """The body unzipped; TooLarge at 500 KB, before or after unzipping; never more than that in memory."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > LARGEST_BODY:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise _too_large()
    # RudderStack labels gzip bodies as forms, some proxies drop content-encoding: the bytes tell.
    return _unzip(bytes(body)) if body[:2] == b"\x1f\x8b" else bytes(body)


def _unzip(body: bytes) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, LARGEST_BODY + 1)
    except zlib.error as error:
        raise HuitouError({"zh": "gzip 已损坏", "en": "damaged gzip"}, code="bad_body") from error
    if len(plain) > LARGEST_BODY:
        raise _too_large()
    if not unzip.eof:
        raise HuitouError({"zh": "gzip 不完整", "en": "truncated gzip"}, code="bad_body")
    return plain


def parse_body(body: bytes) -> Any:
    return parse_json(body)
