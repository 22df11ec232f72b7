"""The edge: what the outside world may call. Thin: parse, call, answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from huitou.edge.answers import answer, refusal, refuse
from huitou.edge.committer import Committer
from huitou.edge.customers import follow_link, unsubscribe_page
from huitou.edge.health import show_health, show_metrics, show_ready
from huitou.edge.ingest import SINGLE, Ingest
from huitou.edge.openapi import show_openapi
from huitou.edge.platforms import take_douyin
from huitou.edge.returned_mail import take_returned_mail
from huitou.edge.write_keys import keep_noting, note
from huitou.kit.errors import HuitouError, Unavailable
from huitou.kit.failures import note_failure

HTTP_WORDS = {
    404: {"zh": "没有这个地址", "en": "no such address"},
    405: {"zh": "这个地址不接受这种请求方法", "en": "this address does not take this method"},
}

# Collectors of other makers, by the path their SDKs call: told plainly, so that nobody searches for a typing error.
OTHER_COLLECTORS = {
    "/batch": "PostHog",
    "/batch/": "PostHog",
    "/capture": "PostHog",
    "/com.snowplowanalytics.snowplow/tp2": "Snowplow",
    "/track": "Mixpanel",
    "/engage": "Mixpanel",
    "/sa": "Sensors Analytics",
    "/ce": "CloudEvents",
    "/mp/collect": "GA4 Measurement Protocol",
}


_FAILED = answer(
    500,
    {
        "success": False,
        "code": "failed",
        "message": {"zh": "服务器出错，已记入日志。", "en": "something went wrong here; it is in the log"},
    },
)


class EdgeApp(Starlette):
    """Starlette, with the paths of ingest called directly; an error of ours is noted and answered."""

    ingest: dict[str, Ingest]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        take = self.ingest.get(scope["path"]) if scope["method"] == "POST" else None
        try:
            if take is not None:
                await take(scope, receive, send)
            else:
                await super().__call__(scope, receive, send)
        except Exception as error:
            note_failure("edge", scope["method"], scope["path"], error)
            if take is not None:  # Starlette has answered by _fail; ingest answers last
                await _FAILED(scope, receive, send)


def make_app(committer: Committer | None = None) -> EdgeApp:
    committer = committer or Committer()
    ingest = {f"/v1/{path}": Ingest(committer) for path in ("batch", "import")}
    ingest |= {f"/v1/{kind}": Ingest(committer, kind) for kind in SINGLE}
    routes = [
        *(Route(path, endpoint, methods=["POST", "OPTIONS"]) for path, endpoint in ingest.items()),
        Route("/in/douyin", take_douyin, methods=["POST"]),
        Route("/in/mail", take_returned_mail, methods=["POST"]),
        Route("/t/{token}", follow_link, methods=["GET"]),  # Starlette adds HEAD
        Route("/u/{token}", unsubscribe_page, methods=["GET", "POST"]),
        Route("/health", show_health),
        Route("/ready", show_ready),
        Route("/metrics", show_metrics),
        Route("/openapi.json", show_openapi),
    ]
    handlers = {HuitouError: refuse, HTTPException: _explain, psycopg.OperationalError: _unavailable, Exception: _fail}
    app = EdgeApp(routes=routes, lifespan=_lifespan, exception_handlers=handlers)  # type: ignore[arg-type]
    app.router.redirect_slashes = False  # it would answer with an address made of the Host header
    app.ingest = ingest
    app.state.committer = committer
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    app.state.committer.start()
    noting = asyncio.create_task(keep_noting())
    yield
    noting.cancel()
    await app.state.committer.stop()
    await asyncio.to_thread(note)


async def _explain(request: Request, error: HTTPException) -> Response:
    """404 and 405 in JSON; a path of another maker's collector says so."""
    maker = OTHER_COLLECTORS.get(request.url.path)
    if error.status_code == 404 and maker:
        text = {
            "zh": f"还不支持 {maker} 的接口；请用 Segment 协议 POST /v1/batch。",
            "en": f"{maker}'s protocol is not supported yet; use the Segment protocol, POST /v1/batch",
        }
        return answer(404, {"success": False, "code": "unsupported_collector", "message": text})
    text = HTTP_WORDS.get(error.status_code, {"zh": "请求无法处理", "en": error.detail})
    return answer(error.status_code, {"success": False, "code": "http", "message": text}, dict(error.headers or {}))


async def _fail(request: Request, error: Exception) -> Response:
    return _FAILED


async def _unavailable(request: Request, error: Exception) -> Response:
    """The ledger went away in the middle: nothing was changed, the same request may succeed later."""
    return refusal(503, Unavailable({"zh": "数据库暂时不可用，请重试。", "en": "the ledger is unavailable; retry"}))
