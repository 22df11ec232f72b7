"""GET /health (the process lives), /ready (it can keep what it is sent), /metrics (Prometheus)."""

from __future__ import annotations

import asyncio
import contextlib
import os

import psycopg
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response

from huitou import __version__
from huitou.edge.answers import answer
from huitou.edge.ledger import transaction
from huitou.edge.metrics import BACKLOG, show_troubles
from huitou.flows.health import read_troubles
from huitou.kit.errors import HuitouError

PATIENCE = 1.0  # seconds a probe waits for the ledger


async def show_health(request: Request) -> Response:
    return answer(200, {"status": "ok", "version": __version__, "pid": os.getpid()})


async def show_ready(request: Request) -> Response:
    try:
        await asyncio.wait_for(asyncio.to_thread(_ask_ledger), PATIENCE)
    except (TimeoutError, psycopg.Error, PoolTimeout, HuitouError) as error:
        return answer(503, {"status": "ledger unavailable", "error": type(error).__name__})
    return answer(200, {"status": "ready", "backlog": request.app.state.committer.backlog})


def _ask_ledger() -> None:
    with transaction() as connection:
        connection.execute("SELECT 1")


async def show_metrics(request: Request) -> Response:
    BACKLOG.set(request.app.state.committer.backlog)
    with contextlib.suppress(TimeoutError, psycopg.Error, PoolTimeout, HuitouError):  # /ready says that
        show_troubles(await asyncio.wait_for(asyncio.to_thread(read_troubles), PATIENCE))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
