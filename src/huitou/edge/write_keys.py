"""Whose key a request carries: those of the ledger and HUITOU_WRITE_KEY, which is a server's."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import threading
import time
from collections import Counter
from functools import lru_cache
from typing import Any, NamedTuple

import psycopg
import structlog

from huitou.edge.ledger import transaction
from huitou.events.write_keys import BROWSER, SCRIPT, Key, digest_of, live_keys, note_use
from huitou.kit import clock
from huitou.kit.errors import HuitouError
from huitou.kit.settings import settings

log = structlog.get_logger()

UNKNOWN_KEY = HuitouError({"zh": "写入密钥缺失或无效", "en": "the write key is missing or unknown"}, code="unknown_key")
BROWSERS_KEY = HuitouError(
    {"zh": "浏览器密钥不能用在这里，请用服务器密钥。", "en": "a browser's key cannot do this: use a server's key"},
    code="browser_key",
)
FRESH_SECONDS = 10.0  # how long a key that was added or taken away may go unnoticed
NOTE_SECONDS = 5.0  # how long counts wait to be written
USE_SECONDS = 60.0  # last use is written at most so often
LONGEST_KEY = 512  # characters; nobody's key is longer, and hashing is work


class KeySender(NamedTuple):
    """Who sends: the source of the events, whether a browser's key says so, and the key's row (None: of no row)."""

    source: str
    is_browser: bool = False
    key: int | None = None


_mutex = threading.Lock()
_senders: dict[str, KeySender] = {}
_read_at = float("-inf")
_used: dict[int, int] = {}
_written: dict[int, float] = {}
_tallies: Counter[tuple[int, str, str]] = Counter()


async def sender_of(key: str | None) -> KeySender | None:
    """Whose key it is; None where it is unknown. Asks the ledger, off the loop, every FRESH_SECONDS."""
    if not key or len(key) > LONGEST_KEY:
        return None
    script = settings().write_key
    if script and hmac.compare_digest(_digest(key), _digest(script)):
        return KeySender(SCRIPT)
    if not _is_fresh():
        await asyncio.to_thread(_read_keys)
    sender = _senders.get(_digest(key))  # found by its hash: how long that takes tells nothing of the key
    if sender is not None and sender.key is not None:
        _used[sender.key] = clock.now_us()
    return sender


def tally(sender: KeySender, outcome: str, rule: str) -> None:
    """Count an event of which something was refused or left aside; `note` writes it."""
    if sender.key is not None:
        with _mutex:
            _tallies[sender.key, outcome, rule] += 1


async def keep_noting() -> None:
    """Write counts and last uses every NOTE_SECONDS, until cancelled."""
    while True:
        await asyncio.sleep(NOTE_SECONDS)
        await asyncio.to_thread(note)


def note() -> None:
    """Write what was counted since; where the ledger is away it waits for the next time."""
    now = time.monotonic()
    used = {key: at for key, at in list(_used.items()) if now - _written.get(key, float("-inf")) >= USE_SECONDS}
    with _mutex:
        counted = dict(_tallies)
        _tallies.clear()
    if not used and not counted:
        return
    try:
        with transaction() as connection:
            note_use(connection, used, counted, clock.now_us())
    except (psycopg.Error, HuitouError) as error:
        log.warning("write_keys.not_noted", error=type(error).__name__)
        with _mutex:
            _tallies.update(counted)
        return
    for key in used:
        _written[key] = now
        _used.pop(key, None)


@lru_cache(maxsize=1_024)
def _digest(key: str) -> str:
    return digest_of(key)


def _is_fresh() -> bool:
    return time.monotonic() - _read_at < FRESH_SECONDS


def _read_keys() -> None:
    global _senders, _read_at
    with _mutex:
        if not _is_fresh():
            with transaction() as connection:
                _senders = {digest: _sender(key) for digest, key in live_keys(connection).items()}
            _read_at = time.monotonic()


def _sender(key: Key) -> KeySender:
    return KeySender(key.source, key.key_class == BROWSER, key.id)


def forget() -> None:
    """Read the keys anew at the next request, and count from nothing."""
    global _read_at
    _read_at = float("-inf")
    for kept in (_used, _written, _tallies):
        kept.clear()


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
