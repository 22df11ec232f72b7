"""Who may send events: write keys, in the ledger or named by HUITOU_WRITE_KEY; each names the source of its events."""

from __future__ import annotations

import asyncio
import base64
import binascii
import threading
import time
from functools import lru_cache
from typing import Any

from huitou.edge.ledger import transaction
from huitou.kit.errors import HuitouError
from huitou.kit.settings import settings

UNKNOWN_KEY = HuitouError({"zh": "写入密钥缺失或无效", "en": "the write key is missing or unknown"}, code="unknown_key")
FRESH_SECONDS = 10.0  # how long a key that was added or taken away may go unnoticed

_mutex = threading.Lock()
_keys: dict[str, str] = {}
_read_at = float("-inf")


async def source_of(key: str | None) -> str | None:
    """The source a write key names; None where the key is unknown. Asks the ledger, off the loop, every 10 s."""
    if not key:
        return None
    if key == settings().write_key:
        return "script"
    if not _is_fresh():
        await asyncio.to_thread(_read_keys)
    return _keys.get(key)


def _is_fresh() -> bool:
    return time.monotonic() - _read_at < FRESH_SECONDS


def _read_keys() -> None:
    global _keys, _read_at
    with _mutex:
        if not _is_fresh():
            with transaction() as connection:
                _keys = dict(connection.execute("SELECT key, name FROM write_key").fetchall())
            _read_at = time.monotonic()


def forget() -> None:
    """Read the keys anew at the next request."""
    global _read_at
    _read_at = float("-inf")


def key_in(authorization: str, body: Any) -> str | None:
    """The key of a request: Basic user name, Bearer token, or `writeKey` in the body."""
    if authorization:
        return _key_in_header(authorization)
    key = body.get("writeKey") if isinstance(body, dict) else None
    return key if isinstance(key, str) else None


@lru_cache(maxsize=1_024)
def _key_in_header(authorization: str) -> str | None:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0] or None
    except (binascii.Error, ValueError):
        return None
