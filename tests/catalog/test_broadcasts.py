from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from customers.tea_shop import BROADCAST, NOW, Event, corrected_engine, engine_of, evening, order, tables, told, us
from huitou.catalog.broadcasts import Broadcast, create_line_up, find_broadcast, list_broadcasts
from huitou.events.broadcast_acts import Act
from huitou.events.names import CORRECTED, DELETED, MERGED
from huitou.kit.clock import HOUR, MINUTE, SECOND
from huitou.kit.errors import NotFound

Known = Callable[..., list[Broadcast]]


Corrected = Callable[..., list[Broadcast]]


@pytest.fixture
def corrected(tmp_path: Path) -> Corrected:
    def read(events: list[Event], *acts: Act, now: int = NOW) -> list[Broadcast]:
        with corrected_engine(tables(events), tmp_path, acts) as engine:
            return list_broadcasts(engine, now)

    return read


@pytest.fixture
def known(tmp_path: Path) -> Known:
    def read(events: list[Event], now: int = NOW) -> list[Broadcast]:
        with engine_of(tables(events), tmp_path) as engine:
            return list_broadcasts(engine, now)

    return read


def test_a_broadcast_is_what_its_start_and_end_say(known: Known) -> None:
    assert known(evening()) == [
        Broadcast("B20", "R1", "S1", "冬茶专场", us("19:00"), us("22:00"), us("19:00"), us("22:00"), "shop", "shop")
    ]


def test_settled_half_an_hour_after_the_end(known: Known) -> None:
    assert known(evening())[0].settled_at == us("22:30")
    assert known(evening(), us("21:00"))[0].settled_at is None


def test_live_until_its_end_is_told_or_the_room_falls_silent(known: Known) -> None:
    without_end = [event for event in evening() if event["name"] != "live_ended"]
    last = us("22:00")

    assert known(evening(), us("21:59:59"))[0].ended_at is None
    assert known(without_end, last + 2 * HOUR - 1)[0].ended_at is None
    assert known(without_end, last + 2 * HOUR)[0].ended_at == last


def test_started_again_after_its_end_it_is_live_again(known: Known) -> None:
    events = [*evening(), told("live_started", "22:05", **BROADCAST)]
    again = [*events, told("live_ended", "22:40", **BROADCAST)]

    assert known(events, us("22:06"))[0].ended_at is None
    assert known(again, us("22:50"))[0].ended_at == us("22:40")
    assert known(again, us("22:50"))[0].started_at == us("19:00")


def test_later_orders_and_messages_do_not_stretch_a_broadcast(known: Known) -> None:
    comments = [told("live_commented", f"19:{minute}", "c_lin", broadcast="B30") for minute in (10, 40)]
    after = [
        order("order_paid", "2026-11-22T12:00:00Z", "c_lin", "X", ("P1", 1, 100), broadcast="B30"),
        told("message_clicked", "2026-11-22T11:00:00Z", "c_lin", broadcast="B30"),
    ]

    assert known(comments + after) == [
        Broadcast("B30", None, None, None, us("19:10"), us("19:40"), us("19:10"), us("19:40"))
    ]


def test_an_order_that_names_a_broadcast_makes_none(tmp_path: Path) -> None:
    """Nor does it give one its start, room or shop; what is told of the room later makes the broadcast then."""
    early = order("order_paid", "18:10", "c_lin", "X", ("P1", 1, 100), broadcast="B30", room="R9", shop="S9")
    with engine_of(tables([early, told("order_shipped", "21:00", order_id="Y", broadcast="B30")]), tmp_path) as engine:
        assert list_broadcasts(engine, NOW) == []
        with pytest.raises(NotFound, match="2 orders name it"):
            find_broadcast(engine, "B30", NOW)
    watched = told("live_left", "22:00", "c_wang", seconds=3600, broadcast="B30")
    with engine_of(tables([early, watched]), tmp_path / "later") as engine:
        assert list_broadcasts(engine, us("22:01")) == [
            Broadcast("B30", None, None, None, us("21:00"), us("22:00"), us("22:00"), us("22:00"))
        ]


def test_planned_booked_and_watched_again_are_no_part_of_the_show(known: Known) -> None:
    around = [
        told("live_scheduled", "08:00", **BROADCAST),
        told("live_booked", "09:00", "c_lin", **BROADCAST),
        told("replay_watched", "23:00", "c_lin", seconds=600, **BROADCAST),
    ]
    assert known([*evening(), *around]) == known(evening())
    assert known(around) == []


def test_a_watch_list_alone_makes_a_broadcast_that_is_over(known: Known) -> None:
    """It is read when the show is over, and somebody had watched for 40 minutes."""
    listed = [
        told("live_left", "22:00", who, seconds=seconds, broadcast="W1") for who, seconds in [("a", 2400), ("b", 60)]
    ]

    assert known(listed, us("22:01")) == [
        Broadcast("W1", None, None, None, us("21:20"), us("22:00"), us("22:00"), us("22:00"))
    ]


def test_a_mad_watch_time_does_not_move_the_start(known: Known) -> None:
    listed = [told("live_left", "22:00", who, seconds=s, broadcast="W1") for who, s in [("a", 2**53), ("b", 60)]]

    assert known(listed)[0].started_at == us("22:00") - 60 * SECOND


def test_a_room_never_named_with_a_broadcast_is_its_own(known: Known) -> None:
    pushes = [told("live_commented", f"19:{minute}", "c_lin", room="7301") for minute in (10, 20)]

    assert [(one.broadcast, one.room) for one in known(pushes)] == [("7301", "7301")]


def test_events_that_name_only_the_room_reach_the_broadcast_of_that_time(tmp_path: Path) -> None:
    shows = [
        told("live_started", "19:00", broadcast="B1", room="R1"),
        told("live_ended", "20:00", broadcast="B1", room="R1"),
        told("live_started", "20:20", broadcast="B2", room="R1"),
    ]
    pushes = [told("live_liked", at, "c_lin", room="R1") for at in ("18:59", "19:30", "20:10", "20:25", "23:00")]
    with engine_of(tables(shows + pushes), tmp_path) as engine:
        create_line_up(engine, None, us("23:30"))
        likes = engine.run_text(
            "SELECT broadcast, occurred_at FROM broadcast_events WHERE name = 'live_liked' ORDER BY occurred_at"
        ).to_pylist()

    assert [(like["broadcast"], like["occurred_at"]) for like in likes] == [
        ("B1", us("19:30")),
        ("B1", us("20:10")),
        ("B2", us("20:25")),
        ("B2", us("23:00")),
    ]


def test_the_line_up_says_what_was_shown_when(tmp_path: Path) -> None:
    with engine_of(tables(evening()), tmp_path) as engine:
        create_line_up(engine, ["B20"], NOW)
        shown = engine.run_text("SELECT * FROM line_up ORDER BY shown_at").to_pylist()

    assert [(row["product"], row["shown_at"], row["until_at"], row["price_minor"], row["stock"]) for row in shown] == [
        ("P1", us("19:05"), us("19:20"), 19900, 300),
        ("P2", us("19:30"), us("20:00"), 8900, None),
        ("P3", us("20:00"), us("21:00"), 45900, None),
        ("P1", us("21:00"), us("22:00"), 18900, 120),
    ]


def test_showings_of_one_product_never_overlap(tmp_path: Path) -> None:
    events = [
        told("live_started", "19:00", **BROADCAST),
        told("product_shown", "19:10", product="P1", until=us("20:00"), **BROADCAST),
        told("product_shown", "19:30", product="P1", until=us("19:40"), **BROADCAST),
        told("product_shown", "19:35", product="P2", until=us("23:00"), **BROADCAST),
        told("live_ended", "22:00", **BROADCAST),
    ]
    with engine_of(tables(events), tmp_path) as engine:
        create_line_up(engine, None, NOW)
        shown = engine.run_text("SELECT * FROM line_up ORDER BY shown_at").to_pylist()

    assert [(row["product"], row["shown_at"], row["until_at"]) for row in shown] == [
        ("P1", us("19:10"), us("19:30")),
        ("P1", us("19:30"), us("19:40")),
        ("P2", us("19:35"), us("22:00")),
    ]


def test_while_live_the_last_product_is_shown_until_the_last_event(tmp_path: Path) -> None:
    events = [
        told("live_started", "19:00", **BROADCAST),
        told("product_shown", "19:10", product="P1", **BROADCAST),
        told("live_commented", "19:10", "c_lin", **BROADCAST),
        told("live_commented", "19:25", "c_lin", **BROADCAST),
    ]
    with engine_of(tables(events), tmp_path) as engine:
        create_line_up(engine, None, us("19:26"))
        shown = engine.run_text("SELECT shown_at, until_at FROM line_up").to_pylist()

    assert shown == [{"shown_at": us("19:10"), "until_at": us("19:25")}]
    assert us("19:25") - us("19:10") == 15 * MINUTE


def test_an_unknown_broadcast_is_refused_with_those_known(tmp_path: Path) -> None:
    with engine_of(tables(evening()), tmp_path) as engine:
        assert find_broadcast(engine, "B20", NOW).title == "冬茶专场"
        with pytest.raises(NotFound, match="there is no broadcast B99; known: B20"):
            find_broadcast(engine, "B99", NOW)


def test_with_no_events_there_is_no_broadcast(tmp_path: Path) -> None:
    with engine_of(tables([]), tmp_path) as engine, pytest.raises(NotFound, match="no event names any broadcast"):
        find_broadcast(engine, "B20", NOW)


def test_what_an_operator_said_wins_field_by_field(corrected: Corrected) -> None:
    [one] = corrected(evening(), Act(CORRECTED, "B20", title="冬茶", ended_at=us("21:30")))

    assert (one.title, one.started_at, one.ended_at) == ("冬茶", us("19:00"), us("21:30"))
    assert (one.started_by, one.ended_by, one.is_time_inferred) == ("shop", "operator", False)


def test_who_told_the_time_and_what_is_only_inferred(corrected: Corrected) -> None:
    signs = [told("live_liked", f"19:{minute}", "c_lin", broadcast="B30") for minute in (10, 40)]
    [inferred] = corrected(signs)
    [half] = corrected(signs, Act(CORRECTED, "B30", started_at=us("19:00")))
    [live] = corrected(signs, Act(CORRECTED, "B30", started_at=us("19:00")), now=us("19:50"))

    assert (inferred.started_by, inferred.ended_by, inferred.is_time_inferred) == (None, None, True)
    assert (half.started_by, half.is_end_inferred) == ("operator", True)
    assert (live.ended_at, live.is_time_inferred) == (None, False)


def test_an_end_that_is_still_to_come_is_none(corrected: Corrected) -> None:
    said = Act(CORRECTED, "B20", ended_at=us("21:00"))

    assert corrected(evening(), said, now=us("20:30"))[0].ended_at is None
    assert corrected(evening(), said, now=us("21:10"))[0].ended_at == us("21:00")


def test_a_deleted_broadcast_keeps_its_turn_in_the_room(corrected: Corrected) -> None:
    """What happened in the room during the deleted show does not make the show before it longer."""
    events = [
        told("live_started", "10:00", broadcast="B1", room="R1"),
        told("live_liked", "11:00", "c_lin", broadcast="B1", room="R1"),
        told("live_started", "14:00", broadcast="B2", room="R1"),
        told("live_liked", "15:00", "c_lin", room="R1"),
    ]
    [one] = corrected(events, Act(DELETED, "B2"))

    assert (one.broadcast, one.ended_at) == ("B1", us("11:00"))


def test_two_that_were_one_show_are_one(corrected: Corrected) -> None:
    other = [
        told("live_started", "18:58", broadcast="W7", room="R7", title="视频号"),
        told("live_ended", "22:03", broadcast="W7", room="R7"),
    ]
    [one] = corrected([*evening(), *other], Act(MERGED, "W7", "B20"))

    assert (one.broadcast, one.started_at, one.ended_at) == ("B20", us("18:58"), us("22:03"))


def test_what_names_only_the_room_follows_a_merged_broadcast(tmp_path: Path) -> None:
    """Of a second room, and of a broadcast that went by its room's id."""
    events = [
        *evening(),
        told("live_started", "19:00", broadcast="W7", room="R7"),
        told("live_liked", "19:30", "c_a", room="R7"),
        told("live_liked", "19:31", "c_b", room="7301"),
    ]
    acts = [Act(MERGED, "W7", "B20"), Act(MERGED, "7301", "B20", is_room=True)]
    with corrected_engine(tables(events), tmp_path, acts) as engine:
        create_line_up(engine, None, NOW)
        likes = engine.run_text(
            "SELECT broadcast, customer FROM broadcast_events WHERE customer IN ('c_a', 'c_b') ORDER BY customer"
        ).to_pylist()

    assert likes == [{"broadcast": "B20", "customer": "c_a"}, {"broadcast": "B20", "customer": "c_b"}]
