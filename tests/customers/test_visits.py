from __future__ import annotations

from pathlib import Path
from typing import Any

from huitou.customers.refresh import compute_visits
from huitou.kit.clock import MINUTE, SECOND

from .conftest import Asked, Visited
from .tea_shop import BROADCAST, NOW, Event, engine_of, evening, order, tables, told, us


def show(*events: Event) -> list[Event]:
    return [told("live_started", "19:00", **BROADCAST), *events, told("live_ended", "22:00", **BROADCAST)]


def visit_of(visited: Visited, *events: Event, now: int = NOW) -> dict[str, Any]:
    return visited(show(*events), now)[0]["B20", "c_lin"]


def stays_of(asked: Asked, *events: Event) -> list[tuple[int, int, int]]:
    rows = asked(show(*events), "SELECT from_at, until_at, seconds FROM stays ORDER BY from_at, until_at")
    start = us("19:00")
    return [((r["from_at"] - start) // SECOND, (r["until_at"] - start) // SECOND, r["seconds"]) for r in rows]


def test_the_evening_as_visits(visited: Visited) -> None:
    visits, _ = visited(evening())

    assert sorted(visits) == [("B20", who) for who in ("c_chen", "c_he", "c_lin", "c_wang", "c_zhao")]
    assert visits["B20", "c_lin"] == {
        "broadcast": "B20",
        "customer": "c_lin",
        "user_id": "u_lin",
        "entered_at": us("19:02:10"),
        "left_at": us("19:21:00"),
        "last_seen_at": us("19:21:00"),
        "enters": 1,
        "watch_seconds": 1130,
        "comments": 1,
        "questions": 1,
        "likes": 3,
        "gifts": 0,
        "gift_minor": 0,
        "follows": 0,
        "unfollows": 0,
        "shares": 0,
        "clicks": 1,
        "carts": 1,
        "products_seen": 1,
        "top_product": "P1",
        "ordered": False,
        "ordered_at": None,
        "order_minor": 0,
        "currency": None,
        "orders": 0,
        "other_orders": 0,
        "bought_products": 0,
    }


def test_money_of_two_currencies_is_not_added_up(visited: Visited) -> None:
    """What the first order was paid in counts, and orders that tell no currency; the others are orders all the same."""
    orders = [
        order("order_paid", "19:30", "c_lin", "X1", ("P1", 1, 100), currency=None),
        order("order_paid", "19:40", "c_lin", "X2", ("P1", 1, 200)),
        order("order_paid", "19:50", "c_lin", "X3", ("P1", 1, 5000), currency="JPY"),
    ]
    visits, _ = visited([*evening(), *orders])

    lin = visits["B20", "c_lin"]
    assert (lin["order_minor"], lin["currency"], lin["orders"], lin["other_orders"]) == (300, "CNY", 3, 1)


def test_ordered_in_the_broadcast_is_by_event_time(visited: Visited) -> None:
    """Lin's order of the day after names the broadcast: attribution. Wang's names none and counts. Zhao cancelled."""
    visits, products = visited(evening())

    assert {who: row["ordered"] for (_, who), row in visits.items()} == {
        "c_chen": False,
        "c_he": False,
        "c_lin": False,
        "c_wang": True,
        "c_zhao": False,
    }
    wang = visits["B20", "c_wang"]
    assert (wang["ordered_at"], wang["order_minor"], wang["orders"], wang["bought_products"]) == (
        us("21:42"),
        17800,
        1,
        1,
    )
    assert products["B20", "c_wang", "P2"]["ordered_at"] == us("21:42")
    assert products["B20", "c_wang", "P1"]["ordered"] is False
    assert products["B20", "c_zhao", "P3"]["ordered"] is False


def test_an_order_counts_from_the_start_to_half_an_hour_after_the_end(visited: Visited) -> None:
    entered = told("live_entered", "19:10", "c_lin", **BROADCAST)

    def ordered(at: int) -> bool:
        return bool(visit_of(visited, entered, order("order_paid", at, "c_lin", "X", ("P1", 1, 100)))["ordered"])

    start, end = us("19:00"), us("22:00")
    moments = [start - 1, start, end + 30 * MINUTE, end + 30 * MINUTE + 1]
    assert [ordered(moment) for moment in moments] == [False, True, True, False]


def test_created_before_and_paid_in_the_broadcast_is_ordered_in_it(visited: Visited) -> None:
    visit = visit_of(
        visited,
        told("live_entered", "19:10", "c_lin", **BROADCAST),
        order("order_created", "18:50", "c_lin", "X", ("P1", 1, 100)),
        order("order_paid", "19:15", "c_lin", "X", ("P1", 1, 100)),
    )

    assert (visit["ordered"], visit["ordered_at"]) == (True, us("19:15"))


def test_a_cancelled_order_that_is_paid_after_all_counts(visited: Visited) -> None:
    events = [
        told("live_entered", "19:10", "c_lin", **BROADCAST),
        order("order_created", "19:15", "c_lin", "X", ("P1", 1, 100)),
        order("order_cancelled", "19:20", "c_lin", "X"),
    ]
    paid = order("order_paid", "19:30", "c_lin", "X", ("P1", 1, 100))

    assert visit_of(visited, *events)["ordered"] is False
    assert visit_of(visited, *events, paid)["ordered"] is True


def test_an_order_is_no_attendance(visited: Visited) -> None:
    """Whatever broadcast it names: imported with the broadcast's id all buyers would have watched. Of somebody who gave
    another sign it is one more."""
    ordered = order("order_paid", "20:00", "c_lin", "X", ("P1", 2, 100), broadcast="B20")
    opened = told("live_started", "19:00", **BROADCAST)

    assert visited([opened, ordered])[0] == {}
    visit = visit_of(visited, ordered, told("live_commented", "19:55", "c_lin", **BROADCAST))
    assert (visit["entered_at"], visit["watch_seconds"], visit["ordered"], visit["order_minor"]) == (
        None,
        300,
        True,
        200,
    )


def test_re_entries_are_stays_of_their_own(visited: Visited, asked: Asked) -> None:
    events = [
        told("live_entered", "19:00", "c_lin", **BROADCAST),
        told("live_left", "19:10", "c_lin", **BROADCAST),
        told("live_entered", "20:00", "c_lin", **BROADCAST),
        told("live_left", "20:05", "c_lin", **BROADCAST),
    ]

    assert stays_of(asked, *events) == [(0, 600, 600), (3600, 3900, 300)]
    visit = visit_of(visited, *events)
    assert (visit["enters"], visit["watch_seconds"], visit["entered_at"], visit["left_at"]) == (
        2,
        900,
        us("19:00"),
        us("20:05"),
    )


def test_left_and_entered_in_the_same_second(asked: Asked) -> None:
    assert stays_of(
        asked,
        told("live_entered", "19:00", "c_lin", **BROADCAST),
        told("live_entered", "19:10", "c_lin", **BROADCAST),
        told("live_left", "19:10", "c_lin", **BROADCAST),
        told("live_left", "19:20", "c_lin", **BROADCAST),
    ) == [(0, 600, 600), (600, 1200, 600)]


def test_what_live_left_tells_is_the_length_of_the_stay(asked: Asked) -> None:
    """The app was in the background for part of it."""
    assert stays_of(
        asked,
        told("live_entered", "19:00", "c_lin", **BROADCAST),
        told("live_left", "19:10", "c_lin", seconds=400, **BROADCAST),
    ) == [(0, 600, 400)]


def test_without_leaving_a_stay_ends_with_the_last_sign(visited: Visited, asked: Asked) -> None:
    events = [
        told("live_entered", "19:00", "c_lin", **BROADCAST),
        told("live_commented", "19:30", "c_lin", content="晚上好", **BROADCAST),
        told("live_entered", "20:00", "c_lin", **BROADCAST),
        told("live_liked", "20:10", "c_lin", **BROADCAST),
        told("product_clicked", "22:20", "c_lin", product="P1", **BROADCAST),
    ]

    assert stays_of(asked, *events) == [(0, 1800, 1800), (3600, 4200, 600)]
    assert visit_of(visited, *events)["left_at"] is None
    assert visit_of(visited, *events)["last_seen_at"] == us("20:10")


def test_nothing_reaches_past_the_end(visited: Visited) -> None:
    visit = visit_of(
        visited,
        told("live_entered", "21:50", "c_lin", **BROADCAST),
        told("live_left", "23:30", "c_lin", **BROADCAST),
    )

    assert (visit["watch_seconds"], visit["left_at"], visit["last_seen_at"]) == (600, us("22:00"), us("22:00"))


def test_leaving_without_entering_reaches_back_by_the_time_watched(asked: Asked) -> None:
    assert stays_of(
        asked,
        told("live_left", "19:10", "c_lin", seconds=300, **BROADCAST),
        told("live_left", "20:00", "c_lin", seconds=1200, **BROADCAST),
        told("live_left", "20:00:02", "c_lin", seconds=1200, **BROADCAST),
        told("live_left", "21:00", "c_lin", **BROADCAST),
    ) == [(300, 600, 300), (2400, 3600, 1200), (3600, 3602, 2), (7200, 7200, 0)]


def test_a_watch_list_made_afterwards_is_a_sum_and_no_time(visited: Visited) -> None:
    shown = told("product_shown", "19:00", product="P1", **BROADCAST)
    visits, products = visited(show(shown, told("live_left", "23:59", "c_lin", seconds=2400, **BROADCAST)))

    visit = visits["B20", "c_lin"]
    assert (visit["watch_seconds"], visit["left_at"], visit["products_seen"]) == (2400, us("22:00"), 0)
    assert products == {}


def test_comments_alone_are_presence_while_they_are_close(asked: Asked) -> None:
    at = ("19:00", "19:10", "19:20", "19:31")
    comments = [told("live_commented", moment, "c_lin", content="嗯", **BROADCAST) for moment in at]

    assert stays_of(asked, *comments) == [(0, 1200, 1200), (1860, 1860, 0)]


def test_products_are_seen_while_they_are_shown_and_the_person_is_there(visited: Visited) -> None:
    _, products = visited(evening())

    assert {key[1:]: row["seen_seconds"] for key, row in products.items()} == {
        ("c_chen", "P1"): 360,
        ("c_lin", "P1"): 900,
        ("c_wang", "P1"): 600,
        ("c_wang", "P2"): 600,
        ("c_zhao", "P3"): 2100,
    }


def test_a_question_is_about_the_product_on_show_or_the_one_it_names(visited: Visited) -> None:
    _, products = visited(
        show(
            told("product_shown", "19:00", product="P1", **BROADCAST),
            told("product_shown", "20:00", product="P2", **BROADCAST),
            told("live_commented", "19:30", "c_lin", content="怎么买", **BROADCAST),
            told("live_commented", "19:31", "c_lin", content="晚上好", **BROADCAST),
            told("live_commented", "20:00", "c_lin", content="多少钱", **BROADCAST),
            told("live_commented", "20:01", "c_lin", content="多少钱", product="P1", **BROADCAST),
        )
    )

    assert {product: row["asked"] for (_, _, product), row in products.items()} == {"P1": 2, "P2": 1}


def test_one_mad_event_does_not_stop_the_refresh(visited: Visited) -> None:
    most = 2**53
    visit = visit_of(
        visited,
        told("live_entered", "19:00", "c_lin", **BROADCAST),
        *(told("live_liked", "19:01", "c_lin", quantity=most, **BROADCAST) for _ in range(3)),
        *(told("live_gifted", "19:01", "c_lin", amount_minor=10**15, quantity=most, **BROADCAST) for _ in range(3)),
        told("live_left", "19:10", "c_lin", seconds=most, **BROADCAST),
        order("order_paid", "19:05", "c_lin", "X", *[("P1", most, 10**15)] * 9, amount_minor=None),
    )

    assert (visit["likes"], visit["gifts"], visit["gift_minor"]) == (3_000_000, 3_000_000, 10**15)
    assert (visit["watch_seconds"], visit["order_minor"]) == (1_000_000, 10**15)


def test_events_of_nobody_make_no_visit(visited: Visited) -> None:
    assert visited(show(told("live_liked", "19:30", None, **BROADCAST)))[0] == {}


def test_non_buyers_of_a_broadcast_and_of_a_product(tmp_path: Path) -> None:
    with engine_of(tables(evening()), tmp_path) as engine:
        visits, products = compute_visits(engine, None, NOW)
        engine.register("visits", visits)
        engine.register("visit_products", products)

        def missing(product: str | None) -> list[str]:
            found = engine.run("customers", "non_buyers", broadcast="B20", product=product)
            return list(found.column("customer").to_pylist())

        assert missing(None) == ["c_chen", "c_he", "c_lin", "c_zhao"]
        assert missing("P1") == ["c_chen", "c_lin", "c_wang"]
        assert missing("P2") == []
        assert missing("P3") == ["c_zhao"]


def test_a_browsers_key_takes_no_viewers_of_one_show_into_another(visited: Visited) -> None:
    """The other show is told by its room alone, as Douyin pushes it; it began before, in a room of its own."""
    other = [
        told("live_entered", "18:50", "c_ming", room="R2", shop="S1"),
        told("live_entered", "19:10", "c_hua", room="R2", shop="S1"),
    ]
    page = told("live_entered", "19:05", "c_eve", broadcast="B20", room="R2", source="browser:page")
    visits, _ = visited(show(told("live_entered", "19:02", "c_lin", **BROADCAST), *other, page))
    assert sorted(visits) == [("B20", "c_eve"), ("B20", "c_lin"), ("R2", "c_hua"), ("R2", "c_ming")]
