"""Orders of people not seen watching: counted, explained, and adding up with the buyers' to the show's total.

B20 runs from 19:00 to 22:00; a and b are seen watching.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.tea_shop import Event, engine_of, order, tables, told, us
from huitou.catalog.broadcasts import create_broadcasts, find_broadcast
from huitou.customers.refresh import compute_visits
from huitou.kit.clock import MINUTE
from huitou.measurement.report import read_funnel
from huitou.measurement.unseen import Takings, list_unseen, read_takings, read_unseen
from measurement.tea_campaign import CLOSED, ENDED, MERGES, room

EVENING = room("ab")
UNNAMED: dict[str, Any] = {"named": False}


def bought(customer: str | None, number: str, at: str | int = "20:00", minor: int = 9_000, **columns: Any) -> Event:
    return order("order_paid", at, customer, number, ("P2", 1, minor), **columns)


def opened(folder: Any, events: Sequence[Event], people: Any = None, merges: dict[str, str] | None = None) -> Any:
    given = tables(events, people)
    given["merges"] = pa.Table.from_pylist([{"customer": a, "root": b} for a, b in (merges or {}).items()], MERGES)
    engine = engine_of(given, folder)
    visits, _ = compute_visits(engine, None, CLOSED)
    engine.register("visits", visits)
    create_broadcasts(engine, CLOSED)
    return engine


def takings(folder: Any, orders: Sequence[Event], people: Any = None, broadcast: str = "B20") -> Takings:
    with opened(folder, [*EVENING, *orders], people) as engine:
        return read_takings(engine, find_broadcast(engine, broadcast, CLOSED), "CNY", CLOSED)


def test_buyers_and_people_not_seen_add_up_to_the_show(tmp_path):
    """a orders twice, stranger c once; what is paid before the show or long after it belongs to neither."""
    found = takings(
        tmp_path,
        [
            bought("a", "1"),
            bought("a", "2", "22:29", 20_000),
            bought("c", "3", minor=5_000),
            bought("c", "4", "18:59"),
            bought("c", "5", ENDED + 30 * MINUTE + 1),
        ],
    )
    assert (found.buyers.people, found.buyers.orders, found.buyers.amount_minor) == (1, 2, 29_000)
    assert (found.unseen.people, found.unseen.orders, found.unseen.amount_minor) == (1, 1, 5_000)
    assert (found.total.people, found.total.orders, found.total.amount_minor) == (2, 3, 34_000)
    assert (found.unseen.why, found.unseen.why_minor) == ({"no_shared_id": 1}, {"no_shared_id": 5_000})


@pytest.mark.parametrize(
    ("reason", "order", "people"),
    [
        ("no_shared_id", bought("c", "1"), {}),
        ("masked_phone", bought("c", "1", source="doudian"), {"c": UNNAMED}),
        ("masked_phone", bought("c", "1", phone="138****0000"), {"c": UNNAMED}),
        ("guest", bought("c", "1"), {"c": UNNAMED}),
        ("guest", bought(None, "1"), {}),
        ("unknown_live_id", bought("c", "1", broadcast="wx-live-77120"), {}),
    ],
)
def test_why_nobody_seen_watching_has_the_order(tmp_path, reason, order, people):
    assert takings(tmp_path, [order], people).unseen.why == {reason: 1}


def test_two_rooms_live_at_once(tmp_path):
    """B21 runs beside B20 until 21:00: an order of either is told by the id it names, else nobody can tell."""
    beside = [
        told("live_started", "19:30", broadcast="B21", room="R2", shop="S1"),
        told("live_entered", "19:31", "z", broadcast="B21", room="R2", shop="S1"),
        told("live_ended", "21:00", broadcast="B21", room="R2", shop="S1"),
    ]
    orders = [
        bought("c", "1", "20:00"),
        bought("d", "2", "20:00", broadcast="B21"),
        bought("e", "3", "21:10"),
    ]
    assert takings(tmp_path, [*beside, *orders]).unseen.why == {
        "no_shared_id": 1,
        "several_live": 1,
        "other_broadcast": 1,
    }
    b21 = takings(tmp_path / "b21", [*beside, *orders], broadcast="B21")
    assert (b21.buyers.orders, b21.unseen.why) == (
        0,
        {"no_shared_id": 1, "several_live": 2},
    )  # e's came within B21's grace


def test_orders_of_another_shop_are_no_orders_of_the_show(tmp_path):
    """Unless the shop is not told, or the order names the show; a viewer's count wherever they are placed."""
    orders = [
        bought("c", "1", shop="S2"),
        bought("d", "2", shop=None),
        bought("e", "3", shop="S2", broadcast="B20"),
        bought("a", "4", shop="S2"),
    ]
    found = takings(tmp_path, orders)
    assert (found.total.orders, found.unseen.orders, found.buyers.orders) == (3, 2, 1)  # naming it is no watching


def test_refunded_unpaid_and_cancelled_orders_have_their_own_lines(tmp_path):
    found = takings(
        tmp_path,
        [
            bought("a", "1", minor=9_000),
            order("order_refunded", "23:00", "a", "1", amount_minor=9_000),
            bought("b", "2", minor=20_000),
            order("order_refunded", "23:00", "b", "2", amount_minor=500),
            bought("c", "3", minor=7_000),
            order("order_refunded", "23:00", "c", "3", amount_minor=7_000),
            order("order_created", "20:10", "d", "4", ("P2", 1, 3_000)),
            order("order_created", "20:10", "e", "5", ("P2", 1, 3_000)),
            order("order_cancelled", "20:40", "e", "5"),
        ],
    )
    buyers, unseen, total = found.buyers, found.unseen, found.total
    assert (buyers.people, buyers.kept_people, buyers.orders, buyers.refunded_orders) == (2, 1, 2, 2)
    assert (buyers.amount_minor, buyers.refunded_minor, buyers.kept_minor) == (29_000, 9_500, 19_500)
    assert (unseen.orders, unseen.refunded_orders, unseen.refunded_minor) == (2, 1, 7_000)
    assert (unseen.unpaid_orders, unseen.unpaid_minor, unseen.kept_people) == (1, 3_000, 1)
    assert (total.amount_minor, total.refunded_minor, total.kept_minor) == (39_000, 16_500, 22_500)


def test_each_currency_by_itself(tmp_path):
    found = takings(
        tmp_path,
        [bought("a", "1"), bought("c", "2", currency=None), bought("c", "3", minor=3_000, currency="JPY")],
    )
    assert (found.unseen.orders, found.unseen.amount_minor, found.unseen.other_currency_orders) == (2, 9_000, 1)
    assert [(one.currency, one.orders, one.amount_minor) for one in found.total.others] == [("JPY", 1, 3_000)]
    assert (found.total.orders, found.total.amount_minor) == (3, 18_000)


def test_the_funnel_says_of_the_buyers_what_the_orders_say(tmp_path):
    """Though the order came, or a's two ids were joined, after the visits were stored, and a paid in JPY first."""
    first, later = bought("a", "1", "19:30", 500, currency="JPY"), bought("a", "2", minor=3_000)
    with opened(tmp_path, [*room("ab"), first], merges={"b": "a"}) as engine:
        fresh = tables([*room("ab"), first, later])
        engine.register("events", fresh["events"])
        engine.register("order_lines", fresh["order_lines"])
        taken = read_takings(engine, find_broadcast(engine, "B20", CLOSED), "CNY", CLOSED)
        funnel = read_funnel(engine, "B20", taken.buyers)
    assert (funnel.entered, funnel.ordered, funnel.order_minor, funnel.other_currency_orders) == (1, 1, 3_000, 1)


def test_an_order_that_only_names_the_show_is_credited_and_in_no_total(tmp_path):
    found = takings(tmp_path, [bought("a", "1"), bought("c", "2", ENDED + 300 * MINUTE, broadcast="B20")])
    assert (found.total.orders, found.credited.orders, found.credited.amount_minor) == (1, 1, 9_000)


def test_whoever_turns_out_to_be_a_viewer_moves_over(tmp_path):
    """c's phone turns out to be b's: events carry today's root, visits follow by `merges`."""
    orders = [bought("b", "1"), bought("c", "2")]
    before = takings(tmp_path / "before", orders)
    with opened(tmp_path / "after", [*EVENING, bought("a", "1"), bought("b", "2")], merges={"c": "b"}) as engine:
        after = read_takings(engine, find_broadcast(engine, "B20", CLOSED), "CNY", CLOSED)
    assert (before.buyers.orders, before.unseen.orders) == (1, 1)
    assert (after.buyers.orders, after.unseen.orders, after.total.orders) == (2, 0, 2)


def test_the_list_names_who_ordered_and_why_they_were_not_seen(tmp_path):
    people = {"c": {"name": "李明", "phone": "+8613912345678"}}
    with opened(tmp_path, [*EVENING, bought("c", "1"), bought("d", "2", "21:00")], people) as engine:
        show = find_broadcast(engine, "B20", CLOSED)
        rows = list_unseen(engine, show, "CNY", CLOSED).to_pylist()
        assert read_unseen(engine, show, "CNY", CLOSED).orders == len(rows)
    assert [row["order_id"] for row in rows] == ["2", "1"]
    assert (rows[1]["name"], rows[1]["phone"], rows[1]["reason"]) == ("李明", "+8613912345678", "no_shared_id")
    assert rows[0]["ordered_at"] == us("21:00")


BUYER = st.sampled_from(["a", "b", "c", "d", None])
ORDER = st.tuples(
    BUYER,
    st.integers(us("18:30"), us("23:30")),
    st.integers(0, 50_000),
    st.sampled_from(["CNY", "JPY", None]),
    st.sampled_from([None, "B20", "B21", "wx-1"]),
    st.sampled_from(["S1", "S2", None]),
    st.integers(0, 60_000),
)


@settings(max_examples=6)
@given(st.lists(ORDER, max_size=24))
def test_the_parts_always_add_up(tmp_path_factory, orders):
    """Every order of the time and shop is in exactly one part; no refund exceeds what was paid."""
    events = []
    for number, (who, at, minor, currency, broadcast, shop, refunded) in enumerate(orders):
        told_of = {"currency": currency, "broadcast": broadcast, "shop": shop}
        events.append(bought(who, f"o{number}", at, minor, **told_of))
        if refunded > 30_000:
            events.append(
                order("order_refunded", CLOSED - 1, who, f"o{number}", amount_minor=refunded - 30_000, **told_of)
            )
    found = takings(tmp_path_factory.mktemp("shop"), events)
    for name in ("people", "kept_people", "orders", "amount_minor", "refunded_minor", "refunded_orders"):
        assert getattr(found.buyers, name) + getattr(found.unseen, name) == getattr(found.total, name)
    assert sum(found.unseen.why.values()) == found.unseen.orders
    assert sum(found.unseen.why_minor.values()) == found.unseen.amount_minor
    assert 0 <= found.total.refunded_minor <= found.total.amount_minor
    in_time = [one for one in orders if us("19:00") <= one[1] <= ENDED + 30 * MINUTE]
    ours = [one for one in in_time if one[0] in ("a", "b") or one[4] == "B20" or one[5] != "S2"]
    assert found.total.orders == len(ours)
    assert found.total.amount_minor == sum(one[2] for one in ours if one[3] != "JPY")
