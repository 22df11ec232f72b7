"""What customers meet: links lead where they were stored to lead, looking never unsubscribes, leaving works at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType

import httpx
import pytest

from huitou.delivery.links import link_token
from huitou.delivery.unsubscribe import token_for
from huitou.events.consent import holds
from huitou.events.model import Event
from huitou.kit.clock import SECOND, FrozenClock
from tests.delivery.shop import Planned, add_customer, add_messages

Journal = Callable[[], list[Event]]
TARGET = "https://shop.example.com/p/1?ref=live&名=茶"


@pytest.fixture
def message(ledger: ModuleType, clock: FrozenClock) -> str:
    with ledger.connect() as connection:
        add_customer(connection, "c1")
        [made] = add_messages(connection, [Planned("c1", state="submitted", final_at=clock.now_us() - SECOND)])
        connection.execute(
            "INSERT INTO link (token, message, target, product) VALUES (%s, %s, %s, 'p1')",
            (link_token(made, 0), made, TARGET),
        )
    return str(made)


async def test_a_link_leads_to_its_stored_target_and_each_click_is_told_once(
    edge: httpx.AsyncClient, journal: Journal, message: str, clock: FrozenClock
) -> None:
    path = f"/t/{link_token(message, 0)}"
    for query in ("", "?target=https://evil.example", "?url=//evil"):
        answer = await edge.get(path + query)
        assert answer.status_code == 302
        assert httpx.URL(answer.headers["location"]) == httpx.URL(TARGET)
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
    assert [event.name for event in journal()] == ["message_clicked"]  # three within a second are one
    clock.move_to(clock.now_us() + 5 * SECOND)
    await edge.get(path)
    clicks = journal()
    assert [event.properties["message_id"] for event in clicks] == [message, message]
    assert clicks[0].properties["product_id"] == "p1"


@pytest.mark.parametrize(
    ("method", "headers"),
    [("HEAD", {}), ("GET", {"purpose": "prefetch"}), ("GET", {"sec-purpose": "prefetch;prerender"})],
)
async def test_looking_ahead_is_no_click(
    edge: httpx.AsyncClient, journal: Journal, message: str, method: str, headers: dict[str, str]
) -> None:
    answer = await edge.request(method, f"/t/{link_token(message, 0)}", headers=headers)
    assert answer.status_code == 302
    assert journal() == []


@pytest.mark.parametrize("token", ["x", "..%2f..%2fetc", "%00", "a" * 5000, "%F0%9F%8D%B5", "'; DROP TABLE link; --"])
@pytest.mark.parametrize("path", ["/t/", "/u/"])
async def test_tokens_nobody_was_sent_are_404(edge: httpx.AsyncClient, journal: Journal, path: str, token: str) -> None:
    for method in ("GET", "POST") if path == "/u/" else ("GET",):
        answer = await edge.request(method, path + token)
        assert answer.status_code == 404
    assert journal() == []


async def test_looking_never_unsubscribes_and_posting_does_twice_is_once(
    edge: httpx.AsyncClient, journal: Journal, ledger: ModuleType, message: str
) -> None:
    def permitted() -> bool:
        with ledger.connect() as connection:
            return bool(holds(connection, ["c1"], "email"))

    path = f"/u/{token_for(message)}"
    for method in ("GET", "HEAD", "GET"):
        assert (await edge.request(method, path)).status_code == 200
    assert permitted()
    assert journal() == []
    first = await edge.post(path, data={"List-Unsubscribe": "One-Click"})  # as RFC 8058 posts it
    assert (first.status_code, permitted()) == (200, False)
    again = await edge.post(path)
    assert again.status_code == 200
    assert [event.name for event in journal()] == ["unsubscribed"]
    assert "set-cookie" not in first.headers
    assert first.history == []


async def test_the_page_speaks_both_languages_and_runs_no_script(edge: httpx.AsyncClient, message: str) -> None:
    path = f"/u/{token_for(message)}"
    zh = await edge.get(path, headers={"accept-language": "zh-CN,zh;q=0.9"})
    en = await edge.get(path, headers={"accept-language": "en-GB"})
    assert "退订" in zh.text
    assert "Unsubscribe" in en.text
    for page in (zh, en):
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_a_token_altered_anywhere_is_refused(edge: httpx.AsyncClient, message: str) -> None:
    token = token_for(message)
    for place in (0, len(token) // 2, len(token) - 2):
        altered = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert (await edge.post(f"/u/{altered}")).status_code == 404


async def test_errors_hide_nothing_and_show_no_trace(edge: httpx.AsyncClient) -> None:
    answer = await edge.get("/nothing")
    assert json.loads(answer.content)["message"] == {"zh": "没有这个地址", "en": "no such address"}
