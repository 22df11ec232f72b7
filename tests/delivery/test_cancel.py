"""Queued messages are cancelled when the order or the opt-out arrives, not only when they come due."""

from __future__ import annotations

from types import ModuleType

from huitou.delivery.cancel import cancel_stopped
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
