"""Receipts in any order give the same; clicks and orders come back as events; leaving works in one click."""

from __future__ import annotations

import itertools
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.delivery.links import Link, find_link
from huitou.delivery.outbox import claim
from huitou.delivery.receipts import KINDS, SENT, Receipt, apply_receipts, convert, fold_receipts, record_click
from huitou.delivery.send import send_due
from huitou.delivery.unsubscribe import token_for, unsubscribe
from huitou.events.consent import holds
from huitou.events.journal import append_batch
from huitou.events.load import load
from huitou.events.model import CUSTOMER, Event
from huitou.kit.clock import DAY, HOUR, MINUTE, SECOND, FrozenClock
from huitou.stores.ledger import Connection

from .fake_channel import FakeChannel
from .shop import NOON, Planned, add_customer, add_messages, add_stop, make_campaign, merge, state_of

ALL = tuple(KINDS.values())
receipts = st.lists(
    st.builds(Receipt, st.just(""), st.sampled_from(ALL), st.integers(NOON, NOON + 20), st.sampled_from(["", "x"])),
    max_size=8,
)


def sent(connection: Connection, name: str, state: str = "submitted") -> str:
    add_customer(connection, name)
    [message] = add_messages(connection, [Planned(name, state=state, final_at=NOON - HOUR)])
    return message


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=receipts, cuts=st.lists(st.integers(0, 8)), seed=st.randoms(), state=st.sampled_from(SENT[:-1]))
def test_any_order_and_batching_gives_the_same(
    ledger: ModuleType, told: list[Receipt], cuts: list[int], seed: object, state: str
) -> None:
    with ledger.connect() as connection:
        one, other = sent(connection, "one", state), sent(connection, "other", state)
        shuffled = [*told, *told[:2]]
        seed.shuffle(shuffled)  # type: ignore[attr-defined]
        fold_receipts(connection, [Receipt(one, *_rest(each)) for each in told])
        for start, end in itertools.pairwise([0, *sorted(cuts), len(shuffled)]):
            fold_receipts(connection, [Receipt(other, *_rest(each)) for each in shuffled[start:end]])
        rows = {
            message: connection.execute(
                "SELECT kind, detail, occurred_at FROM receipt WHERE message = %s ORDER BY 1, 2, 3", (message,)
            ).fetchall()
            for message in (one, other)
        }
        assert rows[one] == rows[other]
        assert state_of(connection, one) == state_of(connection, other)
        connection.rollback()


def _rest(told: Receipt) -> tuple[str, int, str]:
    return told.kind, told.occurred_at, told.detail


def test_states_move_forward_only(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        message = sent(connection, "anna", "in_doubt")
        expected = {
            "opened": "opened", "delivered": "opened", "bounced": "opened", "replied": "opened", "clicked": "clicked",
            "opened again": "clicked", "unsubscribed": "clicked",
        }  # fmt: skip
        for kind, state in expected.items():
            fold_receipts(connection, [Receipt(message, kind.split()[0], NOON)])
            assert state_of(connection, message)[0] == state
        fold_receipts(connection, [Receipt("nobody's", "opened", NOON)])
        unsent = add_messages(connection, [Planned(add_customer(connection, "bo"))])[0]
        fold_receipts(connection, [Receipt(unsent, "opened", NOON)])
        assert state_of(connection, unsent) == ("planned", "")
        count = connection.execute("SELECT count(*) FROM receipt").fetchone()
    assert count == (6,)


def test_an_order_after_a_click_is_attributed_to_it(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        names = ("in_time", "too_late", "before", "no_click", "named")
        ids = {name: sent(connection, name) for name in names}
        for name in names[:3]:
            fold_receipts(connection, [Receipt(ids[name], "clicked", NOON)])
        orders = {"in_time": NOON + 7 * DAY - 1, "too_late": NOON + 7 * DAY, "before": NOON - 1, "no_click": NOON}
        for name, at in orders.items():
            add_stop(connection, name, "order", at, f"o-{name}", "order_paid")
        convert(connection, clicked=[], buyers=names, named=[ids["named"]])
        assert {name: state_of(connection, ids[name])[0] for name in names} == {
            "in_time": "converted", "too_late": "clicked", "before": "clicked", "no_click": "submitted",
            "named": "converted",
        }  # fmt: skip


def test_clicks_and_orders_come_back_as_events(ledger: ModuleType, clock: FrozenClock) -> None:
    with ledger.transaction() as connection:
        message = sent(connection, "anna")
        connection.execute(
            "INSERT INTO link (token, message, target, product) VALUES ('tok', %s, 'https://shop.example.com/', 'p1')",
            (message,),
        )
        link = find_link(connection, "tok")
        assert link == Link("tok", message, "https://shop.example.com/", "p1")
        record_click(connection, link)
        record_click(connection, link)  # a double click
    clock.move_to(NOON + MINUTE)
    load()
    assert apply_receipts() == 1
    assert apply_receipts() == 0
    with ledger.transaction() as connection:
        assert state_of(connection, message) == ("clicked", "")
    order = Event(
        "shop", "e1", "track", "order_paid", NOON + HOUR, NOON + HOUR, ((CUSTOMER, "anna"),), None,
        {"order_id": "o1", "shop_id": "s1"},
    )  # fmt: skip
    append_batch([order], NOON + HOUR)
    load()
    assert apply_receipts() == 1
    with ledger.transaction() as connection:
        assert state_of(connection, message) == ("converted", "")


def test_unsubscribing_is_at_once_and_twice_is_once(ledger: ModuleType, clock: FrozenClock) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        message = sent(connection, "anna")
        [waiting] = add_messages(connection, [Planned("anna", step=2)])
    for _ in range(2):
        with ledger.transaction() as connection:
            assert holds(connection, ["anna"], "email") == ({"anna"} if _ == 0 else set())
            unsubscribe(connection, token_for(message))
    assert send_due(channels={"email": FakeChannel()}).reasons() == {"opted_out": 1}
    with ledger.transaction() as connection:
        assert state_of(connection, waiting) == ("suppressed", "opted_out")
        assert connection.execute("SELECT count(*) FROM journal").fetchone() == (1,)
        assert claim(connection, NOON, 1) == []
    load()
    apply_receipts()
    with ledger.transaction() as connection:
        assert connection.execute("SELECT message, kind FROM receipt").fetchall() == [(message, "unsubscribed")]


def test_each_click_counts_at_its_moment(ledger: ModuleType, clock: FrozenClock) -> None:
    """Left, agreed anew and left again, all within one minute: the last word holds."""
    with ledger.transaction() as connection:
        message = sent(connection, "anna")

    def agree() -> None:
        clock.move_to(clock.at_us + SECOND)
        given = Event("shop", f"form:{clock.at_us}", "track", "consent_given", clock.at_us, clock.at_us,
                      ((CUSTOMER, "anna"),), None, {"channel": "email", "how": "form"})  # fmt: skip
        append_batch([given], clock.at_us)

    def leave() -> None:
        clock.move_to(clock.at_us + SECOND)
        with ledger.transaction() as connection:
            unsubscribe(connection, token_for(message))

    def permits() -> bool:
        with ledger.transaction() as connection:
            return holds(connection, ["anna"], "email") == {"anna"}

    said = []
    for word in (agree, leave, leave, agree, leave, leave):
        word()
        said.append(permits())
    assert said == [True, False, False, True, False, False]
    with ledger.transaction() as connection:
        told = connection.execute(
            "SELECT granted, occurred_at FROM consent WHERE source <> 'test' ORDER BY id"
        ).fetchall()
    assert told == [(True, NOON + 1 * SECOND), (False, NOON + 2 * SECOND),
                    (True, NOON + 4 * SECOND), (False, NOON + 5 * SECOND)]  # fmt: skip


@pytest.mark.parametrize("undone", ["before leaving", "after leaving"])
def test_who_leaves_a_mailbox_is_who_owns_it(ledger: ModuleType, clock: FrozenClock, undone: str) -> None:
    """Two people who were taken for one: what went to bo's mailbox was anna's message, and bo is who clicks."""
    with ledger.transaction() as connection:
        make_campaign(connection)
        for name in ("anna", "bo"):
            add_customer(connection, name)
        merge(connection, "bo", "anna")
        [message] = add_messages(connection, [Planned("anna", state="submitted", final_at=NOON)])
        connection.execute("UPDATE message SET address = 'bo@example.com' WHERE id = %s", (message,))
    part = "UPDATE customer SET merged_into = NULL"
    with ledger.transaction() as connection:
        if undone == "before leaving":
            connection.execute(part)
        unsubscribe(connection, token_for(message))
    with ledger.transaction() as connection:
        connection.execute(part)
        assert holds(connection, ["anna", "bo"], "email") == set()
        [waiting] = add_messages(connection, [Planned("bo", occurrence="b2")])
    send_due(channels={"email": FakeChannel()})
    with ledger.transaction() as connection:
        assert state_of(connection, waiting) == ("suppressed", "opted_out")
    load()
    apply_receipts()
    with ledger.transaction() as connection:
        assert connection.execute("SELECT message, kind FROM receipt").fetchall() == [(message, "unsubscribed")]
