"""Write keys in the console: made and shown once, listed, revoked; what was not taken from them stands in the intake."""

from __future__ import annotations

import re
from types import ModuleType

from django.test import Client

from huitou.events.write_keys import add_key, digest_of, live_keys, note_use


def test_a_key_is_shown_on_the_page_that_made_it_and_never_again(browser: Client, ledger: ModuleType) -> None:
    page = browser.post("/settings/keys", {"name": "官网", "class": "browser"})
    assert page.status_code == 200
    [secret] = re.findall(r"wkb_[\w-]+", page.content.decode())
    assert "no-store" in page.headers["Cache-Control"]
    with ledger.transaction() as connection:
        assert set(live_keys(connection)) == {digest_of(secret)}
    again = browser.get("/settings/keys").content.decode()
    assert "官网" in again
    assert secret not in again


def test_a_name_that_cannot_be_is_said_and_what_was_filled_in_stays(browser: Client) -> None:
    page = browser.post("/settings/keys", {"name": "browser:x", "class": "server"})
    assert page.status_code == 422
    assert 'value="browser:x"' in page.content.decode()
    assert browser.post("/settings/keys", {"name": "x", "class": "owner"}).status_code == 422


def test_a_revoked_key_stays_in_the_list(browser: Client, ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        key, _ = add_key(connection, "shop", "server")
    assert browser.post(f"/settings/keys/{key.id}/revoke").status_code == 302
    with ledger.transaction() as connection:
        assert live_keys(connection) == {}
    assert "shop" in browser.get("/settings/keys").content.decode()
    assert browser.get(f"/settings/keys/{key.id}/revoke").status_code == 405
    assert browser.post(f"/settings/keys/{key.id}/revoke").status_code == 302  # again: said, no error


def test_what_was_not_taken_stands_in_the_intake(browser: Client, ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        key, _ = add_key(connection, "shop", "browser")
        note_use(connection, {}, {(key.id, "rejected", "orders"): 3}, 1_763_640_000_000_000)
        note_use(connection, {key.id: 5}, {(key.id, "rejected", "orders"): 4}, 1_763_640_000_000_000)
    page = browser.get("/intake")
    row = re.search(r"订单与退款.*?</tr>", page.content.decode(), re.DOTALL)
    assert row
    assert "拒收该事件" in row[0]
    assert ">7<" in row[0]
