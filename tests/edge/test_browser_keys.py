"""Browser keys over HTTP: what the attack of a stranger with the key of a web page comes to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from types import ModuleType
from typing import Any

import httpx
import pytest

from huitou.edge import write_keys
from huitou.edge.app import EdgeApp
from huitou.events.consent import holds
from huitou.events.load import load
from huitou.events.model import Event
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake
from tests.delivery.test_bounces import dsn
from tests.edge.conftest import KEY, keep_key, track

Journal = Callable[[], list[Event]]
BROWSER = "wkb_shop"


@pytest.fixture
async def browser(app: EdgeApp, ledger: ModuleType) -> AsyncIterator[httpx.AsyncClient]:
    keep_key(ledger, BROWSER, "shop", "browser")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge", auth=(BROWSER, "")) as client:
        yield client


async def sent(client: httpx.AsyncClient, *events: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/v1/batch", json={"batch": list(events)})
    assert answer.status_code == 200
    return answer.json()


def identify(user: str | None, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "messageId": f"i-{user}-{len(traits)}", "userId": user, "traits": traits}


def people(ledger: ModuleType) -> dict[tuple[str, str], str]:
    """(kind, value) -> today's root."""
    with ledger.transaction() as connection:
        return {
            (kind, value): root
            for kind, value, root in connection.execute(
                "SELECT kind, value, coalesce(merged_into, c.id) FROM identifier i JOIN customer c ON c.id = i.customer"
            )
        }


async def test_the_source_of_a_browsers_events_is_marked(browser: httpx.AsyncClient, journal: Journal) -> None:
    assert (await sent(browser, track("m")))["accepted"] == 1
    assert [event.source for event in journal()] == ["browser:shop"]


async def test_refusals_are_named_by_index_and_what_was_left_aside_is_said(browser: httpx.AsyncClient) -> None:
    seen = track("seen") | {"event": "product_viewed", "properties": {"product_id": "P1", "name": "x"}}
    paid = track("paid") | {"event": "Order Completed", "properties": {"order_id": "X1", "total": 9}}
    said = await sent(browser, seen, paid, track("fine"))
    assert said["accepted"] == 2
    assert [(one["index"], one["field"]) for one in said["rejected"]] == [(1, "event")]
    assert "server's key" in said["rejected"][0]["reason"]
    assert [(one["index"], one["field"]) for one in said["left_aside"]] == [(0, "properties.name")]
    single = await browser.post("/v1/track", json=paid)
    assert (single.status_code, single.json()["field"]) == (400, "event")


async def test_a_stranger_changes_nobodys_contact_consent_or_profile(
    browser: httpx.AsyncClient, edge: httpx.AsyncClient, ledger: ModuleType
) -> None:
    await sent(edge, identify("victim", email="li@example.com", name="李"))
    before = people(ledger)
    await sent(
        browser,
        identify("victim", email="evil@example.net", name="Eve", consents={"email": True}),
        identify("stranger", email="li@example.com", consents={"email": {"granted": True, "how": "form"}}),
        {**track("page"), "context": {"traits": {"email": "li@example.com", "openid": "o"}}},
    )
    load()
    after = people(ledger)
    assert {pair: root for pair, root in after.items() if pair in before} == before
    assert set(after) - set(before) == {("user_id", "stranger"), ("user_id", "u-1")}
    with ledger.transaction() as connection:
        assert holds(connection, list(after.values()), "email") == set()
        [(traits,)] = connection.execute("SELECT traits FROM profile").fetchall()
    assert {name: value for name, (_, value) in traits.items()} == {"email": "li@example.com", "name": "李"}


async def test_a_browser_joins_no_two_people(
    browser: httpx.AsyncClient, edge: httpx.AsyncClient, ledger: ModuleType
) -> None:
    await sent(edge, identify("one", email="one@example.com"), identify("two", email="two@example.com"))
    chain = [
        {**track(f"c-{user}-{n}"), "userId": user, "anonymousId": f"a-{n}", "context": {"device": {"id": "d"}}}
        for user in ("one", "two", None)
        for n in (1, 2)
    ]
    await sent(browser, *chain)
    await browser.post("/v1/alias", json={"previousId": "one", "userId": "two", "anonymousId": "a-1"})
    await browser.post("/v1/alias", json={"previousId": "a-1", "userId": "two", "anonymousId": "a-1"})
    load()
    found = people(ledger)
    assert found["user_id", "one"] != found["user_id", "two"]


async def test_a_servers_word_confirms_a_contact(
    browser: httpx.AsyncClient, edge: httpx.AsyncClient, ledger: ModuleType
) -> None:
    own = {**identify(None, email="new@example.com"), "anonymousId": "a-9"}
    await sent(browser, own)
    assert ("email", "new@example.com") not in people(ledger)
    await sent(edge, own)
    found = people(ledger)
    assert found["email", "new@example.com"] == found["anonymous_id", "a-9"]


async def test_neither_catalogue_nor_broadcast_is_a_browsers(
    browser: httpx.AsyncClient, edge: httpx.AsyncClient, ledger: ModuleType
) -> None:

    from huitou.catalog.broadcasts import list_broadcasts
    from huitou.catalog.products import create_products, list_products
    from huitou.events.current import attach_events
    from huitou.kit.settings import settings

    await sent(edge, {**track("start", broadcast_id="B1", title="夜场"), "event": "live_started", "userId": None})
    evil = {"product_id": "P1", "name": "evil", "url": "https://evil.example", "price": 1, "broadcast_id": "B9"}
    said = await sent(
        browser,
        *({**track(name), "event": name, "properties": evil} for name in
          ("product_viewed", "product_clicked", "cart_added", "Product Viewed", "live_entered", "product_listed", "product_shown")),
        {**track("title", broadcast_id="B1", title="evil"), "event": "live_started"},
    )  # fmt: skip
    assert (said["accepted"], len(said["rejected"])) == (5, 3)
    load()
    with Engine(Lake(settings().lake)) as engine:
        attach_events(engine)
        assert [(one.broadcast, one.title) for one in list_broadcasts(engine)] == [("B1", "夜场")]
        create_products(engine)
        assert list_products(engine) == []


async def test_returned_mail_is_for_servers(browser: httpx.AsyncClient, journal: Journal) -> None:
    answer = await browser.post("/in/mail", content=dsn(message="m" + "0" * 24))
    assert (answer.status_code, answer.json()["code"]) == (403, "browser_key")
    assert journal() == []


async def test_the_same_id_of_a_server_is_another_event(
    browser: httpx.AsyncClient, edge: httpx.AsyncClient, journal: Journal
) -> None:
    await sent(browser, track("m", content="first"))
    assert (await sent(edge, track("m", content="second")))["accepted"] == 1
    assert [event.source for event in journal()] == ["browser:shop", "script"]


async def test_what_was_refused_is_counted_for_metrics_and_kept_for_the_console(
    browser: httpx.AsyncClient, ledger: ModuleType
) -> None:
    paid = {**track("paid"), "event": "order_paid", "properties": {"order_id": "X"}}
    await sent(browser, paid, paid, identify("u", email="a@example.com", phone="13912345678"), {})
    page = (await browser.get("/metrics")).text
    assert 'huitou_browser_events_total{outcome="rejected",rule="orders"}' in page
    write_keys.note()
    write_keys.note()  # nothing twice
    with ledger.transaction() as connection:
        found = connection.execute("SELECT outcome, rule, events FROM key_tally ORDER BY 1, 2").fetchall()
        [(used,)] = connection.execute("SELECT last_used_at FROM write_key").fetchall()
    assert found == [("left_aside", "contact", 1), ("rejected", "invalid", 1), ("rejected", "orders", 2)]
    assert used is not None


async def test_a_revoked_key_is_refused(browser: httpx.AsyncClient, ledger: ModuleType) -> None:
    from huitou.events.write_keys import revoke_key

    assert (await sent(browser, track("m")))["accepted"] == 1
    with ledger.transaction() as connection:
        revoke_key(connection, "shop")
    write_keys.forget()  # FRESH_SECONDS later
    assert (await browser.post("/v1/track", json=track("n"))).status_code == 401


async def test_the_key_of_the_environment_is_a_servers(edge: httpx.AsyncClient, journal: Journal) -> None:
    paid = {**track("paid"), "event": "order_paid", "properties": {"order_id": "X"}}
    assert (await sent(edge, paid))["accepted"] == 1
    assert KEY  # of the fixture: HUITOU_WRITE_KEY
