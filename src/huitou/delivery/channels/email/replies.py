"""What an SMTP reply means for the message and for the person (RFC 5321 § 4.2.1, RFC 3463).

5.1.1, 5.1.10 and 5.2.1 say that the mailbox does not exist or is closed: the address is dead. 5.7.x is a policy
against us, not a fault of the recipient: nobody is suppressed for it. 4xx is tried again; 552 and 554 are read by
their enhanced code.
"""

from __future__ import annotations

import re

from huitou.delivery.channels.base import Scope, Undelivered

ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
DEAD = frozenset({"5.1.1", "5.1.10", "5.2.1"})
DEAD_CODES = frozenset({550, 551, 553})  # where the server gives no enhanced code and names the recipient
CHANNEL_CODES = frozenset({421, 454, 530, 534, 535, 538})  # the server itself: closing, TLS, authentication


def undelivered(code: int, text: str, stage: str) -> Undelivered:
    """The refusal as the house says it. `stage` is the command that was refused: 'mail', 'rcpt', 'data' or 'dot'."""
    found = ENHANCED.search(text)
    status = found[1] if found else str(code)
    permanent = code >= 500
    dead = permanent and stage == "rcpt" and (status in DEAD or (not found and code in DEAD_CODES))
    return Undelivered(
        {"zh": f"对方服务器拒收:{code} {text[:200]}", "en": f"the server refused: {code} {text[:200]}"},
        status=status,
        permanent=permanent,
        scope=_scope(code, status, stage),
        dead=dead,
    )


def _scope(code: int, status: str, stage: str) -> Scope:
    if code in CHANNEL_CODES or (stage == "mail" and code >= 400):
        return "channel"
    if status.startswith(("5.7", "4.7")) and stage == "mail":
        return "channel"
    return "recipient" if stage == "rcpt" else "message"
