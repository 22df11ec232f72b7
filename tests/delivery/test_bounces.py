"""Returned mails as real servers write them (RFC 3464 § appendix, RFC 5965 § appendix B, shortened)."""

from __future__ import annotations

from types import ModuleType

import pytest

from huitou.delivery.channels.email.bounces import Returned, read_returned, take_returned
from huitou.delivery.receipts import apply_receipts
from huitou.events.consent import holds
from huitou.events.load import load
from huitou.kit.clock import HOUR, FrozenClock
from huitou.kit.errors import Rejected

from .shop import NOON, Planned, add_customer, add_messages, state_of

MESSAGE = "m0123456789abcdef01234567"

DSN = """From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Fri, 20 Nov 2026 12:00:00 +0000

Final-Recipient: rfc822; anna@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <anna@example.com>: Recipient address rejected

--b
Content-Type: text/rfc822-headers

Message-ID: <{message}@example.com>
Subject: x

--b--
"""

ARF = """From: abuse@isp.example.net
To: fbl@example.com
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1

--b
Content-Type: message/rfc822

From: hello@example.com
Message-ID: <{message}@example.com>

body

--b--
"""


def dsn(action: str = "failed", status: str = "5.1.1", to: str = "hello@example.com", message: str = MESSAGE) -> bytes:
    return DSN.format(action=action, status=status, to=to, message=message).replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        (dsn(), Returned(MESSAGE, "bounced", "5.1.1")),
        (dsn(to=f"bounce+{MESSAGE}@example.com", message="other"), Returned(MESSAGE, "bounced", "5.1.1")),
        (dsn("delayed", "4.4.1"), Returned(MESSAGE, "delayed", "4.4.1")),
        (dsn("delivered", "2.0.0"), Returned(MESSAGE, "delivered", "2.0.0")),
        (ARF.format(kind="abuse", message=MESSAGE).encode(), Returned(MESSAGE, "complained", "")),
    ],
)
def test_what_a_returned_mail_says(mail: bytes, expected: Returned) -> None:
    assert read_returned(mail) == expected


@pytest.mark.parametrize(
    "mail",
    [b"", b"hello", dsn(message="strange"), dsn(status="nonsense"), dsn(action="shrug"), b"\xff\xfe" * 100,
     ARF.format(kind="novel", message=MESSAGE).encode(), b"x" * 2_000_001, dsn()[:400]],
)  # fmt: skip
def test_what_is_no_report_is_rejected(mail: bytes) -> None:
    with pytest.raises(Rejected):
        read_returned(mail)


def test_a_bounce_buries_the_address_and_a_complaint_ends_the_consent(ledger: ModuleType, clock: FrozenClock) -> None:
    with ledger.transaction() as connection:
        ids = {}
        for name in ("gone", "policy", "angry"):
            add_customer(connection, name)
            [ids[name]] = add_messages(connection, [Planned(name, state="submitted", final_at=NOON - HOUR)])
            connection.execute("UPDATE message SET address = %s WHERE id = %s", (f"{name}@example.com", ids[name]))
    mails = [
        dsn(message=ids["gone"]),
        dsn(status="5.7.1", message=ids["policy"]),
        ARF.format(kind="abuse", message=ids["angry"]).encode(),
    ]
    for _ in range(2):
        for mail in mails:
            with ledger.transaction() as connection:
                take_returned(connection, mail, NOON)
    load()
    apply_receipts()
    with ledger.transaction() as connection:
        assert connection.execute("SELECT address, status FROM dead_address").fetchall() == [
            ("gone@example.com", "5.1.1")
        ]
        assert {name: state_of(connection, message) for name, message in ids.items()} == {
            "gone": ("failed", "bounced"), "policy": ("failed", "bounced"), "angry": ("submitted", ""),
        }  # fmt: skip
        assert holds(connection, ["gone", "policy", "angry"], "email") == {"gone", "policy"}
        assert connection.execute("SELECT count(*) FROM journal").fetchone() == (3,)


def test_a_complaint_is_that_of_who_owns_the_mailbox_too(ledger: ModuleType, clock: FrozenClock) -> None:
    """anna and bo were taken for one person, and are not any more; bo complains of what was meant for anna."""
    with ledger.transaction() as connection:
        for name in ("anna", "bo"):
            add_customer(connection, name)
        [message] = add_messages(connection, [Planned("anna", state="submitted", final_at=NOON - HOUR)])
        connection.execute("UPDATE message SET address = 'bo@example.com'")
        take_returned(connection, ARF.format(kind="abuse", message=message).encode(), NOON)
        take_returned(connection, ARF.format(kind="abuse", message=message).encode(), NOON)
        stopped = connection.execute("SELECT customer, kind FROM stop ORDER BY customer").fetchall()
        assert stopped == [("anna", "complaint"), ("bo", "complaint")]
        assert holds(connection, ["anna", "bo"], "email") == set()
