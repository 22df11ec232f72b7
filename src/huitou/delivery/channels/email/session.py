"""One SMTP connection, carrying one mail at a time; aiosmtplib speaks, this keeps the moments apart.

MAIL and RCPT can be refused safely. DATA can too: until the first byte of the mail itself nobody can have accepted
it. From then on a lost connection means doubt (RFC 1047). asyncio sets TCP_NODELAY and mail and final dot leave in
one write: without, Nagle and delayed ACK hold the gap between dot and 250 open for 47 ms instead of 0.2 ms.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException

from huitou.delivery.channels.base import ChannelDown, InDoubt, Outgoing, Undelivered
from huitou.delivery.channels.email.mime import SenderAddress, build_mail, sender_of, to_ascii_address
from huitou.delivery.channels.email.replies import undelivered
from huitou.delivery.channels.email.signing import Signer
from huitou.kit.errors import Refused

CONNECT_SECONDS = 20.0
COMMAND_SECONDS = 60.0
DOT_SECONDS = 600.0  # RFC 5321 § 4.5.3.2.6: never shorter, a server that is late has often accepted
LEADING_DOT = re.compile(rb"(?m)^\.")
LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Relay:
    """Where mail is handed in. `tls`: 'from_start', 'required', 'if_offered' (unverified, as between servers), 'off'."""

    host: str
    port: int
    user: str
    password: str
    tls: str


def read_relay(url: str) -> Relay:
    """smtp://user:password@host:port?tls=required, smtps:// for TLS from the start. Refused where it is no such URL.

    With a password TLS is required and verified, except to this machine.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == -1:
        raise Refused(
            {"zh": "HUITOU_SMTP_URL 应当像 smtp://host:25", "en": "HUITOU_SMTP_URL must be like smtp://host:25"}
        )
    default = "required" if parts.password and parts.hostname not in LOCAL else "if_offered"
    tls = "from_start" if parts.scheme == "smtps" else parse_qs(parts.query).get("tls", [default])[0]
    if tls not in ("from_start", "required", "if_offered", "off"):
        raise Refused(
            {"zh": f"HUITOU_SMTP_URL 的 tls={tls} 不认识", "en": f"tls={tls} is none of required, if_offered, off"}
        )
    return Relay(
        parts.hostname,
        port or (465 if parts.scheme == "smtps" else 25),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        tls,
    )


class EmailSession:
    """A connection that is opened when needed and opened anew after it was lost."""

    def __init__(self, relay: Relay, sender: SenderAddress, signer: Signer | None, zone: str = "UTC") -> None:
        self.relay = relay
        self.sender = sender
        self.signer = signer
        self.zone = zone
        self._client: aiosmtplib.SMTP | None = None
        self._mail: bytes = b""
        self._open = False  # a transaction (MAIL) is open on the connection

    async def prepare(self, mail: Outgoing) -> None:
        """Connect where needed, build the mail, and ask the server for sender and recipient."""
        data, recipient = self._build(mail)
        reused = self._client is not None
        try:
            await self._ask_for(await self._connected(), mail, recipient)
        except SMTPResponseException as error:  # an answer that is none
            await self._drop()
            raise _down(self.relay, error) from error
        except (SMTPException, OSError, ValueError) as error:
            await self._drop()
            if not reused:
                raise _down(self.relay, error) from error
            await self.prepare(mail)  # the server had hung up an idle connection; a new one tells whether it is down
            return
        self._mail = data

    def _build(self, mail: Outgoing) -> tuple[bytes, str]:
        try:
            data = build_mail(mail, sender_of(mail, self.sender), self.zone)
            recipient = to_ascii_address(mail.address)
        except Refused as error:
            raise Undelivered(error.message, status=error.code, permanent=True, scope="message") from error
        if self.signer is not None:
            data = self.signer.sign(data)
        if data.find(b"\n.", 0, data.rfind(b".") + 1) >= 0:  # base64 has no dots: only the head is looked through
            data = LEADING_DOT.sub(b"..", data)
        return data + b".\r\n", recipient

    async def _ask_for(self, client: aiosmtplib.SMTP, mail: Outgoing, recipient: str) -> None:
        """aiosmtplib's own mail() and rcpt() parse the addresses anew, at a tenth of what sending costs."""
        if not recipient.isascii() and not client.supports_extension("smtputf8"):  # RFC 6531: then it must not be sent
            raise Undelivered(
                {"zh": "服务器不支持非 ASCII 邮箱地址", "en": "the server takes no address beyond ASCII"},
                status="5.6.7",
                permanent=True,
                scope="message",
            )
        if self._open:
            await self._ask(client, "mail", b"RSET")
        self._open = True
        international = b"" if recipient.isascii() else b" SMTPUTF8 BODY=8BITMIME"
        return_path = sender_of(mail, self.sender).return_path(mail.message)
        await self._ask(client, "mail", f"MAIL FROM:<{return_path}>".encode() + international)
        await self._ask(client, "rcpt", f"RCPT TO:<{recipient}>".encode())

    async def _ask(self, client: aiosmtplib.SMTP, stage: str, command: bytes) -> None:
        response = await client.execute_command(command, timeout=COMMAND_SECONDS)
        if not 200 <= response.code < 300:
            await self._drop_unless_usable(response.code)
            raise undelivered(response.code, response.message, stage)

    async def submit(self, mail: Outgoing) -> str:
        """DATA, the mail and its dot, once. The server's words on acceptance are its name for the mail."""
        client, data = self._client, self._mail
        self._mail, self._open = b"", False
        try:
            if client is None or client.protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
            response = await client.execute_command(b"DATA", timeout=COMMAND_SECONDS)
        except (SMTPException, OSError) as error:
            await self._drop()
            raise _down(self.relay, error) from error
        if response.code != 354:
            await self._drop_unless_usable(response.code)
            raise undelivered(response.code, response.message, "data")
        return await self._hand_over(client.protocol, data)

    async def _hand_over(self, protocol: aiosmtplib.protocol.SMTPProtocol, data: bytes) -> str:
        try:
            protocol.write(data)
            response = await protocol.read_response(timeout=DOT_SECONDS)
        except (SMTPException, OSError) as error:
            await self._drop()
            raise InDoubt(
                {"zh": f"发出后连接中断：{error}", "en": f"the connection was lost after the mail: {error}"}
            ) from error
        if 200 <= response.code < 300:
            return response.message[:200]
        if not 400 <= response.code < 600:
            await self._drop()
            raise InDoubt(
                {"zh": f"回复看不懂：{response.code}", "en": f"an answer that means nothing: {response.code}"}
            )
        await self._drop_unless_usable(response.code)
        raise undelivered(response.code, response.message, "dot")

    async def release(self) -> None:
        """The next MAIL is preceded by RSET; nothing to do now."""
        self._mail = b""

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            try:
                await client.quit(timeout=2)
            except (SMTPException, OSError):
                pass
        if client is not None:
            client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        await self._drop()
        client = aiosmtplib.SMTP(
            hostname=self.relay.host,
            port=self.relay.port,
            username=self.relay.user or None,
            password=self.relay.password or None,
            use_tls=self.relay.tls == "from_start",
            start_tls={"required": True, "off": False}.get(self.relay.tls),
            tls_context=_tls_context(self.relay),
            local_hostname=self.sender.domain,
            timeout=CONNECT_SECONDS,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo(timeout=COMMAND_SECONDS)
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            raise _down(self.relay, error) from error
        self._client, self._open = client, False
        return client

    async def _drop_unless_usable(self, code: int) -> None:
        if code == 421 or code < 200:
            await self._drop()

    async def _drop(self) -> None:
        client, self._client, self._open = self._client, None, False
        if client is not None:
            client.close()


@lru_cache(maxsize=8)
def _tls_context(relay: Relay) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if relay.tls == "if_offered":  # as mail servers do among themselves: better than clear text, no promise
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _down(relay: Relay, error: BaseException) -> ChannelDown:
    why = str(error) or type(error).__name__
    return ChannelDown(
        {
            "zh": f"邮件服务器 {relay.host}:{relay.port} 连不上或中断了：{why}",
            "en": f"the mail server {relay.host}:{relay.port} cannot be reached or broke off: {why}",
        }
    )
