"""What an SMTP reply means for the message and for the person (RFC 5321 § 4.2.1, RFC 3463).

5.1.1, 5.1.10 and 5.2.1 say that the mailbox does not exist or is closed: the address is dead. 5.7.x is a policy
against us, not a fault of the recipient: nobody is suppressed for it. 4xx is tried again; 552 and 554 are read by
their enhanced code.

A bare 550 says nothing by itself. QQ writes "Mailbox not found." with it, but "Ip frequency limited" as well, and
"Mailbox unavailable or access denied" for a mailbox that merely gets much mail (smtp.codes/qq); NetEase writes "User not
found: …". So without an enhanced code an address is suppressed for words that name the mailbox as missing, and for no
others: one mail lost is less than a customer lost. A limit on our rate or our day passes: before the mail is handed
over it stops the channel for now, after that this mail is tried again.
"""

from __future__ import annotations

import re

from huitou.delivery.channels.base import Scope, Undelivered

ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")  # and no part of an IP address
DEAD = frozenset({"5.1.1", "5.1.10", "5.2.1"})
DEAD_CODES = frozenset({550, 551, 553})  # where the server gives no enhanced code and names the recipient
CHANNEL_CODES = frozenset({421, 454, 530, 534, 535, 538})  # the server itself: closing, TLS, authentication

# As Postfix, Exim, Coremail, QQ, NetEase and Yahoo word it; lists of them: smtp.codes, dbmailserver.com (退信).
_WHO = r"(?:user|mailbox|recipient|account|address|alias)"
GONE = re.compile(
    rf"\b(?:no such|unknown) (?:e-?mail |local )?{_WHO}\b|\binvalid (?:user|mailbox|recipient)\b|\bno mailbox\b"
    rf"|\b{_WHO}(?: is)? (?:unknown|not found|not known)\b|\b{_WHO}\b.{{0,40}}\b(?:not|doesn't|no) exists?\b"
    r"|(?:用户|收件人|邮箱|账号|帐号|账户|帐户|地址)不存在",
    re.IGNORECASE,
)
# Words of a refusal that is about us, whatever else it says: "Sender address rejected: user unknown".
ABOUT_US = re.compile(r"\b(?:sender|mail from|spf|dkim|dmarc|polic\w+|block\w*|blacklist\w*|spam\w*|relay\w*|denied|ip)\b",
                      re.IGNORECASE)  # fmt: skip
LONGEST = 1_000  # characters of a reply that are read for words
QUOTED = re.compile(r"\S*(?:@|://)\S*")  # addresses and links hold any word
THROTTLED = re.compile(r"\bfrequency limit|\brate limit|\bsending (?:quota|rate)\b|\b(?:daily|hourly)\b.{0,20}\b(?:quota|limit)",
                       re.IGNORECASE)  # fmt: skip
NOT_ASCII = re.compile(r"smtputf8|non-ascii|\b5\.6\.7\b", re.IGNORECASE)  # RFC 6531: this address, on this server


def undelivered(code: int, text: str, stage: str) -> Undelivered:
    """The refusal as the house says it. `stage` is the command that was refused: 'mail', 'rcpt', 'data' or 'dot'."""
    found = ENHANCED.search(text)
    status = found[1] if found else str(code)
    words = " ".join(QUOTED.sub(" ", text[:LONGEST]).split())
    throttled = code >= 500 and not status.startswith("5.2.") and bool(THROTTLED.search(words))  # 5.2.2: theirs is full
    permanent = code >= 500 and not throttled
    gone = status in DEAD or (not found and code in DEAD_CODES and _is_gone(words))
    return Undelivered(
        {"zh": f"对方服务器拒收：{code} {text[:200]}", "en": f"the server refused: {code} {text[:200]}"},
        status=status,
        permanent=permanent,
        scope=_scope(code, words, stage, throttled),
        dead=permanent and stage == "rcpt" and gone,
    )


def _is_gone(words: str) -> bool:
    return bool(GONE.search(words)) and not ABOUT_US.search(words)


def _scope(code: int, words: str, stage: str, throttled: bool) -> Scope:
    """Whom a refusal concerns: at MAIL everybody, unless it is about the one address that is not ASCII."""
    if code in CHANNEL_CODES or (throttled and stage == "rcpt"):
        return "channel"
    if stage == "mail":
        return "message" if code >= 500 and NOT_ASCII.search(words) else "channel"
    return "recipient" if stage == "rcpt" else "message"
