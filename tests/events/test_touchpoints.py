"""Every event says where brand and customer met, as far as anybody told."""

from typing import Any

import pytest

from huitou.events.lake_rows import lake_rows, read_batch
from huitou.events.model import encode_event
from huitou.events.segment import read_segment
from huitou.kit.clock import SECOND

NOON = 1_790_000_000 * SECOND
BROWSER = {"library": {"name": "analytics.js"}, "page": {"path": "/tea", "url": "https://tea.example/tea"}}
PHONE = {"library": {"name": "analytics-kotlin"}, "os": {"name": "Android"}, "app": {"name": "Tea"}}
MINI = {"library": {"name": "huitou-miniprogram"}, "os": {"name": "iOS"}, "app": {"name": "Tea"}}


def met(event: str = "coupon_claimed", context: Any = None, kind: str = "track", **properties: Any) -> str | None:
    """Through the one reader, the journal's bytes and the loader, as any event goes."""
    raw = {"type": kind, "event": event, "userId": "anna", "context": context, "properties": properties}
    stored = encode_event(read_segment(raw, source="shop", received_at=NOON))
    rows, _ = lake_rows(read_batch([(1, NOON, stored)]), ["anna"])
    return rows.column("touchpoint")[0].as_py()


@pytest.mark.parametrize(
    ("said", "is_met"),
    [
        ("miniprogram", "miniprogram"), ("Mini-Program", "miniprogram"), ("小程序", "miniprogram"), ("直播间", "live"),
        ("POS", "store"), ("门店", "store"), ("H5", "web"), ("企微", "wecom"), ("billboard", "other"),
        ("", None), (7, None), (None, None),
    ],
)  # fmt: skip
def test_the_senders_own_word_counts_first(said: object, is_met: str | None) -> None:
    assert met(touchpoint=said) == is_met
    assert met(context={"touchpoint": said}) == is_met
    assert met(context={**BROWSER, "touchpoint": "app"}, touchpoint=said) == (
        is_met or ("web" if said in ("", 7) else "app")
    )


def test_else_what_the_event_is() -> None:
    assert met("live_entered", BROWSER, broadcast_id="B1") == "live"
    assert met("cart_added", PHONE, broadcast_id="B1") == "live"
    assert met("store_visited", PHONE) == "store"
    assert met("message_clicked", BROWSER, channel="sms", message_id="m1") == "sms"
    assert met("order_paid", shop_id="s1", order_id="o1") == "shop"
    assert met(kind="page") == "web"
    assert met(kind="screen") == "app"


def test_else_the_sdk_and_else_nothing() -> None:
    assert met("cart_added", BROWSER) == "web"
    assert met("cart_added", PHONE) == "app"
    assert met("cart_added", MINI) == "miniprogram"
    assert met("order_paid", order_id="o1") is None
    assert met(context="nonsense") is None


def test_it_is_no_part_of_what_makes_it_the_same_event() -> None:
    raw = {"type": "track", "event": "cart_added", "userId": "anna", "timestamp": "2026-11-01T12:00:00Z"}
    here, there = (
        read_segment({**raw, "context": context}, source="s", received_at=NOON) for context in (BROWSER, PHONE)
    )
    assert (here.touchpoint, there.touchpoint) == ("web", "app")
    assert here.fingerprint == there.fingerprint
    assert here.event_id == there.event_id


def test_a_body_stored_before_there_were_touchpoints_is_read() -> None:
    body = encode_event(read_segment({"type": "page", "userId": "anna"}, source="s", received_at=NOON))
    assert b"touchpoint" not in body
    assert lake_rows(read_batch([(1, NOON, body)]), ["anna"])[0].column("touchpoint").to_pylist() == ["web"]
