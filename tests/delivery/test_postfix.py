"""Through a real mail server: Postfix on its own queue, which relays to the sink. Needs postfix and root."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from huitou.delivery.channels.email import EmailChannel
from huitou.delivery.channels.email.mail_log import find_queued
from huitou.delivery.outbox import count_states
from huitou.delivery.send import send_due
from huitou.kit.clock import MINUTE, FrozenClock
from huitou.proving.sink import read_index, running_sink

from .postfix import needed, running_postfix
from .shop import NOON, Planned, add_customer, add_messages, make_campaign, state_of


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[tuple[str, Path, Path]]:
    """(address, sink folder, log)."""
    with running_sink(tmp_path / "sink") as url, running_postfix(int(url.rsplit(":", 1)[1])) as (address, log):
        yield address, tmp_path / "sink", log


def wait_for_mails(sink: Path, count: int) -> list[str]:
    deadline = time.monotonic() + 60
    while len(read_index(sink)) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    return sorted(mail.message for mail in read_index(sink))


@needed
def test_through_postfix(ledger: ModuleType, clock: FrozenClock, relay: tuple[str, Path, Path]) -> None:
    url, sink, log = relay
    with ledger.transaction() as connection:
        make_campaign(connection)
        fine = add_messages(connection, [Planned(add_customer(connection, f"c{n}")) for n in range(60)])
        gone, full = add_messages(connection, [Planned(add_customer(connection, name)) for name in ("gone", "full")])
    result = send_due(channels={"email": EmailChannel(url, mail_from="茶铺 <hello@example.com>")})
    assert result.states == Counter({("submitted", ""): 60, ("failed", "5.1.1"): 1, ("retry", "4.2.2"): 1})
    assert wait_for_mails(sink, 60) == sorted(fine)
    with ledger.transaction() as connection:
        names = connection.execute("SELECT provider_id FROM message WHERE state = 'submitted'").fetchall()
        assert all("queued as" in name for (name,) in names)
        assert state_of(connection, gone)[0] == "failed"
    clock.move_to(NOON + MINUTE)
    assert send_due(channels={"email": EmailChannel(url)}).states == Counter({("retry", "4.2.2"): 1})
    assert find_queued(log, [*fine, gone, full]) == dict.fromkeys(fine, True)


@needed
def test_doubt_is_settled_by_the_relays_log(
    ledger: ModuleType, clock: FrozenClock, relay: tuple[str, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, sink, log = relay
    with ledger.transaction() as connection:
        make_campaign(connection)
        taken, never = add_messages(
            connection, [Planned(add_customer(connection, name)) for name in ("taken", "never")]
        )
        connection.execute("UPDATE message SET send_at = %s WHERE id = %s", (NOON + 1, never))
    send_due(channels={"email": EmailChannel(url)})
    wait_for_mails(sink, 1)
    with ledger.transaction() as connection:  # as if the sender had been killed before it could note the 250
        connection.execute("UPDATE message SET state = 'in_doubt', final_at = %s, lease_until = %s", (NOON, NOON))
    monkeypatch.setenv("HUITOU_MAIL_LOG", str(log))
    send_due(channels={"email": EmailChannel(url)})
    with ledger.transaction() as connection:
        assert state_of(connection, taken) == ("submitted", "looked_up")
        assert state_of(connection, never)[0] == "in_doubt"
    clock.move_to(NOON + MINUTE)
    send_due(channels={"email": EmailChannel(url)})
    with ledger.transaction() as connection:
        assert {state: number for (state, _), number in count_states(connection).items()} == {
            "submitted": 1,
            "unknown": 1,
        }
    assert wait_for_mails(sink, 1) == [taken]
