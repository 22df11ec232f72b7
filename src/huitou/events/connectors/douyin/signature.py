"""The signature of Douyin's live data push: base64(MD5(sorted headers as k=v&… + raw body + secret)).

Source: developer.open-douyin.com, live-room-scope/data-open, "签名". Each msg_type has a secret of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

SIGNED = ("x-msg-type", "x-nonce-str", "x-roomid", "x-timestamp")


def sign(headers: Mapping[str, str], body: bytes, secret: str) -> str:
    parts = "&".join(f"{name}={headers.get(name, '')}" for name in SIGNED)
    digest = hashlib.md5(parts.encode() + body + secret.encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def is_genuine(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    return hmac.compare_digest(sign(headers, body, secret).encode(), headers.get("x-signature", "").encode())
