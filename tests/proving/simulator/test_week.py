"""The example's customers after the broadcast: causes before effects, the law of the exact expectations, replay."""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest

from huitou.kit.clock import HOUR
from huitou.proving.simulator.example_text import CAMPAIGN
from huitou.proving.simulator.example_world import Example, build_example
from huitou.proving.simulator.plans import Plans, read_terms
from huitou.proving.simulator.response import whole_plan
from huitou.proving.simulator.week import Happening, Mail, Week, respond

TERMS = read_terms(CAMPAIGN).terms
VIEWERS = 4_000


@pytest.fixture
def example() -> Example:
    """Built anew for each test: the order book moves on as orders are placed."""
    return build_example(seed=20, viewers=VIEWERS)


def mailable(example: Example) -> np.ndarray:
    person = example.evening.viewers.person
    return np.flatnonzero(example.non_buyers() & example.identities.reach()[person, 0])


def mails_for(example: Example, rows: np.ndarray, hours: list[float], offer: str = "none") -> list[Mail]:
    people = example.identities.people
    return [
        Mail(people[int(i)].email, example.show.ended_at + round(hour * HOUR), f"m{i}-{k}", offer)
        for i in example.evening.viewers.person[rows]
        for k, hour in enumerate(hours)
    ]


def orders(happenings: list[Happening]) -> list[Happening]:
    return [one for one in happenings if one.kind == "order"]


def test_without_mails_people_still_order(example: Example) -> None:
    happenings = respond(example, TERMS, [])
    assert {one.kind for one in happenings} == {"order"}
    viewers = example.evening.viewers.take(example.non_buyers())
    nothing = example.world.evaluate(viewers, [Plans.nothing(len(viewers))], TERMS)[0].buys
    assert abs(len(happenings) - nothing.sum()) < 3.5 * np.sqrt((nothing * (1 - nothing)).sum())


def test_mails_raise_orders_by_what_is_expected(example: Example) -> None:
    rows = mailable(example)
    happenings = respond(example, TERMS, mails_for(example, rows, [24.0], "ten"))
    people = set(example.evening.viewers.person[rows].tolist())
    bought = sum(one.person in people for one in orders(happenings))
    viewers = example.evening.viewers.take(rows)
    expected = example.world.evaluate(viewers, [whole_plan(viewers, [24.0], "email", 1)], TERMS)[0].buys
    assert abs(bought - expected.sum()) < 3.5 * np.sqrt((expected * (1 - expected)).sum())


def test_those_left_alone_order_the_same_whoever_else_is_written_to(example: Example) -> None:
    rows = mailable(example)
    alone = set(example.evening.viewers.person[rows[::2]].tolist())
    quiet = respond(example, TERMS, [])
    written = respond(build_example(seed=20, viewers=VIEWERS), TERMS, mails_for(example, rows[1::2], [24.0]))
    of_alone = [[(one.at, one.person) for one in orders(week) if one.person in alone] for week in (quiet, written)]
    assert of_alone[0] == of_alone[1]


def test_causes_come_before_effects(example: Example) -> None:
    happenings = respond(example, TERMS, mails_for(example, mailable(example), [10.0, 34.0, 58.0], "ten"))
    assert happenings == sorted(happenings)
    for one in happenings:
        if one.mail is not None:
            assert one.at > one.mail.sent_at, one.kind
    clicks = {
        (one.person, one.mail.message_id): one.at for one in reversed(happenings) if one.kind == "click" and one.mail
    }
    from_mail = [one for one in orders(happenings) if one.order and one.order.message_id and not one.order.coupon]
    assert len(from_mail) > 3
    for one in from_mail:
        assert one.order is not None
        assert clicks[one.person, one.order.message_id] <= one.order.created_at <= one.order.paid_at == one.at


def test_everything_a_customer_does_happens(example: Example) -> None:
    happenings = respond(example, TERMS, mails_for(example, mailable(example), [10.0, 34.0, 58.0], "ten"))
    kinds = Counter(one.kind for one in happenings)
    assert set(kinds) == {"open", "click", "order", "unsubscribe", "complaint", "reply"}
    assert kinds["open"] > kinds["click"] > kinds["unsubscribe"] > kinds["complaint"]
    assert {one.negative for one in happenings if one.kind == "reply"} == {True, False}


def test_nobody_orders_twice_and_room_buyers_not_again(example: Example) -> None:
    happenings = respond(example, TERMS, mails_for(example, mailable(example), [24.0]))
    bought = [one.person for one in orders(happenings)]
    assert len(bought) == len(set(bought))
    in_room = set(example.evening.viewers.person[~example.non_buyers()].tolist())
    assert in_room.isdisjoint(bought)


def test_living_hour_by_hour_is_living_at_once(example: Example) -> None:
    mails = mails_for(example, mailable(example)[:400], [30.5], "ten")
    at_once = respond(example, TERMS, mails)
    other = build_example(seed=20, viewers=VIEWERS)
    week = Week(other, TERMS)
    stepwise = []
    for hour in range(1, 169):
        if hour == 30:
            week.receive(mails)
        stepwise += week.live_until(other.show.ended_at + hour * HOUR)
    plain = [[(one.at, one.kind, one.person, one.text) for one in week] for week in (at_once, stepwise)]
    assert sorted(plain[0]) == sorted(plain[1])


def test_orders_return_in_the_shops_own_formats_each_once(example: Example) -> None:
    week = Week(example, TERMS)
    week.receive(mails_for(example, mailable(example), [24.0], "ten"))
    end = example.show.ended_at + 168 * HOUR
    happenings = week.live_until(end)
    events = week.sdk_events(happenings)
    rows = list(csv.DictReader(week.doudian_export(end).decode("utf-8-sig").splitlines()))
    by_sdk = {event["properties"]["order_id"] for event in events}
    exported = {row["主订单编号"].strip() for row in rows}
    assert by_sdk.isdisjoint(exported)
    assert by_sdk | exported == {one.order.order_id for one in happenings if one.order}
    cheaper = [row for row in rows if row["优惠总金额"] != "0.00"]
    assert cheaper
    for row in cheaper:
        assert round(float(row["商品金额"]) * 90) == round(float(row["订单应付金额"]) * 100)


def test_mails_to_strangers_are_not_answered(example: Example) -> None:
    week = Week(example, TERMS)
    assert week.receive([Mail("nobody@example.com", example.show.ended_at + HOUR, "m")]) == 0
