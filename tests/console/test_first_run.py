"""The first run: who may take an empty installation, and that two at once make one administrator."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .conftest import PASSWORD, text_of

HERE = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1:8000"}
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9", "HTTP_HOST": "tea.example.com"}
FORM = {"name": "lin", "password": PASSWORD, "again": PASSWORD}


def users() -> list[tuple[str, str]]:
    from huitou.admin.users import list_users

    return [(one.name, one.role) for one in list_users()]


def test_every_page_leads_to_the_first_run_while_there_is_no_user(stranger: Any) -> None:
    for address in ("/", "/customers", "/sign-in", "/settings"):
        assert stranger.get(address, **HERE).headers["Location"] == "/welcome", address
    assert "Make the first user" in text_of(stranger.get("/welcome", headers={"Accept-Language": "en"}, **HERE))


def test_whoever_sits_here_makes_the_first_user_and_goes_on_signed_in(stranger: Any) -> None:
    answer = stranger.post("/welcome", FORM, **HERE)
    assert answer.headers["Location"] == "/welcome/sending"
    assert users() == [("lin", "admin")]
    for address in ("/welcome/sending", "/welcome/data", "/"):
        assert stranger.get(address, **HERE).status_code == 200
    assert stranger.get("/welcome", **HERE).headers["Location"] == "/welcome/sending"


def test_after_the_first_user_it_is_closed(stranger: Any) -> None:
    from django.test import Client

    stranger.post("/welcome", FORM, **HERE)
    other = Client()
    for answer in (other.get("/welcome", **HERE), other.post("/welcome", {**FORM, "name": "ma"}, **HERE)):
        assert answer.headers["Location"] == "/sign-in"
    assert users() == [("lin", "admin")]


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": " \t"}, {"password": "123", "again": "123"}, {"again": "x"}, {"name": PASSWORD}]
)
def test_no_user_without_a_name_and_a_good_password(stranger: Any, wrong: dict[str, str]) -> None:
    assert stranger.post("/welcome", {**FORM, **wrong}, **HERE).status_code == 422
    assert users() == []


def test_from_elsewhere_it_needs_the_code_and_guessing_it_is_slowed_down(stranger: Any) -> None:
    from huitou.admin.claim import claim_code

    english = {"headers": {"Accept-Language": "en"}, **ELSEWHERE}
    assert 'name="code"' in text_of(stranger.get("/welcome", **english))
    assert stranger.post("/welcome", FORM, **english).status_code == 422
    code = claim_code().lower().replace("-", " ")
    assert stranger.post("/welcome", {**FORM, "code": code}, **english).headers["Location"] == "/welcome/sending"


def test_the_right_code_comes_too_late_after_five_wrong_ones(stranger: Any) -> None:
    from huitou.admin.claim import claim_code

    for _ in range(5):
        stranger.post("/welcome", {**FORM, "code": "AAAA"}, **ELSEWHERE)
    assert stranger.post("/welcome", {**FORM, "code": claim_code()}, **ELSEWHERE).status_code == 422
    assert users() == []


@pytest.mark.parametrize(
    "change",
    [
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_HOST": "tea.example.com"},
        {"REMOTE_ADDR": "10.0.0.3"},
        {"HTTP_ORIGIN": "https://tea.example.com"},
    ],
)
def test_a_proxy_or_another_name_is_not_here(stranger: Any, change: dict[str, str]) -> None:
    assert stranger.post("/welcome", FORM, **{**HERE, **change}).status_code == 422
    assert users() == []


def test_twelve_at_once_make_one_administrator(django: None) -> None:
    from django.db import connection

    from huitou.admin.users import claim_house
    from huitou.kit.errors import Refused

    def claim(number: int) -> bool:
        try:
            claim_house(f"lin{number}", PASSWORD)
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(claim, range(12))) == 1
    assert len(users()) == 1


def test_behind_a_proxy_that_ends_tls_the_form_is_taken(django: None) -> None:
    """The browser says https, we hear http: its own host is no other site. Another site is."""
    from django.test import Client

    strict = Client(enforce_csrf_checks=True, **ELSEWHERE)
    strict.get("/welcome")
    form = {"csrfmiddlewaretoken": strict.cookies["csrftoken"].value}
    assert strict.post("/welcome", form, HTTP_ORIGIN="https://tea.example.com").status_code == 422
    assert strict.post("/welcome", form, HTTP_ORIGIN="https://evil.example").status_code == 403
