"""From the neutral format through journal and lake to portraits, on a real ledger."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from huitou.customers.lake_tables import PORTRAITS, VISIT_PRODUCTS, VISITS
from huitou.customers.profile import find_customer, portrait_of
from huitou.customers.refresh import refresh_portraits, refresh_visits
from huitou.events.current import attach_events
from huitou.events.journal import append_batch
from huitou.events.load import load
from huitou.events.segment import read_segment
from huitou.kit.clock import FrozenClock, parse_time
from huitou.kit.errors import NotFound, Refused
from huitou.stores.engine import Engine

Raw = dict[str, Any]


def track(event: str, at: str, user: str | None = "u1", **properties: Any) -> Raw:
    """`at` is a time of the evening of B20 in Hangzhou, or any ISO time."""
    when = f"2026-11-20T{at}+08:00" if len(at) == 8 else at
    raw = {"type": "track", "event": event, "messageId": f"{event}-{user}-{at}", "timestamp": when}
    return {**raw, **({"userId": user} if user else {}), "properties": properties}


def example() -> list[Raw]:
    """林晓 sees the Pu'er cake in B20, fills her cart, orders the day after, returns it, leaves SMS."""
    traits = {
        "name": "林晓",
        "phone": "+8613800000000",
        "email": "lin@example.com",
        "timezone": "Asia/Shanghai",
        "consents": {"email": True, "sms": True, "push": True},
    }
    money = {"total": 17910, "currency": "CNY"}
    lines = [{"product_id": "P1", "price": 17910, "quantity": 1}]
    number = "6917000000000000001"
    return [
        {"type": "identify", "messageId": "i1", "timestamp": "2026-11-20T10:00:00Z", "userId": "u1", "traits": traits},
        track("live_started", "19:00:00", None, broadcast_id="B20", room_id="R1", shop_id="S1", title="冬茶专场"),
        track("product_shown", "19:05:00", None, broadcast_id="B20", product_id="P1", price=19900, currency="CNY"),
        track("live_entered", "19:02:10", broadcast_id="B20"),
        track("live_commented", "19:06:00", broadcast_id="B20", content="怎么买"),
        track("live_liked", "19:06:30", broadcast_id="B20", count=3),
        track("product_clicked", "19:07:00", broadcast_id="B20", product_id="P1"),
        track("cart_added", "19:08:00", broadcast_id="B20", product_id="P1", price=19900, quantity=1),
        track("live_left", "19:21:00", broadcast_id="B20", watch_seconds=1130),
        track("live_ended", "22:00:00", None, broadcast_id="B20"),
        track("message_clicked", "2026-11-21T12:38:00Z", message_id="m1"),
        track("order_paid", "2026-11-21T12:40:00Z", order_id=number, broadcast_id="B20", products=lines, **money),
        track("order_refunded", "2026-11-25T02:00:00Z", order_id=number, **money),
        track("unsubscribed", "2026-11-26T02:00:00Z", channel="sms"),
    ]


def take_in(raws: list[Raw], clock: FrozenClock) -> None:
    received = clock.now_us()
    outcomes = append_batch([read_segment(raw, source="test", received_at=received) for raw in raws])
    assert set(outcomes) == {"accepted"}
    load()


def refresh(broadcasts: list[str] | None = None) -> tuple[int, int]:
    with Engine() as engine:
        attach_events(engine)
        return refresh_visits(engine, broadcasts), refresh_portraits(engine)


def page() -> Engine:
    engine = Engine()
    attach_events(engine)
    engine.attach(VISITS, VISIT_PRODUCTS, PORTRAITS)
    return engine


def test_from_events_to_one_persons_page(ledger: ModuleType, clock: FrozenClock) -> None:
    clock.move_to(parse_time("2026-11-27T04:00:00Z"))
    take_in(example(), clock)

    assert refresh() == (1, 1)
    with page() as engine:
        lin = portrait_of(engine, "+86 138 0000 0000")
        assert portrait_of(engine, "u1").customer == lin.customer == find_customer("LIN@example.com")
        assert portrait_of(engine, lin.customer) == lin
    assert lin.person["name"] == "林晓"
    assert [(visit["broadcast"], visit["watch_seconds"], visit["ordered"]) for visit in lin.visits] == [
        ("B20", 1130, False)
    ]
    assert [event["name"] for event in lin.events][:4] == [
        "unsubscribed",
        "order_refunded",
        "order_paid",
        "message_clicked",
    ]
    assert (lin.portrait["orders"], lin.portrait["refunds"], lin.portrait["rfm"]) == (0, 1, None)
    assert lin.stage is not None
    assert (lin.stage.stage, lin.cell) == ("prospect", None)
    said = {key: value for key, value in lin.portrait.items() if key.endswith(("_permission", "_address"))}
    assert said == {
        "email_permission": True,
        "sms_permission": False,
        "push_permission": True,
        "wecom_permission": False,
        "email_address": True,
        "sms_address": True,
        "push_address": False,
        "wecom_address": False,
    }
    assert ("cart.hesitates", {"zh": "加购未买", "en": "Filled a cart, did not buy"}) in lin.tags


def test_a_refresh_of_one_broadcast_leaves_the_others(ledger: ModuleType, clock: FrozenClock) -> None:
    clock.move_to(parse_time("2026-11-27T04:00:00Z"))
    other = {"type": "track", "event": "live_entered", "userId": "u2", "properties": {"broadcast_id": "B21"}}
    take_in([*example(), {**other, "messageId": "n1", "timestamp": "2026-11-22T11:00:00Z"}], clock)
    refresh()
    late = {"type": "track", "event": "live_liked", "userId": "u1", "properties": {"broadcast_id": "B20", "count": 5}}
    take_in([{**late, "messageId": "n2", "timestamp": "2026-11-20T11:10:00Z"}], clock)

    assert refresh(["B20"]) == (1, 2)
    assert refresh([]) == (0, 2)
    with page() as engine:
        rows = engine.run_text("SELECT broadcast, user_id, likes FROM visits ORDER BY broadcast").to_pylist()
    assert rows == [
        {"broadcast": "B20", "user_id": "u1", "likes": 8},
        {"broadcast": "B21", "user_id": "u2", "likes": 0},
    ]


def test_the_same_refresh_twice_gives_the_same_rows(ledger: ModuleType, clock: FrozenClock) -> None:
    clock.move_to(parse_time("2026-11-27T04:00:00Z"))
    take_in(example(), clock)

    def tables() -> list[Any]:
        refresh()
        with page() as engine:
            names = ("visits", "visit_products", "portraits")
            return [engine.run_text(f"SELECT * FROM {name}") for name in names]

    assert tables() == tables()


def test_unknown_people_are_refused(ledger: ModuleType, clock: FrozenClock) -> None:
    clock.move_to(parse_time("2026-11-27T04:00:00Z"))
    take_in(example(), clock)
    with page() as engine:
        with pytest.raises(NotFound, match="there is no customer nobody"):
            portrait_of(engine, "nobody")
        with pytest.raises(NotFound, match="u1 is known, but there is no portrait yet"):
            portrait_of(engine, "u1")


def test_a_value_that_means_several_people_is_refused(ledger: ModuleType, clock: FrozenClock) -> None:
    clock.move_to(parse_time("2026-11-27T04:00:00Z"))
    one = {"type": "identify", "userId": "u1", "messageId": "a", "traits": {"openid": "77001122"}}
    other = {"type": "identify", "userId": "u2", "messageId": "b", "traits": {"member_id": "77001122"}}
    take_in([one, other], clock)

    with pytest.raises(Refused, match=r"77001122 means several customers: c[0-9a-f]{24}, c[0-9a-f]{24}; use the"):
        find_customer("77001122")


def test_a_merged_customer_is_found_by_the_id_they_had(ledger: ModuleType, clock: FrozenClock) -> None:
    clock.move_to(parse_time("2026-11-27T04:00:00Z"))
    take_in(example(), clock)
    openid = {"context": {"traits": {"openid": "o-9"}}}
    take_in([{**track("live_entered", "2026-11-21T12:00:00Z", None, broadcast_id="B21"), **openid}], clock)
    absorbed = find_customer("o-9")
    take_in([{"type": "identify", "userId": "u1", "messageId": "i9", "traits": {"openid": "o-9"}}], clock)
    refresh()

    with page() as engine:
        lin = portrait_of(engine, absorbed)
    assert (lin.person["name"], lin.portrait["identities"]) == ("林晓", 2)
    assert [visit["broadcast"] for visit in lin.visits] == ["B21", "B20"]
