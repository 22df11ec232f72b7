"""Identifiers of people: which fields name somebody, in what one form, and which values name nobody.

A placeholder or masked phone or address is no identifier: it would make one person of all who carry it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from huitou.events.fields import read_id
from huitou.events.model import OPENID, PREVIOUS, PUSH_TOKEN, is_strong
from huitou.kit.errors import Rejected
from huitou.kit.ids import without_marks

HOME_REGION = "CN"  # whose national numbers may be written without +86
_CHINESE_MOBILE = re.compile(r"(?:\+?86[ -]?)?(1[3-9]\d{9})")
_NINE_ALIKE = re.compile(r"(\d)\1{8}$")  # 13000000000, 13888888888: typed to get past a form
_EIGHT_ALIKE = re.compile(r"(\d)\1{7}$")  # 13800000000: somebody's, and what examples and lazy clerks write
_PLACEHOLDER_PHONES = {"+8613800138000"}  # China Mobile's old top-up line, the commonest of all
_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"*]{1,64}@([^\s@,;:<>()\[\]\\\"*.]+\.)+[^\s@,;:<>()\[\]\\\"*.]{2,63}")
_PLACEHOLDER_LOCALS = frozenset(
    [
        "none",
        "null",
        "nil",
        "no",
        "noemail",
        "no-email",
        "no_email",
        "noreply",
        "no-reply",
        "na",
        "n/a",
        "unknown",
        "undefined",
        "anonymous",
        "nobody",
    ]
)
_PLACEHOLDER_DOMAINS = frozenset(["none.com", "null.com", "noemail.com", "email.invalid", "localhost.localdomain"])

_APP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_IDS_IN_TRAITS = ("unionid", "openid", "external_userid", "member_id")
_NAMING = frozenset((*_IDS_IN_TRAITS, "phone", "email"))


@lru_cache(maxsize=65_536)
def read_phone(text: str) -> str | None:
    """The number in E.164, None where it is none: masked, a placeholder, an extension (隐私号), too short."""
    plain = without_marks(unicodedata.normalize("NFKC", text)).strip().lstrip("'").strip()
    match = _CHINESE_MOBILE.fullmatch(plain)
    phone = f"+86{match[1]}" if match else _international(plain)
    if phone is None or phone in _PLACEHOLDER_PHONES or _NINE_ALIKE.search(phone):
        return None
    return phone


def _international(plain: str) -> str | None:
    if not re.fullmatch(r"\+?[\d\s().-]{6,25}", plain):
        return None
    import phonenumbers

    try:
        number = phonenumbers.parse(plain, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def joins_people(kind: str, value: str) -> bool:
    """Whether two people who are known otherwise are one because they share it. A browser is shared, and so is a
    number that looks made up: it stays with the first who gave it.
    """
    return is_strong(kind) and not (kind == "phone" and _EIGHT_ALIKE.search(value))


@lru_cache(maxsize=65_536)
def read_email(text: str) -> str | None:
    """The address in lower case and NFC, None where it is none: masked, a placeholder, a list, malformed.

    Plus-tags are kept: whether they reach the same person is the mailbox provider's secret.
    """
    email = unicodedata.normalize("NFC", without_marks(unicodedata.normalize("NFC", text)).strip().lower())
    if len(email) > 254 or not email.isprintable() or not _EMAIL.fullmatch(email):
        return None
    local, _, domain = email.rpartition("@")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return None
    if local in _PLACEHOLDER_LOCALS or domain in _PLACEHOLDER_DOMAINS or domain.endswith(".invalid"):
        return None
    return email


def read_identifiers(raw: dict[str, Any], user_id: str | None, is_alias: bool) -> tuple[tuple[str, str], ...]:
    """(kind, value) of everybody the event names, the strongest kind first; no pair twice.

    From userId, then traits, context.traits and properties, then anonymousId, previousId and context.device: its id, and the token that push
    messages go to.
    """
    found: dict[tuple[str, str], None] = {}
    if user_id is not None:
        found["user_id", user_id] = None
    if type(traits := raw.get("traits")) is dict:
        _collect(found, "traits", traits)
    context = raw.get("context")
    if type(context) is dict:
        if type(traits := context.get("traits")) is dict:
            _collect(found, "context.traits", traits)
    else:
        context = {}
    if type(properties := raw.get("properties")) is dict and not _NAMING.isdisjoint(properties):
        _collect(found, "properties", properties)
    if (anonymous := read_id("anonymousId", raw.get("anonymousId"))) is not None:
        found["anonymous_id", anonymous] = None
    if is_alias and (previous := read_id("previousId", raw.get("previousId"))) is not None:
        found[PREVIOUS, previous] = None
    device = context.get("device")
    if isinstance(device, dict) and (device_id := _quiet_id(device.get("id"))) is not None:
        found["device", device_id] = None
    if isinstance(device, dict) and (token := _quiet_id(device.get("token"))) is not None:
        found[_push_kind(context.get("app")), token] = None
    return tuple(found)


def _collect(found: dict[tuple[str, str], None], place: str, values: dict[str, Any]) -> None:
    for kind in _IDS_IN_TRAITS:
        if kind in values and (value := read_id(f"{place}.{kind}", values[kind])) is not None:
            found[kind, value] = None
    for key, told in values.items():  # whose app gave it out; told apart from others by the plain id all the same
        if key.startswith("openid:") and _APP.fullmatch(key[7:]) and (value := read_id(f"{place}.{key}", told)):
            found[OPENID, value] = found[key, value] = None
    if "phone" in values and (phone := read_phone(_as_text(values["phone"]))) is not None:
        found["phone", phone] = None
    if "email" in values and (email := read_email(_as_text(values["email"]))) is not None:
        found["email", email] = None
    if PUSH_TOKEN in values and (token := _quiet_id(values[PUSH_TOKEN])) is not None:
        found[PUSH_TOKEN, token] = None


def _push_kind(app: Any) -> str:
    """Of the app that the token is for, by its bundle's or package's name (context.app.namespace)."""
    namespace = app.get("namespace") if isinstance(app, dict) else None
    return f"{PUSH_TOKEN}:{namespace}" if isinstance(namespace, str) and _APP.fullmatch(namespace) else PUSH_TOKEN


def _as_text(value: Any) -> str:
    """Phones come as numbers from spreadsheets; anything else that is no text names nobody."""
    if isinstance(value, str):
        return value
    return _quiet_id(value) or ""


def _quiet_id(value: Any) -> str | None:
    """Of fields that SDKs fill by themselves: nonsense there is no reason to lose the event."""
    try:
        return read_id("", value)
    except Rejected:
        return None
