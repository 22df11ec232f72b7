"""One evening of a small tea shop, told in the neutral format: forty people watch, four order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from huitou.kit.clock import HOUR, MINUTE, parse_time, to_iso

STARTED = parse_time("2026-11-20T11:00:00Z")  # 19:00 in Shanghai
ENDED = STARTED + 3 * HOUR
PEOPLE = 40
BUYERS = (0, 1, 2, 3)


def evening() -> list[dict[str, Any]]:
    """Everybody is known by e-mail and has agreed to mails; people 0-3 order in the room."""
    return [*room(), *(event for i in range(PEOPLE) for event in person(i))]


def room() -> list[dict[str, Any]]:
    show = {"broadcast_id": "B1", "room_id": "R1", "shop_id": "S1"}
    tea = {"product_id": "P1", "name": "普洱茶饼", "category": "黑茶", "price": 19_900, "currency": "CNY", "stock": 300}
    return [
        track("live_started", "room-1", STARTED, None, {**show, "title": "冬茶专场"}),
        track(
            "product_shown", "room-2", STARTED + MINUTE, None, {**show, **tea, "url": "https://shop.example.com/p/P1"}
        ),
        track("live_ended", "room-3", ENDED, None, show),
    ]


def person(i: int) -> list[dict[str, Any]]:
    who, show = f"u{i}", {"broadcast_id": "B1"}
    entered = STARTED + i * MINUTE
    consents = {"email": {"granted": True, "how": "form", "proof": f"form-{i}"}}
    events = [
        {
            "type": "identify", "messageId": f"{who}-id", "timestamp": to_iso(STARTED - 24 * HOUR), "userId": who,
            "traits": {"name": f"客人{i}", "email": f"{who}@example.com", "consents": consents},
        },
        track("live_entered", f"{who}-in", entered, who, show),
        track("product_clicked", f"{who}-click", entered + MINUTE, who, {**show, "product_id": "P1"}),
        track("live_left", f"{who}-out", entered + 30 * MINUTE, who, {**show, "watch_seconds": 1_800}),
    ]  # fmt: skip
    if i % 2:
        events.append(track("cart_added", f"{who}-cart", entered + 2 * MINUTE, who, {**show, "product_id": "P1"}))
    if i in BUYERS:
        events.append(order(i, entered + 5 * MINUTE))
    return events


def order(i: int, at: int, number: int = 1) -> dict[str, Any]:
    line = {"product_id": "P1", "quantity": 1, "price": 19_900}
    told = {"order_id": f"O{i}-{number}", "shop_id": "S1", "total": 19_900, "currency": "CNY", "products": [line]}
    return track("order_paid", f"u{i}-order-{number}", at, f"u{i}", told)


def track(event: str, key: str, at: int, who: str | None, properties: dict[str, Any]) -> dict[str, Any]:
    told = {"type": "track", "event": event, "messageId": key, "timestamp": to_iso(at), "properties": properties}
    return told if who is None else {**told, "userId": who}


def write_evening(file: Path) -> Path:
    file.write_text("\n".join(json.dumps(event, ensure_ascii=False) for event in evening()), encoding="utf-8")
    return file
