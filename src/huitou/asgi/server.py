"""The HTTP server: granian inside this process, with room for thousands of connections."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_CONNECTIONS = 20_000  # each idle one costs some 10 KB
WANTED_FILES = 65_536  # open files; a connection is one
KEPT_FILES = 256  # for databases, lake and logs
FEW_FILES = 4_096  # below it viewers of one broadcast may find no place
BACKLOG = 4_096  # connections that wait to be accepted; the kernel lowers it to net.core.somaxconn
HEAD_PATIENCE = 15_000  # milliseconds for a request's head, and for the next request of a kept connection
HASTE = 5_000  # the same where there is room for few
LARGEST_HEAD = 64 * 1024  # bytes that one connection may make us hold at once; granian's own 400 KB are 8 GB of all
LOOK_EVERY = 5.0  # seconds
FULL = 0.9  # of the connections there is room for: then it is said


async def serve(app: App, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; sets it where the server ends by itself. One process, so that kill -9 ends it all."""
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.server.embed import Server

    room = make_room()
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        http=HTTPModes.http1,  # whose idle connections end after that
        websockets=False,
        backlog=BACKLOG,
        backpressure=room,
        http1_settings=HTTP1Settings(header_read_timeout=head_patience(room), max_buffer_size=LARGEST_HEAD),
    )
    _spare_the_collector()
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    watching = asyncio.create_task(watch_room(room))
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    watching.cancel()
    if not serving.done():
        server.stop()  # type: ignore[no-untyped-call]
    await serving
    stop.set()
    gc.unfreeze()  # else the interpreter, on leaving, calls everything it finds a leak


def make_room() -> int:
    """Raise this process's limit of open files as far as it may; the number of connections there is room for.

    More connections than that wait in the kernel until others end, so the process never runs out of files.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    files = WANTED_FILES if soft == resource.RLIM_INFINITY else soft
    room = max(64, min(MOST_CONNECTIONS, files - KEPT_FILES))
    if files < FEW_FILES:
        log.warning("server.few_files", open_files=files, connections=room, advice="raise the limit: ulimit -n 65536")
    return room


def head_patience(room: int) -> int:
    return HEAD_PATIENCE if room >= FEW_FILES - KEPT_FILES else HASTE


async def watch_room(room: int) -> None:
    """Say when the connections there is room for are nearly all taken, and when it is over."""
    full = False
    while True:
        await asyncio.sleep(LOOK_EVERY)
        taken = count_files()
        if (taken >= FULL * room) != full:
            full = not full
            said = log.warning if full else log.info
            said("server.full" if full else "server.has_room", open_files=taken, connections=room)


def count_files() -> int:
    """Open files of this process, 0 where the system does not tell."""
    try:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208 - names alone, thousands of them
    except OSError:
        return 0


def _spare_the_collector() -> None:
    """Look for garbage less often, and never in what the start-up made.

    A batch of decoded events is thousands of containers that die by themselves; by default Python looks through
    them for cycles after every 700, which took half of the time of decoding.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
