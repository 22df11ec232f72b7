"""What the core makes of what a channel can do: look-ups, a channel that hangs beside one that works, pace."""

from __future__ import annotations

import asyncio
import threading
import time
from types import ModuleType, SimpleNamespace

import pytest

from huitou.delivery import pipeline
from huitou.delivery.channels.base import Idempotency, Outgoing
from huitou.delivery.commits import IN_FLIGHT
from huitou.delivery.outbox import LEASE_SECONDS, count_states
from huitou.delivery.pace import Pace
from huitou.delivery.send import send_due
from huitou.kit.clock import HOUR, MINUTE, SECOND, FrozenClock

from .fake_channel import FakeChannel, FakeSession
from .shop import NOON, Planned, add_customer, add_messages, make_campaign, state_of


def doubtful_channel(idempotency: Idempotency) -> FakeChannel:
    channel = FakeChannel(idempotency=idempotency)
    channel.doubtful = {"there@example.com": True, "gone@example.com": False}
    return channel


def test_doubt_is_resolved_by_asking(ledger: ModuleType, clock: FrozenClock) -> None:
    channel = doubtful_channel("lookup")
    with ledger.transaction() as connection:
        make_campaign(connection)
        there, gone = add_messages(connection, [Planned(add_customer(connection, name)) for name in ("there", "gone")])
    send_due(channels={"email": channel})
    assert sorted([*channel.taken, *channel.lost]) == sorted([there, gone])
    channel.doubtful = {}
    send_due(channels={"email": channel})
    with ledger.transaction() as connection:
        assert [state_of(connection, message) for message in (there, gone)] == [
            ("submitted", "looked_up"),
            ("submitted", ""),
        ]
    assert sorted(channel.taken) == sorted([there, gone])


def test_doubt_that_nobody_can_resolve_is_held(ledger: ModuleType, clock: FrozenClock) -> None:
    channel = doubtful_channel("none")
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, name)) for name in ("there", "gone")])
    for minute in range(5):
        clock.move_to(NOON + minute * MINUTE)
        send_due(channels={"email": channel})
    with ledger.transaction() as connection:
        assert {state for state, _ in count_states(connection)} == {"unknown"}
    assert len(channel.taken) == len(channel.lost) == 1


@pytest.mark.parametrize(("asleep", "taken", "state"), [(0, 1, "submitted"), (LEASE_SECONDS + 1, 0, "failed")])
def test_who_slept_past_the_lease_hands_nothing_over(
    ledger: ModuleType, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, asleep: int, taken: int, state: str
) -> None:
    """Stopped between making a message final and handing it over: by the time it wakes another sender has asked the
    channel, heard that nothing came, and sent it."""
    monkeypatch.setattr(pipeline, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + asleep))
    channel = FakeChannel(idempotency="lookup")
    with ledger.transaction() as connection:
        make_campaign(connection)
        [message] = add_messages(connection, [Planned(add_customer(connection, "anna"))])
    send_due(channels={"email": channel})
    with ledger.transaction() as connection:
        assert (len(channel.taken), state_of(connection, message)[0]) == (taken, state)


def test_a_channel_that_hangs_does_not_hold_up_another(ledger: ModuleType, clock: FrozenClock) -> None:
    stuck, quick = FakeChannel(), FakeChannel(name="sms")
    stuck.hangs = True
    clock.move_to(NOON - HOUR)  # promotion by SMS may go until 20:00 in Shanghai
    with ledger.transaction() as connection:
        make_campaign(connection)
        for n in range(40):
            add_customer(connection, f"c{n}")
        connection.execute(
            "INSERT INTO identifier (kind, value, customer, created_at) SELECT 'phone', id, id, 1 FROM customer"
        )
        connection.execute(
            "INSERT INTO consent (customer, channel, purpose, granted, how, proof, occurred_at, recorded_at, source,"
            " event_id) SELECT customer, 'sms', purpose, granted, how, proof, occurred_at, recorded_at, source, event_id"
            " FROM consent"
        )
        add_messages(connection, [Planned(f"c{n}", send_at=NOON - 2 * HOUR) for n in range(4)])
        texts = [Planned(f"c{n}", channel="sms", send_at=NOON - 2 * HOUR) for n in range(4, 40)]
        add_messages(connection, texts)
    quick.address = "phone"
    begun, done_after = time.monotonic(), []

    def watch() -> None:
        while len(quick.taken) < 36 and time.monotonic() < begun + 20:
            time.sleep(0.01)
        done_after.append(len(stuck.taken))

    watcher = threading.Thread(target=watch)
    watcher.start()
    send_due(channels={"email": stuck, "sms": quick})
    watcher.join()
    assert done_after == [0]  # all texts were out before the stuck channel had sent anything
    assert len(stuck.taken) == 4


@pytest.mark.flaky(reruns=2)  # a thousand free takes within a second of the wall clock
async def test_pace_spreads_evenly_and_never_bursts() -> None:
    pace = Pace(200)
    begun = time.monotonic()
    for _ in range(21):
        await pace.take()
    assert time.monotonic() - begun >= 0.1
    free = Pace(None)
    begun = time.monotonic()
    for _ in range(1000):
        await free.take()
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("per_second", [50.0])
def test_a_channel_keeps_its_pace(ledger: ModuleType, clock: FrozenClock, per_second: float) -> None:
    channel = FakeChannel()
    channel.per_second = per_second
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, f"c{n}")) for n in range(21)])
    begun = time.monotonic()
    send_due(channels={"email": channel})
    assert time.monotonic() - begun >= 20 / per_second
    assert len(channel.taken) == 21


class SlowChannel(FakeChannel):
    """Takes its first mails only after the clock has struck ten."""

    def __init__(self, clock: FrozenClock, ten: int) -> None:
        super().__init__(sessions=32)
        self.clock, self.ten = clock, ten

    def open_session(self) -> SlowSession:
        return SlowSession(self)


class SlowSession(FakeSession):
    channel: SlowChannel

    async def submit(self, mail: Outgoing) -> str:
        if self.channel.clock.now_us() < self.channel.ten:
            await asyncio.sleep(0.2)  # so that all others are composed and wait for their turn meanwhile
            self.channel.clock.move_to(self.channel.ten)
        return await super().submit(mail)


def test_a_slow_relay_carries_no_message_into_the_quiet_hours(ledger: ModuleType, clock: FrozenClock) -> None:
    ten = NOON + 2 * HOUR  # in the evening, in Shanghai
    clock.move_to(ten - 30 * SECOND)
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, f"c{n}")) for n in range(60)])
    send_due(channels={"email": SlowChannel(clock, ten)})
    with ledger.transaction() as connection:
        final = connection.execute("SELECT count(*), max(final_at) FROM message WHERE state = 'submitted'").fetchone()
        assert final == (IN_FLIGHT, ten - 30 * SECOND)
        assert count_states(connection)["planned", "quiet_hours"] == 60 - IN_FLIGHT
