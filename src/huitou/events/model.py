"""The canonical event: who, what, when, where. Never changed after it is stored."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

import msgspec

from huitou.kit.errors import Rejected

# Identifier kinds. A strong one names a person: two customers who share it are one. A weak one names a device
# or a browser, which people share: it follows the first customer seen with it and never joins two known people.
STRONG = ("user_id", "unionid", "openid", "external_userid", "member_id", "phone", "email")
WEAK = ("anonymous_id", "device", "push_token")
# A kind may carry its namespace, the app that gave the id out: openid:douyin, push_token:com.example.tea. A message goes to
# an id of the app it is sent by; the plain kind is whoever's, and tells people apart only.
OPENID, PUSH_TOKEN = "openid", "push_token"
# Of alias: a former id of the sender's, known as user_id or as anonymous_id.
PREVIOUS = "previous_id"
# Of events the house itself writes (an unsubscribe link knows the customer): the customer's id in the ledger.
CUSTOMER = "customer"
HOUSE = "huitou"  # the source of those

_encoder = msgspec.json.Encoder(order="deterministic")


def is_strong(kind: str) -> bool:
    return kind.partition(":")[0] in STRONG


encode_json = _encoder.encode


class Event(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """One fact.

    `source` is the write key's or the connector's name, `event_id` the sender's id; together they are the dedupe
    key. `name` is the house's snake name for every type. `occurred_at` is corrected for a skewed clock; `stated_at`
    is what the sender said (None where it said nothing and the time of receipt stands in). Both epoch
    microseconds. `identifiers` are (kind, value), the strongest first; none for room events. `touchpoint` is what the
    sender told of where it happened (touchpoints.told_touchpoint), no part of what makes it the same event.
    """

    source: str
    event_id: str
    type: str
    name: str
    occurred_at: int
    stated_at: int | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    user_id: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    touchpoint: str = ""

    @cached_property
    def fingerprint(self) -> bytes:
        """16 bytes of what the sender said, without sentAt and context: equal for a retry of the same event.

        So the stated time counts, not the corrected one, and identifiers found in context do not.
        """
        anonymous = next((value for kind, value in self.identifiers if kind == "anonymous_id"), None)
        content = (self.type, self.name, self.stated_at, self.user_id, anonymous, self.properties, self.traits)
        return hashlib.blake2b(encode_json(content), digest_size=16).digest()

    @cached_property
    def key(self) -> bytes:
        """16 bytes that no other (source, event id) has."""
        return hashlib.blake2b(f"{self.source}\x00{self.event_id}".encode(), digest_size=16).digest()

    def text(self, name: str) -> str:
        """The property as text, '' where it is missing or no text."""
        value = self.properties.get(name)
        return value if isinstance(value, str) else ""


_decoder = msgspec.json.Decoder(Event)


def encode_event(event: Event) -> bytes:
    """Canonical JSON: equal events give equal bytes."""
    return encode_json(event)


def decode_event(body: bytes) -> Event:
    return _decoder.decode(body)


def parse_json(data: bytes | str) -> Any:
    """The one JSON parser for what comes from outside.

    Strict where Python's own is not: NaN, Infinity, 1e999, lone surrogates, trailing bytes, UTF-16 and nesting
    beyond the parser's depth are Rejected. A byte order mark is skipped; of duplicate keys the last wins; integers
    may have up to 4,300 digits and stay exact.
    """
    if isinstance(data, bytes | bytearray) and data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, ValueError) as error:
        raise Rejected("", {"zh": f"不是合法的 JSON：{error}", "en": f"not valid JSON: {error}"}) from error
    except RecursionError:
        raise Rejected("", {"zh": "JSON 嵌套太深", "en": "the JSON is nested too deeply"}) from None
