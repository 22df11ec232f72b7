"""Asking a local Postfix whether it took a mail: its log names every mail by the return path, which names the message.

HUITOU_MAIL_LOG    the log of the relay on this machine, e.g. /var/log/mail.log

qmgr writes 'from=<bounce+MESSAGE@…> … (queue active)' once a mail is safely in the queue. That it is there is proof;
that it is not there is none (logs rotate, lag and lose lines), so what is not found stays in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

LAST_BYTES = 64 * 1024 * 1024  # of the log: some 300,000 mails
QUEUED = re.compile(rb"from=<bounce\+([A-Za-z0-9]+)@[^>]*>.*queue active")


def find_queued(log: Path, messages: Sequence[str]) -> dict[str, bool]:
    """{message: True} for those the relay's log shows in its queue; the others are left out."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LAST_BYTES))
            there = {found.decode() for found in QUEUED.findall(file.read())}
    except OSError:
        return {}
    return {message: True for message in messages if message in there}
