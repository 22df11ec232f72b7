"""One ASGI application: the edge and the console behind one address, told apart by path, and the server of both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal

from huitou.asgi.server import serve

__all__ = ["make_asgi", "serve"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def make_asgi(only: Literal["edge", "console"] | None = None) -> App:
    """The whole house, or one side of it. The edge's lifespan (its writers) runs with the server's."""
    from huitou.edge.app import OTHER_COLLECTORS, make_app

    edge = make_app()
    if only == "edge":
        return edge
    from huitou.asgi.console import make_console

    console = make_console()
    first_parts = {_first_part(route.path) for route in edge.routes}  # type: ignore[attr-defined]

    def is_for_edge(path: str) -> bool:
        return _first_part(path) in first_parts or path in OTHER_COLLECTORS or not path.startswith("/")

    async def house(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (only is None and is_for_edge(scope["path"])):
            await edge(scope, receive, send)
        else:
            await console(scope, receive, send)

    return house


def _first_part(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]
