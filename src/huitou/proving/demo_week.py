"""The demo's week: customers of the simulator meet the product through its public doors only.

They read mails from the sink, follow tracked links and unsubscribe over HTTP; what they order comes back as the
shop's SDK events over HTTP and as 抖店's export file.
"""

from __future__ import annotations

import email
import re
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from email.policy import compat32
from pathlib import Path
from typing import Any

import httpx

from huitou.delivery.outbox import next_due
from huitou.events.connectors.base import Options
from huitou.events.importing import import_file
from huitou.flows.follow_up import run_due
from huitou.kit import clock
from huitou.kit.settings import settings
from huitou.kit.text import Text
from huitou.proving.simulator.example_world import build_example
from huitou.proving.simulator.plans import read_terms
from huitou.proving.simulator.week import Happening, Mail, Week
from huitou.proving.sink import IndexReader, Kept
from huitou.stores.ledger import transaction

STEP = 2 * clock.HOUR  # how often the week looks up: what falls due meanwhile goes out together
EXPORT_EVERY = 12 * clock.HOUR
LINK = re.compile(r'https?://[^"\s<>]+/t/[\w-]+')
UNSUBSCRIBE = re.compile(r"<(https?://[^>]+)>")
CLICKERS = 8


class DemoWeek:
    """Lived in steps of the injected clock, until the campaign's window is over."""

    def __init__(self, seed: int, campaign: Path) -> None:
        """`campaign` is the file that the customers' offers are read from."""
        terms = read_terms(campaign.read_text(encoding="utf-8"))
        self.week = Week(build_example(), terms.terms, seed)
        self.ends_at = self.week.ended_at + 168 * clock.HOUR
        self.mailbox = IndexReader(settings().data.parent / "mails")
        self.http = httpx.Client(base_url=settings().public_url, timeout=30, auth=(settings().write_key or "", ""))
        self.offers = read_offers()
        self.files: dict[str, Path] = {}
        self.counts: Counter[str] = Counter()
        self.exported_at = clock.now_us()

    def live(self, tick: Callable[[], None]) -> None:
        while clock.now_us() < self.ends_at:
            self.move_to(self.next_moment())
            self.happen(self.week.live_until(clock.now_us()))
            self.send()
            tick()
        self.export()
        self.http.close()

    def next_moment(self) -> int:
        """The next step at which something is due, at most half a day ahead."""
        now = clock.now_us()
        with transaction() as connection:
            due = next_due(connection, now)
        wanted = max(due or self.ends_at, now + STEP)
        return min(wanted, now + EXPORT_EVERY, self.ends_at)

    def move_to(self, at: int) -> None:
        clock.set_clock(clock.FrozenClock(at))

    def send(self) -> None:
        if clock.now_us() - self.exported_at >= EXPORT_EVERY:
            self.export()
        run_due()
        kept = self.mailbox.read()
        self.files.update({one.message: one.path for one in kept})
        self.counts["mails"] += len(kept)
        self.week.receive([self.as_mail(one) for one in kept])

    def as_mail(self, kept: Kept) -> Mail:
        offer = self.offers.get(kept.message, "none")
        return Mail(to=kept.recipient, sent_at=clock.now_us(), message_id=kept.message, offer=offer)

    def happen(self, happenings: Sequence[Happening]) -> None:
        """Let what customers did reach the product."""
        self.counts.update(one.kind for one in happenings)
        with ThreadPoolExecutor(CLICKERS) as clickers:
            list(clickers.map(self.touch, [one for one in happenings if one.kind in ("click", "unsubscribe")]))
        self.post([event for one in happenings for event in self.reported(one)])
        self.post(self.week.sdk_events(happenings))

    def touch(self, happening: Happening) -> None:
        """Follow the mail's link, or its one-click unsubscribe."""
        assert happening.mail is not None
        message = read_mail(self.files[happening.mail.message_id])
        if happening.kind == "click":
            found = LINK.search(html_of(message))
            if found:
                self.http.get(found[0], follow_redirects=False)
        else:
            found = UNSUBSCRIBE.search(str(message["List-Unsubscribe"]))
            if found:
                self.http.post(found[1], data={"List-Unsubscribe": "One-Click"}).raise_for_status()

    def reported(self, one: Happening) -> list[dict[str, Any]]:
        """What mailbox providers and the shop's inbox report: opens, complaints, replies."""
        names = {"open": "message_opened", "complaint": "message_complained", "reply": "message_replied"}
        if one.kind not in names or one.mail is None:
            return []
        properties = {"message_id": one.mail.message_id, "channel": "email"}
        if one.text:
            properties["content"] = one.text
        return [
            {
                "type": "track",
                "event": names[one.kind],
                "messageId": f"{one.mail.message_id}-{one.kind}-{one.at}",
                "timestamp": clock.to_iso(one.at),
                "context": {"traits": {"email": one.mail.to}},
                "properties": properties,
            }
        ]

    def post(self, events: Sequence[dict[str, Any]]) -> None:
        for start in range(0, len(events), 500):
            self.http.post("/v1/batch", json={"batch": list(events[start : start + 500])}).raise_for_status()

    def export(self) -> None:
        """抖店's export, as an operator downloads and imports it morning and evening."""
        self.exported_at = clock.now_us()
        file = settings().data.parent / "orders-week.csv"
        file.write_bytes(self.week.doudian_export(clock.now_us()))
        import_file(file, Options(shop="S1"), "doudian", rejected_to=settings().data)

    def summary(self) -> Text:
        count = self.counts
        return {
            "zh": f"收到 {count['mails']:,} 封邮件，打开 {count['open']:,}，点击 {count['click']:,}，"
            f"下单 {count['order']:,}（含没收到邮件的人），退订 {count['unsubscribe']:,}，投诉 {count['complaint']:,}",
            "en": f"{count['mails']:,} mails received, {count['open']:,} opened, {count['click']:,} clicked, "
            f"{count['order']:,} orders (also of people who got no mail), {count['unsubscribe']:,} opted out, "
            f"{count['complaint']:,} complained",
        }


def read_offers() -> dict[str, str]:
    """Message id -> offer, as `huitou query` tells it."""
    from huitou.flows.tables import open_tables

    with open_tables() as engine:
        rows = engine.query_readonly("SELECT id, offer FROM messages", limit_rows=10_000_000).to_pylist()
    return {row["id"]: row["offer"] or "none" for row in rows}


def read_mail(path: Path) -> Message:
    """By the old policy, which takes headers as they stand, in a tenth of the time."""
    return email.message_from_bytes(path.read_bytes(), policy=compat32)


def html_of(message: Message) -> str:
    for part in message.walk():
        if part.get_content_type() == "text/html":
            content = part.get_payload(decode=True)
            return content.decode() if isinstance(content, bytes) else ""
    return ""
