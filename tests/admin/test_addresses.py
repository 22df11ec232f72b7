"""Where a request comes from: what a stranger writes into a header moves nothing."""

from __future__ import annotations

import pytest

from huitou.admin.addresses import is_at_this_machine, visitor_address


@pytest.mark.parametrize(
    ("peer", "told", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),  # anybody can write that
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),  # a proxy on this machine
        ("127.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),  # what the visitor wrote, then what the proxy wrote
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("::1", "[2001:db8:1:2::7]:443", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),  # one machine has all of them
        ("", "", ""),
    ],
)
def test_the_address_tries_are_counted_for(peer: str, told: str, address: str) -> None:
    assert visitor_address(peer, {"X-Forwarded-For": told} if told else {}) == address


def test_a_proxy_elsewhere_is_believed_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9"}
    assert visitor_address("172.18.0.5", headers) == "172.18.0.5"
    monkeypatch.setenv("HUITOU_PROXIES", "nonsense, 172.18.0.0/16")
    assert visitor_address("172.18.0.5", headers) == "203.0.113.9"
    assert visitor_address("172.19.0.5", headers) == "172.19.0.5"


@pytest.mark.parametrize(
    ("peer", "host", "headers", "protocol", "expected"),
    [
        ("127.0.0.1", "127.0.0.1:8000", {}, "1.1", True),
        ("127.0.0.1", "localhost:8000", {"Origin": "http://localhost:8000"}, "1.1", True),
        ("::1", "[::1]:8000", {}, "1.1", True),
        ("192.168.1.5", "127.0.0.1:8000", {}, "1.1", False),
        ("127.0.0.1", "shop.example.com", {}, "1.1", False),  # a name that was made to lead here
        ("127.0.0.1", "localhost.evil.example", {}, "1.1", False),
        ("127.0.0.1", "127.0.0.1:8000", {"X-Forwarded-For": "203.0.113.9"}, "1.1", False),
        ("127.0.0.1", "127.0.0.1:8000", {"Forwarded": "for=127.0.0.1"}, "1.1", False),
        ("127.0.0.1", "127.0.0.1:8000", {"via": "1.1 proxy"}, "1.1", False),
        ("127.0.0.1", "127.0.0.1:8000", {"X-Envoy-External-Address": "203.0.113.9"}, "1.1", False),
        ("127.0.0.1", "127.0.0.1:8000", {"Tailscale-User-Login": "lin"}, "1.1", False),  # a tunnel that keeps the name
        ("127.0.0.1", "127.0.0.1:8000", {"Origin": "https://shop.example.com"}, "1.1", False),  # a silent proxy
        ("127.0.0.1", "127.0.0.1:8000", {"Origin": "null"}, "1.1", False),
        ("127.0.0.1", "127.0.0.1:8000", {}, "1.0", False),  # as nginx speaks to those behind it
    ],
)
def test_who_sits_at_this_machine(peer: str, host: str, headers: dict[str, str], protocol: str, expected: bool) -> None:
    assert is_at_this_machine(peer, headers, host, protocol) is expected
