"""A small believable shop for the delivery tests: customers with addresses and consents, and messages due to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from huitou.campaigns.definition import Campaign
from huitou.campaigns.reading import read_campaign
from huitou.campaigns.versions import save_version
from huitou.delivery.outbox import message_id
from huitou.kit.clock import DAY, HOUR, parse_time
from huitou.stores.ledger import Connection

NOON = parse_time("2026-11-20T12:00:00Z")  # 20:00 in Shanghai
STARTED = NOON - 4 * HOUR
ENDED = NOON - 2 * HOUR

CAMPAIGN = """
name = "follow-up"
[caps]
per_days = [[1, 1], [7, 3]]
[quiet]
from = "22:00"
to = "08:00"
[[channel]]
name = "email"
cost_minor = 0.1
[[channel]]
name = "sms"
cost_minor = 5
[content.email.zh]
subject = "{{ broadcast.title }}里你看过的 {{ product.name }}"
body = "<p>{{ customer.name | default: '你好' }},<a href='{{ product.url }}'>{{ product.name }}</a> 还给你留着。</p>"
[content.sms.zh]
body = "{{ product.name }}还有货 {{ link }} 拒收请回复R"
"""


def make_campaign(connection: Connection, text: str = CAMPAIGN, state: str | None = None) -> Campaign:
    return save_version(connection, text, state=state)


def plain_campaign() -> Campaign:
    return replace(read_campaign(CAMPAIGN), version=1)


def add_customer(connection: Connection, name: str, *, email: str | None = "", consent: str | None = "form") -> str:
    """A customer with an address of theirs and consent to e-mail; '' makes the address up, None leaves it out."""
    at = ENDED - 30 * DAY
    connection.execute("INSERT INTO customer (id, created_at) VALUES (%s, %s)", (name, at))
    if email is not None:
        connection.execute(
            "INSERT INTO identifier (kind, value, customer, created_at) VALUES ('email', %s, %s, %s)",
            (email or f"{name}@example.com", name, at),
        )
    if consent is not None:
        add_consent(connection, name, True, how=consent, at=at)
    return name


def add_consent(
    connection: Connection, customer: str, granted: bool, *, how: str = "form", at: int = ENDED, channel: str = "email"
) -> None:
    connection.execute(
        "INSERT INTO consent (customer, channel, purpose, granted, how, proof, occurred_at, recorded_at, source,"
        " event_id) VALUES (%s, %s, 'marketing', %s, %s, '', %s, %s, 'test', '')",
        (customer, channel, granted, how, at, at),
    )


def add_stop(
    connection: Connection, customer: str, kind: str, at: int, order: str = "", status: str = "", shop: str = "s1"
) -> None:
    connection.execute(
        "INSERT INTO stop (customer, kind, shop, order_id, status, occurred_at, recorded_at, source, event_id)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, 'test', '')",
        (customer, kind, shop if order else "", order, status or kind, at, at),
    )


def merge(connection: Connection, absorbed: str, survivor: str) -> None:
    connection.execute(
        "UPDATE customer SET merged_into = %s WHERE id = %s OR merged_into = %s", (survivor, absorbed, absorbed)
    )


CONTEXT: dict[str, Any] = {
    "language": "zh",
    "timezone": "Asia/Shanghai",
    "currency": "CNY",
    "customer": {"name": "小李"},
    "broadcast": {"id": "b1", "title": "周五茶会", "started_at": STARTED, "ended_at": ENDED},
    "product": {"id": "p1", "name": "龙井 250g", "price_minor": 19900, "url": "https://shop.example.com/p/1"},
    "offer": None,
}


@dataclass(frozen=True)
class Planned:
    customer: str
    step: int = 1
    channel: str = "email"
    occurrence: str = "b1"
    send_at: int = NOON - HOUR
    expires_at: int = ENDED + 7 * DAY
    stop_since: int = STARTED
    state: str = "planned"
    final_at: int | None = None
    context: dict[str, Any] | None = None

    @property
    def id(self) -> str:
        return message_id(self.customer, "follow-up", self.occurrence, self.step)


def add_messages(connection: Connection, messages: Sequence[Planned]) -> list[str]:
    """Messages as the outbox holds them: what went has the address it went to, its one try and its claim's fence."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO message (id, customer, campaign, campaign_version, occurrence, step, decision, channel, offer,"
            " products, context, stop_since, send_at, expires_at, cost_micro, state, reason, address, attempts, fence,"
            " lease_until, sender, provider_id, created_at, final_at) VALUES (%s, %s, 'follow-up', 1, %s, %s, '', %s,"
            " '', '[]', %s, %s, %s, %s, 100000, %s, '', '', 0, 0, 0, '', '', %s, %s)",
            [
                (
                    m.id, m.customer, m.occurrence, m.step, m.channel, json.dumps(m.context or CONTEXT), m.stop_since,
                    m.send_at, m.expires_at, m.state, ENDED, m.final_at,
                )
                for m in messages
            ],
        )  # fmt: skip
    sent = [m.id for m in messages if m.state in (*TAKEN, *OPEN)]
    connection.execute(AS_SENT, {"ids": sent, "taken": list(TAKEN)})
    return [m.id for m in messages]


TAKEN = ("submitted", "delivered", "opened", "clicked", "converted")  # the channel said yes
OPEN = ("final", "awaiting_staff", "in_doubt", "unknown")
AS_SENT = """
    UPDATE message m
    SET attempts = 1, fence = 1, final_at = coalesce(m.final_at, m.send_at),
        submitted_at = CASE WHEN m.state = ANY (%(taken)s) THEN coalesce(m.final_at, m.send_at) END,
        provider_id = CASE WHEN m.state = ANY (%(taken)s) THEN 'sent-' || m.id ELSE '' END,
        address = coalesce((
            SELECT i.value FROM identifier i
            WHERE i.customer = m.customer AND i.kind = CASE m.channel WHEN 'sms' THEN 'phone' ELSE m.channel END
            ORDER BY i.created_at DESC, i.value LIMIT 1
        ), m.customer || '@' || m.channel || '.example')
    WHERE m.id = ANY (%(ids)s)
"""


def state_of(connection: Connection, message: str) -> tuple[str, str]:
    row = connection.execute("SELECT state, reason FROM message WHERE id = %s", (message,)).fetchone()
    assert row is not None
    return row[0], row[1]
