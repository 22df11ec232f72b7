"""Messages of the outbox as people look at them: a list, and one of them as the customer saw it."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from huitou.console.reads import ledger
from huitou.console.reads.show import PAGE, Page
from huitou.delivery.compose import read_body
from huitou.kit.errors import NotFound
from huitou.stores.ledger import transaction

GROUPS = {
    "sent": ("submitted", "delivered", "opened", "clicked", "converted"),
    "answered": ("opened", "clicked", "converted"),
    "waiting": ("planned", "retry", "claimed", "final", "awaiting_staff"),
    "stopped": ("suppressed", "expired"),
    "failed": ("failed",),
    "in_doubt": ("in_doubt", "unknown"),
}
MANY = 2_000  # messages of a page of a whole list
FETCHED = re.compile(r"<(?:link|meta|base)\b[^>]*>|@import[^;]*;", re.IGNORECASE)
LINK = re.compile(r"""(\s(?:href|action|background)\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE)


@dataclass(frozen=True)
class OpenedMessage:
    """A message with its body; `body` is None where it was never rendered."""

    row: dict[str, Any]
    body: dict[str, Any] | None
    receipts: list[dict[str, Any]]
    links: list[dict[str, Any]]


def list_messages(
    *,
    occurrence: str | None = None,
    campaign: str | None = None,
    group: str | None = None,
    customer: str | None = None,
    number: int = 1,
    size: int = PAGE,
) -> Page:
    number = max(number, 1)
    states = GROUPS.get(group or "")
    rows = ledger.rows(
        "messages",
        occurrence=occurrence or None,
        campaign=campaign or None,
        states=list(states) if states else None,
        customer=customer or None,
        limit=size,
        offset=(number - 1) * size,
    )
    total = rows[0]["total"] if rows else 0
    rows = [{**row, "subject": _subject(row.pop("packed"))} for row in rows]
    return Page(rows, number, max(1, -(-total // size)), total)


def all_messages(occurrence: str, campaign: str, group: str) -> Iterator[dict[str, Any]]:
    """The whole list, page by page, so that it needs no more memory than one."""
    number = 1
    while rows := list_messages(occurrence=occurrence, campaign=campaign, group=group, number=number, size=MANY).rows:
        yield from rows
        number += 1


def _subject(packed: bytes | None) -> str:
    """Of a rendered message; '' before."""
    return str(json.loads(zlib.decompress(packed))["subject"] or "") if packed else ""


def open_message(message: str) -> OpenedMessage:
    """NotFound where there is no such message."""
    row = ledger.one("message", message=message)
    if row is None:
        raise NotFound({"zh": f"没有消息 {message}。", "en": f"there is no message {message}"})
    return OpenedMessage(
        row,
        body_of(message),
        ledger.rows("message_receipts", message=message),
        ledger.rows("message_links", message=message),
    )


def body_of(message: str) -> dict[str, Any] | None:
    try:
        with transaction() as connection:
            return read_body(connection, message)
    except NotFound:
        return None


def without_links(html: str) -> str:
    """The same page with links that lead nowhere and nothing to fetch: a look by staff must not count as the
    customer's click, nor tell another server that it was looked at."""
    return LINK.sub(r'\1"#"', FETCHED.sub("", html))
