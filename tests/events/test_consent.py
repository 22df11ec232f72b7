"""Consent: what the proof book says now."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.events.consent import Consent, add_consents, holds, permissions, read_consents
from huitou.events.journal import append_events
from huitou.kit.clock import DAY, HOUR, SECOND
from huitou.stores.ledger import Connection

from .events import NOON, identify, track


@pytest.fixture
def connection(ledger: ModuleType) -> Iterator[Connection]:
    with ledger.connect() as connection:
        yield connection
        connection.rollback()


def state(connection: Connection, now: int = NOON + DAY, **how: Any) -> dict[str, tuple[bool, str, int]]:
    rows = permissions(connection, now=now, **how).to_pylist()
    return {row["channel"]: (row["granted"], row["how"], row["since"] - NOON) for row in rows}


def tell(connection: Connection, *events: Any) -> None:
    assert append_events(connection, events, NOON + DAY) == ["accepted"] * len(events)


def test_from_grant_to_withdrawal_and_back(connection: Connection) -> None:
    tell(connection, identify("1", userId="u", traits={"consents": {"email": True, "SMS": True, "push": False}}))
    assert state(connection) == {
        "email": (True, "import", 0), "sms": (True, "import", 0), "push": (False, "import", 0),
    }  # fmt: skip
    tell(connection, track("unsubscribed", "2", at=NOON + 1, userId="u", properties={"channel": "sms"}))
    assert state(connection)["sms"] == (False, "unsubscribed", 1)
    tell(connection, identify("3", at=NOON + 2, userId="u", traits={"consents": {"sms": True}}))
    assert state(connection)["sms"] == (False, "unsubscribed", 1)
    given_back = {"channel": "sms", "how": "form", "proof": "sheet 7"}
    tell(connection, track("consent_given", "4", at=NOON + 3, userId="u", properties=given_back))
    assert state(connection)["sms"] == (True, "form", 3)
    assert connection.execute("SELECT proof FROM consent ORDER BY id DESC LIMIT 1").fetchone() == ("sheet 7",)
    tell(connection, track("consent_withdrawn", "5", at=NOON + 4, userId="u"))
    assert state(connection) == {
        "*": (False, "event", 4), "email": (False, "event", 4), "sms": (False, "event", 4), "push": (False, "event", 4),
    }  # fmt: skip
    assert state(connection, NOON + 3)["email"] == (True, "import", 0)


def test_a_withdrawal_that_arrives_late_counts_from_when_it_was_said(connection: Connection) -> None:
    tell(connection, track("consent_given", "1", at=NOON + 5, userId="u", properties={"channels": ["sms", "email"]}))
    tell(connection, track("unsubscribed", "2", at=NOON + 3, userId="u", properties={"channel": "sms"}))
    assert state(connection) == {"email": (True, "event", 5), "sms": (True, "event", 5)}
    tell(connection, track("unsubscribed", "3", at=NOON + 5, userId="u", properties={"channel": "sms"}))
    assert state(connection)["sms"] == (False, "unsubscribed", 5)


def test_a_clock_ahead_cannot_outdate_a_withdrawal(connection: Connection) -> None:
    ahead = track("consent_given", "1", at=NOON + DAY + HOUR, userId="u", properties={"channel": "sms"})
    append_events(connection, [ahead], NOON + DAY)
    append_events(connection, [track("unsubscribed", "2", at=NOON + DAY + 1, userId="u")], NOON + DAY + 1)
    assert state(connection, NOON + 2 * DAY)["sms"] == (False, "unsubscribed", DAY + 1)


def test_a_profile_told_again_does_not_undo_a_withdrawal(connection: Connection) -> None:
    """A nightly sync repeats what was true once; only the time at which the person agreed says that it is new."""
    agreed = {"granted": True, "how": "form", "proof": "sheet 7"}
    tell(connection, identify("1", userId="u", traits={"consents": {"email": agreed}}))
    assert state(connection)["email"] == (True, "import", 0)
    assert connection.execute("SELECT proof FROM consent").fetchone() == ("form sheet 7",)
    tell(connection, track("unsubscribed", "2", at=NOON + HOUR, userId="u", properties={"channel": "email"}))
    tell(connection, identify("3", at=NOON + 2 * HOUR, userId="u", traits={"consents": {"email": agreed}}))
    before = agreed | {"occurred_at": "2026-11-20T12:59:59Z"}
    tell(connection, identify("4", at=NOON + 3 * HOUR, userId="u", traits={"consents": {"email": before}}))
    assert state(connection)["email"] == (False, "unsubscribed", HOUR)
    after = agreed | {"occurred_at": "2026-11-20T13:00:01Z"}
    tell(connection, identify("5", at=NOON + 4 * HOUR, userId="u", traits={"consents": {"email": after}}))
    assert state(connection)["email"] == (True, "form", HOUR + SECOND)


def test_a_withdrawal_in_a_profile_counts_without_a_time(connection: Connection) -> None:
    tell(connection, track("consent_given", "1", userId="u", properties={"channels": ["email", "sms"], "how": "form"}))
    said = {"email": False, "sms": {"granted": False, "how": "reply"}}
    tell(connection, identify("2", at=NOON + 1, userId="u", traits={"consents": said}))
    assert state(connection) == {"email": (False, "import", 1), "sms": (False, "reply", 1)}


@pytest.mark.parametrize(
    ("purpose", "given", "withdrawn"),
    [
        (None, True, True),
        ("", True, True),
        (" Marketing ", True, True),
        ("ＭＡＲＫＥＴＩＮＧ", True, True),
        ("promotion", True, True),
        ("ads", True, True),
        ("E-mail_Marketing", True, True),
        ("营销", True, True),
        ("Transactional", False, False),
        ("服务通知", False, False),
        ("market research", False, True),  # nobody knows it: no reason to write, and reason enough not to
        ("all", False, True),
        (["marketing"], False, True),
        (7, False, True),
    ],
)
def test_which_purposes_speak_of_marketing(connection: Connection, purpose: Any, given: bool, withdrawn: bool) -> None:
    said = {"channel": "email", "purpose": purpose}
    tell(connection, track("consent_given", "1", userId="u", properties=said))
    assert state(connection) == ({"email": (True, "event", 0)} if given else {})
    tell(connection, track("consent_given", "2", at=NOON + 1, userId="v", properties={"channel": "email"}))
    tell(connection, track("unsubscribed", "3", at=NOON + 2, userId="v", properties=said))
    [left] = connection.execute("SELECT customer FROM identifier WHERE value = 'v'").fetchone() or ()
    assert holds(connection, [left], "email", now=NOON + DAY) == (set() if withdrawn else {left})


def test_a_purpose_is_known_by_one_name(connection: Connection) -> None:
    for number, purpose in enumerate(("Service", "transactional", "订单")):
        tell(
            connection,
            track("consent_given", str(number), userId="u", properties={"channel": "sms", "purpose": purpose}),
        )
    assert connection.execute("SELECT DISTINCT purpose FROM consent").fetchall() == [("service",)]
    assert state(connection, purpose="service")["sms"] == (True, "event", 0)


def consent(event: str, number: str, at: int, **more: Any) -> Any:
    return track(event, number, at=at, userId="u", properties={"channel": "sms", **more})


def test_a_consent_not_given_permits_nothing_and_takes_nothing_back(connection: Connection) -> None:
    """否 under 是否同意 is no 退订: who agreed elsewhere agreed, and who was only asked has not opted out."""
    tell(connection, consent("consent_not_given", "1", NOON, column="短信授权"))
    assert state(connection) == {}
    tell(connection, consent("consent_given", "2", NOON + 1, how="form"))
    tell(connection, consent("consent_not_given", "3", NOON + 2, column="营销短信"))
    assert state(connection)["sms"] == (True, "form", 1)


def test_a_no_where_the_same_column_said_yes_is_a_withdrawal(connection: Connection) -> None:
    tell(connection, consent("consent_given", "1", NOON, how="import", column="短信授权"))
    assert state(connection)["sms"] == (True, "import", 0)
    tell(connection, consent("consent_not_given", "2", NOON + 1, column="另一列"))
    assert state(connection)["sms"] == (True, "import", 0)
    tell(connection, consent("consent_not_given", "3", NOON + 2, column="短信授权"))
    assert state(connection)["sms"] == (False, "import", 2)
    tell(
        connection, consent("consent_given", "4", NOON + 3, how="import", column="短信授权")
    )  # a list that says yes again
    assert state(connection)["sms"] == (False, "import", 2)  # proves nothing; a time or a form would
    tell(connection, consent("consent_given", "5", NOON + 4, how="form"))
    assert state(connection)["sms"] == (True, "form", 4)


def test_an_opt_out_stays_one_whatever_a_list_says_later(connection: Connection) -> None:
    tell(connection, consent("unsubscribed", "1", NOON))
    tell(connection, consent("consent_not_given", "2", NOON + 1, column="短信授权"))
    assert state(connection)["sms"] == (False, "unsubscribed", 0)


WORDS = ("consent_given", "consent_not_given", "consent_withdrawn")


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from("ab"), st.integers(0, 9)), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_not_given_neither_adds_nor_loses_an_opt_out_of_another_source(
    connection: Connection, told: list[tuple[str, str, int]]
) -> None:
    """Whatever is said in whatever order: without the answers "not given" of columns that never said yes nothing differs."""
    yes = {column for event, column, _ in told if event == "consent_given"}
    without = [one for one in told if one[0] != "consent_not_given" or one[1] in yes]
    states = []
    for number, said in enumerate((told, without)):
        events = [
            track(
                event,
                f"{number}-{place}",
                at=NOON + at,
                userId=f"u{number}",
                properties={"channel": "sms", "column": column},
            )
            for place, (event, column, at) in enumerate(said)
        ]
        if events:
            append_events(connection, events, NOON + DAY)
        root = connection.execute("SELECT customer FROM identifier WHERE value = %s", (f"u{number}",)).fetchone()
        states.append(permissions(connection, now=NOON + DAY, roots=list(root or ())).to_pylist())
    connection.rollback()
    kept = [[{key: row[key] for key in ("channel", "granted", "since")} for row in rows] for rows in states]
    assert kept[0] == kept[1]
    if any(event == "consent_withdrawn" for event, _, _ in told):
        assert kept[0] != []


def test_consents_of_one_person_under_two_ids_are_one(connection: Connection) -> None:
    tell(connection, identify("1", userId="u1", traits={"phone": "13800000001", "consents": {"sms": True}}))
    tell(connection, track("unsubscribed", "2", at=NOON + 1, userId="u2", properties={"channel": "sms"}))
    assert permissions(connection, now=NOON + DAY).num_rows == 2
    tell(connection, identify("3", userId="u2", traits={"phone": "13800000001"}))
    assert state(connection) == {"sms": (False, "unsubscribed", 1)}


def test_holds_asks_for_some_people_and_one_channel(connection: Connection) -> None:
    for user in ("u1", "u2", "u3"):
        tell(connection, identify(user, userId=user, traits={"consents": {"sms": user != "u2", "email": True}}))
    found = [row[0] for row in connection.execute("SELECT id FROM customer ORDER BY id")]
    by_user = dict(connection.execute("SELECT value, customer FROM identifier").fetchall())
    assert holds(connection, found, "sms", now=NOON + DAY) == {by_user["u1"], by_user["u3"]}
    assert holds(connection, [by_user["u1"]], "sms", now=NOON + DAY) == {by_user["u1"]}
    assert holds(connection, found, "wecom", now=NOON + DAY) == set()
    assert holds(connection, found, "sms", purpose="service", now=NOON + DAY) == set()


def test_a_complaint_withdraws_and_stops(connection: Connection) -> None:
    tell(connection, identify("1", userId="u", traits={"consents": {"email": True}}))
    tell(connection, track("Email Marked as Spam", "2", at=NOON + 1, userId="u"))
    assert state(connection) == {"email": (False, "complaint", 1)}
    assert connection.execute("SELECT kind FROM stop").fetchall() == [("complaint",)]


WORDS = st.lists(
    st.tuples(st.sampled_from(["sms", "email", "*"]), st.booleans(), st.sampled_from(["import", "form"]),
              st.integers(0, 6)).filter(lambda word: word[0] != "*" or not word[1]),
    max_size=14,
)  # fmt: skip


def naive(words: list[tuple[str, bool, str, int]], channel: str, now: int) -> bool:
    """The rules, read aloud."""
    said = [word for word in words if word[0] in (channel, "*") and word[3] <= now]
    withdrawals = [at for _, granted, _, at in said if not granted]
    grants = [(how, at) for _, granted, how, at in said if granted]
    if not withdrawals:
        return bool(grants)
    return any(how != "import" and at > max(withdrawals) for how, at in grants)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)
@given(words=WORDS, now=st.integers(0, 7), cuts=st.lists(st.integers(1, 4), min_size=1), random=st.randoms())
def test_the_rules_in_any_order_and_any_batches(
    connection: Connection, words: list[tuple[str, bool, str, int]], now: int, cuts: list[int], random: Any
) -> None:
    connection.rollback()
    connection.execute("INSERT INTO customer VALUES ('c1', 0, NULL), ('c2', 1, 'c1')")
    told = list(words)
    random.shuffle(told)
    done = 0
    while told:
        size = cuts[done % len(cuts)]
        add_consents(connection, [
            Consent(random.choice(["c1", "c2"]), channel, "marketing", granted, how, "", at, 9, "s", "e")
            for channel, granted, how, at in told[:size]
        ])  # fmt: skip
        told, done = told[size:], done + 1
    held = {row["channel"]: row["granted"] for row in permissions(connection, now=now).to_pylist()}
    for channel in ("sms", "email"):
        assert held.get(channel, False) == naive(words, channel, now)
        assert holds(connection, ["c1"], channel, now=now) == ({"c1"} if naive(words, channel, now) else set())


def test_an_event_without_consents_says_nothing() -> None:
    assert list(read_consents(identify("1", userId="u", traits={"name": "林"}), "c", NOON)) == []
    assert list(read_consents(track("order_paid", "1", userId="u"), "c", NOON)) == []


@pytest.mark.parametrize("named", [False, True])
def test_of_many_people_just_imported_it_takes_no_longer(connection: Connection, named: bool) -> None:
    """The server has not counted the rows yet, and takes the tables for small: joined person by person it took minutes."""
    people = [f"c{number}" for number in range(20_000)]
    connection.execute("INSERT INTO customer (id, created_at) SELECT unnest(%s::text[]), 0", (people,))
    connection.execute(
        "INSERT INTO consent (customer, channel, purpose, granted, how, proof, occurred_at, recorded_at, source, event_id)"
        " SELECT c, k, 'marketing', true, 'form', '', 0, 0, 'test', '' FROM unnest(%s::text[]) c, unnest('{email,sms}'::text[]) k",
        (people,),
    )
    connection.execute("SET LOCAL statement_timeout = '10s'")
    assert len(permissions(connection, now=NOON, roots=people if named else None)) == 2 * len(people)
    assert connection.execute("SHOW enable_nestloop").fetchone() == ("on",)
