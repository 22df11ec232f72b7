from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.customers.refresh import create_orders

from .tea_shop import NOW, Event, engine_of, order, tables, us

Fold = Callable[[list[Event]], list[dict[str, Any]]]
STATUSES = ("order_created", "order_paid", "order_shipped", "order_received", "order_cancelled", "order_refunded")


@pytest.fixture
def fold(tmp_path: Path) -> Fold:
    """The orders that these events tell of."""

    def read(events: list[Event]) -> list[dict[str, Any]]:
        with engine_of(tables(events), tmp_path) as engine:
            engine.create("wanted_orders", "customers", "order_ids", now=NOW)
            create_orders(engine, NOW)
            return list(engine.run_text("SELECT * FROM orders ORDER BY order_id, shop").to_pylist())

    return read


def test_statuses_fold_by_the_time_they_happened(fold: Fold) -> None:
    (row,) = fold(
        [
            order("order_shipped", "20:30", None, "X", shop=None),
            order("order_paid", "20:10", "c_lin", "X", ("P1", 1, 17910)),
            order("order_created", "20:00", "c_lin", "X", ("P1", 1, 19900)),
        ]
    )

    assert row == {
        "order_id": "X",
        "shop": "S1",
        "customer": "c_lin",
        "broadcast": None,
        "status": "shipped",
        "placed_at": us("20:00"),
        "created_at": us("20:00"),
        "paid_at": us("20:10"),
        "shipped_at": us("20:30"),
        "received_at": None,
        "cancelled_at": None,
        "refunded_at": None,
        "amount_minor": 17910,
        "refunded_minor": 0,
        "currency": "CNY",
        "quantity": 1,
    }


@pytest.mark.parametrize(
    ("told", "status", "refunded"),
    [
        (["order_created"], "created", 0),
        (["order_paid"], "paid", 0),
        (["order_created", "order_cancelled"], "cancelled", 0),
        (["order_cancelled", "order_paid"], "paid", 0),
        (["order_paid", "order_shipped", "order_received"], "received", 0),
        (["order_paid", "order_refunded"], "refunded", 100),
        (["order_paid", "order_cancelled", "order_refunded"], "cancelled", 100),
    ],
)
def test_the_status_of_an_order(fold: Fold, told: list[str], status: str, refunded: int) -> None:
    events = [
        order(name, f"20:{minute:02}", "c_lin", "X", *([("P1", 1, 100)] if name != "order_refunded" else []))
        for minute, name in enumerate(told)
    ]
    (row,) = fold(events)

    assert (row["status"], row["refunded_minor"]) == (status, refunded)


@pytest.mark.parametrize(("cancelled", "status"), [("20:09", "paid"), ("20:10", "paid"), ("20:10:01", "cancelled")])
def test_a_cancellation_holds_unless_the_order_was_paid_then_or_later(fold: Fold, cancelled: str, status: str) -> None:
    (row,) = fold(
        [
            order("order_created", "20:00", "c_lin", "X", ("P1", 1, 100)),
            order("order_cancelled", cancelled, "c_lin", "X"),
            order("order_paid", "20:10", "c_lin", "X", ("P1", 1, 100)),
        ]
    )

    assert row["status"] == status


def test_partial_refunds_add_up_and_the_same_one_told_twice_is_one(fold: Fold) -> None:
    paid = order("order_paid", "20:00", "c_lin", "X", ("P1", 1, 10000))
    first = order("order_refunded", "21:00", "c_lin", "X", amount_minor=3000)
    second = order("order_refunded", "21:30", "c_lin", "X", amount_minor=3000)
    rest = order("order_refunded", "21:40", "c_lin", "X", amount_minor=9000)

    def refunded(*events: Event) -> tuple[str, int]:
        (row,) = fold([paid, *events])
        return row["status"], row["refunded_minor"]

    again = {**first, "source": "other"}
    assert refunded(first, again) == ("paid", 3000)
    assert refunded(first, second, again) == ("paid", 6000)
    assert refunded(first, second, rest) == ("refunded", 10000)


def test_a_return_of_something_bought_before_the_data_begin(fold: Fold) -> None:
    (row,) = fold([order("order_refunded", "20:00", "c_lin", "C1", amount_minor=700)])

    assert (row["status"], row["amount_minor"], row["refunded_minor"]) == ("refunded", 0, 700)


def test_two_shops_may_use_one_number(fold: Fold) -> None:
    rows = fold(
        [
            order("order_paid", "20:00", "c_lin", "1001", ("P1", 1, 100), shop="S1"),
            order("order_paid", "20:00", "c_he", "1001", ("P1", 1, 300), shop="S2"),
            order("order_shipped", "20:30", None, "1001", shop=None),
        ]
    )

    assert [(row["shop"], row["customer"], row["status"], row["amount_minor"]) for row in rows] == [
        ("", None, "shipped", 0),
        ("S1", "c_lin", "paid", 100),
        ("S2", "c_he", "paid", 300),
    ]


def test_a_payment_without_a_number_is_an_order_of_its_own(fold: Fold) -> None:
    events = [order("order_paid", at, "c_lin", "", ("P1", 1, 100)) for at in ("20:00", "20:05")]
    rows = fold([{**event, "order_id": None} for event in events])

    assert [(row["placed_at"], row["amount_minor"]) for row in rows] == [(us("20:00"), 100), (us("20:05"), 100)]


def test_the_last_payment_tells_the_amount_else_the_lines(fold: Fold) -> None:
    def amount(*events: Event) -> int:
        (row,) = fold(list(events))
        return int(row["amount_minor"])

    created = order("order_created", "20:00", "c_lin", "X", ("P1", 1, 500))
    paid = order("order_paid", "20:05", "c_lin", "X", ("P1", 1, 450))
    silent = order("order_paid", "20:06", "c_lin", "X", ("P1", 2, 400), amount_minor=None)

    assert [amount(created), amount(created, paid), amount(created, silent), amount(silent)] == [500, 450, 500, 800]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(st.tuples(st.sampled_from(STATUSES), st.integers(0, 5)), min_size=1, max_size=7),
    order_of_arrival=st.integers(0, 1000),
    repeats=st.integers(0, 3),
)
def test_late_and_repeated_statuses_change_nothing(
    fold: Fold, told: list[tuple[str, int]], order_of_arrival: int, repeats: int
) -> None:
    events = []
    for name, minute in sorted(set(told)):
        lines = [("P1", 1, 1000 + minute)] if name in STATUSES[:2] else []
        more = {"amount_minor": 400} if name == "order_refunded" else {}
        events.append({**order(name, f"20:{minute:02}", "c_lin", "X", *lines, **more), "event_id": f"{name}-{minute}"})
    again = events + [{**event, "source": f"again{n}"} for n in range(repeats) for event in events]
    random.Random(order_of_arrival).shuffle(again)

    assert fold(again) == fold(events)
