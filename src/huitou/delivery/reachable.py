"""Can a customer's phone reach this address? Judged by its form alone: nobody is asked.

What is of this machine or of a private network (RFC 1918, RFC 6761, RFC 6762) is reached by nobody outside it, whatever
a test from here says.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache
from urllib.parse import urlsplit

from huitou.kit.settings import settings
from huitou.kit.text import Text

LOCAL_NAMES = (".localhost", ".localdomain")
PRIVATE_NAMES = (".local", ".lan", ".home", ".internal", ".intranet", ".corp", ".home.arpa")


def is_loopback(host: str) -> bool:
    """This machine alone: 127.0.0.1 in any spelling, ::1, 0.0.0.0, localhost."""
    name = host.strip("[]").rstrip(".").lower()
    address = _address(name)
    if address is not None:
        return address.is_loopback or address.is_unspecified
    return name == "localhost" or name.endswith(LOCAL_NAMES)


def is_private(host: str) -> bool:
    """This machine or its own network: not what a customer's phone can reach."""
    name = host.strip("[]").rstrip(".").lower()
    address = _address(name)
    if address is not None:
        return not address.is_global
    return is_loopback(name) or "." not in name or name.endswith(PRIVATE_NAMES)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return _old_spelling(name)
    return getattr(address, "ipv4_mapped", None) or address


def _old_spelling(name: str) -> ipaddress.IPv4Address | None:
    """127.1, 2130706433, 0x7f.0.0.1: what inet_aton and browsers take for an address."""
    if not name[:1].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except OSError:
        return None


@lru_cache(maxsize=64)
def host_in(url: str) -> str:
    """The host of a web address; '' where it is none."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def mail_leaves() -> bool:
    """Whether mails are handed to another machine. A server on this one (the demo's sink, a Postfix) may send them on;
    that is not known here."""
    try:
        server = urlsplit(settings().smtp_url or "").hostname or ""
    except ValueError:
        return False
    return bool(server) and not is_loopback(server)


def why_links_lead_nowhere() -> Text | None:
    """Why a mail that leaves this machine would carry links nobody can follow; None where all is well."""
    url = settings().public_url
    host = host_in(url)
    if host and not is_loopback(host):
        return None
    return {
        "zh": f"公网地址是 {url}，只有本机能打开：客户收到的链接和退订都点不开。请先设置公网地址（HUITOU_PUBLIC_URL）。",
        "en": f"the public address is {url}, which only this machine can open: links and unsubscribing would lead"
        " customers nowhere. Set the public address first (HUITOU_PUBLIC_URL)",
    }
