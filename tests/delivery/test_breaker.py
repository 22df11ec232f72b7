"""A campaign that only meets refusals pauses itself, and begins anew when the operator resumes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.delivery.breaker import MOST, RUN, WINDOW, is_too_many
from huitou.delivery.channel_events import report_bounce
from huitou.delivery.channels.email import EmailChannel
from huitou.delivery.outages import list_outages
from huitou.delivery.outbox import count_states
from huitou.delivery.receipts import apply_receipts
from huitou.delivery.send import held_channels, send_due
from huitou.events.load import load
from huitou.flows.follow_up import resume
from huitou.flows.health import read_troubles
from huitou.flows.heartbeat import SENDING, beat
from huitou.kit.clock import MINUTE, FrozenClock
from huitou.kit.settings import settings, use_settings
from huitou.proving.sink import read_index, running_sink

from .shop import NOON, Planned, add_customer, add_messages, make_campaign

PEOPLE = 60


@pytest.fixture
def queued(ledger: ModuleType, clock: FrozenClock) -> Iterator[None]:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, f"c{n:02d}")) for n in range(PEOPLE)])
    beat(SENDING)
    previous = settings()
    yield
    use_settings(previous)


@given(st.lists(st.booleans(), max_size=WINDOW))
def test_a_run_of_failures_or_half_of_the_window(outcomes: list[bool]) -> None:
    run = len(outcomes) >= RUN and not any(outcomes[-RUN:])
    half = len(outcomes) == WINDOW and outcomes.count(False) > MOST * WINDOW
    assert is_too_many(outcomes) == (run or half)


def states(ledger: ModuleType) -> Counter[str]:
    counted: Counter[str] = Counter()
    with ledger.transaction() as connection:
        for (state, _), count in count_states(connection).items():
            counted[state] += count
    return counted


def test_a_campaign_that_meets_refusals_alone_pauses_itself(ledger, queued, clock, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """The server refuses everybody; twenty are lost, the others wait, and the operator is told why."""
    with running_sink(tmp_path / "refusing", script="example.com 554") as url:
        use_settings(replace(settings(), smtp_url=url))
        send_due(channels={"email": EmailChannel(url, sessions=1)})
        assert states(ledger) == Counter({"failed": RUN, "planned": PEOPLE - RUN})
        assert send_due(channels={"email": EmailChannel(url, sessions=1)}).states == Counter()
        [trouble] = [one for one in read_troubles() if one.kind == "self_paused"]
        assert (trouble.name, trouble.since, trouble.messages) == ("follow-up", NOON, RUN)
        assert "554" in trouble.message["zh"]
    resume("follow-up")
    assert [one for one in read_troubles() if one.kind == "self_paused"] == []
    with running_sink(tmp_path / "sink") as url:
        use_settings(replace(settings(), smtp_url=url))
        send_due()
        assert len(read_index(tmp_path / "sink")) == PEOPLE - RUN


def test_a_server_that_is_gone_is_told_until_it_is_back(ledger, queued, clock, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with running_sink(tmp_path / "sink") as url:
        pass  # it listened there, and died
    use_settings(replace(settings(), smtp_url=url))
    assert list(send_due().because) == ["email"]
    clock.move_to(NOON + 5 * MINUTE)
    send_due()
    [trouble] = read_troubles()
    assert (trouble.kind, trouble.since, trouble.messages) == ("channel", NOON, PEOPLE)
    port = int(url.rpartition(":")[2])
    clock.move_to(NOON + 10 * MINUTE)
    with running_sink(tmp_path / "sink", port=port):
        send_due()
    with ledger.transaction() as connection:
        assert list_outages(connection) == {}
    assert (read_troubles(), len(read_index(tmp_path / "sink"))) == ([], PEOPLE)


def test_what_is_queued_without_a_server_is_told_at_once(ledger, queued, clock) -> None:  # type: ignore[no-untyped-def]
    [trouble] = read_troubles()
    assert (trouble.kind, trouble.name, trouble.messages, trouble.is_grave) == ("channel", "email", PEOPLE, True)
    assert trouble.message["zh"] == "邮件发不出去：没有设置邮件服务器（HUITOU_SMTP_URL）。60 条消息在排队等待"


def test_mails_that_leave_wait_for_an_address_customers_can_open(ledger, queued, clock) -> None:  # type: ignore[no-untyped-def]
    use_settings(replace(settings(), smtp_url="smtp://mail.example.com"))
    assert "http://127.0.0.1:8000" in send_due().down["email"]
    assert states(ledger) == Counter({"planned": PEOPLE})
    use_settings(replace(settings(), public_url="https://t.example.com"))
    assert held_channels() == {}


def test_nobody_who_sends(ledger, queued, clock) -> None:  # type: ignore[no-untyped-def]
    """Neither a worker nor a run of `send` has been seen; a sign of either is enough."""
    use_settings(replace(settings(), smtp_url="smtp://127.0.0.1:9"))
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM refresh_mark")
    assert [one.kind for one in read_troubles()] == ["worker", "overdue"]
    beat("worker")
    [late] = read_troubles()
    assert (late.kind, late.since, late.messages) == ("overdue", NOON - 60 * MINUTE, PEOPLE)
    with ledger.transaction() as connection:
        connection.execute("UPDATE refresh_mark SET at = at - 120000000")
    assert [one.kind for one in read_troubles()] == ["worker", "overdue"]


def test_what_a_server_puts_off_again_and_again(ledger, queued, clock, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with running_sink(tmp_path / "sink", script="^c00@ 451") as url:
        use_settings(replace(settings(), smtp_url=url))
        for _ in range(3):
            send_due()
            clock.move_to(clock.at_us + 60 * MINUTE)
    [trouble] = [one for one in read_troubles() if one.kind == "put_off"]
    assert (trouble.messages, trouble.is_grave) == (1, False)


@pytest.mark.parametrize(("returned", "paused"), [(RUN, True), (RUN - 1, False)])
def test_mails_that_come_back_late_count(  # type: ignore[no-untyped-def]
    ledger, queued, clock, tmp_path: Path, data: Path, returned: int, paused: bool
) -> None:
    """The server takes every mail; hours later it sends back those that were tried last."""
    with running_sink(tmp_path / "sink") as url:
        use_settings(replace(settings(), smtp_url=url))
        send_due()
    assert states(ledger) == Counter({"submitted": PEOPLE})
    clock.move_to(NOON + 3 * 60 * MINUTE)
    with ledger.transaction() as connection:
        sent = connection.execute("SELECT id, address FROM message ORDER BY final_at DESC, id DESC").fetchall()
        for message, address in sent[:returned]:
            report_bounce(connection, message, "email", address, "5.1.1", clock.at_us)
    load()
    apply_receipts()
    assert states(ledger) == Counter({"failed": returned, "submitted": PEOPLE - returned})
    told = [(one.name, one.messages) for one in read_troubles() if one.kind == "self_paused"]
    assert told == ([("follow-up", returned)] if paused else [])
    resume("follow-up")
    with ledger.transaction() as connection:
        report_bounce(connection, sent[-1][0], "email", sent[-1][1], "5.1.1", clock.at_us)
    load()
    apply_receipts()
    assert [one for one in read_troubles() if one.kind == "self_paused"] == []
