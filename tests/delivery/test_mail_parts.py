"""Whatever is sent to the bounce address is read in bounded time, and never stumbled over."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.delivery.channels.email.bounces import LARGEST, Returned, read_returned
from huitou.delivery.channels.email.mail_parts import find_part, read_part
from huitou.kit.errors import Rejected

from .test_bounces import dsn

MESSAGE = "m0123456789abcdef01234567"
TO = f"To: bounce+{MESSAGE}@x\r\n".encode()
REPORT = TO + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
HOSTILE = {
    "addresses": b"To: " + b"a," * 900_000 + b"\r\n\r\nx",
    "parameters": TO + b"Content-Type: multipart/report" + b";a=b" * 400_000 + b"\r\n\r\nx",
    "open quote": b'To: "\r\n\r\nx',
    "half an address": b"To: a@[1\r\n\r\n",
    "received lines": b"Received: from a by b; c\r\n" * 75_000 + REPORT,
    "nested": REPORT + b"".join(b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" for _ in range(35_000)),
    "nested otherwise": REPORT.replace(b"=b\r", b"=b0\r")
    + b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(30_000)),
    "parts": REPORT + b"--b\r\n\r\nx\r\n" * 180_000,
    "pieces": TO
    + b"Content-Type: multipart/report"
    + b"".join(b'; a*%d="d"' % n for n in range(100_000))
    + b"\r\n\r\n",
    "folded": b"To: " + b"\r\n a" * 480_000 + b"\r\n\r\n",
    "blanks": b"message-id:" + b" " * 1_900_000,
    "boundary and blanks": REPORT + (b"--b" + b" " * 900 + b"x\n") * 2_000,
    "backslashes": TO + b'Content-Type: x; a="' + b"\\" * 1_900_000 + b"\r\n\r\n",
    "charset": TO + b"Content-Type: text/plain; charset=\xff\xfe\x00; x*=utf-99'zz'%ff%zz\r\n\r\n\xff",
    "nothing": b"",
    "line ends": b"\r\n" * 900_000,
    "noise": random.Random(20).randbytes(1_900_000),
    "too much": b"x" * (LARGEST + 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_costs_no_more_than_another(name: str) -> None:
    started = time.process_time()
    with pytest.raises(Rejected):
        read_returned(HOSTILE[name])
    assert time.process_time() - started < 0.5  # measured: 50 ms at most; a busy machine is no failure


@given(st.data())
def test_a_bounce_with_any_of_it_changed_is_read_or_rejected(data: st.DataObject) -> None:
    mail = bytearray(dsn(message=MESSAGE))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(mail) - 1))
        length = data.draw(st.integers(0, 60))
        mail[at : at + length] = data.draw(
            st.binary(max_size=30) | st.sampled_from([b'"', b"\r\n", b"\n\n", b";", b"--b"])
        )
        mail = mail or bytearray(b" ")
    try:
        assert isinstance(read_returned(bytes(mail)), Returned)
    except Rejected:
        pass


@given(st.binary(max_size=400))
def test_any_bytes_are_a_mail_of_some_parts(data: bytes) -> None:
    assert find_part(read_part(data), "message/none") is None


def test_parameters_in_pieces_and_percent_coded_are_put_together() -> None:
    part = read_part(
        b'Content-Type: multipart/report; REPORT-TYPE*0=delivery; report-type*1*=%2Dstatus;\r\n boundary="a b;\\"c"\r\n\r\n'
    )
    assert part.kind == "multipart/report"
    assert part.parameters == {"report-type": "delivery-status", "boundary": 'a b;"c'}
