"""One mail on the wire: headers nobody can break, words anybody can read, a signature that covers the way out."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
import subprocess
import sys
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.delivery.brand import Brand
from huitou.delivery.channels.base import Outgoing, Undelivered
from huitou.delivery.channels.email.mime import (
    SenderAddress,
    build_mail,
    encode_words,
    header,
    read_sender,
    to_ascii_address,
)
from huitou.delivery.channels.email.replies import undelivered
from huitou.delivery.channels.email.session import EmailSession, read_relay
from huitou.delivery.channels.email.signing import read_signer
from huitou.delivery.render import Rendered
from huitou.kit.errors import Refused

from .shop import NOON

BRAND = Brand("回头茶铺", "#c8102e", "#ff8899", "#ffffff", "", "")
SENDER = SenderAddress("回头茶铺", "hello@example.com", "example.com", "help@example.com")
MAIL = Outgoing(
    message="m1",
    address="anna@example.com",
    campaign="follow-up 追播",
    occurrence="b1:2",
    rendered=Rendered("看看 龙井", "<p>龙井</p>\n.dot\n", "龙井\n.dot\n", ()),
    unsubscribe_url="https://t.example.com/u/m1.sig",
    brand=BRAND,
    sent_at=NOON,
)


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def test_the_headers() -> None:
    message = parsed(build_mail(MAIL, SENDER, "Asia/Shanghai"))
    assert dict(message.items()) == {
        "From": "回头茶铺 <hello@example.com>",
        "To": "anna@example.com",
        "Reply-To": "help@example.com",
        "Subject": "看看 龙井",
        "Date": "Fri, 20 Nov 2026 20:00:00 +0800",
        "Message-ID": "<m1@example.com>",
        "List-Unsubscribe": "<https://t.example.com/u/m1.sig>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Feedback-ID": "follow-up-:b1-2:huitou:example.com",
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/alternative; boundary="=_m1"',
    }


@given(
    subject=st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), min_size=1),
    text=st.text(st.characters(exclude_categories=["Cs", "Cc"])),
)
def test_any_words_come_through_whole(subject: str, text: str) -> None:
    subject = " ".join(subject.split()) or "x"
    mail = replace(MAIL, rendered=Rendered(subject, f"<p>{text}</p>", text, ()))
    data = build_mail(mail, SENDER)
    assert all(len(line) <= 998 and b"\n" not in line for line in data.split(b"\r\n"))
    assert data.isascii()
    plain, page = parsed(data).iter_parts()
    assert plain.get_payload(decode=True).decode() == text  # type: ignore[union-attr]
    assert page.get_payload(decode=True).decode() == f"<p>{text}</p>"  # type: ignore[union-attr]
    assert _decoded(encode_words(subject)) == subject


def _decoded(words: str) -> str:
    from email.header import decode_header, make_header

    return str(make_header(decode_header(words.replace("\r\n ", " "))))


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x00", "\x0b", "\x85", "\u2028"])
def test_no_header_can_be_broken(break_: str) -> None:
    evil = f"x{break_}Bcc: evil@example.com"
    with pytest.raises(Refused):
        header("Subject", evil)
    with pytest.raises(Refused):
        build_mail(replace(MAIL, rendered=replace(MAIL.rendered, subject=evil)), SENDER)
    with pytest.raises(Refused):
        build_mail(replace(MAIL, unsubscribe_url=evil), SENDER)
    with pytest.raises(Refused):
        to_ascii_address(f"anna{break_}@example.com")
    with pytest.raises(Refused):
        read_sender(f"Huitou{break_} <hello@example.com>")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("anna@example.com", "anna@example.com"),
        ("Anna+Tea@EXAMPLE.com", "Anna+Tea@example.com"),
        ("anna@例子.cn", "anna@xn--fsqu00a.cn"),
        ("安娜@例子.cn", "安娜@xn--fsqu00a.cn"),
    ],
)
def test_addresses_any_server_takes(given: str, expected: str) -> None:
    assert to_ascii_address(given) == expected


@pytest.mark.parametrize("address", ["", "anna", "@example.com", "a b@example.com", "a@x,b@y", "<a@x>", "a@-.例子"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(Refused):
        to_ascii_address(address)


def test_base64_for_chinese_quoted_printable_for_english() -> None:
    english = replace(
        MAIL, rendered=Rendered("Tea", "<p>Your tea is ready — come</p>" * 50, "Your tea is ready — come\n" * 50, ())
    )
    encodings = {
        name: {part["Content-Transfer-Encoding"] for part in parsed(build_mail(mail, SENDER)).iter_parts()}
        for name, mail in {"zh": MAIL, "en": english}.items()
    }
    assert encodings == {"zh": {"base64"}, "en": {"quoted-printable"}}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A DKIM key pair made by dkimpy's own tool: (private key file, public record)."""
    folder = tmp_path_factory.mktemp("dkim")
    tool = Path(sys.executable).with_name("dknewkey")
    subprocess.run([str(tool), "--ktype", "rsa", str(folder / "huitou")], check=True, capture_output=True)
    record = "".join(re.findall(r'"([^"]*)"', (folder / "huitou.dns").read_text()))
    return folder / "huitou.key", record or (folder / "huitou.dns").read_text()


def test_dkim_covers_both_unsubscribe_headers(keys: tuple[Path, str]) -> None:
    import dkim

    signer = read_signer("example.com", {"HUITOU_DKIM_KEY": str(keys[0]), "HUITOU_DKIM_SELECTOR": "s1"})
    assert signer is not None
    signed = signer.sign(build_mail(MAIL, SENDER))
    assert signed.lower().startswith(b"dkim-signature:")
    covered = re.search(rb"[\s;]h=([^;]*);", signed.split(b"\r\nFrom:")[0])
    assert covered is not None
    names = [name.strip().lower() for name in covered[1].split(b":")]
    assert {b"list-unsubscribe", b"list-unsubscribe-post", b"from", b"subject", b"date", b"message-id"} <= set(names)

    def verifies(data: bytes) -> bool:
        return bool(dkim.verify(data, dnsfunc=lambda name, timeout=5: keys[1].encode()))

    assert verifies(signed)
    assert not verifies(signed.replace(b"/u/m1.sig", b"/u/m2.sig"))
    assert not verifies(signed.replace(b"=One-Click", b"=Two-Click"))


def test_a_key_that_cannot_be_used_is_refused_at_once(tmp_path: Path) -> None:
    assert read_signer("example.com", {}) is None
    (tmp_path / "bad.pem").write_text("not a key")
    for path in ("bad.pem", "missing.pem"):
        with pytest.raises(Refused):
            read_signer("example.com", {"HUITOU_DKIM_KEY": str(tmp_path / path)})


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ((550, "5.1.1 no such user", "rcpt"), ("5.1.1", True, "recipient", True)),
        ((550, "5.2.1 mailbox disabled", "rcpt"), ("5.2.1", True, "recipient", True)),
        ((550, "unknown user", "rcpt"), ("550", True, "recipient", True)),
        ((554, "5.7.1 rejected by policy", "rcpt"), ("5.7.1", True, "recipient", False)),
        ((550, "5.7.515 not authenticated", "mail"), ("5.7.515", True, "channel", False)),
        ((552, "5.3.4 too big", "dot"), ("5.3.4", True, "message", False)),
        ((552, "5.2.2 mailbox full", "rcpt"), ("5.2.2", True, "recipient", False)),
        ((452, "4.2.2 mailbox full", "rcpt"), ("4.2.2", False, "recipient", False)),
        ((450, "4.7.1 greylisted", "rcpt"), ("4.7.1", False, "recipient", False)),
        ((451, "4.3.0 try later", "dot"), ("4.3.0", False, "message", False)),
        ((421, "4.3.2 closing", "rcpt"), ("4.3.2", False, "channel", False)),
        ((530, "5.7.0 authenticate first", "mail"), ("5.7.0", True, "channel", False)),
        ((553, "Mail from must equal authorized user", "mail"), ("553", True, "channel", False)),
        ((555, "5.5.4 Unsupported option: SMTPUTF8", "mail"), ("5.5.4", True, "message", False)),
        ((553, "5.6.7 address not permitted", "mail"), ("5.6.7", True, "message", False)),
        ((552, "5.2.2 over its daily quota", "rcpt"), ("5.2.2", True, "recipient", False)),
        ((550, "Connection from 45.5.1.1 is not welcome", "rcpt"), ("550", True, "recipient", False)),
    ],
)
def test_what_a_reply_means(reply: tuple[int, str, str], expected: tuple[Any, ...]) -> None:
    said = undelivered(*reply)
    assert (said.status, said.permanent, said.scope, said.dead) == expected


@pytest.mark.parametrize(
    "said",
    [
        "Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000728",
        "User not found: spam.policy@163.com",
        "RC:NE The email account does not exist.",
        "RC:LD The email account that you tried to reach does no exists.",
        "<lin@example.com>: Recipient address rejected: User unknown in local recipient table",
        "no such user here",
        "Local User [lin@example.com] not found.",
        "sorry, no mailbox here by that name",
        "Invalid recipient <lin@example.com>",
        "abcd:user not exist",
        "收件人不存在",
    ],
)
def test_a_bare_550_buries_an_address_that_it_calls_missing(said: str) -> None:
    refusal = undelivered(550, said, "rcpt")
    assert (refusal.dead, refusal.permanent, refusal.scope) == (True, True, "recipient")


@pytest.mark.parametrize(
    "said",
    [
        "Requested action not taken: mailbox unavailable",  # RFC 5321's own words, for policy as well
        "Mailbox unavailable or access denied",
        "Mail is rejected by recipients",
        "Suspected spam sender.",
        "Access denied - blocked using zen.spamhaus.org",
        "<lin@example.com>: Recipient address rejected: Access denied",
        "Sender verify failed: no such user here",
        "Mail from address does not exist",
        "mailbox is full, quota exceeded",
        "User suspended",
        "unknown",
        "",
    ],
)
def test_any_other_bare_550_fails_the_message_alone(said: str) -> None:
    refusal = undelivered(550, said, "rcpt")
    assert (refusal.dead, refusal.permanent, refusal.scope) == (False, True, "recipient")


@pytest.mark.parametrize(("stage", "scope"), [("mail", "channel"), ("rcpt", "channel"), ("dot", "message")])
@pytest.mark.parametrize(
    "said",
    [
        "Ip frequency limited",
        "Domain frequency limited",
        "Message rejected: daily quota exceeded",
        "sending quota exceeded",
        "5.4.5 Daily user sending quota exceeded.",
    ],
)
def test_a_limit_on_our_rate_passes(said: str, stage: str, scope: str) -> None:
    """The channel stops for now; a mail that was handed over already is tried again."""
    refusal = undelivered(550, said, stage)
    assert (refusal.dead, refusal.permanent, refusal.scope) == (False, False, scope)


async def test_an_address_beyond_ascii_fails_alone_where_the_server_takes_none() -> None:
    """It is not even asked for (RFC 6531); the mail beside it goes."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 plain.example.com\r\n")
        while line := await reader.readline():
            heard.append(line.split(b":")[0].strip())
            writer.write(b"250-plain.example.com\r\n250 8BITMIME\r\n" if line[:4] == b"EHLO" else b"250 OK\r\n")
        writer.close()
        await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        session = EmailSession(read_relay(f"smtp://127.0.0.1:{port}?tls=off"), SENDER, None)
        with pytest.raises(Undelivered) as refusal:
            await session.prepare(replace(MAIL, address="林@example.com"))
        assert (refusal.value.scope, refusal.value.permanent, refusal.value.dead) == ("message", True, False)
        await session.prepare(MAIL)
        await session.close()
        await ended.wait()
    assert heard == [b"EHLO example.com", b"MAIL FROM", b"RCPT TO", b"QUIT"]


def test_relays_by_url() -> None:
    relay = read_relay("smtp://us%40er:p%3Aw@mail.example.com:587")
    assert (relay.host, relay.port, relay.user, relay.password, relay.tls) == (
        "mail.example.com", 587, "us@er", "p:w", "required",
    )  # fmt: skip
    assert read_relay("smtp://127.0.0.1").tls == "if_offered"
    assert (read_relay("smtps://m.example.com").port, read_relay("smtps://m.example.com").tls) == (465, "from_start")
    for wrong in ("http://x", "smtp://", "smtp://h:99999999", "smtp://h?tls=maybe", "mail.example.com:25"):
        with pytest.raises(Refused):
            read_relay(wrong)
