"""E-mail over SMTP: any server by HUITOU_SMTP_URL; a relay on this machine (Postfix) is the recommended one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from huitou.delivery.channels.base import Idempotency
from huitou.delivery.channels.email.mail_log import find_queued
from huitou.delivery.channels.email.mime import read_sender
from huitou.delivery.channels.email.session import EmailSession, read_relay
from huitou.delivery.channels.email.signing import read_signer
from huitou.kit.settings import environment, settings

SESSIONS = 32  # more than may be in flight: the others have recipients accepted and wait for their commit


class EmailChannel:
    """SMTP keeps no memory of what it accepted, so a mail in doubt can only be held; unless the relay's log is at hand
    (mail_log.py), which often shows that it was taken."""

    name = "email"
    address = "email"

    def __init__(self, url: str, *, mail_from: str | None = None, sessions: int = SESSIONS) -> None:
        self.relay = read_relay(url)
        self.sender = read_sender(mail_from or settings().mail_from, settings().reply_to)
        self.signer = read_signer(self.sender.domain)
        self.sessions = sessions
        env = environment()
        log = env.get("HUITOU_MAIL_LOG")
        self.log = Path(log) if log else None
        self.idempotency: Idempotency = "lookup" if self.log else "none"
        self.per_second = float(env.get("HUITOU_SMTP_PER_SECOND") or 0) or None

    def open_session(self) -> EmailSession:
        return EmailSession(self.relay, self.sender, self.signer)

    async def look_up(self, messages: Sequence[str]) -> dict[str, bool]:
        return find_queued(self.log, messages) if self.log else {}
