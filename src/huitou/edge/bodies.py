"""Request bodies: bounded, unzipped where they are gzip whatever the headers say."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from huitou.events.segment import LARGEST_BODY
from huitou.kit.errors import HuitouError, Refused

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

PATIENCE = 30.0  # seconds a sender may take for its body; then it is a slowloris or has lost its line


class TooLarge(HuitouError):
    """The body, as sent or unzipped, is over the limit."""

    code = "too_large"


class TooSlow(HuitouError):
    """The body did not come within PATIENCE."""

    code = "too_slow"


class CutOff(HuitouError):
    """The body broke off: a bad chunk, or the sender closed its side or is gone."""

    code = "cut_off"


def _too_large(largest: int) -> TooLarge:
    kib = largest // 1024
    return TooLarge({"zh": f"请求体超过 {kib} KB", "en": f"the body is over {kib} KB"})


async def read_body(declared: str, receive: Receive, largest: int = LARGEST_BODY) -> tuple[bytes, int]:
    """The body unzipped, and how many bytes of it came; `declared` is its Content-Length. Never more than `largest`.

    TooLarge over it, before or after unzipping; TooSlow after PATIENCE; CutOff where it is not whole; Refused
    where its gzip is damaged.
    """
    if declared.isdigit() and int(declared[:20]) > largest:
        raise _too_large(largest)
    try:
        async with asyncio.timeout(PATIENCE):
            body = await _receive_all(receive, largest)
    except TimeoutError:
        raise TooSlow({"zh": "请求体迟迟没有发完", "en": "the body did not come in time"}) from None
    # RudderStack labels gzip bodies as forms, some proxies drop content-encoding: the bytes tell.
    return (_unzip(body, largest) if body[:2] == b"\x1f\x8b" else body), len(body)


async def _receive_all(receive: Receive, largest: int) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > largest:
            raise _too_large(largest)
        return body
    parts = bytearray()
    while message["type"] == "http.request":
        parts += message.get("body", b"")
        if len(parts) > largest:
            raise _too_large(largest)
        if not message.get("more_body"):
            return bytes(parts)
        message = await receive()
    raise CutOff({"zh": "请求体不完整", "en": "the body broke off"})


def _unzip(body: bytes, largest: int) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, largest + 1)
    except zlib.error as error:
        raise Refused({"zh": "gzip 已损坏", "en": "damaged gzip"}, code="bad_body") from error
    if len(plain) > largest:
        raise _too_large(largest)
    if unzip.unused_data.strip(b"\0"):
        raise Refused({"zh": "gzip 只能有一段", "en": "more than one gzip member"}, code="bad_body")
    if not unzip.eof:
        raise Refused({"zh": "gzip 不完整", "en": "truncated gzip"}, code="bad_body")
    return plain
