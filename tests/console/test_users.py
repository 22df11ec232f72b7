"""Users, roles and passwords: what each may do, at once; and never a house without an administrator."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .conftest import PASSWORD, Shop, text_of

OTHER = "oolong-and-cups-2"


def add(name: str, role: str) -> Any:
    """A user with OTHER as their own password, and a browser they have signed in with."""
    from django.test import Client

    from huitou.admin.users import add_user

    user, _ = add_user(name, role, "lin", OTHER)
    theirs = Client(headers={"Accept-Language": "en"})
    assert theirs.post("/sign-in", {"name": name, "password": OTHER}).status_code == 302
    return user, theirs


def test_the_first_is_administrator_the_others_operators(browser: Any) -> None:
    from huitou.admin.users import list_users
    from huitou.cli.users import set_password

    set_password("ma", OTHER)
    assert [(one.name, one.role) for one in list_users()] == [("lin", "admin"), ("ma", "operator")]


def test_an_analyst_looks_and_changes_nothing(browser: Any, shop: Shop) -> None:
    from huitou.console.reads import people

    _, theirs = add("zhao", "analyst")
    customer = people.search("lin3@example.com")[0]["customer"]
    for address in (
        "/",
        "/broadcasts/B1",
        "/customers",
        f"/customers/{customer}",
        "/campaigns/follow-up",
        "/intake",
        "/messages",
    ):
        page = theirs.get(address)
        assert page.status_code == 200, address
        assert 'class="reads-only"' in text_of(page)
    assert theirs.post("/customers", {"who": "lin3@example.com"}).status_code == 302  # a search changes nothing
    assert "lin3@example.com" not in text_of(theirs.get(f"/customers/{customer}"))
    for address in (
        "/follow-up/start/B1", "/campaigns/follow-up", "/pause/follow-up", "/intake/upload", f"/customers/{customer}/contact",
        "/settings/sending", "/settings/users",
    ):  # fmt: skip
        refused = theirs.post(address)
        assert refused.status_code == 403, address
        assert "Ask somebody who is an" in text_of(refused)
    assert theirs.get(f"/customers/{customer}/contact").status_code == 403
    assert "Show contact details" not in text_of(theirs.get(f"/customers/{customer}"))


def test_settings_and_users_are_the_administrators(browser: Any, empty_shop: Shop) -> None:
    _, theirs = add("ma", "operator")
    for address in ("/settings/sending", "/settings/users", "/welcome/sending"):
        refused = theirs.get(address)
        assert (refused.status_code, "Ask somebody who is an administrator" in text_of(refused)) == (403, True)
    assert theirs.get("/settings").headers["Location"] == "/settings/password"
    assert browser.get("/settings").headers["Location"] == "/settings/sending"


def test_who_is_disabled_or_gets_another_role_loses_power_at_once(browser: Any, shop: Shop) -> None:
    user, theirs = add("ma", "operator")
    assert theirs.post("/pause/follow-up").status_code in (302, 404)
    browser.post(f"/settings/users/{user.pk}/role", {"role": "analyst"})
    assert theirs.post("/pause/follow-up").status_code == 403
    browser.post(f"/settings/users/{user.pk}/disable")
    assert theirs.get("/customers").headers["Location"].startswith("/sign-in")
    assert theirs.post("/sign-in", {"name": "ma", "password": OTHER}).status_code == 422
    browser.post(f"/settings/users/{user.pk}/enable")
    assert theirs.post("/sign-in", {"name": "ma", "password": OTHER}).status_code == 302
    browser.post(f"/settings/users/{user.pk}/sign-out")
    assert theirs.get("/customers").status_code == 302
    browser.post(f"/settings/users/{user.pk}/remove")
    assert theirs.post("/sign-in", {"name": "ma", "password": OTHER}).status_code == 422


def test_a_one_time_password_is_shown_once_and_must_be_changed(english: Any, empty_shop: Shop) -> None:
    from django.test import Client

    page = text_of(english.post("/settings/users", {"name": " 王  芳 ", "role": "operator"}))
    found = re.search(r'<code class="one-time">([^<]+)</code>', page)
    assert found is not None
    assert found[1] not in text_of(english.get("/settings/users"))
    theirs = Client()
    theirs.post("/sign-in", {"name": "王 芳", "password": found[1]})
    assert theirs.get("/customers").headers["Location"] == "/settings/password"
    assert theirs.get("/widgets/funnel/B1", headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    told = {"old": found[1], "new": OTHER, "again": OTHER}
    assert theirs.post("/settings/password", told).status_code == 302
    assert theirs.get("/customers").status_code == 200


@pytest.mark.parametrize("weak", ["", "123", "12345678", "password", "lin-lin-l", "tea"])
def test_weak_passwords_are_refused_in_both_languages(browser: Any, weak: str) -> None:
    from huitou.admin.users import add_user
    from huitou.kit.errors import Refused

    if not weak.startswith("lin"):
        told = {"old": PASSWORD, "new": weak, "again": weak}
        assert browser.post("/settings/password", told).status_code == 422
    with pytest.raises(Refused) as refusal:
        add_user("lin-lin-li", None, "x", weak)
    assert set(refusal.value.message) == {"zh", "en"}
    assert "密码" in refusal.value.message["zh"]
    assert "password" in refusal.value.message["en"]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", "a\u200bb", "\u202eadmin", "\ud800", "x" * 151])
def test_names_that_are_none(browser: Any, name: str) -> None:
    from huitou.admin.users import add_user
    from huitou.kit.errors import Refused

    with pytest.raises(Refused):
        add_user(name, None, "x", OTHER)


def test_names_that_look_alike_are_one(browser: Any) -> None:
    from huitou.admin.users import add_user
    from huitou.kit.errors import Refused

    for name in ("LIN", " lin ", "ｌｉｎ"):
        with pytest.raises(Refused):
            add_user(name, None, "x", OTHER)


def test_the_old_password_is_asked_for_and_guessing_it_is_slowed_down(english: Any) -> None:
    told = {"old": "wrong", "new": OTHER, "again": OTHER}
    said = [text_of(english.post("/settings/password", told)) for _ in range(6)]
    assert ["The present password is wrong" in page for page in said] == [True] * 5 + [False]
    assert "Too many failed tries" in said[5]


def test_a_new_password_ends_every_other_session_and_keeps_this_one(browser: Any) -> None:
    from django.test import Client

    other = Client()
    other.post("/sign-in", {"name": "lin", "password": PASSWORD})
    assert browser.post("/settings/password", {"old": PASSWORD, "new": OTHER, "again": OTHER}).status_code == 302
    assert browser.get("/customers").status_code == 200
    assert other.get("/customers").status_code == 302


def test_the_last_administrator_stays(english: Any) -> None:
    from django.contrib.auth.models import User

    lin = User.objects.get(username="lin")
    for what in ("role", "disable", "remove"):
        english.post(f"/settings/users/{lin.pk}/{what}", {"role": "operator"})
        assert "This is the last administrator" in text_of(english.get("/settings/users"))
    assert User.objects.get(username="lin").is_active


def test_two_administrators_at_once_cannot_put_each_other_out(browser: Any) -> None:
    from django.contrib.auth.models import User
    from django.db import connection

    from huitou.admin.users import add_user, change_role, list_users
    from huitou.kit.errors import Refused

    users = [User.objects.get(username="lin"), add_user("ma", "admin", "lin", OTHER)[0]]

    def demote(user: User) -> bool:
        try:
            change_role(user, "operator", "x")
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, users)) == [False, True]
    assert [one.role for one in list_users()] == ["admin", "operator"]


def test_changes_are_listed_with_who_made_them(english: Any) -> None:
    english.post("/settings/users", {"name": "ma", "role": "analyst"})
    page = text_of(english.get("/settings/users"))
    assert "added as analyst" in page
    assert page.index("added as analyst") < page.index("added as administrator")
