"""Hostile values at every address of the console, as GET and POST, signed in: refused, never our own mistake."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from .conftest import PASSWORD, Shop, text_of

HOSTILE = (
    "\0", "a\0b", "%00", "x" * 3_000, "9" * 20, "-1", "-" + "9" * 20, "१२", "²", "1e9", "NaN", "'; DROP TABLE stop; --", "%", "_",
    "\\", "\ud800", "\ufffe", "\u202e", "../../etc/passwd", "{{ 7*7 }}", "<script>alert(1)</script>", "\r\nX: y", " ", "",
)  # fmt: skip
FIELDS = (
    "page", "broadcast", "campaign", "group", "rfm", "stage", "email", "sort", "action", "reason", "intent", "version",
    "who", "name", "body", "format", "time_default", "next", "value", "role", "to", "password", "old", "new", "again",
    "from_address", "public_url", "smtp_host", "smtp_port", "smtp_security", "clear_smtp_password", "code", "then",
)  # fmt: skip
TEXTS = tuple(value for value in HOSTILE if "\0" not in value and value != "\ud800")
# Left out as POST: they end the session, or lock the account that the others need.
NOT_POSTED = {"sign_out", "login", "password"}


def patterns() -> list[tuple[str, str]]:
    """(name, route) of every address, as urls.py writes them: importing it needs Django set up."""
    import huitou

    text = (Path(huitou.__file__).parent / "console" / "urls.py").read_text(encoding="utf-8")
    return [(name, f"/{route}") for route, name in re.findall(r'path\(\s*"([^"]*)",[^"]*name="(\w+)"', text)]


def test_every_address_is_tried(django: None) -> None:
    from huitou.console.urls import urlpatterns

    assert patterns() == [(str(one.name), f"/{one.pattern}") for one in urlpatterns]


def filled(pattern: str, value: str) -> str:
    """The address with the value in every place that takes text; digits where only numbers fit."""
    from urllib.parse import quote

    number = value if value.isascii() and value.isdigit() else "1"
    pattern = re.sub(r"<int:\w+>", number, pattern)
    return re.sub(r"<\w+:\w+>", lambda _: quote(value.encode("utf-8", "surrogatepass"), safe=""), pattern)


def test_no_address_breaks(browser: Any, shop: Shop) -> None:
    browser.raise_request_exception = False
    for name, pattern in patterns():
        for value in HOSTILE if "<" in pattern else ():
            assert browser.get(filled(pattern, value)).status_code < 500, (pattern, value[:40])
        if "<" in pattern and name not in NOT_POSTED:
            for value in ("\0", "9" * 20, "x" * 3_000, "\ud800"):
                assert browser.post(filled(pattern, value)).status_code < 500, (pattern, value[:40])
        home = filled(pattern, "B1")
        for shift in (0, 5, 10):  # each field has another value in each round
            told = {field: TEXTS[(shift + at) % len(TEXTS)] for at, field in enumerate(FIELDS)}
            assert browser.get(home, told).status_code < 500, (home, shift)
            if name not in NOT_POSTED:
                assert browser.post(home, told).status_code < 500, (home, shift)
        for field in ("page", "broadcast"):  # each alone, where the others would have been refused first
            for value in ("9" * 20, "-1", "१२", "%"):
                assert browser.get(home, {field: value}).status_code < 500, (home, field, value)


def test_the_sign_in_takes_anything(stranger: Any, empty_shop: Shop) -> None:
    from huitou.cli.users import set_password

    set_password("lin", PASSWORD)
    stranger.raise_request_exception = False
    for value in TEXTS:
        for told in ({"name": value, "password": "wrong"}, {"name": f"lin{value[:9]}", "password": value}):
            assert stranger.post("/sign-in", told).status_code in (400, 422), value[:40]


def test_what_no_database_takes_is_refused_and_said(english: Any, shop: Shop) -> None:
    for answer in (english.get("/messages", {"broadcast": "a\0b"}), english.post("/customers", {"who": "\0"})):
        assert answer.status_code == 400
        assert "could not be read" in answer.content.decode()
    assert english.get("/customers", {"page": "9" * 20}).status_code == 200


def test_a_database_that_is_away_is_no_mistake_of_ours(
    stranger: Any, django: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> bool:
        raise psycopg.OperationalError('connection to server on socket "/srv/shop/run" failed')

    monkeypatch.setattr("huitou.console.views.sign_in.any_user", away)
    stranger.raise_request_exception = False
    answer = stranger.get("/sign-in", headers={"accept-language": "en"})
    assert answer.status_code == 503
    assert "`huitou check` tells why" in text_of(answer)
    assert "/srv/shop" not in answer.content.decode()
