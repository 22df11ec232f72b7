"""Events of one small tea shop, for tests that need some."""

from __future__ import annotations

from typing import Any

from huitou.events.model import Event
from huitou.events.segment import read_segment
from huitou.kit.clock import MINUTE, parse_time

NOON = parse_time("2026-11-20T12:00:00Z")


def track(
    name: str, event_id: str, *, at: int = NOON, source: str = "shop", received_at: int = NOON, **raw: Any
) -> Event:
    return read_segment(
        {"type": "track", "event": name, "messageId": event_id, "timestamp": at, **raw},
        source=source,
        received_at=max(received_at, at),
    )


def identify(event_id: str, *, at: int = NOON, source: str = "shop", received_at: int = NOON, **raw: Any) -> Event:
    return read_segment(
        {"type": "identify", "messageId": event_id, "timestamp": at, **raw},
        source=source,
        received_at=max(received_at, at),
    )


def click(number: int, user: str = "u1", **properties: Any) -> Event:
    return track(
        "product_clicked",
        f"c{number}",
        at=NOON + number * MINUTE,
        userId=user,
        properties={"product_id": "P1", **properties},
    )
