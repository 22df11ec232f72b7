"""Who may come in: sign-in, its brakes, forged forms, headers on every answer."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import PASSWORD, Shop, text_of

OPEN = {"login", "sign_out", "language", "theme", "welcome"}


def addresses() -> list[tuple[str, str]]:
    """(name, an example of the address) of every route."""
    from huitou.console.urls import urlpatterns

    def example(route: str) -> str:
        for part, value in (
            ("<id:broadcast>", "B1"), ("<str:customer>", "c1"), ("<int:merge>", "1"), ("<id:name>", "follow-up"),
            ("<str:message>", "m1"), ("<str:upload>", "0123456789abcdef"),
            ("<str:token>", "AAAAAAAA"), ("<int:change>", "1"), ("<int:user>", "1"), ("<int:key>", "1"),
        ):  # fmt: skip
            route = route.replace(part, value)
        assert "<" not in route
        return "/" + route

    return [(str(one.name), example(str(one.pattern))) for one in urlpatterns]


@pytest.fixture(autouse=True)
def lin(django: None) -> None:
    """There is a user: else every page leads to the first run."""
    from huitou.cli.users import set_password

    set_password("lin", PASSWORD)


def test_nothing_is_shown_to_strangers(stranger: Any, shop: Shop) -> None:
    for name, address in addresses():
        if name in OPEN:
            continue
        for answer in (stranger.get(address), stranger.post(address)):
            if answer.status_code == 405:  # what the address does not take, whoever sends it
                continue
            assert answer.status_code == 302, address
            assert answer.headers["Location"].startswith("/sign-in"), address


def test_a_widget_does_not_put_the_sign_in_inside_a_page(stranger: Any, shop: Shop) -> None:
    answer = stranger.get("/widgets/funnel/B1", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")


def test_who_sent_a_form_after_the_session_ended_comes_back_to_it(stranger: Any) -> None:
    for came_from, onward in (
        ("http://testserver/campaigns/follow-up", "/campaigns/follow-up"),
        ("https://evil.example/campaigns/follow-up", "/"),
        ("http://testserver//evil.example/", "/"),
        ("", "/"),
    ):
        answer = stranger.post("/campaigns/follow-up", headers={"Referer": came_from})
        assert answer.headers["Location"] == f"/sign-in?next={onward}", came_from


def test_wrong_name_and_wrong_password_read_alike(stranger: Any) -> None:
    pages = [text_of(stranger.post("/sign-in", {"name": name, "password": "wrong"})) for name in ("lin", "nob")]
    assert pages[0].replace('value="lin"', "").split("alert-danger")[1][:80] == pages[1].split("alert-danger")[1][:80]


def test_guessing_is_slowed_down_even_with_the_right_password(stranger: Any) -> None:
    for _ in range(5):
        assert stranger.post("/sign-in", {"name": "lin", "password": "wrong"}).status_code == 422
    answer = stranger.post("/sign-in", {"name": "LIN ", "password": PASSWORD}, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "Too many failed tries. Wait 15 minutes" in text_of(answer)


def test_one_without_a_role_does_not_come_in(stranger: Any) -> None:
    from django.contrib.auth import get_user_model

    get_user_model().objects.create_user("guest", password=PASSWORD)
    assert stranger.post("/sign-in", {"name": "guest", "password": PASSWORD}).status_code == 422


def test_sign_in_leads_on_within_the_console_only(stranger: Any) -> None:
    for target, expected in (("/intake", "/intake"), ("https://evil.example/", "/"), ("//evil.example/", "/")):
        answer = stranger.post("/sign-in", {"name": "lin", "password": PASSWORD, "next": target})
        assert answer.headers["Location"] == expected
        stranger.post("/sign-out")


def test_sign_out_needs_a_post(browser: Any) -> None:
    assert browser.get("/sign-out").status_code == 405
    assert browser.get("/customers").status_code == 200
    browser.post("/sign-out")
    assert browser.get("/customers").status_code == 302


@pytest.mark.parametrize("address", ["/sign-in", "/sign-out", "/language", "/follow-up/start/B1", "/intake/upload"])
def test_forged_forms_are_refused(django: None, address: str) -> None:
    from django.test import Client

    answer = Client(enforce_csrf_checks=True).post(address, headers={"Accept-Language": "en"})
    assert answer.status_code == 403
    assert "The form had expired" in text_of(answer)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_every_answer_carries_strict_headers(browser: Any, shop: Shop) -> None:
    for address in ("/", "/broadcasts/B1", "/widgets/funnel/B1", "/customers", "/nowhere", "/broadcasts/B9"):
        headers = browser.get(address).headers
        assert "script-src" not in headers["Content-Security-Policy"]
        assert headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("DENY", "nosniff")
        assert "no-store" in headers["Cache-Control"]


def test_pages_hold_no_inline_script_style_or_handler(browser: Any, planned: Any) -> None:
    import re

    for address in (
        "/",
        "/broadcasts/B1",
        "/widgets/plan/B1",
        "/widgets/results/B1",
        "/customers",
        "/intake",
        "/campaigns/winter-tea",
    ):
        page = text_of(browser.get(address))
        assert re.findall(r"<script(?![^>]*(src=|application/json))", page) == []
        assert re.findall(r"<[^>]+\s(?:style|on\w+)=", page) == []


def test_cookies_are_kept_from_scripts_and_other_sites(browser: Any) -> None:
    browser.post("/language", {"value": "en", "next": "/intake"})
    browser.post("/theme", {"value": "dark"})
    for name in ("sessionid", "django_language", "theme"):
        cookie = browser.cookies[name]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax"), name


def test_language_and_colours_are_remembered(browser: Any, empty_shop: Shop) -> None:
    answer = browser.post("/language", {"value": "en", "next": "/intake"})
    assert answer.headers["Location"] == "/intake"
    assert "Data intake" in text_of(browser.get("/intake"))
    browser.post("/theme", {"value": "dark"})
    assert 'data-bs-theme="dark"' in text_of(browser.get("/intake"))
    browser.post("/language", {"value": "xx"})
    assert "Data intake" in text_of(browser.get("/intake"))
