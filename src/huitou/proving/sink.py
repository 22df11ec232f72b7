"""A mail server that delivers nowhere: for the demo, for tests and for kill campaigns.

`python -m huitou.proving.sink FOLDER` keeps every mail as FOLDER/mails/<n>.eml and writes one line of its index
(time, Message-ID, recipient, file, return path) to FOLDER/index.tsv before it answers 250; so what a sender was told was accepted
is in the index, whatever is killed afterwards. It prints its port when it is ready. `--script FILE` makes it refuse,
wait or hang up: lines of `PATTERN ACTION`, the pattern matched against the recipient, the action one of `452`, `550`
(any reply code, at RCPT), `data:452` (at the dot), `delay:SECONDS` (before 250), `cut` (after the dot, without a word).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>\r\n]*>)", re.IGNORECASE | re.MULTILINE)
START_SECONDS = 15.0


@dataclass(frozen=True)
class Rule:
    pattern: re.Pattern[str]
    action: str


def read_script(text: str) -> list[Rule]:
    """One rule a line, the first that matches a recipient applies; '#' begins a comment."""
    lines = (line.split("#", 1)[0].split() for line in text.splitlines())
    return [Rule(re.compile(parts[0]), parts[1]) for parts in lines if len(parts) == 2]


class SinkHandler:
    """Keeps mails and their index; `keep_mails` False keeps the index alone."""

    def __init__(self, folder: Path, rules: list[Rule], *, keep_mails: bool = True) -> None:
        self.mails = folder / "mails"
        self.mails.mkdir(parents=True, exist_ok=True)
        self.keep_mails = keep_mails
        self.rules = rules
        self.index = (folder / "index.tsv").open("ab", buffering=0)  # in the kernel before the 250 goes out
        self.count = (folder / "index.tsv").read_bytes().count(b"\n")

    def action_for(self, recipient: str) -> str:
        return next((rule.action for rule in self.rules if rule.pattern.search(recipient)), "")

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        action = self.action_for(address)
        if action[:3].isdigit():
            return f"{action[:3]} {action[0]}.{'1.1 no such mailbox' if action[0] == '5' else '2.2 try later'}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        action = self.action_for(envelope.rcpt_tos[0])
        if action.startswith("data:"):
            return f"{action[5:8]} {action[5]}.3.0 refused at the dot"
        self._keep(envelope)
        if action.startswith("delay:"):
            await asyncio.sleep(float(action[6:]))
        if action == "cut":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return f"250 kept as {self.count}"

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        found = MESSAGE_ID.search(content[:8_000])
        self.count += 1
        name = f"{self.count:07d}.eml"
        if self.keep_mails:
            (self.mails / name).write_bytes(content)
        message_id = found[1].decode("ascii", "replace") if found else ""
        line = f"{time.time_ns() // 1000}\t{message_id}\t{','.join(envelope.rcpt_tos)}\t{name}\t{envelope.mail_from}\n"
        self.index.write(line.encode("utf-8", "replace"))


class SinkServer(SMTP):
    """aiosmtpd, which takes a mail line by line; this takes it whole, in half the time."""

    line_length_limit = 50_000_000  # bytes: now of a mail
    command_size_limit = 512

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the name aiosmtpd calls
        if not self.envelope or not self.envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        whole = await self._reader.readuntil(b"\r\n.\r\n")
        self.envelope.content = self.envelope.original_content = whole[:-3].replace(b"\r\n..", b"\r\n.")
        status = await self._call_handler_hook("DATA")
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(status)


async def serve(
    folder: Path, port: int, rules: list[Rule], *, keep_mails: bool = True, with_parent: bool = False
) -> None:
    """Listen on 127.0.0.1 until SIGTERM; writes the port to FOLDER/port when ready.

    With `with_parent` also until standard input ends, which it does when the process that started us is killed.
    """
    handler = SinkHandler(folder, rules, keep_mails=keep_mails)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SinkServer(handler, hostname="sink", enable_SMTPUTF8=True, loop=loop, timeout=3600),
        "127.0.0.1", port, backlog=256,
    )  # fmt: skip
    actual = server.sockets[0].getsockname()[1]
    draft = folder / ".port"
    draft.write_text(str(actual))
    draft.rename(folder / "port")
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if with_parent:
        threading.Thread(target=_wait_for_end, args=(loop, stopped), daemon=True).start()
    await stopped.wait()
    server.close()


def _wait_for_end(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):  # unbuffered: a buffer's lock held here makes leaving fatal
        pass
    loop.call_soon_threadsafe(stopped.set)


@dataclass(frozen=True)
class Kept:
    """One mail in the index."""

    message_id: str
    recipient: str
    path: Path
    return_path: str

    @property
    def message(self) -> str:
        """The message's own id: its Message-ID without frame and domain."""
        return self.message_id.strip("<>").partition("@")[0]


def read_index(folder: Path) -> list[Kept]:
    """The mails a sink has accepted, in order."""
    return IndexReader(folder).read()


class IndexReader:
    """Reads the index on from where it stopped: what a long run asks after every step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.at = 0

    def read(self) -> list[Kept]:
        """The mails accepted since the last call, in order."""
        index = self.folder / "index.tsv"
        if not index.exists():
            return []
        with index.open("rb") as file:
            file.seek(self.at)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self.at += len(whole)
        rows = (line.split("\t") for line in whole.decode("utf-8").splitlines())
        return [Kept(row[1], row[2], self.folder / "mails" / row[3], row[4]) for row in rows]


@contextmanager
def running_sink(folder: Path, *, script: str = "", port: int = 0, keep_mails: bool = True) -> Iterator[str]:
    """A sink in a process of its own for the length of the block; yields its smtp:// address."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "port").unlink(missing_ok=True)
    arguments = [sys.executable, "-m", "huitou.proving.sink", str(folder), "--port", str(port), "--with-parent"]
    if script:
        (folder / "script.txt").write_text(script, encoding="utf-8")
        arguments += ["--script", str(folder / "script.txt")]
    if not keep_mails:
        arguments.append("--index-only")
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE)
    try:
        yield f"smtp://127.0.0.1:{_await_port(folder, process)}"
    finally:
        process.terminate()
        process.wait(10)
        if process.stdin:
            process.stdin.close()


def _await_port(folder: Path, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "port").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the mail sink did not start")
        time.sleep(0.01)
    return int((folder / "port").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description="A mail server that keeps everything and delivers nothing.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=Path)
    parser.add_argument("--index-only", action="store_true")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input does")
    options = parser.parse_args()
    rules = read_script(options.script.read_text(encoding="utf-8")) if options.script else []
    keep = not options.index_only
    asyncio.run(serve(options.folder, options.port, rules, keep_mails=keep, with_parent=options.with_parent))


if __name__ == "__main__":
    main()
