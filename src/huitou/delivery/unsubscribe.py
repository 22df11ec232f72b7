"""Leaving, in one click (RFC 8058). The token names the message and is signed; showing it changes nothing."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode

from huitou.delivery.channel_events import owner_of, reader_events, readers_of
from huitou.delivery.links import TOKEN_BYTES, signing_key
from huitou.events.consent import have_withdrawn
from huitou.events.journal import append_events
from huitou.events.purposes import MARKETING
from huitou.kit.clock import now_us
from huitou.kit.errors import NotFound
from huitou.kit.settings import settings
from huitou.stores.ledger import Connection


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


def unsubscribe(connection: Connection, token: str) -> None:
    """Withdraw the consent of the message's readers on its channel for its purpose, in the caller's transaction.

    Each click counts at its moment, to the microsecond: it may follow a new grant within the second. Twice is once,
    since who has left is not told to leave again. The events take the customers' locks, so that no message of theirs
    becomes final after this commits. NotFound for a token that was not made here, or whose message is gone.
    """
    message = read_token(token)
    found = owner_of(connection, message)
    if found is None:
        raise NotFound({"zh": "这个退订链接无效。", "en": "this unsubscribe link is not valid"})
    customer, channel, address = found
    purpose = _purpose_of(connection, message)
    at = now_us()
    readers = readers_of(connection, customer, channel, address)
    events = reader_events(
        message, readers, "unsubscribed", at, key=str(at), channel=channel, purpose=purpose, proof="one-click"
    )
    left = have_withdrawn(connection, readers, channel, purpose)
    news = [event for reader, event in zip(readers, events, strict=True) if reader not in left]
    append_events(connection, news, at)


def _purpose_of(connection: Connection, message: str) -> str:
    row = connection.execute("SELECT purpose FROM message WHERE id = %s", (message,)).fetchone()
    return str(row[0]) if row else MARKETING
