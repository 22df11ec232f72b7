"""A TCP proxy that breaks lines on purpose: cuts after so many bytes of either direction, or stops passing them on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Fault:
    """`up` bytes reach the server, `down` bytes the client, then: 'cut' resets both ends, 'swallow' passes no more.
    None is no limit. `once` heals the proxy after the first connection it broke."""

    up: int | None = None
    down: int | None = None
    how: str = "cut"
    once: bool = True


class FaultProxy:
    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.fault = Fault()
        self.port = 0
        self.seen_up = 0  # bytes of the last whole session, to know where faults can be put
        self.seen_down = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self.fault
        up_reader, up_writer = await asyncio.open_connection(*self.target)
        ends = (writer, up_writer)
        self.seen_up = self.seen_down = 0
        try:
            await asyncio.gather(
                self._pass(reader, up_writer, ends, fault, "up"), self._pass(up_reader, writer, ends, fault, "down")
            )
        finally:
            for end in ends:
                end.close()

    async def _pass(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
        fault: Fault,
        direction: str,
    ) -> None:
        limit: int | None = getattr(fault, direction)
        passed = 0
        try:
            while data := await source.read(65536):
                setattr(self, f"seen_{direction}", passed + len(data))
                if limit is not None and passed + len(data) >= limit:
                    target.write(data[: limit - passed])
                    await target.drain()
                    await self._break(ends, fault)
                    return
                passed += len(data)
                target.write(data)
                await target.drain()
            target.close()
        except OSError:
            return

    async def _break(self, ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter], fault: Fault) -> None:
        if fault.once:
            self.fault = Fault()
        if fault.how == "swallow":
            await asyncio.sleep(30)
        await asyncio.sleep(0.001)  # what was passed on arrives before the reset
        for end in ends:
            end.transport.abort()


@contextmanager
def running_proxy(url: str) -> Iterator[FaultProxy]:
    """A proxy before the server of that address, in a thread of its own."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    proxy = FaultProxy(parts.hostname, parts.port)
    loop, ready, stopped = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stopped.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        loop.close()
