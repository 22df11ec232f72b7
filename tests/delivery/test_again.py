"""When somebody can be written to again, by the guard's own rules, and why not before."""

from __future__ import annotations

from types import ModuleType

import pytest

from huitou.campaigns.definition import Campaign
from huitou.delivery.again import next_moments
from huitou.kit.clock import DAY, HOUR, MINUTE
from huitou.stores.ledger import Connection, transaction

from .shop import NOON, Planned, add_consent, add_customer, add_messages, add_stop, make_campaign, merge, plain_campaign

UP = ("email",)


@pytest.fixture
def connection(ledger: ModuleType):  # type: ignore[no-untyped-def]
    with transaction() as connection:
        make_campaign(connection)
        yield connection


def by_email(
    connection: Connection, customer: str, now: int, campaign: Campaign | None = None
) -> tuple[int | None, tuple[str, ...]]:
    found = next_moments(connection, customer, campaign or plain_campaign(), "Asia/Shanghai", now, UP)
    (mail,) = [one for one in found if one.channel == "email"]
    return mail.at, mail.because


def test_who_is_free_can_be_written_to_at_once(connection: Connection) -> None:
    add_customer(connection, "c1")
    assert by_email(connection, "c1", NOON) == (NOON, ())


def test_a_full_cap_has_room_when_its_oldest_message_leaves_it(connection: Connection) -> None:
    add_customer(connection, "c1")
    add_messages(connection, [Planned("c1", state="submitted", final_at=NOON - 3 * HOUR)])
    assert by_email(connection, "c1", NOON) == (NOON + 21 * HOUR, ("cap",))


def test_the_longest_of_several_caps_counts(connection: Connection) -> None:
    add_customer(connection, "c1")
    sent = [NOON - 6 * DAY, NOON - 3 * DAY, NOON - 2 * DAY]
    add_messages(connection, [Planned("c1", step=n, state="delivered", final_at=at) for n, at in enumerate(sent, 1)])
    assert by_email(connection, "c1", NOON) == (NOON + DAY, ("cap",))


def test_quiet_hours_by_the_customers_clock_come_after_the_cap(connection: Connection) -> None:
    add_customer(connection, "c1")
    late = NOON + 3 * HOUR  # 23:00 in Shanghai
    assert by_email(connection, "c1", late) == (NOON + 12 * HOUR, ("quiet_hours",))
    add_messages(connection, [Planned("c1", state="submitted", final_at=late - DAY + 10 * MINUTE)])
    assert by_email(connection, "c1", late) == (NOON + 12 * HOUR, ("cap", "quiet_hours"))


def test_never_says_why(connection: Connection) -> None:
    add_customer(connection, "gone")
    add_consent(connection, "gone", False, how="unsubscribe", at=NOON - HOUR)
    add_customer(connection, "never_asked", consent=None)
    add_customer(connection, "nowhere", email=None)
    add_customer(connection, "angry")
    add_stop(connection, "angry", "complaint", NOON - DAY)
    assert [by_email(connection, who, NOON) for who in ("gone", "never_asked", "nowhere", "angry")] == [
        (None, ("opted_out",)),
        (None, ("no_consent",)),
        (None, ("no_address",)),
        (None, ("complained",)),
    ]


def test_a_channel_that_is_not_connected_never_writes(connection: Connection) -> None:
    add_customer(connection, "c1")
    found = next_moments(connection, "c1", plain_campaign(), None, NOON, ())
    assert [(one.channel, one.at) for one in found] == [("email", None), ("sms", None)]
    assert found[0].because == ("no_channel",)


def test_what_a_merged_person_got_counts_and_nothing_is_kept(connection: Connection) -> None:
    add_customer(connection, "c1")
    add_customer(connection, "c2")
    add_messages(connection, [Planned("c2", state="submitted", final_at=NOON - HOUR)])
    merge(connection, "c2", "c1")
    before = connection.execute("SELECT count(*) FROM message").fetchone()
    at, because = by_email(connection, "c1", NOON)
    assert at is not None
    assert at >= NOON + 23 * HOUR
    assert because[0] == "cap"
    assert connection.execute("SELECT count(*) FROM message").fetchone() == before
