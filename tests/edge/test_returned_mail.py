"""Mails that come back are handed in over HTTP: what they say counts once, what is no report does no harm."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from types import ModuleType

import httpx
import pytest

from huitou.delivery.channels.email import EmailChannel
from huitou.delivery.send import send_due
from huitou.edge import returned_mail
from huitou.events.model import Event
from huitou.kit.clock import SECOND, FrozenClock
from tests.delivery.postfix import free_port, needed, running_postfix
from tests.delivery.shop import Planned, add_customer, add_messages, make_campaign
from tests.delivery.test_bounces import dsn
from tests.edge.conftest import KEY, Process

Journal = Callable[[], list[Event]]


@pytest.fixture
def message(ledger: ModuleType, clock: FrozenClock) -> str:
    with ledger.connect() as connection:
        add_customer(connection, "c1")
        [made] = add_messages(connection, [Planned("c1", state="submitted", final_at=clock.now_us() - SECOND)])
    return str(made)


async def test_a_bounce_handed_in_twice_counts_once(edge: httpx.AsyncClient, journal: Journal, message: str) -> None:
    for _ in range(2):
        answer = await edge.post("/in/mail", content=dsn(message=message))
        assert (answer.status_code, answer.json()) == (
            200, {"success": True, "kind": "bounced", "message": message, "status": "5.1.1"},
        )  # fmt: skip
    assert [(event.name, event.properties["message_id"]) for event in journal()] == [("message_bounced", message)]


@pytest.mark.parametrize(
    ("mail", "why"),
    [
        (b"Subject: out of office\r\n\r\nback on Monday", "it is about no message of ours"),
        (dsn(message="m" + "0" * 24), "there is no such message"),
        (b"", "it is about no message of ours"),
    ],
)
async def test_other_mail_is_taken_and_ignored_so_that_no_server_sends_it_again(
    edge: httpx.AsyncClient, journal: Journal, message: str, mail: bytes, why: str
) -> None:
    answer = await edge.post("/in/mail", content=mail)
    assert (answer.status_code, answer.json()["kind"]) == (200, "ignored")
    assert why in answer.json()["reason"]["en"]
    assert journal() == []


async def test_strangers_suppress_no_address(edge: httpx.AsyncClient, journal: Journal, message: str) -> None:
    answer = await edge.post("/in/mail", content=dsn(message=message), auth=("guessed", ""))
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")
    assert journal() == []


@needed
def test_a_real_servers_bounce_comes_back_as_the_module_says(
    ledger: ModuleType, clock: FrozenClock, process: Process, journal: Journal
) -> None:
    """Postfix takes the mail, cannot deliver it, and hands its own report to curl."""
    with ledger.transaction() as connection:
        make_campaign(connection)
        [gone] = add_messages(connection, [Planned(add_customer(connection, "gone"))])
        connection.execute("UPDATE identifier SET value = 'c1@dead.example' WHERE value = 'gone@example.com'")
        connection.execute("UPDATE message SET address = 'c1@dead.example'")
    service = re.search(r"returned unix.*", returned_mail.__doc__ or "")
    assert service
    command = service[0].replace("KEY:", f"{KEY}:").replace("127.0.0.1:8000", f"127.0.0.1:{process.port}")
    command += "\nnobody unix - n n - - pipe user=nobody argv=/bin/sh -c {exit 67}\n"  # EX_NOUSER, sysexits.h
    settings = (
        "recipient_delimiter = +\n"
        "transport_maps = inline:{ {bounce@example.com = returned:}, {dead.example = nobody:} }\n"
    )
    with running_postfix(free_port(), settings, command) as (address, log):
        result = send_due(channels={"email": EmailChannel(address, mail_from="茶铺 <hello@example.com>")})
        assert result.submitted == 1
        deadline = time.monotonic() + 30
        while not journal() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [(event.name, event.properties["message_id"], event.properties["status"]) for event in journal()] == [
            ("message_bounced", gone, "5.1.1")
        ], log.read_text()
    with ledger.transaction() as connection:
        assert connection.execute("SELECT address FROM dead_address").fetchall() == [("c1@dead.example",)]
