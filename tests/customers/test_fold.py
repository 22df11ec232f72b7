"""The same events in any order, told in any number of loads, give the same visits and portraits, byte for byte."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.catalog.broadcasts import list_broadcasts
from huitou.customers.refresh import compute_portraits, compute_visits, touched_broadcasts
from huitou.events.broadcast_acts import Act, event_of
from huitou.events.broadcast_acts import fold as stand
from huitou.events.names import CORRECTED, DELETED, MERGED, RESTORED
from huitou.kit.clock import HOUR
from tests.examples import few

from .crowd import SHOWS, crowd, crowd_people
from .tea_shop import NOW, Event, corrected_engine, engine_of, order, tables, told, us

MERGES = pa.table({"customer": pa.array([], pa.string()), "root": pa.array([], pa.string())})


def fold(
    events: list[Event], folder: Path, broadcasts: list[str] | None = None
) -> tuple[pa.Table, pa.Table, pa.Table | None]:
    with engine_of(tables(events, crowd_people(1)), folder) as engine:
        visits, products = compute_visits(engine, broadcasts, NOW)
        if broadcasts is not None:
            return visits, products, None
        engine.register("visits", visits)
        engine.register("visit_products", products)
        return visits, products, compute_portraits(engine, NOW)


@settings(max_examples=few(4))
@given(seed=st.integers(0, 10_000), order=st.integers(0, 10_000))
def test_order_of_arrival_changes_nothing(tmp_path_factory: pytest.TempPathFactory, seed: int, order: int) -> None:
    events = crowd(seed)
    again = list(events)
    random.Random(order).shuffle(again)
    folder = tmp_path_factory.mktemp("fold")

    assert fold(again, folder) == fold(events, folder)


@settings(max_examples=few(4))
@given(seed=st.integers(0, 10_000), broadcast=st.sampled_from(sorted(SHOWS)))
def test_refresh_of_one_broadcast_gives_the_rows_of_a_full_rebuild(
    tmp_path_factory: pytest.TempPathFactory, seed: int, broadcast: str
) -> None:
    events = crowd(seed)
    folder = tmp_path_factory.mktemp("one")
    visits, products, _ = fold(events, folder)
    some_visits, some_products, _ = fold(events, folder, [broadcast])

    assert some_visits == visits.filter(pc.equal(visits["broadcast"], broadcast))
    assert some_products == products.filter(pc.equal(products["broadcast"], broadcast))


@settings(max_examples=few(4))
@given(seed=st.integers(0, 10_000), at=st.integers(0, 400 * 86_400))
def test_what_comes_after_now_is_not_known(tmp_path_factory: pytest.TempPathFactory, seed: int, at: int) -> None:
    """A replay of a moment sees what that moment saw, though later events are already in the lake."""
    moment = NOW - at * 1_000_000
    events = crowd(seed)
    folder = tmp_path_factory.mktemp("past")
    past = [event for event in events if event["occurred_at"] <= moment]

    def seen(told: list[Event]) -> list[pa.Table]:
        with engine_of(tables(told, crowd_people(1)), folder) as engine:
            visits, products = compute_visits(engine, None, moment)
            engine.register("visits", visits)
            engine.register("visit_products", products)
            return [visits, products, compute_portraits(engine, moment)]

    assert seen(events) == seen(past)


@settings(max_examples=few(3))
@given(seed=st.integers(0, 10_000))
def test_stays_add_up_and_do_not_overlap(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    with engine_of(tables(crowd(seed), crowd_people(1)), tmp_path_factory.mktemp("stays")) as engine:
        visits, _ = compute_visits(engine, None, NOW)
        stays = engine.run_text("SELECT * FROM stays ORDER BY broadcast, customer, from_at, until_at").to_pylist()
        told = engine.run_text(
            "SELECT broadcast, customer, max(seconds) AS seconds FROM broadcast_events"
            " WHERE name = 'live_watched' GROUP BY ALL"
        ).to_pylist()
    total: dict[tuple[str, str], int] = {}
    for stay in stays:
        key = stay["broadcast"], stay["customer"]
        total[key] = total.get(key, 0) + (0 if stay["listed"] else stay["seconds"])
    for row in [*told, *(stay for stay in stays if stay["listed"])]:
        key = row["broadcast"], row["customer"]
        total[key] = max(total.get(key, 0), row["seconds"])

    assert {(row["broadcast"], row["customer"]): row["watch_seconds"] for row in visits.to_pylist()} == {
        (row["broadcast"], row["customer"]): total.get((row["broadcast"], row["customer"]), 0)
        for row in visits.to_pylist()
    }
    pairs = itertools.pairwise(stays)
    assert [
        (one, two)
        for one, two in pairs
        if (one["broadcast"], one["customer"]) == (two["broadcast"], two["customer"])
        and two["from_at"] < one["until_at"]
    ] == []


@settings(max_examples=few(4))
@given(seed=st.integers(0, 10_000), known=st.floats(0.3, 0.99), hours=st.integers(0, 200))
def test_refreshing_what_is_touched_gives_the_full_rebuild(
    tmp_path_factory: pytest.TempPathFactory, seed: int, known: float, hours: int
) -> None:
    """Some events arrive after visits were made, others were there but lay in the future of that moment."""
    folder = tmp_path_factory.mktemp("touched")
    events = crowd(seed)
    people = crowd_people(1)
    before, since = events[: int(len(events) * known)], NOW - hours * HOUR
    with engine_of(tables(before, people), folder) as engine:
        old, _ = compute_visits(engine, None, since)
    with engine_of({**tables(events, people), "visits": old, "merges": MERGES}, folder) as engine:
        touched = touched_broadcasts(engine, len(before), since, NOW)
        new, _ = compute_visits(engine, touched, NOW)
        full, _ = compute_visits(engine, None, NOW)
    kept = old.filter(pc.invert(pc.is_in(old["broadcast"], pa.array(touched, pa.string()))))

    assert pa.concat_tables([kept, new]).sort_by([("broadcast", "ascending"), ("customer", "ascending")]) == full


ACTS = (
    Act(CORRECTED, "B20", title="冬茶", started_at=SHOWS["B20"][1] + HOUR),
    Act(CORRECTED, "B21", ended_at=SHOWS["B21"][1] + HOUR),
    Act(CORRECTED, "R9", started_at=SHOWS["R9"][1] - 24 * HOUR, ended_at=SHOWS["R9"][1] - 22 * HOUR),
    Act(MERGED, "B22", "B21"),
    Act(MERGED, "R9", "B20", is_room=True),
    Act(RESTORED, "R9", "B20"),
    Act(RESTORED, "B22", "B21"),
    Act(DELETED, "B20"),
    Act(RESTORED, "B20"),
    Act(DELETED, "B21"),
)


def said(act: Act) -> Event:
    """The act as the row that it is among the events."""
    event = event_of(act)
    columns = {"broadcast": act.broadcast, "event_id": event.event_id, "source": event.source}
    more = {name: value for name, value in event.properties.items() if name in ("into", "out_of")}
    return told(act.name, NOW - HOUR, None, **columns, **more)


@settings(max_examples=few(5))
@given(
    seed=st.integers(0, 10_000),
    acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=5),
    known=st.integers(0, 4),
)
def test_refreshing_after_what_an_operator_said_gives_the_full_rebuild(
    tmp_path_factory: pytest.TempPathFactory, seed: int, acts: list[Act], known: int
) -> None:
    """Merged, deleted, re-timed and taken back, in any order: what is touched is enough, what is not stays the same."""
    folder = tmp_path_factory.mktemp("acts")
    events, since = crowd(seed, acts=120), NOW - 2 * HOUR
    told_before, told_after = [*events, *map(said, acts[:known])], [*events, *map(said, acts)]
    people = crowd_people(1)
    with corrected_engine(tables(told_before, people), folder, acts[:known]) as engine:
        old, _ = compute_visits(engine, None, since)
    given_now = {**tables(told_after, people), "visits": old, "merges": MERGES}
    with corrected_engine(given_now, folder, acts) as engine:
        touched = touched_broadcasts(engine, len(told_before), since, NOW)
        new, _ = compute_visits(engine, touched, NOW)
        full, _ = compute_visits(engine, None, NOW)
    kept = old.filter(pc.invert(pc.is_in(old["broadcast"], pa.array(touched, pa.string()))))

    assert pa.concat_tables([kept, new]).sort_by([("broadcast", "ascending"), ("customer", "ascending")]) == full
    assert not set(full["broadcast"].to_pylist()) & stand(acts).gone


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ([Act(DELETED, "B20")], [Act(RESTORED, "B20")]),
        ([Act(MERGED, "B22", "B20")], [Act(RESTORED, "B22", "B20")]),
        ([Act(MERGED, "R9", "B20", is_room=True)], [Act(RESTORED, "R9", "B20")]),
        ([Act(CORRECTED, "B20", title="x", started_at=1, ended_at=2)],
         [Act(CORRECTED, "B20", title="", started_at=0, ended_at=0)]),
    ],
)  # fmt: skip
def test_what_is_taken_back_leaves_the_same_bytes(tmp_path: Path, there: list[Act], back: list[Act]) -> None:
    given = tables(crowd(3), crowd_people(1))

    def seen(acts: list[Act]) -> list[pa.Table]:
        with corrected_engine(given, tmp_path, acts) as engine:
            visits, products = compute_visits(engine, None, NOW)
            engine.register("visits", visits)
            engine.register("visit_products", products)
            return [visits, products, compute_portraits(engine, NOW)]

    assert seen(there) != seen([])
    assert seen([*there, *back]) == seen([])


def test_an_order_told_late_makes_the_broadcast_it_was_placed_in_anew(tmp_path: Path) -> None:
    """Whatever it names: most orders name no broadcast."""
    events = crowd(5)
    late = [order("order_paid", us("20:00"), "c01", "X-late", ("P1", 1, 19900))]
    with engine_of({**tables([*events, *late], crowd_people(1)), "merges": MERGES}, tmp_path) as engine:
        engine.register("visits", compute_visits(engine, None, NOW)[0])
        shows = [one for one in list_broadcasts(engine, NOW) if one.started_at <= us("20:00") <= (one.ended_at or NOW)]
        touched = touched_broadcasts(engine, len(events), NOW - HOUR, NOW)
    assert len(shows) > 0
    assert {one.broadcast for one in shows} <= set(touched)


def test_old_broadcasts_are_left_alone(tmp_path: Path) -> None:
    events = crowd(5)
    late = [told("live_liked", "2026-11-22T11:20:00Z", "c01", broadcast="B22")]
    since = NOW - HOUR
    with engine_of({**tables([*events, *late], crowd_people(1)), "merges": MERGES}, tmp_path) as engine:
        visits, _ = compute_visits(engine, None, NOW)
        engine.register("visits", visits)

        assert touched_broadcasts(engine, len(events), since, NOW) == ["B22"]
        assert touched_broadcasts(engine, len(events) + 1, since, NOW) == []
        engine.register("merges", pa.table({"customer": visits["customer"][:1], "root": ["c99"]}))
        assert touched_broadcasts(engine, len(events) + 1, since, NOW) == sorted(
            {row["broadcast"] for row in visits.to_pylist() if row["customer"] == visits["customer"][0].as_py()}
        )
