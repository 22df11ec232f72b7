"""What may stop a message waits for its person's lock, which the guard holds while it makes the message final."""

from __future__ import annotations

import threading
import time
from types import ModuleType

import psycopg
import pytest
from psycopg.errors import LockNotAvailable

from huitou.events import identity
from huitou.events.journal import append_events
from huitou.events.model import Event
from huitou.stores.ledger import Connection, lock_customers

from .events import NOON, identify, track

ANNA, OLDER = {"userId": "anna"}, {"userId": "older"}
ORDER = {"order_id": "o1", "shop_id": "s1"}

STOPPING = {
    "an order": track("order_paid", "e1", **ANNA, properties=ORDER),
    "a cancelled order": track("order_cancelled", "e1", **ANNA, properties=ORDER),
    "an opt-out": track("unsubscribed", "e1", **ANNA, properties={"channel": "email"}),
    "consent withdrawn": track("consent_withdrawn", "e1", **ANNA, properties={"channel": "email"}),
    "a profile that says no": identify("e1", **ANNA, traits={"consents": {"email": False}}),
    "no longer following": track("live_unfollowed", "e1", **ANNA, properties={"broadcast_id": "b1"}),
}


def known(ledger: ModuleType) -> tuple[str, str]:
    """anna and older, customers the shop knows; older is the older."""
    with ledger.transaction() as connection:
        append_events(connection, [identify("i0", at=NOON - 2, **OLDER)], NOON - 2)
        append_events(connection, [identify("i1", at=NOON - 1, **ANNA)], NOON - 1)
    return identity.customer_id(("user_id", "anna")), identity.customer_id(("user_id", "older"))


def tell(ledger: ModuleType, event: Event) -> None:
    with ledger.transaction() as connection:
        connection.execute("SET LOCAL lock_timeout = '30ms'")
        append_events(connection, [event], NOON)


@pytest.mark.parametrize("event", STOPPING.values(), ids=STOPPING)
def test_what_stops_a_message_waits_until_the_guard_is_done(ledger: ModuleType, event: Event) -> None:
    anna, _ = known(ledger)
    with ledger.transaction() as guard:
        lock_customers(guard, [anna])
        with pytest.raises(LockNotAvailable):
            tell(ledger, event)
    tell(ledger, event)


def test_what_stops_nothing_waits_for_nobody(ledger: ModuleType) -> None:
    anna, _ = known(ledger)
    with ledger.transaction() as guard:
        lock_customers(guard, [anna])
        tell(ledger, identify("e1", **ANNA, traits={"city": "杭州"}))
        tell(ledger, track("product_clicked", "e2", **ANNA, properties={"product_id": "P1"}))


def test_who_was_merged_while_we_waited_is_locked_as_who_they_are_now(ledger: ModuleType) -> None:
    """anna's order waits for her lock; meanwhile she turns out to be older. The order then holds older's lock too:
    the guard asks for that one now."""
    anna, older = known(ledger)
    held: list[bool] = []

    def order() -> None:
        with ledger.transaction() as connection:
            append_events(connection, [STOPPING["an order"]], NOON)
            held.append(is_locked(ledger, older))

    with ledger.transaction() as connection:
        identity.merge(connection, anna, older)
        buyer = threading.Thread(target=order)
        buyer.start()
        wait_until_somebody_waits(ledger)
    buyer.join(30)
    assert held == [True]


def is_locked(ledger: ModuleType, customer: str) -> bool:
    with ledger.connect() as other:
        other.execute("SET LOCAL lock_timeout = '30ms'")
        try:
            lock_customers(other, [customer])
        except psycopg.errors.LockNotAvailable:
            return True
    return False


def wait_until_somebody_waits(ledger: ModuleType) -> None:
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    deadline = time.monotonic() + 30
    with ledger.connect(autocommit=True) as connection:
        while time.monotonic() < deadline:
            if count(connection, waiting):
                return
            time.sleep(0.005)
    pytest.fail("nobody waits")


def count(connection: Connection, question: str) -> int:
    row = connection.execute(question).fetchone()
    assert row is not None
    return int(row[0])
