"""Promise 3 by commit order: orders, opt-outs and merges race the step that makes a message final (R9, small tier).

Both sides draw a number while they hold the customer's lock, so the numbers follow the order of the commits.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import ModuleType

import pytest

from huitou.delivery.guard import GuardRules, finalise
from huitou.delivery.outbox import claim
from huitou.delivery.unsubscribe import token_for, unsubscribe
from huitou.events.journal import append_events
from huitou.events.model import CUSTOMER, Event
from huitou.kit.clock import FrozenClock
from huitou.stores.ledger import Connection

from .shop import NOON, Planned, add_customer, add_messages, make_campaign

PAIRS = 300
WINDOW_SECONDS = 0.006


def event(name: str, customer: str, **properties: str) -> Event:
    return Event("test", f"{name}:{customer}", "track", name, NOON, NOON, ((CUSTOMER, customer),), None, properties)


def order(connection: Connection, customer: str, message: str) -> None:
    append_events(connection, [event("order_paid", customer, order_id=f"o-{customer}", shop_id="s1")], NOON)


def opt_out(connection: Connection, customer: str, message: str) -> None:
    unsubscribe(connection, token_for(message))


def order_of_the_other_half(connection: Connection, customer: str, message: str) -> None:
    """Who ordered turns out, in the same transaction, to be the one we are about to write to."""
    both = Event(
        "test", f"id:{customer}", "identify", "identified", NOON, NOON,
        (("user_id", f"u-{customer}"), ("email", f"{customer}@example.com")), f"u-{customer}",
    )  # fmt: skip
    buys = Event(
        "test", f"order_paid:{customer}", "track", "order_paid", NOON, NOON, (("user_id", f"u-{customer}"),),
        f"u-{customer}", {"order_id": f"o-{customer}", "shop_id": "s1"},
    )  # fmt: skip
    append_events(connection, [both, buys], NOON)


def draw(connection: Connection) -> int:
    row = connection.execute("SELECT nextval('race')").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("stop", [order, opt_out, order_of_the_other_half])
def test_nothing_becomes_final_after_the_stop(
    ledger: ModuleType, clock: FrozenClock, stop: Callable[[Connection, str, str], None]
) -> None:
    chance = random.Random(stop.__name__)
    names = [f"c{n:04d}" for n in range(PAIRS)]
    with ledger.transaction() as connection:
        connection.execute("CREATE SEQUENCE race")
        make_campaign(connection)
        messages = add_messages(connection, [Planned(add_customer(connection, name)) for name in names])
        if stop is order_of_the_other_half:
            for name in names:
                connection.execute("INSERT INTO customer (id, created_at) VALUES (%s, 1)", (f"older-{name}",))
                connection.execute(
                    "INSERT INTO identifier (kind, value, customer, created_at) VALUES ('user_id', %s, %s, 1)",
                    (f"u-{name}", f"older-{name}"),
                )
        claimed = {message.id: message for message in claim(connection, NOON, PAIRS)}
    finals: dict[str, int] = {}
    stops: dict[str, int] = {}

    def send(message: str, barrier: threading.Barrier, wait: float) -> None:
        barrier.wait()
        time.sleep(wait)
        mine = claimed[message]
        while True:
            with ledger.transaction() as connection:
                [verdict] = finalise(connection, [mine], [GuardRules()], NOON)
                number = draw(connection)
            if verdict.reason != "moved":
                break
            mine = replace(mine, root=verdict.root, address=verdict.address, nodes=verdict.nodes)
        if verdict.passed:
            finals[message] = number

    def interfere(message: str, customer: str, barrier: threading.Barrier, wait: float) -> None:
        barrier.wait()
        time.sleep(wait)
        with ledger.transaction() as connection:
            stop(connection, customer, message)
            stops[message] = draw(connection)

    with ThreadPoolExecutor(2) as threads:
        for message, name in zip(messages, names, strict=True):
            barrier = threading.Barrier(2)
            one = threads.submit(send, message, barrier, chance.uniform(0, WINDOW_SECONDS))
            other = threads.submit(interfere, message, name, barrier, chance.uniform(0, WINDOW_SECONDS))
            one.result()
            other.result()
    assert len(stops) == PAIRS
    assert [message for message, number in finals.items() if number > stops[message]] == []
    # The race was one: each side won some.
    assert 10 < len(finals) < PAIRS - 10
