"""What a higher room adds to the storing of an event happens exactly as often as the event does."""

from collections.abc import Iterator, Sequence
from types import ModuleType

import pytest

from huitou.events.effects import add_effect, remove_effect
from huitou.events.journal import append_batch
from huitou.events.model import Event
from huitou.stores.ledger import Connection

from .events import NOON, click, track

PAID = "points"


def give_points(connection: Connection, events: Sequence[tuple[Event, str | None]], received_at: int) -> None:
    """A point a yuan, for whoever paid."""
    for event, customer in events:
        points = event.properties["amount"] // 100
        connection.execute("INSERT INTO points VALUES (%s, %s, %s)", (customer, points, received_at))


@pytest.fixture
def points(ledger: ModuleType) -> Iterator[ModuleType]:
    with ledger.transaction() as connection:
        connection.execute(
            "CREATE TABLE points (customer text NOT NULL, points bigint CHECK (points < 1000), at bigint)"
        )
    add_effect(PAID, ["order_paid"], give_points, locks=True)
    yield ledger
    remove_effect(PAID)
    with ledger.transaction() as connection:
        connection.execute("DROP TABLE points")


def paid(number: int, amount: int = 19_900, source: str = "shop") -> Event:
    order = {"order_id": f"o{number}", "shop_id": "s1", "amount": amount}
    return track("order_paid", f"p{number}", source=source, userId="anna", properties=order)


def given(ledger: ModuleType) -> list[int]:
    with ledger.transaction() as connection:
        return [row[0] for row in connection.execute("SELECT points FROM points ORDER BY points").fetchall()]


def test_it_happens_with_the_event_and_once(points: ModuleType) -> None:
    assert append_batch([paid(1), click(1), paid(2, 5_000), paid(1)], NOON) == ["accepted"] * 3 + ["duplicate"]
    assert append_batch([paid(2, 5_000)], NOON + 1) == ["duplicate"]
    assert given(points) == [50, 199]


def test_an_order_that_another_source_told_gives_nothing_again(points: ModuleType) -> None:
    append_batch([paid(1)], NOON)
    assert append_batch([paid(1, source="platform")], NOON + 1) == ["duplicate"]
    assert given(points) == [199]


def test_where_it_fails_the_event_is_not_stored(points: ModuleType) -> None:
    assert append_batch([paid(1), paid(2, 1_000_000)], NOON) == ["accepted", "quarantined"]
    assert given(points) == [199]


def test_registered_twice_it_still_happens_once(points: ModuleType) -> None:
    add_effect(PAID, ["order_paid"], give_points, locks=True)
    append_batch([paid(1)], NOON)
    assert given(points) == [199]
