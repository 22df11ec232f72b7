"""The operator takes back what is queued: for good, with who and when; what is in flight is not claimed to be stopped."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import ModuleType

from huitou.delivery.cancel import cancel_follow_up, count_queued, list_cancellations
from huitou.delivery.commits import MessageOutcome, record
from huitou.delivery.guard import GuardRules, finalise
from huitou.delivery.outbox import claim
from huitou.delivery.send import send_due
from huitou.kit.clock import DAY, HOUR, FrozenClock

from .fake_channel import FakeChannel
from .shop import NOON, Planned, add_customer, add_messages, make_campaign, state_of

RACES = 60


def queue(ledger: ModuleType, *planned: Planned) -> list[str]:
    with ledger.transaction() as connection:
        make_campaign(connection)
        for one in planned:
            add_customer(connection, one.customer)
        return add_messages(connection, planned)


def states(ledger: ModuleType, messages: list[str]) -> list[tuple[str, str]]:
    with ledger.transaction() as connection:
        return [state_of(connection, message) for message in messages]


def test_what_is_queued_is_cancelled_for_good(ledger: ModuleType, clock: FrozenClock) -> None:
    kinds = ("planned", "retry", "claimed", "final", "submitted", "in_doubt")
    messages = queue(ledger, *(Planned(kind, state=kind) for kind in kinds), Planned("other", occurrence="b2"))
    assert count_queued(["b1"]) == {"follow-up": (3, 2)}
    assert cancel_follow_up("follow-up", ["b1"], "lin") == 3
    assert states(ledger, messages) == [
        *[("suppressed", "cancelled")] * 3, ("final", ""), ("submitted", ""), ("in_doubt", ""), ("planned", ""),
    ]  # fmt: skip
    assert list_cancellations(["b1"]) == [("follow-up", NOON, "lin", 3)]
    assert cancel_follow_up("follow-up", ["b1"], "lin") == 0
    assert list_cancellations(["b1"]) == [("follow-up", NOON, "lin", 3)]


def test_what_was_in_flight_and_comes_back_goes_no_more(ledger: ModuleType, clock: FrozenClock) -> None:
    """A greylisting server puts it off after the operator has cancelled."""
    [message] = queue(ledger, Planned("lin"))
    with ledger.transaction() as connection:
        [mine] = claim(connection, NOON, 1)
    with ledger.transaction() as connection:
        assert finalise(connection, [mine], [GuardRules()], NOON)[0].passed
    cancel_follow_up("follow-up", ["b1"], "lin")
    with ledger.transaction() as connection:
        record(connection, [MessageOutcome(mine, "retry", "451", at=NOON, send_at=NOON + HOUR)])
    clock.move_to(NOON + DAY)
    channel = FakeChannel()
    send_due(channels={"email": channel})
    assert (channel.taken, states(ledger, [message])) == ([], [("suppressed", "cancelled")])


def test_what_is_queued_later_goes(ledger: ModuleType, clock: FrozenClock) -> None:
    queue(ledger, Planned("lin"))
    cancel_follow_up("follow-up", ["b1"], "lin")
    clock.move_to(NOON + 1)
    with ledger.transaction() as connection:
        [late] = add_messages(connection, [Planned(add_customer(connection, "late"))])
        connection.execute("UPDATE message SET created_at = %s WHERE id = %s", (NOON + 1, late))
    channel = FakeChannel()
    send_due(channels={"email": channel})
    assert channel.taken == [late]


def test_cancelling_races_the_step_that_makes_final(ledger: ModuleType, clock: FrozenClock) -> None:
    """Whoever commits first wins the message; what a cancelling counted never becomes final."""
    chance = random.Random(7)
    planned = [Planned(f"c{n:03d}", occurrence=f"b{n}") for n in range(RACES)]
    messages = queue(ledger, *planned)
    with ledger.transaction() as connection:
        claimed = {message.id: message for message in claim(connection, NOON, RACES)}
    won: Counter[str] = Counter()

    def send(message: str, barrier: threading.Barrier, wait: float) -> bool:
        barrier.wait()
        threading.Event().wait(wait)
        mine = replace(claimed[message])
        with ledger.transaction() as connection:
            return finalise(connection, [mine], [GuardRules()], NOON)[0].passed

    def cancel(occurrence: str, barrier: threading.Barrier, wait: float) -> int:
        barrier.wait()
        threading.Event().wait(wait)
        return cancel_follow_up("follow-up", [occurrence], "lin")

    with ThreadPoolExecutor(2) as threads:
        for one, message in zip(planned, messages, strict=True):
            barrier = threading.Barrier(2)
            sent = threads.submit(send, message, barrier, chance.uniform(0, 0.006))
            taken_back = threads.submit(cancel, one.occurrence, barrier, chance.uniform(0, 0.006))
            assert (sent.result(), taken_back.result()) in {(True, 0), (False, 1)}
            won["sent" if sent.result() else "cancelled"] += 1
    ended = Counter(state for state, _ in states(ledger, messages))
    assert ended == Counter({"final": won["sent"], "suppressed": won["cancelled"]})
    assert min(won.values()) > 5
