"""A Postfix of our own on its own queue, relaying to a server of the test's choice. Needs postfix and root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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


@contextmanager
def running_postfix(relay_port: int, settings: str = "", services: str = "") -> Iterator[tuple[str, Path]]:
    """(address, log); `settings` are added to main.cf, `services` to master.cf."""
    assert POSTFIX is not None
    folder = Path(tempfile.mkdtemp(prefix="huitou-postfix-"))
    folder.chmod(0o755)  # postfix's own user must reach it
    port = free_port()
    owner = pwd.getpwnam("postfix")
    for name in ("conf", "spool", "data"):
        (folder / name).mkdir(parents=True)
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    (folder / "conf" / "main.cf").write_text(MAIN.format(folder=folder, sink=relay_port) + settings)
    usual = Path("/etc/postfix/master.cf").read_text().replace("\nsmtp      inet", f"\n127.0.0.1:{port} inet", 1)
    plain = [line.replace(" y ", " n ", 1) if line[:1] not in "# " else line for line in usual.splitlines()]
    (folder / "conf" / "master.cf").write_text("\n".join(plain) + "\n" + services)
    command = [POSTFIX, "-c", str(folder / "conf")]
    subprocess.run([*command, "start"], check=True, capture_output=True, timeout=60)
    try:
        wait_for_port(port)
        yield f"smtp://127.0.0.1:{port}", folder / "mail.log"
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
