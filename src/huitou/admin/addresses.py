"""Which machine a request comes from.

Behind a proxy every request comes from the proxy; whom it speaks for is the last entry of X-Forwarded-For, the one that
it wrote itself. Only a proxy on this machine, or one that HUITOU_PROXIES names (networks, e.g. 172.18.0.0/16), is
believed: anybody else could write there what they like.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from huitou.kit.settings import environment

# How the headers begin that proxies, tunnels and networks of delivery add; no browser sends any of them with a form.
FORWARDING = ("x-", "forwarded", "via", "cf-", "cdn-", "true-client-", "fastly-", "fly-", "client-ip", "tailscale-",
              "ngrok-", "akamai-", "incap-")  # fmt: skip
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def visitor_address(peer: str, headers: Mapping[str, str]) -> str:
    """The visitor's address; of IPv6 its network of 64 bits, since one machine has all of them."""
    address = _parse(peer)
    if address is not None and _is_believed(address):
        told = headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        address = _parse(told) or address
    if address is None:
        return peer[:64]
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def is_at_this_machine(peer: str, headers: Mapping[str, str], host: str, protocol: str) -> bool:
    """Whether the request was typed here: no proxy passed it on, and no other site led here.

    A proxy that adds no header is given away by the browser's Origin, or by speaking HTTP/1.0, which browsers do not.
    """
    address = _parse(peer)
    if address is None or not address.is_loopback or protocol == "1.0":
        return False
    if any(name.lower().startswith(FORWARDING) for name in headers):
        return False
    origin = headers.get("Origin", "")
    return _is_local(host) and (not origin or _is_local(origin.partition("://")[2]))


def _is_local(host: str) -> bool:
    name = host.lower().rpartition(":")[0] if not host.endswith("]") and ":" in host else host.lower()
    return name in LOCAL_NAMES


def _is_believed(address: Address) -> bool:
    if address.is_loopback:
        return True
    for text in environment().get("HUITOU_PROXIES", "").replace(",", " ").split():
        try:
            if address in ipaddress.ip_network(text, strict=False):
                return True
        except ValueError:
            continue
    return False


def _parse(text: str) -> Address | None:
    """'203.0.113.9', '203.0.113.9:4711', '[2001:db8::1]:443', '::ffff:203.0.113.9'."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
