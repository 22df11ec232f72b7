from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from huitou.customers.lifecycle import STAGES, StageDays
from huitou.customers.rfm import BY_RFM, CELLS, RfmThresholds
from huitou.kit.clock import DAY, HOUR

from .conftest import Drawn
from .crowd import crowd, crowd_people
from .tea_shop import BROADCAST, NOW, PEOPLE, Event, evening, order, told, us


def bought(who: str, days_ago: int, price: int = 10_000, number: str = "", **more: Any) -> Event:
    return order("order_paid", NOW - days_ago * DAY, who, number or f"{who}-{days_ago}", ("P1", 1, price), **more)


def test_what_a_person_bought(drawn: Drawn) -> None:
    old = drawn(evening(), PEOPLE)["c_old"]

    assert {key: old[key] for key in ("orders", "spent_minor", "average_minor", "refunds", "refunded_minor")} == {
        "orders": 1,
        "spent_minor": 8900,
        "average_minor": 8900,
        "refunds": 1,
        "refunded_minor": 45900,
    }
    assert (old["first_order_at"], old["last_order_at"]) == (us("2026-01-10T12:00:00Z"), us("2026-01-10T12:00:00Z"))
    assert (old["recency_days"], old["currency"]) == (320, "CNY")


def test_partial_refunds_and_returns_from_before_lower_what_was_spent(drawn: Drawn) -> None:
    portrait = drawn(
        [
            bought("c_lin", 10, 10_000, "X"),
            order("order_refunded", NOW - 9 * DAY, "c_lin", "X", amount_minor=3_000),
            order("order_refunded", NOW - 8 * DAY, "c_lin", "C7", amount_minor=2_000),
        ]
    )["c_lin"]

    assert (portrait["orders"], portrait["spent_minor"], portrait["refunds"], portrait["refunded_minor"]) == (
        1,
        5_000,
        2,
        5_000,
    )


def test_money_of_two_currencies_is_never_added(drawn: Drawn) -> None:
    portrait = drawn(
        [
            bought("c_lin", 30, 10_000),
            bought("c_lin", 20, 10_000),
            bought("c_lin", 10, 99_000, currency="USD"),
        ]
    )["c_lin"]

    assert (portrait["currency"], portrait["orders"], portrait["spent_minor"], portrait["average_minor"]) == (
        "CNY",
        3,
        20_000,
        10_000,
    )


def test_rfm_cells_by_the_mean_of_buyers(drawn: Drawn) -> None:
    """Means of the four buyers: 36 days, 2 orders, 25,000 分; R high is recent."""
    events = [
        *[bought("c_a", days, 10_000) for days in (2, 3, 4)],
        *[bought("c_b", days, 1_000) for days in (60, 61, 62)],
        bought("c_d", 2, 60_000),
        bought("c_e", 80, 7_000),
        told("live_entered", "19:05", "c_watcher", **BROADCAST),
    ]
    people = drawn(events)

    assert {who: row["rfm"] for who, row in people.items()} == {
        "c_a": "HHH",
        "c_b": "LHL",
        "c_d": "HLH",
        "c_e": "LLL",
        "c_watcher": None,
    }
    assert {who: row["rfm_grade"] for who, row in people.items()} == {
        "c_a": "A",
        "c_b": "C",
        "c_d": "A",
        "c_e": "C",
        "c_watcher": None,
    }


def test_a_value_that_is_the_mean_is_high(drawn: Drawn) -> None:
    people = drawn([bought("c_a", 10), bought("c_b", 10)])

    assert [row["rfm"] for row in people.values()] == ["HHH", "HHH"]


def test_an_operator_may_set_where_high_begins(drawn: Drawn) -> None:
    events = [bought("c_a", 10, 10_000), bought("c_b", 40, 20_000)]
    given = (RfmThresholds("CNY", recency_days=40, orders=2, spent_minor=10_001),)

    assert {who: row["rfm"] for who, row in drawn(events, thresholds=given).items()} == {"c_a": "HLL", "c_b": "HLH"}
    only_recency = (RfmThresholds("CNY", recency_days=9),)
    assert {who: row["rfm"] for who, row in drawn(events, thresholds=only_recency).items()} == {
        "c_a": "LHL",
        "c_b": "LHH",
    }


def test_the_cells_are_the_operators_own() -> None:
    assert [(cell.rfm, cell.grade, cell.name["zh"]) for cell in CELLS] == [
        ("HHH", "A", "重要价值客户"),
        ("HLH", "A", "重要发展客户"),
        ("LHH", "B", "重要保持客户"),
        ("LLH", "B", "重要挽留客户"),
        ("HHL", "B", "一般价值客户"),
        ("HLL", "B", "一般发展客户"),
        ("LHL", "C", "一般保持客户"),
        ("LLL", "C", "一般挽留客户"),
    ]
    assert sorted(BY_RFM) == sorted(r + f + m for r in "HL" for f in "HL" for m in "HL")


@pytest.mark.parametrize(
    ("days_ago", "stage"),
    [
        ([], "prospect"),
        ([30], "new"),
        ([31], "active"),
        ([60], "active"),
        ([61], "dormant"),
        ([180], "dormant"),
        ([181], "lost"),
        ([40, 5], "active"),
        ([90, 70, 40, 5], "loyal"),
        ([5, 4, 3, 2], "loyal"),
        ([190, 9], "won_back"),
        ([189, 9], "active"),
        ([300, 290, 280, 200, 9], "won_back"),
    ],
)
def test_stages_of_life(drawn: Drawn, days_ago: list[int], stage: str) -> None:
    there = told("page_viewed", NOW - 400 * DAY, "c_lin")
    portrait = drawn([there, *[bought("c_lin", days) for days in days_ago]])["c_lin"]

    assert portrait["lifecycle"] == stage


def test_who_takes_part_is_not_dormant(drawn: Drawn) -> None:
    quiet = drawn([bought("c_lin", 100)])["c_lin"]
    awake = drawn([bought("c_lin", 100), told("message_opened", NOW - 3 * DAY, "c_lin")])["c_lin"]
    receipt = drawn([bought("c_lin", 100), told("message_delivered", NOW - 3 * DAY, "c_lin")])["c_lin"]

    assert [row["lifecycle"] for row in (quiet, awake, receipt)] == ["dormant", "active", "dormant"]
    assert [row["quiet_days"] for row in (quiet, awake, receipt)] == [100, 3, 100]


def test_a_brand_of_slow_goods_sets_its_own_days(drawn: Drawn) -> None:
    slow = StageDays(new_days=90, dormant_days=200, lost_days=400, loyal_orders=2)

    assert drawn([bought("c_lin", 100)], days=slow)["c_lin"]["lifecycle"] == "active"
    assert drawn([bought("c_lin", 300)], days=slow)["c_lin"]["lifecycle"] == "dormant"
    with pytest.raises(ValueError, match="new_days <= dormant_days"):
        StageDays(new_days=90)


def test_a_cancelled_or_wholly_refunded_order_is_no_purchase(drawn: Drawn) -> None:
    portrait = drawn(
        [
            bought("c_lin", 10, number="X"),
            order("order_refunded", NOW - 9 * DAY, "c_lin", "X"),
            bought("c_lin", 8, number="Y"),
            order("order_cancelled", NOW - 8 * DAY + HOUR, "c_lin", "Y"),
            order("order_created", NOW - 7 * DAY, "c_lin", "Z", ("P1", 1, 100)),
        ]
    )["c_lin"]

    assert (portrait["orders"], portrait["spent_minor"], portrait["rfm"], portrait["lifecycle"]) == (
        0,
        0,
        None,
        "prospect",
    )


def test_hours_are_those_of_the_persons_own_clock(drawn: Drawn) -> None:
    def at(*hours_utc: int, month: int = 1) -> list[Event]:
        return [
            told("page_viewed", us(f"2026-{month:02}-{day:02}T{hour:02}:30:00Z"), "c_lin")
            for day, hour in enumerate(hours_utc, 1)
        ]

    def hours(zone: str | None, events: list[Event]) -> tuple[int, str]:
        row = drawn(events, {"c_lin": {"timezone": zone}})["c_lin"]
        return row["active_hour"], row["active_hours"]

    assert hours("Asia/Shanghai", at(12, 12, 13)) == (20, "20,21")
    assert hours(None, at(12, 12, 13)) == (20, "20,21")
    assert hours("No/Where", at(12, 12, 13)) == (20, "20,21")
    assert hours("Europe/London", at(12, 12, 13)) == (12, "12,13")
    assert hours("Europe/London", at(12, 12, 13, month=7)) == (13, "13,14")
    assert hours("America/New_York", at(2, 2, 2)) == (21, "21")
    assert hours("Asia/Kolkata", at(0, 1, 2, 3)) == (6, "6,7,8")


def test_a_habit_outweighs_one_busy_evening(drawn: Drawn) -> None:
    likes = [told("live_liked", us("2026-11-01T12:00:00Z") + n * 1000, "c_lin", **BROADCAST) for n in range(50)]
    mornings = [told("page_viewed", us(f"2026-11-{day:02}T00:10:00Z"), "c_lin") for day in (2, 3)]

    assert drawn(likes + mornings)["c_lin"]["active_hours"] == "8,20"


def test_taste_is_what_was_bought_else_what_was_looked_at(drawn: Drawn) -> None:
    people = drawn(evening(), PEOPLE)

    assert {who: (row["favourite_product"], row["favourite_category"]) for who, row in people.items()} == {
        "c_chen": ("P1", "黑茶"),
        "c_he": (None, None),
        "c_lin": ("P1", "黑茶"),
        "c_old": ("P2", "白茶"),
        "c_wang": ("P2", "白茶"),
        "c_zhao": ("P3", "乌龙"),
    }


def test_price_bands_are_relative_to_what_is_usually_paid(drawn: Drawn) -> None:
    """The usual unit costs 100; half of it is no longer low, one and a half times it is high."""
    prices = {"c_low": 49, "c_mid": 50, "c_usual": 100, "c_dear": 151, "c_more": 150}
    people = drawn([bought(who, 5, price) for who, price in prices.items()])

    assert {who: row["price_band"] for who, row in people.items()} == {
        "c_low": "low",
        "c_mid": "mid",
        "c_usual": "mid",
        "c_dear": "high",
        "c_more": "high",
    }


def test_permissions_and_addresses_stand_side_by_side(drawn: Drawn) -> None:
    permissions = pa.table(
        {
            "root": ["c_lin", "c_lin", "c_wang"],
            "channel": ["email", "sms", "push"],
            "granted": [True, False, True],
            "how": ["form", "reply", "form"],
            "since": [1, 2, 3],
        }
    )
    addresses = pa.table({"customer": ["c_lin", "c_lin", "c_old"], "channel": ["email", "sms", "wecom"]})
    people = drawn(evening(), PEOPLE, permissions=permissions, addresses=addresses)

    def may(who: str) -> list[str]:
        return [key for key, value in people[who].items() if value is True]

    assert may("c_lin") == ["email_permission", "email_address", "sms_address"]
    assert may("c_wang") == ["push_permission"]
    assert may("c_old") == ["wecom_address"]
    assert may("c_zhao") == []


def test_everybody_has_one_portrait_and_buyers_one_cell(drawn: Drawn) -> None:
    people = drawn(crowd(3), crowd_people(3))

    assert len(people) == 30
    buyers = [row for row in people.values() if row["orders"] > 0]
    assert sum(row["rfm"] in BY_RFM for row in buyers) == len(buyers) > 15
    assert {row["rfm"] for row in people.values() if row["orders"] == 0} <= {None}
    assert {row["lifecycle"] for row in people.values()} <= {stage.stage for stage in STAGES}
    assert all((row["lifecycle"] == "prospect") == (row["orders"] == 0) for row in people.values())


def test_nobody_at_all(drawn: Drawn) -> None:
    assert drawn([]) == {}
