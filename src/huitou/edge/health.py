"""GET /health (the process lives), /ready (it can keep what it is sent), /metrics (Prometheus)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time

import psycopg
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response

from huitou import __version__
from huitou.edge.answers import RETRY_AFTER, answer
from huitou.edge.ledger import transaction
from huitou.edge.metrics import BACKLOG, show_troubles
from huitou.flows.health import read_troubles
from huitou.kit.errors import HuitouError
from huitou.stores.ledger import prove_writable

PATIENCE = 1.5  # seconds a probe waits for the ledger
FRESH = 1.0  # seconds an answer of the ledger is good for


async def show_health(request: Request) -> Response:
    return answer(200, {"status": "ok", "version": __version__, "pid": os.getpid()})


async def show_ready(request: Request) -> Response:
    """200 while events sent now would be kept, which is tried by storing; asked often, it is tried once a second."""
    error = await _READY.ask()
    if error:
        return answer(503, {"status": "ledger unavailable", "error": error}, RETRY_AFTER)
    return answer(200, {"status": "ready", "backlog": request.app.state.committer.backlog})


class Readiness:
    """The latest answer of the ledger, shared by all who ask meanwhile."""

    def __init__(self) -> None:
        self._error = ""
        self._known_at = float("-inf")
        self._asking: asyncio.Task[str] | None = None

    async def ask(self) -> str:
        """What keeps the ledger from storing, '' where nothing does."""
        if time.monotonic() - self._known_at < FRESH:
            return self._error
        if self._asking is None or self._asking.done() or self._asking.get_loop() is not asyncio.get_running_loop():
            self._asking = asyncio.create_task(_try_ledger())
        self._error = await asyncio.shield(self._asking)
        self._known_at = time.monotonic()
        return self._error

    def forget(self) -> None:
        self._known_at = float("-inf")


_READY = Readiness()


async def _try_ledger() -> str:
    try:
        await asyncio.wait_for(asyncio.to_thread(_store_nothing), PATIENCE)
    except (TimeoutError, psycopg.Error, PoolTimeout, HuitouError) as error:
        return type(error).__name__
    return ""


def _store_nothing() -> None:
    with transaction() as connection:
        prove_writable(connection)


async def show_metrics(request: Request) -> Response:
    BACKLOG.set(request.app.state.committer.backlog)
    with contextlib.suppress(TimeoutError, psycopg.Error, PoolTimeout, HuitouError):  # /ready says that
        show_troubles(await asyncio.wait_for(asyncio.to_thread(read_troubles), PATIENCE))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
