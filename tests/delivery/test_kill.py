"""Killed, stopped and doubled senders: no message twice at the sink, none lost without a word.

The suite's tier is five kills, the long one 50 kills over 20,000 messages: `pytest tests/delivery/test_kill.py -m long`.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from huitou.delivery.commits import IN_FLIGHT
from huitou.delivery.outbox import count_states
from huitou.delivery.recovery import recover
from huitou.kit.clock import DAY, MINUTE
from huitou.kit.settings import settings
from huitou.proving.sink import read_index, running_sink

from .shop import ENDED, NOON, Planned, add_messages, make_campaign

PATIENCE_SECONDS = 100


def fill(ledger: ModuleType, count: int) -> list[str]:
    names = [f"c{n:05d}" for n in range(count)]
    at = ENDED - 30 * DAY
    with ledger.transaction() as connection:
        make_campaign(connection)
        ledger.copy_rows(connection, "customer", ["id", "created_at"], [(name, at) for name in names])
        columns = ["kind", "value", "customer", "created_at"]
        rows = [("email", f"{name}@example.com", name, at) for name in names]
        ledger.copy_rows(connection, "identifier", columns, rows)
        columns = ["customer", "channel", "purpose", "granted", "how", "proof", "occurred_at", "recorded_at", "source"]
        consents = [(name, "email", "marketing", True, "form", "", at, at, "test", "") for name in names]
        ledger.copy_rows(connection, "consent", [*columns, "event_id"], consents)
        return add_messages(connection, [Planned(name) for name in names])


def start_sender(url: str, moment: int = NOON) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "HUITOU_DATA": str(settings().data),
        "DATABASE_URL": settings().database_url or "",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    script = Path(__file__).with_name("sender_process.py")
    arguments = [sys.executable, str(script), url, str(moment)]
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)


def wait_until_sent(sink: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    """Until the sink has that many mails, or the sender is done."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    index = sink / "index.tsv"
    while process.poll() is None and time.monotonic() < deadline:
        if index.exists() and index.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.002)


def finish(process: subprocess.Popen[bytes]) -> None:
    assert process.wait(PATIENCE_SECONDS) == 0


def check(ledger: ModuleType, sink: Path, ids: list[str], most_in_doubt: int) -> Counter[str]:
    """Close the doubts, then: once each at the sink; every message accounted for; what was confirmed is there."""
    with ledger.transaction() as connection:
        recover(connection, NOON + 5 * MINUTE)
        recover(connection, NOON + 10 * MINUTE)
        states = Counter[str]()
        for (state, _), number in count_states(connection).items():
            states[state] += number
        submitted = {
            row[0] for row in connection.execute("SELECT id FROM message WHERE state = 'submitted'").fetchall()
        }
    arrived = [mail.message for mail in read_index(sink)]
    assert len(set(arrived)) == len(arrived)
    assert set(states) <= {"submitted", "unknown"}
    assert sum(states.values()) == len(ids)
    assert submitted <= set(arrived) <= set(ids)
    assert states["unknown"] <= most_in_doubt
    return states


def kill_campaign(ledger: ModuleType, sink: Path, messages: int, kills: int, seed: str) -> Counter[str]:
    ids = fill(ledger, messages)
    chance = random.Random(seed)
    step = messages // (kills + 1)
    with running_sink(sink, keep_mails=False) as url:
        for kill in range(kills):
            sender = start_sender(url)
            wait_until_sent(sink, kill * step + chance.randint(1, step), sender)
            sender.kill()
            sender.wait()
        finish(start_sender(url))
    return check(ledger, sink, ids, kills * IN_FLIGHT)


def test_five_kills(ledger: ModuleType, tmp_path: Path) -> None:
    kill_campaign(ledger, tmp_path / "sink", 900, 5, "small")


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_fifty_kills(ledger: ModuleType, tmp_path: Path) -> None:
    states = kill_campaign(ledger, tmp_path / "sink", 20_000, 50, os.environ.get("HUITOU_SEED", "long"))
    print(dict(states))  # noqa: T201 - what the campaign is run for


def test_two_senders_share_the_work(ledger: ModuleType, tmp_path: Path) -> None:
    ids = fill(ledger, 1_000)
    with running_sink(tmp_path / "sink", keep_mails=False) as url:
        senders = [start_sender(url), start_sender(url)]
        for sender in senders:
            finish(sender)
    assert check(ledger, tmp_path / "sink", ids, 0) == Counter(submitted=1_000)


def test_a_stopped_sender_wakes_as_a_zombie(ledger: ModuleType, tmp_path: Path) -> None:
    """SIGSTOP past the lease: another takes over; when the first wakes, its fence and its lease stop it."""
    ids = fill(ledger, 1_200)
    sink = tmp_path / "sink"
    with running_sink(sink, keep_mails=False) as url:
        zombie = start_sender(url)
        wait_until_sent(sink, 200, zombie)
        zombie.send_signal(signal.SIGSTOP)
        finish(start_sender(url, NOON + 61 * 1_000_000))
        zombie.send_signal(signal.SIGCONT)
        zombie.wait(PATIENCE_SECONDS)
    check(ledger, sink, ids, IN_FLIGHT)


def test_the_database_goes_away_while_sending(ledger: ModuleType, tmp_path: Path) -> None:
    ids = fill(ledger, 1_000)
    sink = tmp_path / "sink"
    with running_sink(sink, keep_mails=False) as url:
        for share in (100, 400):
            sender = start_sender(url)
            wait_until_sent(sink, share, sender)
            with ledger.connect(autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            assert sender.wait(PATIENCE_SECONDS) == 1
        finish(start_sender(url))
    check(ledger, sink, ids, 2 * IN_FLIGHT)
