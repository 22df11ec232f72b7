"""A service message at the last gate: what stops marketing does not stop it, its own opt-out and a complaint do."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from huitou.delivery.guard import GuardRules, finalise
from huitou.delivery.outbox import claim
from huitou.delivery.unsubscribe import token_for, unsubscribe
from huitou.events.journal import append_events
from huitou.events.model import Event
from huitou.kit.clock import HOUR
from huitou.stores.ledger import Connection

from .shop import NOON, STARTED, Planned, add_consent, add_customer, add_messages, add_stop, make_campaign

CAPS = ((1, 1), (7, 3))


def nothing(connection: Connection) -> None:
    pass


def leave_marketing(connection: Connection) -> None:
    add_consent(connection, "anna", False, at=NOON - 1)


def leave_service(connection: Connection) -> None:
    add_consent(connection, "anna", False, at=NOON - 1)
    connection.execute("UPDATE consent SET purpose = 'service', channel = '*'")


def come_back(connection: Connection) -> None:
    leave_service(connection)
    add_consent(connection, "anna", True, at=NOON)
    connection.execute("UPDATE consent SET purpose = 'service'")


def order(connection: Connection) -> None:
    add_stop(connection, "anna", "order", STARTED, "o1", "order_paid")


def unfollow(connection: Connection) -> None:
    add_stop(connection, "anna", "unfollow", STARTED + 1)


def complain(connection: Connection) -> None:
    add_stop(connection, "anna", "complaint", STARTED)


def judge(connection: Connection, **rules: object) -> list[str]:
    queued = claim(connection, NOON, 100)
    return [verdict.reason for verdict in finalise(connection, queued, [GuardRules(**rules)] * len(queued), NOON)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("happens", "reason"),
    [(nothing, ""), (leave_marketing, ""), (order, ""), (unfollow, ""), (come_back, ""),
     (leave_service, "opted_out"), (complain, "complained")],
)  # fmt: skip
def test_what_stops_it(ledger: ModuleType, happens: Callable[[Connection], None], reason: str) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna", consent=None))])
        connection.execute("UPDATE message SET purpose = 'service'")
        happens(connection)
        assert judge(connection) == [reason]


@pytest.mark.parametrize(("purpose", "reason"), [("marketing", "cap"), ("service", "")])
def test_it_counts_in_no_cap_of_marketing(ledger: ModuleType, purpose: str, reason: str) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_customer(connection, "anna")
        add_messages(connection, [Planned("anna", occurrence="b0", state="submitted", final_at=NOON - 2 * HOUR)])
        connection.execute("UPDATE message SET purpose = %s, address = 'anna@example.com'", (purpose,))
        add_messages(connection, [Planned("anna")])
        assert judge(connection, caps=CAPS) == [reason]


@pytest.mark.parametrize(("purpose", "kept"), [("promotion", 1), (None, 1), ("订单", 0)])
def test_service_messages_of_other_tools_are_no_contact(ledger: ModuleType, purpose: str | None, kept: int) -> None:
    said = {"channel": "email"} | ({"purpose": purpose} if purpose else {})
    event = Event("mailer", "1", "track", "message_delivered", NOON, NOON, (("user_id", "anna"),), properties=said)
    with ledger.transaction() as connection:
        append_events(connection, [event], NOON)
        assert connection.execute("SELECT count(*) FROM contact").fetchone() == (kept,)


def test_leaving_by_a_service_message_leaves_service_alone(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        sent = Planned(add_customer(connection, "anna"), occurrence="b0", state="submitted", final_at=NOON - 30 * HOUR)
        [message] = add_messages(connection, [sent])
        connection.execute("UPDATE message SET purpose = 'service'")
        unsubscribe(connection, token_for(message))
        add_messages(connection, [Planned("anna")])
        assert judge(connection) == [""]
        rows = connection.execute("SELECT purpose, granted FROM consent ORDER BY id").fetchall()
    assert rows == [("marketing", True), ("service", False)]
