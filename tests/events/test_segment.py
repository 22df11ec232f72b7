"""What comes in becomes an event or is Rejected with field and reason; nothing else ever happens."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.events.model import decode_event, encode_event, parse_json
from huitou.events.segment import Rejected, read_segment, read_sent_at
from huitou.kit.clock import DAY, HOUR, MINUTE, SECOND, parse_time

RECEIVED = parse_time("2026-11-21T12:00:00Z")
CLICK = {
    "type": "track",
    "event": "product_clicked",
    "messageId": "m7",
    "timestamp": "2026-11-20T11:07:00.000Z",
    "userId": "u1",
    "anonymousId": None,
    "properties": {"broadcast_id": "B20", "product_id": "P1"},
}


def read(raw: Any = None, **more: Any) -> Any:
    how = {key: more.pop(key) for key in ("sent_at", "currency", "ahead") if key in more}
    return read_segment({**(CLICK if raw is None else raw), **more}, source="shop", received_at=RECEIVED, **how)


def paid(**properties: Any) -> Any:
    return read(event="order_paid", properties={"order_id": "1", **properties})


def completed(**properties: Any) -> Any:
    return read(event="Order Completed", properties={"order_id": "1", **properties})


def refused(raw: Any, **how: Any) -> str:
    with pytest.raises(Rejected) as caught:
        read_segment(raw, source="shop", received_at=RECEIVED, **how)
    assert caught.value.message["zh"]
    assert caught.value.message["en"]
    return caught.value.field


def test_reads_a_simple_event() -> None:
    event = read()
    assert (event.source, event.event_id, event.type, event.name) == ("shop", "m7", "track", "product_clicked")
    assert event.occurred_at == event.stated_at == parse_time("2026-11-20T11:07:00Z")
    assert event.identifiers == (("user_id", "u1"),)
    assert event.user_id == "u1"
    assert event.properties == {"broadcast_id": "B20", "product_id": "P1"}


def test_reads_every_line_of_the_examples(shared: Any) -> None:
    lines = (shared / "examples" / "events.ndjson").read_text().splitlines()
    events = [read_segment(json.loads(line), source="x", received_at=RECEIVED + 6 * DAY) for line in lines]
    assert [event.event_id for event in events] == [f"m{number}" for number in range(1, 15)]
    assert events[1].properties["until"] == parse_time("2026-11-20T11:20:00Z")
    assert events[2].identifiers == (
        ("user_id", "u1"),
        ("unionid", "n1"),
        ("openid", "o1"),
        ("phone", "+8613800000000"),
        ("email", "lin@example.com"),
    )


def test_reads_what_the_segment_sdks_really_sent(shared: Any) -> None:
    names = []
    for line in (shared / "fixtures" / "sdk_capture.jsonl").read_text().splitlines():
        request = json.loads(line)
        if request["p"] != "/v1/batch":
            continue
        body = json.loads(request["b"])
        sent_at = read_sent_at(body.get("sentAt"))
        names += [read_segment(raw, source="x", received_at=RECEIVED, sent_at=sent_at).name for raw in body["batch"]]
    assert Counter(names) == {
        "identified": 2, "product_viewed": 2, "order_paid": 1, "page_viewed": 1, "screen_viewed": 1, "grouped": 1,
        "aliased": 1, "cart_added": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Product Added", "cart_added"),
        ("product added", "cart_added"),
        ("Order Completed", "order_paid"),
        ("Products Searched", "products_searched"),
        ("cart_added", "cart_added"),
        ("Lottery Won", "Lottery Won"),
        (" 抽奖 ", "抽奖"),
    ],
)
def test_names(said: str, name: str) -> None:
    assert read(event=said).name == name


def test_money_of_our_names_is_minor_units() -> None:
    assert paid(total=17910, currency="cny").properties == {"order_id": "1", "total": 17910, "currency": "CNY"}
    assert paid(total="17910").properties["total"] == 17910
    assert paid(total=17910.0).properties["total"] == 17910
    assert refused({**CLICK, "event": "order_paid", "properties": {"total": 179.1}}) == "properties.total"


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [(199, "CNY", 19900), (17.99, "CNY", 1799), ("¥1,299.5", "CNY", 129950), (1999, "JPY", 1999),
     (0.1 + 0.2, "EUR", 30), (1.2345, "KWD", 1234), (2.675, "USD", 268), (0, "USD", 0)],
)  # fmt: skip
def test_money_of_segments_names_is_decimals(amount: Any, currency: str, minor: int) -> None:
    assert completed(total=amount, currency=currency).properties["total"] == minor


def test_money_without_currency_takes_the_given_one_else_two_places() -> None:
    raw = {**CLICK, "event": "Order Completed", "properties": {"order_id": "1", "revenue": 1999}}
    assert read(raw).properties["revenue"] == 199900
    assert read(raw, currency="JPY").properties["revenue"] == 1999


def test_money_under_other_names_stays_as_it_came() -> None:
    properties = {"total": 179.1, "currency": "renminbi", "price": "cheap", "quantity": -1}
    assert read(event="Lottery Won", properties=properties).properties == properties


def test_order_lines() -> None:
    event = completed(currency="CNY", products=[{"sku": 7, "price": "9.9", "quantity": "2", "variant": "红"}, {}])
    assert event.properties["products"] == [
        {"sku": 7, "product_id": "7", "price": 990, "quantity": 2, "variant": "红"},
        {},
    ]
    for products, field in (
        ({}, "properties.products"),
        ([3], "properties.products.0"),
        ([{}, {"price": "x"}], "properties.products.1.price"),
        ([{"quantity": 1.5}], "properties.products.0.quantity"),
        ([{"product_id": [1]}], "properties.products.0.product_id"),
    ):
        assert refused({**CLICK, "event": "Order Completed", "properties": {"products": products}}) == field


def test_the_given_dictionary_is_not_changed() -> None:
    raw = {**CLICK, "event": "Order Completed", "properties": {"order_id": 1, "total": 1.5, "products": [{"sku": 1}]}}
    before = json.dumps(raw)
    read(raw)
    assert json.dumps(raw) == before


@pytest.mark.parametrize(
    ("said", "kept"), [(13085.0, "13085"), (7, "7"), (2**70, str(2**70)), ("\t6917 ", "6917"), ('="12"', "12"),
                       ("Ａ", "Ａ"), ("e\u0301", "é"), ("' OR 1=1", "OR 1=1"), ("../x", "../x"), (0, "0"), (-1, "-1")]
)  # fmt: skip
def test_ids_are_text(said: Any, kept: str) -> None:
    assert read(userId=said).user_id == kept


@pytest.mark.parametrize("empty", [None, "", " ", "-", "null", "undefined", "NaN", "None", "无", "\ufeff"])
def test_empty_marks_are_no_ids(empty: Any) -> None:
    assert refused({**CLICK, "userId": empty}) == "userId"
    assert read(userId=empty, anonymousId="a1").identifiers == (("anonymous_id", "a1"),)


@pytest.mark.parametrize("bad", [True, [], {}, ["u1"], 1.5, 2.0**60, "a\0b", "a\nb", "\ud800", "x" * 256, math.inf])
def test_unusable_ids_are_rejected(bad: Any) -> None:
    assert refused({**CLICK, "userId": bad}) == "userId"
    assert refused({**CLICK, "anonymousId": bad}) == "anonymousId"
    assert refused({**CLICK, "messageId": bad}) == "messageId"
    assert refused({**CLICK, "properties": {"order_id": bad}}) == "properties.order_id"
    assert refused({**CLICK, "properties": {"openid": bad}}) == "properties.openid"


def test_a_float_that_is_nan_is_a_missing_id() -> None:
    assert refused({**CLICK, "userId": math.nan}) == "userId"


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2026-11-20T11:07:00.123456Z", "2026-11-20T11:07:00.123456Z"),
        ("2026-11-20T11:07:00.123456789Z", "2026-11-20T11:07:00.123456Z"),
        ("2026-11-20T19:07:00+08:00", "2026-11-20T11:07:00Z"),
        ("2026-11-20 11:07:00", "2026-11-20T11:07:00Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        (1795172820, "2026-11-20T11:07:00Z"),
        (1795172820000, "2026-11-20T11:07:00Z"),
        (1795172820000000, "2026-11-20T11:07:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ],
)
def test_times(said: Any, at: str) -> None:
    assert read(timestamp=said).occurred_at == parse_time(at)


@pytest.mark.parametrize(
    "bad",
    [0, -1, 12345, 1e300, math.nan, math.inf, 10**40, True, [], {}, "", "yesterday", "0001-01-01T00:00:00Z",
     "1969-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "2026-11-20T23:59:60Z", "2026-02-30", "2036-11-20T00:00:00Z",
     "2027-11-23T12:00:00Z", "9999-12-31T23:59:59-23:59", "\ud800", "Z", "x" * 100_000],
)  # fmt: skip
def test_bad_times_are_rejected(bad: Any) -> None:
    assert refused({**CLICK, "timestamp": bad}) == "timestamp"


def test_a_time_may_lie_a_year_ahead_or_as_little_as_the_caller_says() -> None:
    assert read(timestamp="2026-12-01T12:00:00Z").occurred_at == RECEIVED + 10 * DAY
    assert refused({**CLICK, "timestamp": "2028-01-01T12:00:00Z"}) == "timestamp"
    with pytest.raises(Rejected, match="future"):
        read(timestamp="2026-12-01T12:00:00Z", ahead=DAY)


def test_missing_time_is_the_time_of_receipt() -> None:
    event = read(timestamp=None)
    assert (event.occurred_at, event.stated_at) == (RECEIVED, None)
    assert read(timestamp=None, originalTimestamp="2026-11-20T11:07:00Z").stated_at == parse_time("2026-11-20T11:07Z")


def test_a_skewed_clock_is_corrected_and_a_slow_network_is_not() -> None:
    stated = RECEIVED - HOUR
    raw = {**CLICK, "timestamp": stated}
    for skew, corrected in ((0, stated), (5 * MINUTE, stated), (-5 * MINUTE, stated), (DAY, stated - DAY),
                            (-DAY, stated + DAY), (5 * MINUTE + 1, stated - 5 * MINUTE - 1)):  # fmt: skip
        event = read(raw, sent_at=RECEIVED + skew)
        assert (event.occurred_at, event.stated_at) == (corrected, stated)


def test_a_retry_has_the_same_fingerprint_whatever_its_sent_at_and_context() -> None:
    first = read(sent_at=RECEIVED - DAY, context={"traits": {"email": "a@x.com"}})
    again = read(sent_at=RECEIVED - DAY + SECOND, context={"ip": "1.2.3.4"}, integrations={"All": True})
    assert first.occurred_at != again.occurred_at
    assert first.fingerprint == again.fingerprint
    for other in (
        read(userId="u2"), read(anonymousId="a"), read(event="cart_added"), read(properties={"broadcast_id": "B20"}),
        read(timestamp="2026-11-20T11:07:00.001Z"), read(timestamp=None),
    ):  # fmt: skip
        assert other.fingerprint != first.fingerprint


def test_without_a_message_id_a_retry_is_still_the_same_event() -> None:
    one, two = read(messageId=None), read(messageId="", sentAt="2026-11-20T12:00:00Z")
    assert one.event_id == two.event_id
    assert len(one.event_id) == 33
    assert read(messageId=None, userId="u2").event_id != one.event_id
    order = list(CLICK["properties"].items())  # type: ignore[attr-defined]
    assert read(messageId=None, properties=dict(reversed(order))).event_id == one.event_id


def test_property_order_does_not_change_the_stored_bytes() -> None:
    one = read(properties={"a": 1, "b": {"c": 1, "d": 2}})
    two = read(properties={"b": {"d": 2, "c": 1}, "a": 1})
    assert encode_event(one) == encode_event(two)


def test_room_events_need_no_person_and_personal_ones_do() -> None:
    for name, about in (("live_started", "broadcast_id"), ("live_ended", "room_id"), ("product_shown", "broadcast_id"),
                        ("product_listed", "product_id"), ("broadcast_titled", "broadcast_id"),
                        ("message_delivered", "message_id")):  # fmt: skip
        assert read({"type": "track", "event": name, "properties": {about: "1"}}).identifiers == ()
        assert refused({"type": "track", "event": name}).startswith("properties.")
    assert refused({"type": "track", "event": "live_entered", "properties": {"broadcast_id": "B"}}) == "userId"
    assert refused({"type": "identify", "traits": {"name": "林"}}) == "userId"


@pytest.mark.parametrize(
    "phone",
    ["138****0000", "13800138000", "13888888888", "00000000000", "12345", "$$abc$1$$", "13800000000-1234", "-", "无",
     "1380000", True, None, [], {"n": 1}, 1.5, "a" * 10_000],
)  # fmt: skip
def test_masked_and_placeholder_phones_name_nobody(phone: Any) -> None:
    assert refused({"type": "identify", "traits": {"phone": phone}}) == "userId"


@pytest.mark.parametrize(
    ("said", "phone"),
    [("13800000000", "+8613800000000"), ("+86 13800000000", "+8613800000000"), ("86-13800000000", "+8613800000000"),
     ("１３８００００００００", "+8613800000000"), (13800000000, "+8613800000000"), (13800000000.0, "+8613800000000"),
     ("'13800000000", "+8613800000000"), ("138-0000-0000", "+8613800000000"), ("+1 650-253-0000", "+16502530000"),
     ("+44 20 7031 3000", "+442070313000")],
)  # fmt: skip
def test_phones_are_e164(said: Any, phone: str) -> None:
    assert read({"type": "identify", "traits": {"phone": said}}).identifiers == (("phone", phone),)


@pytest.mark.parametrize(
    ("said", "email"),
    [("Lin@Example.COM ", "lin@example.com"), ("lin+tea@example.com", "lin+tea@example.com"),
     ("用户@例子.中国", "用户@例子.中国"), ("e\u0301@x.fr", "é@x.fr")],
)  # fmt: skip
def test_emails(said: str, email: str) -> None:
    assert read({"type": "identify", "traits": {"email": said}}).identifiers == (("email", email),)


@pytest.mark.parametrize(
    "email",
    ["l***@example.com", "a@b", "a@x.com,b@y.com", "a@x.com\nBcc: b@y.com", "noreply@x.com", "none@none.com", "@x.com",
     "a" * 65 + "@x.com", "a@" + "x" * 320 + ".com", '"q q"@x.com', "a..b@x.com", ".a@x.com", "a@x..com", "a@.com", 7,
     "a\0@x.com", "\ud800@x.com"],
)  # fmt: skip
def test_masked_and_malformed_emails_name_nobody(email: Any) -> None:
    assert refused({"type": "identify", "traits": {"email": email}}) == "userId"


def test_identifiers_from_everywhere_the_strongest_first() -> None:
    event = read(
        anonymousId="a1",
        properties={"member_id": 12, "phone": "13800000000"},
        context={"traits": {"email": "A@x.com"}, "device": {"id": "d1"}},
    )
    assert event.identifiers == (
        ("user_id", "u1"), ("email", "a@x.com"), ("member_id", "12"), ("phone", "+8613800000000"),
        ("anonymous_id", "a1"), ("device", "d1"),
    )  # fmt: skip


def test_odd_envelopes_are_no_reason_to_lose_an_event() -> None:
    for odd in (None, 3, "x", [], {"traits": 3}, {"device": {"id": []}}, {"device": 3}, {"traits": {"email": {}}}):
        assert read(context=odd).identifiers == (("user_id", "u1"),)


def test_traits_of_an_identify_may_come_in_its_context() -> None:
    """RudderStack's browser SDK puts them there."""
    raw = {"type": "identify", "userId": "u", "context": {"traits": {"name": "林", "consents": {"sms": True}}}}
    assert read(raw).traits == {"name": "林", "consents": {"sms": True}}
    assert read({**raw, "traits": {"name": "王"}}).traits == {"name": "王"}
    assert refused({**raw, "context": {"traits": {"consents": 3}}}) == "traits.consents"
    assert read({**raw, "context": {"traits": 3}}).traits == {}


def test_alias_and_group_and_page() -> None:
    alias = read({"type": "alias", "userId": "u1", "previousId": "a1"})
    assert (alias.name, alias.identifiers) == ("aliased", (("user_id", "u1"), ("previous_id", "a1")))
    assert refused({"type": "alias", "userId": "u1"}) == "previousId"
    assert refused({"type": "alias", "previousId": "u1"}) == "userId"
    assert refused({"type": "alias", "userId": "u1", "previousId": "u1"}) == "userId"
    group = read({"type": "group", "userId": "u1", "groupId": 5, "traits": {"name": "VIP"}})
    assert (group.properties, group.traits) == ({"group_id": "5"}, {"name": "VIP"})
    assert refused({"type": "group", "userId": "u1"}) == "groupId"
    page = read({"type": "page", "userId": "u1", "name": "Live", "properties": {"price": 9.9}})
    assert (page.name, page.properties) == ("page_viewed", {"name": "Live", "price": 9.9})


def test_consents_are_checked() -> None:
    good = {"email": True, "sms": {"granted": False, "how": "reply"}}
    assert read({"type": "identify", "userId": "u", "traits": {"consents": good}}).traits == {"consents": good}
    for bad in (True, [], {"sms": "yes"}, {"sms": 1}, {"sms": {}}, {"sms": {"granted": True, "occurred_at": "x"}}):
        field = refused({"type": "identify", "userId": "u", "traits": {"consents": bad}})
        assert field.startswith("traits.consents")


@pytest.mark.parametrize("raw", [None, 3, "x", [], True, [CLICK]])
def test_an_event_is_an_object(raw: Any) -> None:
    assert refused(raw) == ""


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": None}, "type"), ({"type": "Track"}, "type"), ({"type": []}, "type"), ({"type": 3}, "type"),
        ({"event": None}, "event"), ({"event": ""}, "event"), ({"event": " "}, "event"), ({"event": {}}, "event"),
        ({"event": "x" * 201}, "event"), ({"event": "a\nb"}, "event"), ({"event": "a\0"}, "event"),
        ({"event": "\ud800"}, "event"), ({"properties": []}, "properties"), ({"properties": "x"}, "properties"),
        ({"properties": {"price": -1}}, "properties.price"), ({"properties": {"price": True}}, "properties.price"),
        ({"properties": {"price": 1e300}}, "properties.price"), ({"properties": {"price": "NaN"}}, "properties.price"),
        ({"properties": {"price": math.nan}}, "properties.price"), ({"properties": {"price": []}}, "properties.price"),
        ({"properties": {"price": 10**5000}}, "properties.price"), ({"properties": {"price": 10**16}}, "properties.price"),
        ({"properties": {"price": "9" * 5000}}, "properties.price"),
        ({"properties": {"price": "1e999999"}}, "properties.price"),
        ({"properties": {"quantity": 1.5}}, "properties.quantity"),
        ({"properties": {"quantity": -1}}, "properties.quantity"),
        ({"properties": {"quantity": 2**64}}, "properties.quantity"),
        ({"properties": {"quantity": "2e400"}}, "properties.quantity"),
        ({"properties": {"watch_seconds": "x"}}, "properties.watch_seconds"),
        ({"properties": {"currency": "贝壳"}}, "properties.currency"), ({"properties": {"currency": 1}}, "properties.currency"),
        ({"properties": {"until": "soon"}}, "properties.until"),
        ({"properties": {1: 2}}, "properties"), ({"properties": {"x": object()}}, "properties"),
        ({"properties": {"x": 10**5000}}, "properties"),
    ],
)  # fmt: skip
def test_bad_fields_are_named(change: dict[str, Any], field: str) -> None:
    assert refused({**CLICK, **change}) == field


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"x": value}
    return value


def test_nesting_has_a_limit_and_the_stack_none_to_lose() -> None:
    assert read(properties=nested(60)).properties == nested(60)
    for depth in (70, 500, 5_000, 100_000):
        assert refused({**CLICK, "properties": nested(depth)}) == "properties"
    assert refused({**CLICK, "properties": {"text": "\0", "deep": nested(500)}}) == "properties"


def test_free_text_that_no_store_can_hold_is_repaired() -> None:
    event = read(properties={"content": "a\0b", "k\0": ["\ud800", 1], "fine": "\\u0000"})
    assert event.properties == {"content": "a\ufffdb", "k\ufffd": ["\ufffd\ufffd\ufffd", 1], "fine": "\\u0000"}
    assert decode_event(encode_event(event)) == event


def test_infinite_numbers_in_free_properties_become_null() -> None:
    event = read(properties={"x": math.nan, "y": math.inf})
    assert decode_event(encode_event(event)).properties == {"x": None, "y": None}


@pytest.mark.parametrize(
    "data",
    [b"", b"NaN", b"Infinity", b"1e999", b'"\\ud800"', b"[" * 200_000, b"{}x", b"[1,]", b"1" * 5_000, b'"\xff"',
     "{}".encode("utf-16"), b"{'a':1}", b'{"a"', b"\xef\xbb\xbf", b"nul"],
)  # fmt: skip
def test_what_is_no_json_is_rejected(data: bytes) -> None:
    with pytest.raises(Rejected):
        parse_json(data)


def test_json_oddities_that_are_tolerated() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a":1}') == {"a": 1}
    assert parse_json(b'{"a":1,"a":2}') == {"a": 2}
    assert parse_json(b'{"a":-0,"b":' + str(2**70).encode() + b"}") == {"a": 0, "b": 2**70}
    assert parse_json(b'{"__proto__":{}}') == {"__proto__": {}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["type", "event", "messageId", "timestamp", "originalTimestamp", "userId", "anonymousId", "previousId", "groupId", "context", "traits", "properties", "name", "sentAt"]  # fmt: skip
INNER = ["order_id", "product_id", "total", "price", "currency", "quantity", "watch_seconds", "products", "phone", "email", "openid", "consents", "until", "device", "traits", "sku", "channel"]  # fmt: skip


EVENT_NAMES = ["order_paid", "Order Completed", "live_started", "Lottery Won", "unsubscribed", "consent_given"]
# Anything an HTTP body can say, most of it near enough to an event to get somewhere.
RAW = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "track", "identify", "page", "screen", "group", "alias"]),
        "event": st.sampled_from(EVENT_NAMES),
        "userId": st.just("u1") | JSON,
    },
    optional={
        key: JSON | st.dictionaries(st.sampled_from(INNER), JSON, max_size=5)
        for key in KEYS
        if key not in ("type", "event", "userId")
    },
)


@settings(deadline=None)
@given(RAW)
def test_anything_at_all_is_an_event_or_rejected(raw: dict[str, Any]) -> None:
    try:
        event = read_segment(raw, source="shop", received_at=RECEIVED)
    except Rejected:
        return
    stored = decode_event(encode_event(event))
    assert encode_event(stored) == encode_event(event)
    assert stored.fingerprint == event.fingerprint
    assert stored.key == event.key


@settings(deadline=None)
@given(
    st.fixed_dictionaries({key: st.text(max_size=20) | st.integers() for key in ("content", "note")}),
    st.integers(0, 10**12),
    st.text(st.characters(categories=["L", "N"]), min_size=10, max_size=40),
)
def test_reading_and_storing_loses_nothing(free: dict[str, Any], total: int, order: str) -> None:
    event = read(event="order_paid", properties={**free, "total": total, "order_id": order})
    assert decode_event(encode_event(event)) == event
    assert event.properties["total"] == total
