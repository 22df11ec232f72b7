"""One ASGI application: the edge and the console behind one address, told apart by path."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, Literal

from starlette.staticfiles import StaticFiles

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

STATIC = Path(__file__).parent / "console" / "static"


def make_asgi(only: Literal["edge", "console"] | None = None) -> App:
    """The whole house, or one side of it. The edge's lifespan (its writers) runs with the server's."""
    from huitou.edge.app import OTHER_COLLECTORS, make_app

    edge = make_app()
    if only == "edge":
        return edge
    console = _make_console()
    first_parts = {route.path.split("/")[1] for route in edge.routes}  # type: ignore[attr-defined]

    def is_for_edge(path: str) -> bool:
        return path.split("/")[1] in first_parts or path in OTHER_COLLECTORS

    async def house(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (only is None and is_for_edge(scope["path"])):
            await edge(scope, receive, send)
        else:
            await console(scope, receive, send)

    return house


def _make_console() -> App:
    from django.core.asgi import get_asgi_application

    from huitou.stores.django import setup_django

    setup_django()
    django = get_asgi_application()
    static = StaticFiles(directory=STATIC)

    async def console(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/static/"):
            inner = {**scope, "path": scope["path"].removeprefix("/static"), "root_path": ""}
            await static(inner, receive, send)
        else:
            await django(scope, receive, send)

    return console


async def serve(app: App, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; sets it where the server ends by itself. One process, so that kill -9 ends it all."""
    from granian.constants import Interfaces
    from granian.server.embed import Server

    server = Server(app, address=host, port=port, interface=Interfaces.ASGI, log_enabled=False)
    _spare_the_collector()
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        server.stop()  # type: ignore[no-untyped-call]
    await serving
    stop.set()
    gc.unfreeze()  # else the interpreter, on leaving, calls everything it finds a leak


def _spare_the_collector() -> None:
    """Look for garbage less often, and never in what the start-up made.

    A batch of decoded events is thousands of containers that die by themselves; by default Python looks through
    them for cycles after every 700, which took half of the time of decoding.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
