"""Messages that other tools sent count in the caps like our own: whoever tells of them, however often, under any id."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.delivery.guard import GuardRules, finalise
from huitou.delivery.outbox import claim
from huitou.events.journal import append_events
from huitou.events.model import Event
from huitou.flows.follow_up import WENT
from huitou.kit.clock import DAY, HOUR
from huitou.stores.ledger import Connection

from .shop import NOON, Planned, add_customer, add_messages, make_campaign, merge

CAPS = ((1, 1), (7, 3))
SPANS = [(days * DAY, most) for days, most in CAPS]
AGES = st.sampled_from([HOUR, DAY - 1, DAY, 2 * DAY, 5 * DAY, 7 * DAY - 1, 7 * DAY, 30 * DAY])
HISTORIES = st.lists(
    st.lists(st.tuples(AGES, st.sampled_from(["ours", "other", "other half"])), max_size=5), min_size=1, max_size=30
)


def delivered(email: str, at: int, number: str, *, source: str = "mailer", **properties: str) -> Event:
    said = {"channel": "email", "campaign": "weekly", "email": email, **properties}
    return Event(source, number, "track", "message_delivered", at, at, (("email", email),), properties=said)


def verdicts(connection: Connection) -> dict[str, str]:
    queued = claim(connection, NOON, 100)
    decided = finalise(connection, queued, [GuardRules(caps=CAPS)] * len(queued), NOON)
    return {message.customer: verdict.reason for message, verdict in zip(queued, decided, strict=True)}


@given(HISTORIES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_caps_hold_whoever_sent_it(ledger: ModuleType, histories: list[list[tuple[int, str]]]) -> None:
    with ledger.connect() as connection:
        make_campaign(connection)
        for place, sent in enumerate(histories):
            name, half = f"p{place:02}", f"q{place:02}"
            add_customer(connection, name)
            add_customer(connection, half, consent=None)
            merge(connection, half, name)
            connection.execute("UPDATE identifier SET created_at = 0 WHERE customer = %s", (half,))
            own = [Planned(name, occurrence=f"b0-{number}", state="submitted", final_at=NOON - age)
                   for number, (age, by) in enumerate(sent) if by == "ours"]  # fmt: skip
            add_messages(connection, [*own, Planned(name)])
            told = [delivered(f"{name if by == 'other' else half}@example.com", NOON - age, f"{name}-{number}")
                    for number, (age, by) in enumerate(sent) if by != "ours"]  # fmt: skip
            for _ in range(2):  # told twice it is one
                append_events(connection, told, NOON)
        reasons = verdicts(connection)
        connection.rollback()
    assert {customer: reason in ("cap", "cap_soon") for customer, reason in reasons.items()} == {
        f"p{place:02}": any(sum(age < span for age, _ in sent) >= most for span, most in SPANS)
        for place, sent in enumerate(histories)
    }


@pytest.mark.parametrize(("message", "reason"), [("", "cap"), ("their-id-7", "cap"), (None, "")])
def test_what_a_provider_tells_of_our_own_message_is_not_counted_again(
    ledger: ModuleType, message: str | None, reason: str
) -> None:
    """None: the id of the one that went two days ago. Two in seven days leave room for one, three do not."""
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_customer(connection, "anna")
        sent = [Planned("anna", occurrence=f"b{n}", step=9, state="delivered", final_at=NOON - n * DAY) for n in (2, 3)]
        ours = add_messages(connection, sent)
        add_messages(connection, [Planned("anna")])
        told = delivered("anna@example.com", NOON - 2 * DAY, "1", message_id=ours[0] if message is None else message)
        append_events(connection, [told], NOON)
        assert verdicts(connection) == {"anna": reason}


def test_it_counts_at_the_address_though_the_merge_is_undone(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        for name in ("anna", "bo"):
            add_customer(connection, name)
        append_events(connection, [delivered("bo@example.com", NOON - 2 * HOUR, "1")], NOON)
        connection.execute("UPDATE contact SET customer = 'anna'")
        add_messages(connection, [Planned("bo")])
        assert verdicts(connection) == {"bo": "cap"}


def test_a_plan_is_told_of_it(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_customer(connection, "anna")
        [ours] = add_messages(connection, [Planned("anna", state="submitted", final_at=NOON - DAY)])
        append_events(connection, [delivered("anna@example.com", NOON - HOUR, "1"),
                                   delivered("anna@example.com", NOON - DAY, "2", message_id=ours)], NOON)  # fmt: skip
        rows = connection.execute(WENT, {"since": NOON - 60 * DAY}).fetchall()
    assert sorted(row[1:] for row in rows) == [("anna", NOON - DAY), ("anna", NOON - HOUR)]


def test_it_cannot_be_dated_into_the_future(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        add_customer(connection, "anna")
        append_events(connection, [delivered("anna@example.com", NOON + DAY, "1")], NOON)
        assert connection.execute("SELECT occurred_at FROM contact").fetchone() == (NOON,)
