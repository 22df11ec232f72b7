"""An id of one app is no address of another: which app gave out an openid, and which a push token is for."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from huitou.campaigns.channel_facts import FACTS
from huitou.edge.browser_events import WEAK_IDS
from huitou.events.journal import append_events
from huitou.events.people import read_identifiers
from huitou.stores.ledger import Connection

from .events import NOON, identify


@pytest.fixture
def connection(ledger: ModuleType) -> Iterator[Connection]:
    with ledger.connect() as connection:
        yield connection
        connection.rollback()


def people(connection: Connection) -> int:
    row = connection.execute("SELECT count(DISTINCT coalesce(merged_into, id)) FROM customer").fetchone()
    return int(row[0]) if row else 0


def kinds(connection: Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT kind, value FROM identifier ORDER BY kind, value").fetchall()  # type: ignore[return-value]


def test_an_openid_says_whose_it_is_and_still_tells_people_apart(connection: Connection) -> None:
    """Who was known by the plain id before stays the same person; only the one with the app is an address."""
    append_events(connection, [identify("1", userId="u", traits={"openid": "o1"})], NOON)
    assert kinds(connection) == [("openid", "o1"), ("user_id", "u")]
    append_events(connection, [identify("2", traits={"openid:douyin": "o1"})], NOON)
    assert kinds(connection) == [("openid", "o1"), ("openid:douyin", "o1"), ("user_id", "u")]
    assert people(connection) == 1


def test_a_wechat_message_never_goes_to_a_douyin_openid(connection: Connection) -> None:
    append_events(
        connection, [identify("1", traits={"openid:douyin": "o1"}), identify("2", traits={"openid": "o2"})], NOON
    )
    found = {kind for kind, _ in kinds(connection)}
    assert found == {"openid", "openid:douyin"}
    assert {name for name, facts in FACTS.items() if facts.address in found} == {"douyin"}


@pytest.mark.parametrize(
    ("app", "kind"),
    [({"namespace": "com.example.tea"}, "push_token:com.example.tea"), (None, "push_token"), ({"namespace": "a b"}, "push_token"), ({"namespace": 3}, "push_token")],
)  # fmt: skip
def test_a_push_goes_to_the_apps_token_not_to_the_device(app: object, kind: str) -> None:
    raw = {"context": {"device": {"id": "d1", "token": "t1"}, "app": app}, "anonymousId": "a1"}
    assert read_identifiers(raw, None, False) == (("anonymous_id", "a1"), ("device", "d1"), (kind, "t1"))
    assert FACTS["push"].address == "push_token"


def test_a_token_joins_nobody_who_is_known_otherwise(connection: Connection) -> None:
    """A phone that is handed on keeps its app."""
    for user in ("u1", "u2"):
        event = identify(
            user, userId=user, context={"device": {"token": "t1"}, "app": {"namespace": "com.example.tea"}}
        )
        append_events(connection, [event], NOON)
    assert people(connection) == 2


@pytest.mark.parametrize("key", ["openid:", "openid:a b", "openid:" + "x" * 101, "openid: "])
def test_what_is_no_app_is_no_namespace(key: str) -> None:
    assert read_identifiers({"traits": {key: "o1"}}, "u", False) == (("user_id", "u"),)


def test_browsers_are_believed_in_neither() -> None:
    assert not {kind for kind in WEAK_IDS if kind.startswith(("openid", "push_token"))}
