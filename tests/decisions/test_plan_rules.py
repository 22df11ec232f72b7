"""Single people: what the rules do with them, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from huitou.decisions.decide import plan_from
from huitou.decisions.reasons import explain
from huitou.kit.clock import DAY, HOUR, MINUTE, parse_time
from huitou.kit.errors import Refused

from . import show
from .show import B20, ENDED, NOW, campaign, inputs, person

CALM = campaign("holdout = 0\nexplore = 0\n")  # without chance: the rules alone


def decide(people: list[dict[str, Any]], chosen: Any = CALM, now: int = NOW, **tables: Any) -> list[dict[str, Any]]:
    return plan_from(inputs(people, **tables), chosen, now).to_pylist()


def times(rows: list[dict[str, Any]]) -> list[int]:
    return [row["send_at"] for row in rows]


def local(text: str) -> int:
    return parse_time(text, "Asia/Shanghai")


def test_high_intent_is_reminded_three_times_a_day_apart() -> None:
    rows = decide([person("c1", carts=1)])
    assert [(row["action"], row["reason"], row["timing"], row["step"], row["channel"]) for row in rows] == [
        ("send", "high_intent", "daily_3", step, "email") for step in (1, 2, 3)
    ]
    assert times(rows) == [local(f"2026-11-{day}T21:30") for day in (21, 22, 23)]
    assert {row["propensity"] for row in rows} == {1.0}
    assert [row["stage"] for row in rows] == ["urgency", "value", "value"]


def test_considering_twice_and_drifting_once() -> None:
    considering, drifting = decide([person("c1")]), decide([person("c2", watch_seconds=60)])
    assert [(row["timing"], row["step"], row["reason"]) for row in considering] == [
        ("every_3_days", 1, "considering"), ("every_3_days", 2, "considering"),
    ]  # fmt: skip
    assert [(row["step"], row["reason"]) for row in drifting] == [(1, "drifting")]
    assert drifting[0]["timing"] in ("next_day", "active_hour")


def test_the_operators_table_can_be_changed() -> None:
    generous = campaign("holdout = 0\nexplore = 0\nintents.drifting.reminders = 3\nintents.drifting.every_hours = 24\n")
    assert [row["step"] for row in decide([person("c1", watch_seconds=60)], generous)] == [1, 2, 3]
    silent = campaign("holdout = 0\nexplore = 0\nintents.drifting.reminders = 0\n")
    row = decide([person("c1", watch_seconds=60)], silent)[0]
    assert (row["action"], row["reason"], row["step"], row["send_at"]) == ("nothing", "reminders", 0, None)


def test_quiet_hours_move_a_message_to_the_morning() -> None:
    late = replace(B20, ended_at=local("2026-11-20T23:00"))
    rows = decide([person("c1", carts=1)], broadcast=late, now=local("2026-11-20T23:35"))
    assert times(rows) == [local(f"2026-11-{day}T08:00") for day in (22, 23, 24)]


def test_quiet_hours_are_the_customers_own() -> None:
    # 24 hours after 21:30 in Shanghai it is 08:30 in New York: not quiet there; 03:30 in Hawaii is.
    rows = decide(
        [person("c1", carts=1, timezone="America/New_York"), person("c2", carts=1, timezone="Pacific/Honolulu")]
    )
    assert times(rows)[0] == ENDED + DAY
    assert times(rows)[3] == parse_time("2026-11-21T08:00", "Pacific/Honolulu")


def test_caps_drop_steps_with_a_reason() -> None:
    rows = decide([person("c1", carts=1)], contacts=[{"customer": "c1", "contact_at": ENDED + DAY - HOUR}])
    assert [row["step"] for row in rows] == [2, 3]
    assert (rows[0]["dropped_steps"], rows[0]["dropped_reasons"]) == ([1], ["cap"])
    known = rows[0] | {"watched": 600, "carts": 1}
    assert explain(known, "zh") == "高意向：看了 10 分钟，加购 1 次。第 1 次不发：频次上限。"
    assert explain(known, "en") == ("High intent: watched 10 min, 1 in the cart. Message 1 is left out: frequency cap.")


def test_who_was_written_to_three_times_is_left_alone() -> None:
    week = [{"customer": "c1", "contact_at": ENDED + day * DAY} for day in (1, 3, 5)]
    assert [(row["action"], row["reason"]) for row in decide([person("c1")], contacts=week)] == [("nothing", "cap")]


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ({"addresses": []}, "no_address"),
        ({"permissions": []}, "no_consent"),
        ({"permissions": [{"customer": "c1", "channel": "email", "granted": False}]}, "opted_out"),
        ({"permissions": [{"customer": "c1", "channel": "*", "granted": False}]}, "opted_out"),
        ({"stops": [{"customer": "c1", "kind": "order", "occurred_at": ENDED}]}, "ordered"),
        ({"stops": [{"customer": "c1", "kind": "unfollow", "occurred_at": ENDED}]}, "unfollowed"),
        ({"stops": [{"customer": "c1", "kind": "complaint", "occurred_at": 0}]}, "complained"),
        ({"products": [tea | {"stock": 0} for tea in show.TEAS]}, "out_of_stock"),
        ({"products": [{"product": "P1", "price_minor": 100, "currency": "CNY"}]}, "not_worth_it"),
        ({"now": ENDED + 10 * DAY}, "too_late"),
    ],
)
def test_nobody_is_left_out_without_a_reason(tables: dict[str, Any], reason: str) -> None:
    rows = decide([person("c1", watch_seconds=60)], **tables)
    assert [(row["action"], row["reason"], row["step"]) for row in rows] == [("nothing", reason, 0)]
    assert rows[0]["channel"] is None
    assert rows[0]["propensity"] == 1.0


def test_an_old_unfollow_does_not_count_when_the_person_came_back() -> None:
    rows = decide([person("c1")], stops=[{"customer": "c1", "kind": "unfollow", "occurred_at": B20.started_at - DAY}])
    assert rows[0]["action"] == "send"


def test_the_product_is_what_they_carted_clicked_or_saw_in_stock() -> None:
    def saw(product: str, **signs: int) -> dict[str, Any]:
        zero = {"seen_seconds": 0, "clicks": 0, "carts": 0, "asked": 0, "ordered": False}
        return {"customer": "c1", "product": product, **zero, **signs}

    def products(*seen: dict[str, Any]) -> list[str]:
        listed: list[str] = decide([person("c1")], seen=list(seen))[0]["products"]
        return listed

    assert products(saw("P1", clicks=9), saw("P3", carts=1)) == ["P3", "P1"]
    assert products(saw("P1", seen_seconds=9), saw("P3", clicks=1)) == ["P3", "P1"]
    assert products(saw("P2", carts=1), saw("P1", seen_seconds=1)) == ["P1"]  # P2 is sold out
    assert products(saw("P1", carts=1, ordered=True)) == ["P3"]  # bought; the broadcast's best instead
    assert products(saw("P8", carts=1)) == ["P8"]  # nobody told of its price or stock


def test_the_offer_goes_where_it_pays() -> None:
    asked = person("c1", watch_seconds=200, questions=1)
    rich = campaign("holdout = 0\nexplore = 0\nmargin = 0.9\nintents.high.offers = ['ten']\n")
    row = decide([asked], rich, products=[{"product": "P1", "price_minor": 20_000, "currency": "CNY", "stock": 9}])[0]
    assert (row["offer"], row["offer_price_minor"]) == ("ten", 18_000)
    assert row["offer_expires_at"] == ENDED + DAY + 72 * HOUR  # from the first message on
    assert row["offer_cost"] > 0


def test_an_offer_that_would_have_expired_drops_the_later_steps() -> None:
    only = campaign("holdout = 0\nexplore = 0\nmargin = 0.9\nintents.high.offers = ['twenty']\n")
    tea = {"product": "P1", "price_minor": 20_000, "currency": "CNY"}
    rows = decide([person("c1", carts=1)], only, products=[tea])
    assert {row["offer"] for row in rows} == {"twenty"}
    assert [row["step"] for row in rows] == [1]


def test_the_budget_ends_with_the_best_and_says_so() -> None:
    people = [person(f"c{i:03}", watch_seconds=200 + i) for i in range(100)]
    cheap = campaign("holdout = 0\nexplore = 0\n", messages=4)
    rows = decide(people, cheap)
    assert sum(row["cost_minor"] for row in rows) == 4
    assert {row["reason"] for row in rows if row["action"] == "nothing"} == {"budget"}


def test_everybody_has_a_context_that_delivery_can_use() -> None:
    people, chosen = [person("c1", name='"引号"客', language="en-GB")], replace(CALM, version=3)
    planned = plan_from(inputs(people), chosen, NOW)
    row = planned.to_pylist()[0]
    assert (row["language"], row["timezone"], row["campaign_version"]) == ("en", "Asia/Shanghai", 3)
    assert (row["stop_since"], row["expires_at"]) == (B20.started_at, ENDED + 168 * HOUR)
    assert show.contexts(planned, people, chosen)[0] == {
        "broadcast": {"id": "B20", "title": "冬茶专场", "started_at": B20.started_at, "ended_at": ENDED},
        "currency": "CNY",
        "customer": {"name": '"引号"客'},
        "facts": {"watched": 600, "carts": 0, "asked": 0, "clicks": 0, "orders": 0},
        "timezone": "Asia/Shanghai",
        "language": "en",
        "stage": row["stage"],
        "intent": "considering",
        "products": [
            {
                "id": "P1", "name": "普洱茶饼", "category": "黑茶", "price_minor": 19900, "currency": "CNY",
                "url": "https://shop.example.com/p/P1", "in_stock": True,
            }
        ],
    }  # fmt: skip


def test_somebody_of_whom_nothing_is_told_gets_a_message_without_a_name() -> None:
    planned = plan_from(inputs([person("c1")]), CALM, NOW)
    context = show.contexts(planned, [person("other")], CALM, [])[0]
    assert (context["customer"], context["products"]) == ({}, [{"id": "P1"}])
    assert "facts" not in context


def test_the_held_out_have_the_steps_they_would_have_got() -> None:
    people = [person(f"c{number}", carts=1) for number in range(40)]
    held = [row for row in decide(people, campaign("holdout = 0.5\nexplore = 0\n")) if row["action"] == "holdout"]
    free = decide(people)
    assert {(row["step"], row["timing"], row["channel"], row["reason"]) for row in held} == {
        (step, "daily_3", "email", "holdout") for step in (1, 2, 3)
    }
    would = [(row["customer"], row["step"], row["send_at"], row["offer"], row["products"]) for row in held]
    assert would == [
        (row["customer"], row["step"], row["send_at"], row["offer"], row["products"])
        for row in free if row["customer"] in {one["customer"] for one in held}
    ]  # fmt: skip
    assert 0 < len(held) == 3 * len({row["customer"] for row in held}) < len(free)
    assert {(row["cost_minor"], row["offer_cost"], row["expected_profit_minor"]) for row in held} == {(0, 0, 0)}


def test_blast_writes_the_same_to_everybody_once() -> None:
    rows = decide([person("c1"), person("c2", carts=1)], campaign('holdout = 0\npolicy = "blast:next_day:ten"\n'))
    assert [(row["timing"], row["offer"], row["step"], row["reason"]) for row in rows] == [
        ("next_day", "ten", 1, "blast")
    ] * 2
    with pytest.raises(Refused, match="noon"):
        decide([person("c1")], campaign('policy = "blast:noon"\n'))
    with pytest.raises(Refused, match="cannot be used yet"):
        decide([person("c1")], campaign('policy = "learned"\n'))
    with pytest.raises(Refused, match="no version 7"):
        decide([person("c1")], campaign('policy = "rules@7"\n'))


def test_a_live_broadcast_is_not_planned() -> None:
    with pytest.raises(Refused, match="has not ended"):
        decide([person("c1")], broadcast=replace(B20, ended_at=None))


def test_decided_at_is_floored_to_the_minute() -> None:
    first, second = (plan_from(inputs([person("c1")]), CALM, NOW + rest) for rest in (1, MINUTE - 1))
    assert first.equals(second)
    assert first.column("decided_at")[0].as_py() == NOW


def test_no_candidates_no_rows() -> None:
    assert plan_from(inputs([]), CALM, NOW).num_rows == 0


def test_every_type_is_the_tables() -> None:
    assert plan_from(inputs([person("c1")]), CALM, NOW).schema == pa.schema(show.DECISIONS.schema)
