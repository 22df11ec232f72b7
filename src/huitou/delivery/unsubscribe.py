"""Leaving, in one click (RFC 8058). The token names the message and is signed; showing it changes nothing."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode

from huitou.delivery.links import TOKEN_BYTES, signing_key
from huitou.kit.errors import NotFound
from huitou.kit.settings import settings


def token_for(message: str) -> str:
    """'<message>.<signature>': survives any number of renders and needs no table."""
    return f"{message}.{_sign(message)}"


def unsubscribe_url(message: str) -> str:
    return f"{settings().public_url}/u/{token_for(message)}"


def read_token(token: str) -> str:
    """The message a token was made for. NotFound where the signature does not hold."""
    message, _, signature = token.partition(".")
    if not message or not hmac.compare_digest(signature.encode("utf-8", "replace"), _sign(message).encode()):
        raise NotFound({"zh": "这个退订链接无效。", "en": "this unsubscribe link is not valid"})
    return message


def _sign(message: str) -> str:
    digest = hmac.digest(signing_key("unsubscribe"), message.encode("utf-8", "surrogatepass"), "sha256")
    return urlsafe_b64encode(digest[:TOKEN_BYTES]).rstrip(b"=").decode()
