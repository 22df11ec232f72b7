"""One mail to try sending with: handed over once, and whatever goes wrong is said so that somebody can mend it."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from ssl import SSLContext

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from huitou.delivery.trial import Trial, send_trial
from huitou.proving.sink import SinkHandler, SinkServer, read_script


async def send(
    port: int, scheme: str = "smtp", login: str = "", tls: str = "", to: str = "lin@example.com", seconds: float = 30
) -> Trial:
    return await send_trial(
        to,
        "试一下 sending",
        "<p>到了</p>",
        "到了",
        smtp_url=f"{scheme}://{login}127.0.0.1:{port}{tls}",
        mail_from="回头茶铺 <tea@example.com>",
        reply_to="help@example.com",
        seconds=seconds,
    )


@contextlib.asynccontextmanager
async def server(make: Callable[[], asyncio.Protocol], ssl: SSLContext | None = None) -> AsyncIterator[int]:
    running = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=ssl)
    async with running:
        yield running.sockets[0].getsockname()[1]


@pytest.fixture
def sink(data: Path, tmp_path: Path) -> Iterator[Callable[[str], Callable[[], asyncio.Protocol]]]:
    with contextlib.ExitStack() as stack:

        def with_script(script: str) -> Callable[[], asyncio.Protocol]:
            handler = SinkHandler(tmp_path, read_script(script))
            stack.callback(handler.index.close)
            return lambda: SinkServer(handler, hostname="sink")

        yield with_script


async def test_the_mail_arrives_once_as_it_was_given_and_without_a_way_to_unsubscribe(
    sink: Callable[[str], Callable[[], asyncio.Protocol]], tmp_path: Path
) -> None:
    import email
    import email.policy

    async with server(sink("")) as port:
        trial = await send(port)
    assert (trial.ok, trial.code, trial.reply) == (True, "accepted", "kept as 1")
    (file,) = (tmp_path / "mails").iterdir()
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert mail["From"] == "回头茶铺 <tea@example.com>"
    assert (mail["To"], mail["Reply-To"], mail["Subject"]) == ("lin@example.com", "help@example.com", "试一下 sending")
    assert mail["Message-ID"] == trial.message_id
    assert "List-Unsubscribe" not in mail


@pytest.mark.parametrize(
    ("script", "code", "reply"),
    [
        ("lin 550", "recipient", "550 5.1.1 no such mailbox"),
        ("lin 452", "recipient", "452 4.2.2 try later"),
        ("lin data:554", "content", "554 5.3.0 refused at the dot"),
        ("lin cut", "doubt", ""),
        ("lin delay:3", "doubt", ""),
    ],
)
async def test_what_the_server_says_of_the_recipient_and_the_mail(
    sink: Callable[[str], Callable[[], asyncio.Protocol]], script: str, code: str, reply: str
) -> None:
    async with server(sink(script)) as port:
        trial = await send(port, seconds=1 if "delay" in script else 30)
    assert (trial.ok, trial.code, trial.reply) == (False, code, reply)
    assert set(trial.reason) == {"zh", "en"}


class Strict:
    """A server that takes no sender."""

    async def handle_MAIL(self, *given: object) -> str:  # noqa: N802 - the name aiosmtpd calls
        return "553 Mail from must equal authorized user"


class Closed:
    """A server that asks for a sign-in."""

    async def handle_MAIL(self, *given: object) -> str:  # noqa: N802
        return "530 5.7.0 Authentication required"


async def test_a_refused_sender_and_a_missing_sign_in_are_told_apart(data: Path) -> None:
    async with server(lambda: SMTP(Strict())) as port:
        refused = await send(port)
    assert (refused.code, refused.reply) == ("sender", "553 Mail from must equal authorized user")
    assert "tea@example.com" in refused.reason["zh"]
    async with server(lambda: SMTP(Closed())) as port:
        assert (await send(port)).code == "login_missing"


async def test_a_wrong_password_and_a_server_without_sign_in(data: Path) -> None:
    def nobody(*given: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    async with server(lambda: SMTP(Strict(), authenticator=nobody, auth_require_tls=False)) as port:
        refused = await send(port, login="lin:wrong@", tls="?tls=off")
    assert refused.code == "login"
    assert refused.reply.startswith("535 ")
    assert "授权码" in refused.reason["zh"]
    assert "wrong" not in str(refused)
    async with server(lambda: SMTP(Strict())) as port:
        assert (await send(port, login="lin:wrong@", tls="?tls=off")).code == "no_login"


async def test_no_server_and_a_silent_one(data: Path) -> None:
    async with server(asyncio.Protocol) as port:
        assert (await send(port, seconds=1)).code == "timeout"
    nowhere = await send(port)
    assert nowhere.code == "no_server"
    assert f"127.0.0.1:{port}" in nowhere.reason["en"]
    unknown = await send_trial("a@b.cn", "s", "", "t", smtp_url="smtp://nowhere.invalid", mail_from="a@b.cn", seconds=5)
    assert unknown.code in ("no_server", "timeout")


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory: pytest.TempPathFactory) -> SSLContext:
    """A certificate nobody vouches for."""
    import ssl

    folder = tmp_path_factory.mktemp("tls")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
    command = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sink")
    subprocess.run([*command, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_encryption_that_does_not_come_about(
    sink: Callable[[str], Callable[[], asyncio.Protocol]], own_certificate: SSLContext
) -> None:
    async with server(sink("")) as port:
        assert (await send(port, tls="?tls=required")).code == "tls"
        assert (await send(port, scheme="smtps")).code == "tls"
    async with server(sink(""), ssl=own_certificate) as port:
        assert (await send(port, scheme="smtps")).code == "certificate"


@pytest.mark.parametrize(
    "to", ["", "lin", "lin@example.com\r\nBcc: a@b.cn", "a@b.cn,c@d.cn", "\ud800@example.com", "a b@c.cn"]
)
async def test_what_is_no_address_is_refused_before_anything_is_sent(data: Path, to: str) -> None:
    trial = await send(9, to=to)  # nothing listens at port 9, and nothing is asked
    assert (trial.ok, trial.code) == (False, "setting")


async def test_unusable_settings_are_said_and_not_raised(data: Path) -> None:
    for url, sender in (("http://x", "a@b.cn"), ("smtp://h:99999", "a@b.cn"), ("smtp://h", "nobody")):
        trial = await send_trial("a@b.cn", "s", "", "t", smtp_url=url, mail_from=sender)
        assert (trial.ok, trial.code) == (False, "setting")
    trial = await send_trial("a@b.cn", "s\r\nBcc: x@y.cn", "", "t", smtp_url="smtp://127.0.0.1:9", mail_from="a@b.cn")
    assert (trial.ok, trial.code) == (False, "setting")
