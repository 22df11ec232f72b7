"""The console over one small believable shop: a tea room's evening, its visitors, what they bought, who may be written to."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from huitou.kit import clock as house_clock
from huitou.kit.clock import HOUR, MINUTE, parse_time, to_iso

STARTED = parse_time("2026-11-20T17:00:00", "Asia/Shanghai")
ENDED = STARTED + 2 * HOUR
PASSWORD = "tea-and-water-1"
HIGH, CONSIDERING, DRIFTING = range(3)

CAMPAIGN = """
name = "winter-tea"
holdout = 0.5
explore = 0.0
policy = "blast"
[budget]
offers_minor = 500000
messages_minor = 100000
[[timing]]
name = "next_day"
hours = [24]
[[channel]]
name = "email"
cost_minor = 0.1
[[offer]]
name = "none"
[content.email.zh]
subject = "{{ broadcast.title }}里你看过的茶"
body = "<p>{{ customer.name }},<a href='https://tea.example.com/p/P1'>还给你留着</a></p>"
"""


@dataclass
class Shop:
    """Events told of one evening; `put` stores and refreshes everything that is derived from them."""

    events: list[dict[str, Any]] = field(default_factory=list)
    told: int = 0

    def tell(self, event_name: str, at: int, who: str | None = None, /, **properties: Any) -> None:
        self.told += 1
        event = {
            "type": "track",
            "event": event_name,
            "timestamp": to_iso(at),
            "messageId": f"e{self.told:05d}",
            "properties": properties,
        }
        self.events.append({**event, "userId": who} if who else event)

    def introduce(self, who: str, **traits: Any) -> None:
        self.told += 1
        self.events.append(
            {
                "type": "identify",
                "timestamp": to_iso(STARTED - 10 * HOUR),
                "messageId": f"i{self.told:05d}",
                "userId": who,
                "traits": traits,
            }
        )

    def put(self) -> None:
        from huitou.events.journal import append_batch
        from huitou.events.segment import read_segment
        from huitou.flows.refresh import catch_up

        now = house_clock.now_us()
        read = [read_segment(raw, source="segment", received_at=now, sent_at=None) for raw in self.events]
        append_batch(read, now)
        self.events = []
        catch_up()


def evening(shop: Shop, broadcast: str, title: str, *, started: int = STARTED, people: int = 12) -> None:
    """One broadcast. Of the visitors every third put the tea in the cart (high), every third clicked (considering),
    the others looked on (drifting); every sixth bought."""
    shop.tell("live_started", started, broadcast_id=broadcast, room_id="R1", shop_id="S1", title=title)
    shop.tell(
        "product_shown", started + MINUTE, broadcast_id=broadcast, product_id="P1", name="普洱茶饼", category="黑茶",
        price=19900, currency="CNY", until=to_iso(started + 100 * MINUTE),
    )  # fmt: skip
    for number in range(people):
        who, at = f"u{number}", started + (2 + number) * MINUTE
        shop.tell("live_entered", at, who, broadcast_id=broadcast)
        if number % 3 == HIGH:
            shop.tell(
                "cart_added", at + MINUTE, who, broadcast_id=broadcast, product_id="P1", price=19900, currency="CNY"
            )
        if number % 3 == CONSIDERING:
            shop.tell("product_clicked", at + MINUTE, who, broadcast_id=broadcast, product_id="P1")
        if number % 6 == 0:
            shop.tell(
                "order_paid", at + 2 * MINUTE, who, broadcast_id=broadcast, order_id=f"{broadcast}-{number}",
                shop_id="S1", total=19900, currency="CNY",
                products=[{"product_id": "P1", "price": 19900, "quantity": 1}],
            )  # fmt: skip
        shop.tell("live_left", at + 2 * MINUTE, who, broadcast_id=broadcast, watch_seconds=120)
    shop.tell("live_ended", started + 2 * HOUR, broadcast_id=broadcast)


@pytest.fixture
def django(ledger: ModuleType) -> Iterator[None]:
    """Django on this test's ledger, the console's memory empty."""
    from huitou.stores.django import setup_django

    setup_django()
    from huitou.console.reads import snapshot

    snapshot.forget()
    yield
    snapshot.forget()
    from django.db import connections

    connections["default"].close()


@pytest.fixture
def empty_shop(django: None, clock: house_clock.FrozenClock) -> Shop:
    return Shop()


@pytest.fixture
def shop(empty_shop: Shop) -> Shop:
    """One evening of twelve people (see `evening`); all but u11 permit e-mail."""
    for number in range(12):
        empty_shop.introduce(
            f"u{number}", name=f"林{number}", email=f"lin{number}@example.com", consents={"email": number != 11}
        )
    evening(empty_shop, "B1", "冬茶专场")
    empty_shop.put()
    return empty_shop


@pytest.fixture
def planned(shop: Shop, tmp_path: Path) -> Any:
    """The shop with a follow-up started."""
    from huitou.flows.follow_up import choose_campaign, plan_follow_up

    file = tmp_path / "winter-tea.toml"
    file.write_text(CAMPAIGN, encoding="utf-8")
    return plan_follow_up("B1", choose_campaign(file=file))


@pytest.fixture
def stranger(django: None) -> Any:
    """A browser nobody has signed in with."""
    from django.test import Client

    return Client()


@pytest.fixture
def browser(stranger: Any) -> Any:
    """A browser that staff has signed in with, reading Chinese."""
    from huitou.cli.users import set_password

    set_password("lin", PASSWORD)
    answer = stranger.post("/sign-in", {"name": "lin", "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return stranger


@pytest.fixture
def english(browser: Any) -> Any:
    browser.cookies["django_language"] = "en"
    return browser


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def read_csv(answer: Any) -> list[list[str]]:
    """The rows of a list that was downloaded."""

    async def all_of() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])

    text = async_to_sync(all_of)().decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def numbers_in(html: str) -> list[str]:
    """The right-aligned cells of a page, as they read."""
    import re

    return re.findall(r'<td class="n"[^>]*>\s*(?:<strong>)?([^<]*?)(?:</strong>)?\s*</td>', html)


def json_in(html: str, name: str) -> Any:
    import re

    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])
