"""Queued messages are cancelled when the order or the opt-out arrives, not only when they come due."""

from __future__ import annotations

from types import ModuleType

from huitou.delivery.cancel import cancel_stopped, count_queued
from huitou.delivery.guard import GuardRules, finalise
from huitou.delivery.outbox import cancel_queued, claim
from huitou.kit.clock import DAY, FrozenClock

from .shop import (
    ENDED,
    NOON,
    STARTED,
    Planned,
    add_consent,
    add_customer,
    add_messages,
    add_stop,
    make_campaign,
    merge,
    state_of,
)


def test_what_will_not_go_is_cancelled_early(ledger: ModuleType, clock: FrozenClock) -> None:
    names = ("ordered", "undone", "before", "left", "came_back", "unfollowed", "followed", "complained", "fine", "half")
    with ledger.transaction() as connection:
        make_campaign(connection)
        ids = dict(
            zip(
                names,
                add_messages(connection, [Planned(add_customer(connection, n), send_at=NOON + DAY) for n in names]),
                strict=True,
            )
        )
    assert cancel_stopped() == 0
    with ledger.transaction() as connection:
        add_stop(connection, "ordered", "order", STARTED, "o1", "order_paid")
        add_stop(connection, "undone", "order", STARTED, "o2", "order_created")
        add_stop(connection, "undone", "cancelled", STARTED + 1, "o2", "order_cancelled")
        add_stop(connection, "before", "order", STARTED - 1, "o3", "order_paid")
        add_consent(connection, "left", False, how="link")
        add_consent(connection, "came_back", False, how="link", at=ENDED)
        add_consent(connection, "came_back", True, how="form", at=ENDED + 1)
        add_stop(connection, "unfollowed", "unfollow", ENDED)
        add_stop(connection, "followed", "unfollow", ENDED)
        add_stop(connection, "followed", "follow", ENDED + 1)
        add_stop(connection, "complained", "complaint", ENDED)
        add_customer(connection, "other_half")
        add_stop(connection, "other_half", "order", ENDED, "o4", "order_paid")
        merge(connection, "half", "other_half")
    assert cancel_stopped() == 5
    assert cancel_stopped() == 0
    with ledger.transaction() as connection:
        states = {name: state_of(connection, message) for name, message in ids.items()}
    stopped = {"ordered": "ordered", "left": "opted_out", "unfollowed": "unfollowed", "complained": "complained",
               "half": "ordered"}  # fmt: skip
    assert states == {name: ("suppressed", stopped[name]) if name in stopped else ("planned", "") for name in names}


def test_an_order_told_before_but_stored_after_another_is_found(ledger: ModuleType, clock: FrozenClock) -> None:
    """Stops are numbered when they are told: the one told first may be the one that commits last."""
    with ledger.transaction() as connection:
        make_campaign(connection)
        names = ("slow", "quick", "next")
        due = [Planned(add_customer(connection, name), send_at=NOON + DAY) for name in names]
        ids = dict(zip(names, add_messages(connection, due), strict=True))
    with ledger.transaction() as slow:
        add_stop(slow, "slow", "order", ENDED, "o1", "order_paid")
        with ledger.transaction() as connection:
            add_stop(connection, "quick", "order", ENDED, "o2", "order_paid")
        assert cancel_stopped() == 1
    with ledger.transaction() as connection:
        add_stop(connection, "next", "order", ENDED, "o3", "order_paid")
    assert cancel_stopped() == 2
    with ledger.transaction() as connection:
        assert {state_of(connection, message) for message in ids.values()} == {("suppressed", "ordered")}


def test_what_is_queued_for_a_broadcast_is_cancelled_and_what_went_stays(
    ledger: ModuleType, clock: FrozenClock
) -> None:
    states = ("planned", "retry", "claimed", "awaiting_staff", "final", "submitted", "in_doubt", "suppressed")
    with ledger.transaction() as connection:
        make_campaign(connection)
        ids = add_messages(connection, [Planned(add_customer(connection, state), state=state) for state in states])
        [other] = add_messages(connection, [Planned("planned", occurrence="b2")])
        assert count_queued(["b1"], connection) == {"follow-up": (4, 2)}
        assert cancel_queued(connection, "another-campaign", ["b1"], "broadcast_deleted") == 0
        assert cancel_queued(connection, "follow-up", ["b1"], "broadcast_deleted") == 4
        assert cancel_queued(connection, None, ["b1"], "broadcast_deleted") == 0
        cancelled = ("suppressed", "broadcast_deleted")
        assert [state_of(connection, message) for message in ids] == [
            *[cancelled] * 4, ("final", ""), ("submitted", ""), ("in_doubt", ""), ("suppressed", ""),
        ]  # fmt: skip
        assert state_of(connection, other) == ("planned", "")


def test_a_claimed_message_that_is_cancelled_does_not_become_final(ledger: ModuleType, clock: FrozenClock) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        [message] = add_messages(connection, [Planned(add_customer(connection, "lin"))])
        claimed = claim(connection, NOON, 10)
        cancel_queued(connection, None, ["b1"], "broadcast_merged")
    with ledger.transaction() as connection:
        [verdict] = finalise(connection, claimed, [GuardRules()], NOON)
        assert verdict.reason == "lost"
        assert state_of(connection, message) == ("suppressed", "broadcast_merged")
