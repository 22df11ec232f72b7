"""What a browser's key may say: its own visitor's behaviour, and nothing that others are sent or money is counted by."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.edge.browser_events import BEHAVIOUR, UNVERIFIED, restrict
from huitou.events.effects import is_effective
from huitou.events.model import Event
from huitou.events.names import OURS, SEGMENT
from huitou.events.segment import Rejected, read_segment

NOW = 1_763_640_000_000_000
VISITOR = {"userId": "u-1", "anonymousId": "a-1"}
PERSONAL = {
    "email": "li@example.com", "phone": "13912345678", "unionid": "o-1", "openid": "o-2", "external_userid": "w-1",
    "member_id": "7", "name": "李", "consents": {"email": True},
}  # fmt: skip


def told(raw: dict[str, Any]) -> tuple[Event, dict[str, str]]:
    """The event a browser's key may tell by this, and the rules by the field they left aside."""
    raw = {"messageId": "m-1", **VISITOR, **raw}
    event, aside = restrict(read_segment(raw, source="browser:shop", received_at=NOW), raw)
    assert all(one.reason for one in aside)
    return event, {one.field: one.rule for one in aside}


def refused(raw: dict[str, Any]) -> str:
    with pytest.raises(Rejected) as refusal:
        told(raw)
    return refusal.value.field


FACTS = {"order_id": "X1", "product_id": "P1", "broadcast_id": "B1", "message_id": "m" + "0" * 24, "channel": "email",
         "room_id": "R1"}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OURS - BEHAVIOUR))
def test_our_names_that_are_no_behaviour_are_refused(name: str) -> None:
    assert refused({"type": "track", "event": name, "properties": FACTS}) == "event"


@pytest.mark.parametrize("name", sorted(name for name, ours in SEGMENT.items() if ours not in BEHAVIOUR))
def test_so_are_their_synonyms_in_any_case(name: str) -> None:
    for written in (name, name.lower(), f"  {name} "):
        assert refused({"type": "track", "event": written, "properties": FACTS}) == "event"


@pytest.mark.parametrize(
    "name",
    ["Order_Paid", "ORDER COMPLETED", "order-paid", "Order Shipped", "order_anything", "message_anything", "broadcast_anything",
     "live_anything", "points_earned", "consent_anything", "Live Started", "product listed", "Refund Succeeded",
     "Payment Succeeded"],
)  # fmt: skip
def test_names_that_look_like_them_are_refused_too(name: str) -> None:
    assert refused({"type": "track", "event": name, "properties": FACTS}) == "event"


@pytest.mark.parametrize("name", ["Video Played", "quiz_finished", "Order History Viewed", "加入会员页浏览", "Liked"])
def test_names_of_ones_own_are_fine_with_all_they_say(name: str) -> None:
    said = {"type": "track", "event": name, "properties": {"price": "9.5", "name": "x", "url": "https://a.example"}}
    event, aside = told(said)
    assert (event.name, event.properties, aside) == (name, said["properties"], {})


def test_behaviour_is_taken_as_it_is() -> None:
    event, aside = told({"type": "track", "event": "live_entered", "properties": {"broadcast_id": "B1"}})
    assert (event.properties, event.identifiers, aside) == (
        {"broadcast_id": "B1"}, (("user_id", "u-1"), ("anonymous_id", "a-1")), {},
    )  # fmt: skip


def test_what_a_product_is_called_and_costs_is_left_aside() -> None:
    said = {"product_id": "P1", "name": "x", "price": 1, "currency": "CNY", "url": "https://evil.example", "quantity": 2,
            "category": "茶", "image_url": "https://evil.example/x.png", "position": 3}  # fmt: skip
    event, aside = told({"type": "track", "event": "Product Viewed", "properties": said})
    kept = dict(event.properties)
    unverified = kept.pop(UNVERIFIED)
    assert kept == {"product_id": "P1", "quantity": 2, "position": 3}
    assert set(unverified) == {"name", "price", "currency", "url", "category", "image_url"}
    assert aside == {
        "properties.name": "catalogue", "properties.price": "money", "properties.currency": "money",
        "properties.url": "catalogue", "properties.category": "catalogue", "properties.image_url": "catalogue",
    }  # fmt: skip


def test_lines_keep_which_products_and_how_many() -> None:
    lines = [{"product_id": "P1", "name": "x", "price": 1, "quantity": 2, "url": "https://evil.example"}]
    event, aside = told({"type": "track", "event": "Cart Viewed", "properties": {"products": lines}})
    assert event.properties["products"] == [{"product_id": "P1", "quantity": 2}]
    assert aside == {"properties.products": "catalogue"}


def test_a_page_keeps_its_own_title_and_address() -> None:
    said = {"title": "龙井", "url": "https://shop.example/p1", "path": "/p1"}
    for raw in ({"type": "page", "properties": said}, {"type": "track", "event": "page_viewed", "properties": said}):
        event, aside = told(raw)
        assert (event.properties, aside) == (said, {})


@pytest.mark.parametrize("place", ["traits", "context.traits", "properties"])
@pytest.mark.parametrize("kind", ["identify", "group", "page", "screen", "track"])
def test_contacts_and_platform_ids_name_nobody_wherever_they_stand(kind: str, place: str) -> None:
    parts = place.split(".")
    inner: Any = PERSONAL
    for part in reversed(parts):
        inner = {part: inner}
    raw = {"type": kind, "event": "live_entered", "groupId": "g", **inner}
    if kind == "track" and place != "properties":
        raw["properties"] = {"broadcast_id": "B1"}
    event, aside = told(raw)
    assert [kind for kind, _ in event.identifiers] == ["user_id", "anonymous_id"]
    assert event.traits == {}
    assert not set(PERSONAL) & set(event.properties) - {"name"}
    rules = set(aside.values())
    assert {"contact", "platform_id"} <= rules
    assert ("consent" in rules) == (place == "properties" or kind in ("identify", "group"))


def test_what_is_left_aside_is_kept_where_nothing_reads_it() -> None:
    event, _ = told({"type": "identify", "traits": PERSONAL})
    assert event.properties == {UNVERIFIED: {"traits": PERSONAL}}
    event, aside = told({"type": "page", "properties": {UNVERIFIED: {"traits": {"email": "x@example.com"}}}})
    assert (event.properties, aside) == ({}, {f"properties.{UNVERIFIED}": "reserved"})


def test_a_contact_alone_is_nobody() -> None:
    assert refused({"type": "identify", "userId": None, "anonymousId": None, "traits": PERSONAL}) == "userId"


def test_an_alias_may_name_the_own_browser_only() -> None:
    event, _ = told({"type": "alias", "previousId": "a-1"})
    assert event.identifiers == (("user_id", "u-1"), ("anonymous_id", "a-1"))
    assert refused({"type": "alias", "previousId": "u-2"}) == "previousId"
    assert refused({"type": "alias", "previousId": "a-2"}) == "previousId"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**6) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(sorted({*OURS, *SEGMENT, *(name.upper() for name in OURS), "x", "live_x"})) | st.text(
    max_size=12
)
words = st.sampled_from(
    ["email", "phone", "openid", "consents", "traits", "name", "url", "price", "total", "title", "order_id", "products",
     "broadcast_id", "message_id", "unverified", "channel", "product_id"]
)  # fmt: skip
said = st.dictionaries(words, json_values | st.sampled_from(["a@example.com", "13912345678"]), max_size=5)


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["track", "identify", "page", "screen", "group", "alias"]), "messageId": st.just("m")},
        optional={
            "event": names, "userId": st.sampled_from(["u-1", "u-2"]), "anonymousId": st.sampled_from(["a-1", "a-2"]),
            "previousId": st.sampled_from(["a-1", "u-2"]), "groupId": st.just("g"), "properties": said, "traits": said,
            "context": st.fixed_dictionaries({}, optional={"traits": said, "device": st.just({"id": "d-1"})}),
        },
    )
)  # fmt: skip
def test_whatever_a_browser_says_it_stays_behaviour(raw: dict[str, Any]) -> None:
    try:
        event, _ = told({"userId": None, "anonymousId": None, **raw})
    except Rejected:
        return
    assert {kind for kind, _ in event.identifiers} <= {"user_id", "anonymous_id", "device"}
    assert event.identifiers
    assert event.traits == {}
    assert not is_effective(event) or event.name in ("identified", "aliased")
    assert not {"email", "phone", "openid", "consents", "traits", "order_id", "message_id"} & set(event.properties)
    if event.type == "track" and event.name in OURS:
        assert not {"price", "total"} & set(event.properties)
