"""Through a real mail server: Postfix on its own queue, which relays to the sink. Needs postfix and root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
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
from huitou.delivery.sink import read_index, running_sink
from huitou.kit.clock import MINUTE, FrozenClock

from .shop import NOON, Planned, add_customer, add_messages, make_campaign, state_of

POSTFIX = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
needed = pytest.mark.skipif(
    POSTFIX is None or os.geteuid() != 0, reason="NOT TESTED against Postfix: it is not installed, or this is not root"
)

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{sink}
smtp_tls_security_level = none
smtpd_tls_security_level = none
smtpd_peername_lookup = no
smtp_host_lookup = native
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access
  inline:{{ {{ gone@example.com = 550 5.1.1 no such user }}, {{ full@example.com = 450 4.2.2 mailbox full }} }}
smtpd_client_connection_count_limit = 0
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[tuple[str, Path, Path]]:
    """(address, sink folder, log) of a running Postfix of our own."""
    assert POSTFIX is not None
    folder = Path(tempfile.mkdtemp(prefix="huitou-postfix-"))
    folder.chmod(0o755)  # postfix's own user must reach it
    port = free_port()
    owner = pwd.getpwnam("postfix")
    for name in ("conf", "spool", "data"):
        (folder / name).mkdir(parents=True)
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    with running_sink(tmp_path / "sink") as url:
        (folder / "conf" / "main.cf").write_text(MAIN.format(folder=folder, sink=url.rsplit(":", 1)[1]))
        services = Path("/etc/postfix/master.cf").read_text().replace("\nsmtp      inet", f"\n127.0.0.1:{port} inet", 1)
        plain = [line.replace(" y ", " n ", 1) if line[:1] not in "# " else line for line in services.splitlines()]
        (folder / "conf" / "master.cf").write_text("\n".join(plain) + "\n")
        command = [POSTFIX, "-c", str(folder / "conf")]
        subprocess.run([*command, "start"], check=True, capture_output=True, timeout=60)
        try:
            wait_for_port(port)
            yield f"smtp://127.0.0.1:{port}", tmp_path / "sink", folder / "mail.log"
        finally:
            subprocess.run([*command, "stop"], check=False, capture_output=True, timeout=60)
            shutil.rmtree(folder, ignore_errors=True)


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("postfix did not start")


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
