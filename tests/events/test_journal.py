"""The journal: once and only once, whoever tells it how often, with everything that hangs on it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.events import identity
from huitou.events import journal as appending
from huitou.events.journal import append_batch, append_events
from huitou.events.lake_rows import lake_rows, read_batch
from huitou.events.model import decode_event
from huitou.events.segment import Rejected, read_segment
from huitou.kit.clock import HOUR
from huitou.kit.settings import settings as in_force

from .events import NOON, click, identify, track
from .test_segment import RAW


def rows(ledger: ModuleType, query: str) -> list[tuple[Any, ...]]:
    with ledger.transaction() as connection:
        found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return found


def journal(ledger: ModuleType) -> list[str]:
    return [decode_event(body).event_id for (body,) in rows(ledger, "SELECT body FROM journal ORDER BY position")]


def test_accepted_duplicate_and_quarantined(ledger: ModuleType) -> None:
    events = [click(1), click(2)]
    assert append_batch(events, NOON) == ["accepted", "accepted"]
    other = click(2, user="u9")
    assert append_batch([click(1), click(3), other, click(2)], NOON + 1) == [
        "duplicate", "accepted", "quarantined", "duplicate",
    ]  # fmt: skip
    assert journal(ledger) == ["c1", "c2", "c3"]
    ((source, event_id, reason, received_at, body),) = rows(
        ledger, "SELECT source, event_id, reason, received_at, body FROM quarantine"
    )
    assert (source, event_id, reason, received_at) == ("shop", "c2", "id_conflict", NOON + 1)
    assert decode_event(body) == other


def test_the_same_twice_in_one_batch(ledger: ModuleType) -> None:
    assert append_batch([click(1), click(1), click(1, user="u2"), click(1)], NOON) == [
        "accepted", "duplicate", "quarantined", "duplicate",
    ]  # fmt: skip
    assert journal(ledger) == ["c1"]


def test_the_same_id_of_another_source_is_another_event(ledger: ModuleType) -> None:
    assert append_batch([track("live_entered", "1", userId="u"), track("live_entered", "1", userId="u", source="b")]) == [
        "accepted", "accepted",
    ]  # fmt: skip


def test_nothing_is_nothing(ledger: ModuleType) -> None:
    assert append_batch([]) == []


def test_positions_follow_the_batch(ledger: ModuleType) -> None:
    numbers = list(range(300))
    append_batch([click(number) for number in numbers], NOON)
    assert journal(ledger) == [f"c{number}" for number in numbers]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(told=st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["u1", "u2"])), max_size=20),
       cuts=st.lists(st.integers(1, 7), min_size=1))  # fmt: skip
def test_outcomes_do_not_depend_on_the_batches(
    ledger: ModuleType, told: list[tuple[int, str]], cuts: list[int]
) -> None:
    events = [click(number, user) for number, user in told]
    stored: dict[int, str] = {}
    expected = []
    for number, user in told:
        if number not in stored:
            stored[number] = user
            expected.append("accepted")
        else:
            expected.append("duplicate" if stored[number] == user else "quarantined")
    with ledger.connect() as connection:
        outcomes: list[str] = []
        while len(outcomes) < len(events):
            size = cuts[len(outcomes) % len(cuts)]
            outcomes += append_events(connection, events[len(outcomes) : len(outcomes) + size], NOON)
        assert outcomes == expected
        kept = connection.execute("SELECT count(*) FROM journal").fetchone()
        aside = connection.execute("SELECT count(*) FROM quarantine").fetchone()
        assert (kept, aside) == ((len(stored),), (expected.count("quarantined"),))
        connection.rollback()


def test_an_order_is_one_order_however_many_tell_it(ledger: ModuleType) -> None:
    def paid(event_id: str, source: str = "shop", user: str = "u1", name: str = "order_paid") -> Any:
        return track(name, event_id, source=source, userId=user, properties={"order_id": "77", "shop_id": "S1"})

    assert append_batch([paid("1"), paid("2")], NOON) == ["accepted", "duplicate"]
    assert append_batch([paid("1", source="export"), paid("9", name="order_created")], NOON) == [
        "duplicate",
        "accepted",
    ]
    assert append_batch([paid("2"), paid("1")], NOON) == ["duplicate", "duplicate"]
    assert journal(ledger) == ["1", "9"]
    assert rows(ledger, "SELECT kind, status, order_id, shop FROM stop ORDER BY id") == [
        ("order", "order_paid", "77", "S1"), ("order", "order_created", "77", "S1"),
    ]  # fmt: skip


def test_refunds_repeat_and_orders_without_an_id_are_all_kept(ledger: ModuleType) -> None:
    refund = [track("order_refunded", str(number), userId="u", properties={"order_id": "7"}) for number in range(2)]
    nameless = [track("order_paid", f"n{number}", userId="u") for number in range(2)]
    assert append_batch(refund + nameless, NOON) == ["accepted"] * 4
    assert rows(ledger, "SELECT kind, count(*) FROM stop GROUP BY 1 ORDER BY 1") == [("order", 2), ("refunded", 2)]


def test_an_order_known_by_another_id_stops_that_customer_too(ledger: ModuleType) -> None:
    """Told of the openid by the shop's export and of the user by the app: nobody may be written to after buying."""
    order = {"order_id": "77"}
    assert append_batch([track("order_paid", "1", source="export", properties={**order, "openid": "o1"})]) == [
        "accepted"
    ]
    again = track("order_paid", "2", source="app", userId="u1", properties=order)
    assert append_batch([again]) == ["duplicate"]
    assert append_batch([again]) == ["duplicate"]
    stops = rows(
        ledger,
        "SELECT identifier.kind, stop.kind, stop.order_id FROM stop JOIN identifier USING (customer) ORDER BY stop.id",
    )
    assert stops == [("openid", "order", "77"), ("user_id", "order", "")]


def test_what_stops_and_what_does_not(ledger: ModuleType) -> None:
    names = ["order_shipped", "order_cancelled", "live_unfollowed", "live_followed", "live_entered", "unsubscribed"]
    append_batch([track(name, name, userId="u") for name in names], NOON + HOUR)
    assert rows(ledger, "SELECT kind, status, occurred_at, recorded_at FROM stop ORDER BY kind") == [
        ("cancelled", "order_cancelled", NOON, NOON + HOUR), ("follow", "live_followed", NOON, NOON + HOUR),
        ("progress", "order_shipped", NOON, NOON + HOUR), ("unfollow", "live_unfollowed", NOON, NOON + HOUR),
    ]  # fmt: skip


def test_profiles_keep_the_latest_word_in_any_order(ledger: ModuleType) -> None:
    told = [
        identify("1", at=NOON + 2, userId="u", traits={"city": "杭州", "name": "林"}),
        identify("2", at=NOON + 1, userId="u", traits={"city": "上海", "vip": True, "consents": {"sms": True}}),
        identify("3", at=NOON + 3, userId="u", traits={"name": None, "x": {"y": [1]}}),
    ]
    expected = {
        "city": [NOON + 2, "杭州"], "name": [NOON + 3, None], "vip": [NOON + 1, True], "x": [NOON + 3, {"y": [1]}],
    }  # fmt: skip
    append_batch(told[:2], NOON + 9)
    append_batch(told[2:], NOON + 9)
    assert rows(ledger, "SELECT traits FROM profile") == [(expected,)]


TRAITS = st.dictionaries(st.sampled_from(["city", "name"]), st.sampled_from(["a", "b", None, 1, True, {"k": 1}]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(told=st.lists(st.tuples(st.integers(0, 3), TRAITS), max_size=10), cut=st.integers(0, 10), random=st.randoms())
def test_profiles_are_the_same_in_any_order_and_any_batches(
    ledger: ModuleType, told: list[tuple[int, dict[str, Any]]], cut: int, random: Any
) -> None:
    events = [identify(str(n), at=NOON + at, userId="u", traits=traits) for n, (at, traits) in enumerate(told)]

    def fold(parts: list[list[Any]]) -> Any:
        with ledger.connect() as connection:
            for part in parts:
                append_events(connection, part, NOON + 9)
            found = connection.execute("SELECT traits FROM profile").fetchall()
            connection.rollback()
        return found

    shuffled = list(events)
    random.shuffle(shuffled)
    assert fold([events]) == fold([shuffled[:cut], shuffled[cut:]])


def test_an_event_that_postgresql_cannot_hold_is_put_aside_alone(ledger: ModuleType) -> None:
    """segment.py lets none of this pass; events that the house makes itself do not go through it."""
    whole = identify("1", userId="u")
    torn = type(whole)(**{f: getattr(whole, f) for f in whole.__struct_fields__} | {
        "event_id": "2", "identifiers": (("user_id", "a\0b"),),
    })  # fmt: skip
    events = [click(1), torn, click(2), whole, click(3)]
    assert append_batch(events) == ["accepted", "quarantined", "accepted", "accepted", "accepted"]
    assert journal(ledger) == ["c1", "c2", "1", "c3"]
    assert rows(ledger, "SELECT event_id, reason FROM quarantine") == [("2", "unstorable: CharacterNotInRepertoire")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(RAW)
def test_whatever_is_read_can_be_stored_and_loaded(ledger: ModuleType, raw: dict[str, Any]) -> None:
    try:
        event = read_segment(raw, source="shop", received_at=NOON)
    except Rejected:
        return
    with ledger.connect() as connection:
        assert append_events(connection, [event], NOON) == ["accepted"]
        assert append_events(connection, [event], NOON) == ["duplicate"]
        stored = connection.execute("SELECT position, received_at, body FROM journal").fetchall()
        connection.rollback()
    batch = read_batch(stored)
    assert batch.unreadable == []
    events, _ = lake_rows(batch, ["c1"])
    assert json.loads(events.column("properties")[0].as_py()) is not None


def test_an_event_rolled_back_leaves_nothing(ledger: ModuleType) -> None:
    with ledger.connect() as connection:
        append_events(connection, [identify("1", userId="u"), click(1)], NOON)
        connection.rollback()
    assert (
        rows(ledger, "SELECT 1 FROM journal UNION ALL SELECT 1 FROM customer UNION ALL SELECT 1 FROM identifier") == []
    )
    assert append_batch([identify("1", userId="u"), click(1)]) == ["accepted", "accepted"]


def test_a_large_batch_takes_few_locks_at_a_time(ledger: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def watch(connection: Any, events: list[Any], received_at: int) -> list[Any]:
        outcomes = append_events(connection, events, received_at)
        locks = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        ).fetchone()
        sizes.append(locks[0])
        return outcomes

    monkeypatch.setattr(appending, "append_events", watch)
    events = [track("live_unfollowed", str(n), userId=f"u{n}") for n in range(1_200)]
    mixed = [event for n, unfollowed in enumerate(events) for event in (unfollowed, click(n))]
    assert append_batch(mixed) == ["accepted"] * 2_400
    assert sizes == [502, 502, 202]  # with the journal's and identity's
    assert append_batch(mixed) == ["duplicate"] * 2_400


APPENDERS = """
import os, sys
from dataclasses import replace
from huitou.kit.settings import read_settings, use_settings
use_settings(replace(read_settings(data=sys.argv[1], env={}), database_url=sys.argv[2]))
from huitou.events.journal import append_batch
from tests.events.events import click, track
for line in sys.stdin:
    turn, shift = line.split()
    child = os.fork()
    if child == 0:
        os.write(1, f"{os.getpid()}\\n".encode())
        for number in range(int(shift), 1_000_000, 3):
            order = track("order_paid", f"{turn}-{number}", userId=f"u{number % 9}", properties={"order_id": f"{turn}-{number}"})
            assert append_batch([order, click(number)]) in (["accepted"] * 2, ["accepted", "duplicate"])
            os.write(1, f"{turn}-{number}\\n".encode())
    os.waitpid(child, 0)
    os.write(1, b"gone\\n")
"""


def test_killed_at_any_moment_what_was_acknowledged_is_stored_once(ledger: ModuleType, data: Path) -> None:
    """25 writers are killed; seed 11 sets the moments. (That a commit survives a power cut is tests/stores' to show.)"""
    chance = random.Random(11)
    acknowledged: list[str] = []
    command = [sys.executable, "-c", APPENDERS, str(data), str(in_force().database_url)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as writers:
        assert writers.stdin is not None
        assert writers.stdout is not None
        for turn in range(25):
            print(turn, chance.randrange(3), file=writers.stdin, flush=True)
            writer = int(writers.stdout.readline())
            acknowledged.append(writers.stdout.readline().strip())
            time.sleep(chance.uniform(0, 0.05))
            os.kill(writer, signal.SIGKILL)
            for line in writers.stdout:
                if line == "gone\n":
                    break
                acknowledged.append(line.strip())
        writers.stdin.close()
    stored = [event_id for event_id in journal(ledger) if not event_id.startswith("c")]
    stops = [order_id for (order_id,) in rows(ledger, "SELECT order_id FROM stop ORDER BY id")]
    assert len(set(acknowledged)) == len(acknowledged) >= 25
    assert len(set(journal(ledger))) == len(journal(ledger))
    assert set(acknowledged) <= set(stored)
    assert len(stored) - len(acknowledged) <= 25  # committed, and killed before it could say so
    assert sorted(stops) == sorted(stored)  # an event and what it stops are one


def test_writers_at_once_store_each_event_once(ledger: ModuleType) -> None:
    """Four writers, the same 400 events in other orders and batches, with orders and identities among them."""
    events = []
    for number in range(100):
        user = f"u{number % 7}"
        events += [
            click(number, user),
            identify(f"i{number}", userId=user, traits={"phone": f"1380000000{number % 3}"}),
            track("order_paid", f"o{number}", userId=user, properties={"order_id": str(number % 40)}),
            track("live_unfollowed", f"f{number}", userId=user),
        ]
    outcomes: list[str] = []
    failures: list[BaseException] = []

    def work(writer: int) -> None:
        try:
            mine = events[writer * 37 :] + events[: writer * 37]
            if writer % 2:
                mine = mine[::-1]
            for start in range(0, len(mine), 23 + writer):
                outcomes.extend(append_batch(mine[start : start + 23 + writer], NOON))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert outcomes.count("accepted") == 340
    assert outcomes.count("duplicate") == 4 * 400 - 340
    assert len(set(journal(ledger))) == len(journal(ledger)) == 340
    assert rows(ledger, "SELECT count(*) FROM stop WHERE kind = 'order' AND order_id <> ''") == [(40,)]
    people = {root for (root,) in rows(ledger, "SELECT DISTINCT coalesce(merged_into, id) FROM customer")}
    assert len(people) == 1  # seven users share three phones, in a ring


def test_a_stop_waits_for_the_guard_that_holds_the_customer(ledger: ModuleType) -> None:
    append_batch([identify("1", userId="u1")])
    done = threading.Event()

    def buy() -> None:
        append_batch([track("order_paid", "2", userId="u1", properties={"order_id": "1"})])
        done.set()

    with ledger.connect() as guard:
        identity.lock_people(guard, [identity.customer_id(("user_id", "u1"))])
        buyer = threading.Thread(target=buy)
        buyer.start()
        assert not done.wait(0.3)
        guard.commit()
        assert done.wait(5)
        buyer.join()
    assert rows(ledger, "SELECT kind FROM stop") == [("order",)]


@pytest.mark.parametrize("shared", [True, False])
def test_two_people_becoming_one_locks_both(ledger: ModuleType, shared: bool) -> None:
    append_batch([identify("1", userId="u1", traits={"phone": "13800000001"}), identify("2", userId="u2")])
    done = threading.Event()

    def join() -> None:
        traits = {"phone": "13800000001"} if shared else {}
        append_batch([identify("3", userId="u2", traits=traits)])
        done.set()

    with ledger.connect() as guard:
        identity.lock_people(guard, [identity.customer_id(("user_id", "u1"))])
        joining = threading.Thread(target=join)
        joining.start()
        assert done.wait(0.3) is not shared
        guard.commit()
        assert done.wait(5)
        joining.join()
