"""A mail server that costs next to nothing, so that a bench measures the sender: `python -m huitou.benches.light_sink FILE`.

It speaks just enough SMTP for a polite client, prints its port, and writes each mail's Message-ID and size to FILE
before it answers 250. Nothing is kept of the mails. delivery/sink.py is the one to test with.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*<([^>@\r\n]*)")
HEAD_BYTES = 4_000
ANSWERS = {
    b"EHLO": b"250-light\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    b"HELO": b"250 light\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
END = b"\r\n.\r\n"


class LightSink(asyncio.Protocol):
    """One connection. In a mail every line is taken as it comes; its end is looked for in the last bytes alone."""

    def __init__(self, kept: IO[bytes]) -> None:
        self.kept = kept
        self.command = bytearray()
        self.parts: list[bytes] | None = None  # of the mail that is coming in

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 light\r\n")

    def data_received(self, data: bytes) -> None:
        if self.parts is not None:
            self._take(data)
            return
        self.command += data
        while self.parts is None and (end := self.command.find(b"\n")) >= 0:
            verb = bytes(self.command[:4]).upper()
            del self.command[: end + 1]
            self.transport.write(ANSWERS.get(verb, b"250 ok\r\n"))
            if verb == b"DATA":
                self.parts = [b"\r\n"]
            elif verb == b"QUIT":
                self.transport.close()
        if self.parts is not None and self.command:
            rest, self.command = bytes(self.command), bytearray()
            self._take(rest)

    def _take(self, data: bytes) -> None:
        """A client waits for the 250 before it says more, so a mail's end is the end of what came."""
        assert self.parts is not None
        self.parts.append(data)
        tail = data if len(data) >= len(END) else b"".join(self.parts[-len(END) :])
        if not tail.endswith(END):
            return
        size = sum(map(len, self.parts)) - len(END)
        found = MESSAGE_ID.search(b"".join(self.parts[:3])[:HEAD_BYTES])
        self.parts = None
        self.kept.write(b"%s\t%d\n" % (found[1] if found else b"", size))
        self.transport.write(b"250 kept\r\n")


async def serve(file: Path) -> None:
    loop = asyncio.get_running_loop()
    with file.open("ab", buffering=0) as kept:  # in the kernel before the 250 goes out
        server = await loop.create_server(lambda: LightSink(kept), "127.0.0.1", 0, backlog=256)
        print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - what the parent waits for
        await loop.run_in_executor(None, sys.stdin.buffer.read)  # ends with the process that started us
        server.close()


@contextmanager
def running_light_sink(file: Path) -> Iterator[str]:
    """The sink in a process of its own for the length of the block; yields its smtp:// address."""
    command = [sys.executable, "-m", "huitou.benches.light_sink", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"smtp://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            process.wait(10)


def read_light_index(file: Path) -> list[str]:
    """The names of the mails that were taken, in order."""
    return [line.split("\t")[0] for line in file.read_text(encoding="ascii").splitlines()]


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
