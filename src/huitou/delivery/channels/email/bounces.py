"""Mails that come back: delivery status notifications (RFC 3464) and abuse reports (RFC 5965).

Which message they are about is read from the return path, which names it (VERP), else from the Message-ID of the
mail they carry. 5.1.1, 5.1.10 and 5.2.1 suppress the address; 4.x.x and 5.7.x do not: the one is a delay, the other a
policy against us.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from huitou.delivery.channel_events import owner_of, reader_events, readers_of, report_bounce
from huitou.delivery.channels.email.mail_parts import MailPart, content_of, find_part, read_fields, read_part
from huitou.delivery.channels.email.replies import DEAD
from huitou.events.journal import append_events
from huitou.kit.errors import Rejected
from huitou.stores.ledger import Connection

RETURN_PATH = re.compile(rb"bounce\+(m[0-9a-f]{24})@")  # of what is in lower case
MESSAGE_ID = re.compile(rb"message-id:\s*+<(m[0-9a-f]{24})@")
STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
LARGEST = 2_000_000  # bytes; a report quotes headers, seldom a whole mail
LOOKED_AT = 512 * 1024  # bytes from the beginning: the report and the head of the mail it quotes


@dataclass(frozen=True)
class Returned:
    """`kind` is 'bounced', 'delayed', 'delivered' or 'complained'; `status` the enhanced code, '' for a complaint."""

    message: str
    kind: str
    status: str


def read_returned(data: bytes) -> Returned:
    """What a returned mail says. Rejected where it is neither a delivery nor an abuse report, or about no message of ours."""
    if len(data) > LARGEST:
        raise _rejected("太大", "it is too large")
    data = data[:LOOKED_AT]
    report = read_part(data)
    message = _message_of(report, data)
    kind = report.parameters.get("report-type", "").lower()
    if kind == "feedback-report":
        return _read_complaint(report, message)
    if kind == "delivery-status":
        return _read_status(report, message)
    raise _rejected("不是退信报告", "it is neither a delivery nor an abuse report")


def take_returned(connection: Connection, data: bytes, at: int) -> Returned:
    """Journal what a returned mail says, in the caller's transaction; a dead address is suppressed. Twice is once."""
    returned = read_returned(data)
    found = owner_of(connection, returned.message)
    if found is None:
        raise _rejected("没有这条消息", "there is no such message")
    customer, channel, address = found
    if returned.kind == "bounced" and returned.status in DEAD:
        report_bounce(connection, returned.message, channel, address, returned.status, at)
    elif returned.kind != "delayed":
        readers = readers_of(connection, customer, channel, address) if returned.kind == "complained" else [customer]
        events = reader_events(
            returned.message, readers, f"message_{returned.kind}", at, channel=channel, status=returned.status
        )
        append_events(connection, events, at)
    return returned


def _message_of(report: MailPart, data: bytes) -> str:
    """As the recipient's address says it, else as the mail it carries does."""
    addresses = (report.fields.get(name, "") for name in ("to", "delivered-to", "x-original-to", "envelope-to"))
    text = data.lower()
    for found in (*(RETURN_PATH.search(one.lower().encode("latin-1")) for one in addresses),
                  MESSAGE_ID.search(text), RETURN_PATH.search(text)):  # fmt: skip
        if found:
            return found[1].decode("ascii")
    raise _rejected("与我们的消息无关", "it is about no message of ours")


def _read_complaint(report: MailPart, message: str) -> Returned:
    fields = _fields(report, "message/feedback-report")
    kind = fields.get("feedback-type", "").lower()
    if kind not in ("abuse", "fraud", "other", "not-spam"):
        raise _rejected(f"不认识的反馈类型 {kind[:60]}", f"unknown feedback type {kind[:60]!r}")
    if kind == "not-spam":
        return Returned(message, "delayed", "")  # the opposite of a complaint: nothing follows from it
    return Returned(message, "complained", "")


def _read_status(report: MailPart, message: str) -> Returned:
    fields = _fields(report, "message/delivery-status")
    status = fields.get("status", "").split(" ")[0]
    kinds = {"failed": "bounced", "delayed": "delayed", "delivered": "delivered", "relayed": "delivered",
             "expanded": "delivered"}  # fmt: skip
    kind = kinds.get(fields.get("action", "").lower())
    if kind is None or not STATUS.fullmatch(status):
        raise _rejected("缺少 Action 或 Status", "Action or Status is missing")
    return Returned(message, kind, status)


def _fields(report: MailPart, content_type: str) -> dict[str, str]:
    """The fields of all blocks of the machine-readable part, names in lower case; of several the last wins."""
    part = find_part(report, content_type)
    return dict(read_fields(content_of(part))) if part else {}


def _rejected(zh: str, en: str) -> Rejected:
    return Rejected("mail", {"zh": f"退信读不了：{zh}", "en": f"cannot take this returned mail: {en}"})
