"""Write keys: made once and shown once, kept as a hash, named so that no source can pass for another."""

from __future__ import annotations

from types import ModuleType

import pytest

from huitou.events.connectors import CONNECTORS
from huitou.events.write_keys import add_key, digest_of, list_keys, live_keys, revoke_key
from huitou.kit.clock import FrozenClock
from huitou.kit.errors import NotFound, Refused


def test_a_key_is_shown_once_and_only_its_hash_is_kept(ledger: ModuleType, clock: FrozenClock) -> None:
    with ledger.transaction() as connection:
        key, secret = add_key(connection, "官网", "browser")
        [row] = connection.execute("SELECT write_key::text FROM write_key").fetchall()
        assert live_keys(connection) == {digest_of(secret): key}
    assert secret not in row[0]
    assert (key.source, key.last_four, key.created_at) == ("browser:官网", secret[-4:], clock.now_us())
    assert len(secret) >= 32


def test_a_servers_key_is_its_own_source(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        assert add_key(connection, "shop", "server")[0].source == "shop"
        assert add_key(connection, "shop", "browser")[0].source == "browser:shop"


@pytest.mark.parametrize(
    "name", ["", " ", "browser:x", "a:b", "-x", "_x", "x" * 61, "a b", "script", "Script", "huitou", *CONNECTORS]
)
def test_no_key_takes_the_name_of_another_source(ledger: ModuleType, name: str) -> None:
    with ledger.transaction() as connection, pytest.raises(Refused):
        add_key(connection, name, "server")


def test_a_name_is_free_again_when_its_key_is_revoked(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        first, _ = add_key(connection, "shop", "server")
        with pytest.raises(Refused):
            add_key(connection, "shop", "server")
        revoke_key(connection, "shop")
        second, _ = add_key(connection, "shop", "server")
        assert [(key.id, key.revoked_at is None) for key in list_keys(connection)] == [
            (second.id, True), (first.id, False),
        ]  # fmt: skip
        assert [key.id for key in list_keys(connection, live=True)] == [second.id]


def test_revoking_needs_one_key_to_mean(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        browser, _ = add_key(connection, "shop", "browser")
        add_key(connection, "shop", "server")
        with pytest.raises(Refused, match="several"):
            revoke_key(connection, "shop")
        assert revoke_key(connection, str(browser.id)).id == browser.id
        with pytest.raises(NotFound):
            revoke_key(connection, str(browser.id))
        assert revoke_key(connection, "shop").key_class == "server"
