"""The line breaks at every place it can (R6): nothing arrives twice, nothing is lost, doubt only where there is some.

By default every 7th byte of the commands and answers and every 2,000th of the mail; `-m long` tries every byte of
the commands, the answers and the end of the mail, and every 100th of its body.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

from huitou.delivery.channels.email import EmailChannel, session
from huitou.delivery.outbox import count_states
from huitou.delivery.send import send_due
from huitou.kit.clock import HOUR, MINUTE, FrozenClock
from huitou.proving.sink import read_index, running_sink

from .proxy import Fault, running_proxy
from .shop import NOON, Planned, add_customer, add_messages, make_campaign, state_of


def send(port: int) -> Counter[tuple[str, str]]:
    return send_due(channels={"email": EmailChannel(f"smtp://127.0.0.1:{port}?tls=off", sessions=1)}).states


class Places:
    """Sends one message at a time through a line that breaks at a given place, and looks at what became of it."""

    def __init__(self, ledger: ModuleType, clock: FrozenClock, sink: Path) -> None:
        self.ledger = ledger
        self.clock = clock
        self.sink = sink
        self.count = 0
        self.seen: Counter[tuple[str, bool]] = Counter()

    def message(self) -> str:
        self.count += 1
        with self.ledger.transaction() as connection:
            return add_messages(connection, [Planned(add_customer(connection, f"c{self.count:05d}"))])[0]

    def arrived(self, message: str) -> int:
        return sum(mail.message == message for mail in read_index(self.sink))

    def state(self, message: str) -> str:
        with self.ledger.transaction() as connection:
            return state_of(connection, message)[0]

    def check(self, port: int) -> None:
        message = self.message()
        send(port)
        first, there = self.state(message), self.arrived(message)
        self.seen[first, bool(there)] += 1
        assert there <= 1
        if there:
            assert first in ("submitted", "in_doubt")
        if first == "submitted":
            assert there == 1
        self.clock.move_to(self.clock.now_us() + 5 * MINUTE)
        send(port)  # whatever may be repeated is repeated now
        last, total = self.state(message), self.arrived(message)
        assert (last, total) in {("submitted", 1), ("unknown", there)}


def break_everywhere(
    ledger: ModuleType, clock: FrozenClock, tmp_path: Path, faults: Iterable[tuple[str, int]]
) -> Counter[tuple[str, bool]]:
    with ledger.transaction() as connection:
        make_campaign(connection, QUIETLESS)
    places = Places(ledger, clock, tmp_path / "sink")
    with running_sink(tmp_path / "sink", keep_mails=False) as url, running_proxy(url) as proxy:
        for direction, byte in faults:
            proxy.fault = Fault(**{direction: byte})  # type: ignore[arg-type]
            places.check(proxy.port)
    return places.seen


QUIETLESS = """
name = "follow-up"
window_hours = 8000
[caps]
per_days = [[1, 10000]]
[quiet]
from = "03:01"
to = "03:02"
[[channel]]
name = "email"
cost_minor = 0.1
[content.email.zh]
subject = "{{ product.name }}"
body = "<p>{{ customer.name }}</p>"
"""


def session_length(ledger: ModuleType, tmp_path: Path) -> tuple[int, int]:
    with ledger.transaction() as connection:
        make_campaign(connection, QUIETLESS)
        add_messages(connection, [Planned(add_customer(connection, "measure"))])
    with running_sink(tmp_path / "measure") as url, running_proxy(url) as proxy:
        assert send(proxy.port) == Counter({("submitted", ""): 1})
        return proxy.seen_up, proxy.seen_down


def test_cut_at_many_places(ledger: ModuleType, clock: FrozenClock, tmp_path: Path) -> None:
    up, down = session_length(ledger, tmp_path)
    commands = 150
    faults = [("up", byte) for byte in (*range(0, commands, 7), *range(commands, up, 2_000), *range(up - 14, up + 1))]
    faults += [("down", byte) for byte in range(0, down + 1, 7)]
    seen = break_everywhere(ledger, clock, tmp_path, faults)
    assert sum(seen.values()) == len(faults)
    # Every outcome was met: nothing sent and to be repeated, doubt with and without the mail, all well.
    assert set(seen) >= {("planned", False), ("in_doubt", True), ("submitted", True)}


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_cut_at_every_place_that_matters(ledger: ModuleType, clock: FrozenClock, tmp_path: Path) -> None:
    up, down = session_length(ledger, tmp_path)
    commands = 150
    faults = [("up", byte) for byte in (*range(commands), *range(commands, up - 60, 100), *range(up - 60, up + 1))]
    faults += [("down", byte) for byte in range(down + 1)]
    print(break_everywhere(ledger, clock, tmp_path, faults))  # noqa: T201 - what the campaign is run for


def test_an_answer_that_never_comes_is_doubt(
    ledger: ModuleType, clock: FrozenClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay that takes the mail and says nothing: RFC 5321 asks for ten minutes of patience, here 0.3 s."""
    monkeypatch.setattr(session, "DOT_SECONDS", 0.3)
    with ledger.transaction() as connection:
        make_campaign(connection)
        [message] = add_messages(connection, [Planned(add_customer(connection, "anna"))])
    with running_sink(tmp_path / "sink", script="anna delay:2") as url:
        send(int(url.rsplit(":", 1)[1]))
        with ledger.transaction() as connection:
            assert state_of(connection, message)[0] == "in_doubt"
        clock.move_to(NOON + HOUR)
        send(int(url.rsplit(":", 1)[1]))
    with ledger.transaction() as connection:
        assert count_states(connection).keys() == {("unknown", state_of(connection, message)[1])}
    assert [mail.message for mail in read_index(tmp_path / "sink")] == [message]
