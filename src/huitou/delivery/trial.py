"""One mail handed to the mail server to see whether sending works: outside the outbox, counted nowhere, never repeated."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import ssl
from dataclasses import dataclass
from html import escape

import aiosmtplib

from huitou.delivery.brand import read_brand
from huitou.delivery.channels.base import ChannelDown, InDoubt, Outgoing, Undelivered
from huitou.delivery.channels.email.mime import SenderAddress, message_id, read_sender
from huitou.delivery.channels.email.session import EmailSession, Relay, read_relay
from huitou.delivery.channels.email.signing import read_signer
from huitou.delivery.render import Rendered
from huitou.kit import clock
from huitou.kit.errors import HuitouError, Refused
from huitou.kit.text import Text

PATIENCE = 10.0  # seconds for the whole conversation: somebody is looking at the page
SHOWN = 300  # characters of a server's reply
NOT_SIGNED_IN = re.compile(r"^530\b|\bauthenticat|\blog ?in\b", re.IGNORECASE)


@dataclass(frozen=True)
class Trial:
    """What became of it. `reply` is the server's own words, '' where it said none; `reason` says what to do.

    `code`: accepted, or what went wrong: setting, no_server, no_mail_server, tls, certificate, login, login_missing, no_login,
    sender, recipient, content, timeout, doubt.
    """

    ok: bool
    code: str
    reply: str
    message_id: str
    reason: Text


async def send_trial(
    to: str,
    subject: str,
    html: str,
    text: str,
    *,
    smtp_url: str,
    mail_from: str,
    reply_to: str = "",
    seconds: float = PATIENCE,
) -> Trial:
    """Hand one mail over, once. Never raises for what a server or a setting can do wrong: the Trial says it."""
    try:
        relay, sender = read_relay(smtp_url), read_sender(mail_from, reply_to)
        signer = read_signer(sender.domain)
        mail = _outgoing(to, Rendered(subject, html, text, ()))
    except Refused as error:
        return Trial(False, "setting", "", "", error.message)
    session = _Watched(relay, sender, signer)
    return await _hand_over(session, mail, message_id(mail, sender), seconds)


async def try_signing_in(smtp_url: str, mail_from: str, *, seconds: float = PATIENCE) -> Trial:
    """What a mail would meet up to its first command: connect, greet, encrypt, sign in. Nothing is sent."""
    try:
        relay, sender = read_relay(smtp_url), read_sender(mail_from)
        session = _Watched(relay, sender, None)
    except Refused as error:
        return Trial(False, "setting", "", "", error.message)
    try:
        async with asyncio.timeout(seconds):
            await session.sign_in()
    except TimeoutError:
        return _late(session, "")
    except HuitouError as error:
        return _explain(session, error, "")
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await session.close()
    return Trial(True, "answers", "", "", _fill(ANSWERS, session, ""))


class _Watched(EmailSession):
    """Remembers which command is being asked: a refusal of the sender reads like one of the recipient."""

    stage = "connect"

    async def _ask(self, client: aiosmtplib.SMTP, stage: str, command: bytes) -> None:
        self.stage = stage
        await super()._ask(client, stage, command)


async def _hand_over(session: _Watched, mail: Outgoing, name: str, seconds: float) -> Trial:
    try:
        async with asyncio.timeout(seconds):
            await session.prepare(mail)
            session.stage = "dot"
            reply = await session.submit(mail)
    except TimeoutError:
        return _late(session, name)
    except HuitouError as error:
        return _explain(session, error, name)
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await session.close()
    return Trial(True, "accepted", reply[:SHOWN], name, _accepted(mail.address))


def _outgoing(to: str, rendered: Rendered) -> Outgoing:
    """A mail that no campaign and no customer stands behind: it has no way to unsubscribe, and needs none."""
    return Outgoing(
        message=f"trial-{secrets.token_hex(8)}",
        address=to.strip(),
        campaign="trial",
        occurrence="trial",
        rendered=rendered,
        unsubscribe_url="",
        brand=read_brand(),
        sent_at=clock.now_us(),
    )


def _explain(session: _Watched, error: HuitouError, name: str) -> Trial:
    """The reason of a refusal, by what was being asked when it came."""
    cause: BaseException = error.__cause__ or error
    if isinstance(error, Undelivered):
        return _refused(session, error, name)
    if isinstance(error, InDoubt):
        return Trial(False, "doubt", "", name, DOUBT)
    assert isinstance(error, ChannelDown)
    if isinstance(cause, TimeoutError):
        return _late(session, name)
    said = _words(cause)
    code = _connecting(session.relay, cause)
    return Trial(False, code, said, name, _fill(REASONS[code], session, said))


def _refused(session: _Watched, error: Undelivered, name: str) -> Trial:
    reply = _words(error)
    code = {"mail": "sender", "rcpt": "recipient"}.get(session.stage, "content")
    if session.stage == "connect":  # refused by ourselves, before anything was asked: the address or the subject
        return Trial(False, "setting", "", name, error.message)
    if NOT_SIGNED_IN.search(reply) and not session.relay.user:
        code = "login_missing"
    return Trial(False, code, reply, name, _fill(REASONS[code], session, reply))


def _connecting(relay: Relay, cause: BaseException) -> str:
    """Why no conversation came about."""
    if isinstance(cause, aiosmtplib.SMTPAuthenticationError):
        return "login"
    if isinstance(cause, aiosmtplib.SMTPException) and "AUTH" in str(cause):
        return "no_login"
    if isinstance(cause, ssl.SSLCertVerificationError) or isinstance(cause.__cause__, ssl.SSLCertVerificationError):
        return "certificate"
    if isinstance(cause, ssl.SSLError) or isinstance(cause.__cause__, ssl.SSLError) or "TLS" in str(cause):
        return "tls"
    if relay.tls == "from_start" and isinstance(cause, aiosmtplib.SMTPServerDisconnected | ConnectionResetError):
        return "tls"
    return "no_server" if isinstance(cause, OSError) or isinstance(cause.__cause__, OSError) else "no_mail_server"


def _late(session: _Watched, name: str) -> Trial:
    if session.stage == "dot":
        return Trial(False, "doubt", "", name, DOUBT)
    return Trial(False, "timeout", "", name, _fill(REASONS["timeout"], session, ""))


def _words(error: BaseException) -> str:
    """The server's or the system's own words, on one line."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        text = f"{error.code} {error.message}"
    elif isinstance(error, Undelivered):
        text = error.message["en"].removeprefix("the server refused: ")
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())[:SHOWN]


def _fill(reason: Text, session: _Watched, said: str) -> Text:
    where = f"{session.relay.host}:{session.relay.port}"
    sender: SenderAddress = session.sender
    return {language: words.format(where=where, sender=sender.address, said=said) for language, words in reason.items()}


def _accepted(address: str) -> Text:
    return {
        "zh": f"邮件服务器已接收，正在投递到 {address}。请到收件箱查看，没有的话再看垃圾邮件。",
        "en": f"The mail server took the mail for {address}. Look into the inbox, and into spam if it is not there.",
    }


ANSWERS: Text = {"zh": "邮件服务器 {where} 应答正常。", "en": "The mail server {where} answers."}
DOUBT: Text = {
    "zh": "邮件已交出，但没等到服务器的答复：可能已发出，也可能没有。请到收件箱查看。",
    "en": "The mail was handed over, but no answer came: it may or may not have gone out. Look into the inbox.",
}
REASONS: dict[str, Text] = {
    "no_mail_server": {
        "zh": "{where} 不像邮件服务器，它回答：{said}。请检查服务器地址和端口。",
        "en": "{where} does not answer like a mail server: {said}. Check its address and port.",
    },
    "no_server": {
        "zh": "连不上邮件服务器 {where}。请检查服务器地址和端口。",
        "en": "The mail server {where} cannot be reached. Check its address and port.",
    },
    "timeout": {
        "zh": "邮件服务器 {where} 没有及时应答。请检查地址和端口；端口可能被防火墙或云服务商拦截（25 端口常被封），465 端口要选“SSL/TLS”。",
        "en": "The mail server {where} did not answer in time. Check its address and port; a firewall or the hosting"
        " provider may block the port (25 often is), and port 465 wants “SSL/TLS”.",
    },
    "tls": {
        "zh": "和 {where} 建立不了加密连接：{said}。465 端口用“SSL/TLS”，587 或 25 端口用“STARTTLS”。",
        "en": "No encrypted connection to {where} came about: {said}. Port 465 wants “SSL/TLS”, ports 587 and 25 “STARTTLS”.",
    },
    "certificate": {
        "zh": "{where} 的证书不可信：{said}。请检查服务器名是否和证书一致。",
        "en": "The certificate of {where} is not trusted: {said}. Check that the server's name is the one in it.",
    },
    "login": {
        "zh": "{where} 不接受这个用户名和密码：{said}。QQ、163 等邮箱要填授权码，不是登录密码。",
        "en": "{where} refuses this user name and password: {said}. Many mail providers want an app password here.",
    },
    "login_missing": {
        "zh": "{where} 要求先登录：{said}。请填写用户名和密码。",
        "en": "{where} asks for a sign-in first: {said}. Fill in user name and password.",
    },
    "no_login": {
        "zh": "{where} 不支持登录：{said}。请改用加密连接，或不填用户名和密码。",
        "en": "{where} offers no sign-in: {said}. Use an encrypted connection, or leave user name and password empty.",
    },
    "sender": {
        "zh": "{where} 拒绝发件人 {sender}：{said}。发件地址通常必须和登录的邮箱一致，或是在服务商验证过的域名。",
        "en": "{where} refuses the sender {sender}: {said}. It mostly must be the mailbox that signs in, or of a domain"
        " verified with the provider.",
    },
    "recipient": {
        "zh": "{where} 拒绝这个收件地址：{said}。请检查收件地址。",
        "en": "{where} refuses the recipient: {said}. Check the address.",
    },
    "content": {
        "zh": "{where} 拒收这封邮件的内容：{said}。",
        "en": "{where} refuses the mail itself: {said}.",
    },
}


def hello_mail(language: str) -> tuple[str, str, str]:
    """(subject, HTML, text) of a mail that says that sending works, in the brand's name."""
    brand = read_brand()
    words = HELLO[language]
    foot = " · ".join(part for part in (brand.name, brand.address) if part)
    page = (
        f'<div style="border-top:4px solid {brand.colour};padding:16px;font-family:sans-serif">'
        f'<h1 style="font-size:18px">{words["subject"]}</h1><p>{words["body"]}</p><hr><small>{escape(foot)}</small></div>'
    )
    return words["subject"], page, f"{words['body']}\n\n-- \n{foot}\n"


HELLO = {
    "zh": {
        "subject": "回头：发信正常",
        "body": "能看到这封邮件，说明邮件服务器和发件人都设置好了。发件人名称和页脚就是客户会看到的样子。",
    },
    "en": {
        "subject": "Huitou: sending works",
        "body": "You can read this, so mail server and sender are set up. Customers will see the same sender and footer.",
    },
}
