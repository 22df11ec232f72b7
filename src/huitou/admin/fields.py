"""What can be set in the console, and what each value must be.

A field stands in for an environment variable; several may make one (server, port, user and password one SMTP URL).
Each `check` returns the value as it is kept, or raises Refused.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from huitou.kit.errors import Refused

LONGEST = 300  # characters of any value
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
NUMBER = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
SECURITIES = {"smtps": 465, "required": 587, "if_offered": 25, "off": 25}  # with the port each is mostly spoken on
FASTEST = 10_000  # messages a second


@dataclass(frozen=True)
class Field:
    name: str
    variable: str
    check: Callable[[str], str]
    is_secret: bool = False


def plain(text: str) -> str:
    """One line of text as people see it. Refused for line breaks and other control characters."""
    text = text.strip()
    if len(text) > LONGEST:
        raise Refused({"zh": f"太长了，最多 {LONGEST} 个字符。", "en": f"Too long: at most {LONGEST} characters."})
    if any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in text):
        raise Refused({"zh": "含有换行或其他控制字符。", "en": "It holds a line break or another control character."})
    return text


def mail_address(text: str) -> str:
    text = plain(text)
    local, at, domain = text.rpartition("@")
    if at and len(local) <= 64 and LOCAL_PART.fullmatch(local) and "." in domain and _is_host(domain):
        return text
    raise Refused(
        {"zh": "请填写邮箱地址，例如 hello@example.com。", "en": "Give a mail address, e.g. hello@example.com."}
    )


def host(text: str) -> str:
    text = plain(text)
    if _is_host(text) or _is_ip(text):
        return text
    raise Refused(
        {
            "zh": "请只填服务器名，例如 smtp.example.com，不带 http:// 和端口。",
            "en": "Give the server's name alone, e.g. smtp.example.com, without http:// and port.",
        }
    )


def port(text: str) -> str:
    text = plain(text)
    if text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535:
        return str(int(text))
    raise Refused({"zh": "端口是 1 到 65535 之间的数字。", "en": "A port is a number from 1 to 65535."})


def security(text: str) -> str:
    if text in SECURITIES:
        return text
    raise Refused({"zh": "请选择加密方式。", "en": "Choose how the connection is encrypted."})


def web_address(text: str) -> str:
    """https://t.example.com: scheme and host, a port perhaps, nothing after it."""
    text = plain(text).rstrip("/")
    parts = _split(text)
    if (
        parts
        and parts.scheme in ("http", "https")
        and _is_site(parts)
        and not (parts.path or parts.query or parts.fragment)
    ):
        return text
    raise Refused(
        {
            "zh": "请填写完整地址，例如 https://t.example.com，不带路径。",
            "en": "Give a whole address, e.g. https://t.example.com, without a path.",
        }
    )


def picture(text: str) -> str:
    text = plain(text)
    parts = _split(text)
    if parts and parts.scheme == "https" and _is_site(parts) and not re.search(r"[\s\"'<>]", text):
        return text
    raise Refused(
        {
            "zh": "请填写以 https:// 开头的图片地址。",
            "en": "Give the picture's address; it begins with https://.",
        }
    )


def colour(text: str) -> str:
    text = plain(text)
    if COLOUR.fullmatch(text):
        return text.lower()
    raise Refused({"zh": "颜色要写成 #c8102e 这样。", "en": "Write the colour like #c8102e."})


def rate(text: str) -> str:
    text = plain(text)
    if NUMBER.fullmatch(text) and 0 < float(text) <= FASTEST:
        return text
    raise Refused(
        {
            "zh": f"请填写每秒发多少条，大于 0，最多 {FASTEST}；不限速就留空。",
            "en": f"Give messages a second, above 0 and at most {FASTEST}; leave it empty for no limit.",
        }
    )


FIELDS = {
    field.name: field
    for field in (
        Field("sender_name", "HUITOU_MAIL_FROM", plain),
        Field("from_address", "HUITOU_MAIL_FROM", mail_address),
        Field("reply_to", "HUITOU_REPLY_TO", mail_address),
        Field("postal_address", "HUITOU_BRAND_ADDRESS", plain),
        Field("brand_name", "HUITOU_BRAND_NAME", plain),
        Field("brand_colour", "HUITOU_BRAND_COLOUR", colour),
        Field("brand_logo", "HUITOU_BRAND_LOGO", picture),
        Field("public_url", "HUITOU_PUBLIC_URL", web_address),
        Field("smtp_host", "HUITOU_SMTP_URL", host),
        Field("smtp_port", "HUITOU_SMTP_URL", port),
        Field("smtp_security", "HUITOU_SMTP_URL", security),
        Field("smtp_user", "HUITOU_SMTP_URL", plain),
        Field("smtp_password", "HUITOU_SMTP_URL", plain, is_secret=True),
        Field("smtp_per_second", "HUITOU_SMTP_PER_SECOND", rate),
    )
}


def is_this_machine(name: str) -> bool:
    try:
        return name.lower() == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        return None
    return parts


def _is_site(parts: SplitResult) -> bool:
    name = parts.hostname or ""
    return (
        "@" not in parts.netloc
        and not parts.netloc.endswith(":")
        and parts.port != 0
        and (_is_host(name) or _is_ip(name))
    )


def _is_host(text: str) -> bool:
    """A name of the domain name system, in any script."""
    if not text.isascii():
        import idna

        try:
            text = idna.encode(text, uts46=True).decode()
        except idna.IDNAError:
            return False
    labels = text.removesuffix(".").split(".")
    return len(text) <= 253 and all(LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
