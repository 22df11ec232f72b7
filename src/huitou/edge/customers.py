"""What customers meet: tracked links and the unsubscribe page. No cookie, no address of theirs is kept."""

from __future__ import annotations

import asyncio
import html

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from huitou.delivery.links import Link, find_link
from huitou.delivery.receipts import record_click
from huitou.delivery.unsubscribe import read_token, unsubscribe
from huitou.edge.ledger import transaction
from huitou.edge.metrics import CLICKS, UNSUBSCRIBES
from huitou.kit.errors import NotFound
from huitou.kit.text import say

PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex"}

WORDS = {
    "ask": {"zh": "不再接收这类消息？", "en": "Stop receiving these messages?"},
    "why": {
        "zh": "点一下即可退订，立即生效；已经排队的消息也会取消。",
        "en": "One click is enough. It takes effect at once, also for messages already queued.",
    },
    "button": {"zh": "退订", "en": "Unsubscribe"},
    "done": {"zh": "已退订", "en": "You are unsubscribed"},
    "sorry": {"zh": "我们不会再给你发送这类消息。", "en": "We will not send you these messages again."},
    "gone": {"zh": "链接无效或已过期", "en": "This link is not valid"},
    "mail": {
        "zh": "请从邮件里重新打开，或回复该邮件。",
        "en": "Please open it again from the message, or reply to it.",
    },
}


async def follow_link(request: Request) -> Response:
    """GET /t/<token>: 302 to the stored target; the click is journalled. HEAD and prefetch leave no trace."""
    link = await asyncio.to_thread(_find, request.path_params["token"])
    if link is None:
        return _page(request, "gone", "mail", status=404)
    if request.method == "GET" and request.headers.get("purpose", request.headers.get("sec-purpose", "")) == "":
        await asyncio.to_thread(_record, link)
        CLICKS.inc()
    return RedirectResponse(link.target, 302, headers=PRIVATE)


def _find(token: str) -> Link | None:
    if not (token.isascii() and token.isprintable()):  # PostgreSQL has no U+0000
        return None
    with transaction() as connection:
        try:
            return find_link(connection, token)
        except NotFound:
            return None


def _record(link: Link) -> None:
    with transaction() as connection:
        record_click(connection, link)


async def unsubscribe_page(request: Request) -> Response:
    """/u/<token>: looking asks, POST does it."""
    return await (take_unsubscribe(request) if request.method == "POST" else show_unsubscribe(request))


async def show_unsubscribe(request: Request) -> Response:
    """GET /u/<token>: asks. Link scanners open every address, so looking never unsubscribes."""
    try:
        read_token(request.path_params["token"])
    except NotFound:
        return _page(request, "gone", "mail", status=404)
    return _page(request, "ask", "why", form=True)


async def take_unsubscribe(request: Request) -> Response:
    """POST /u/<token> (RFC 8058 one-click, or the page's button): done when this answers 200. Twice is once."""
    try:
        await asyncio.to_thread(_unsubscribe, request.path_params["token"])
    except NotFound:
        return _page(request, "gone", "mail", status=404)
    UNSUBSCRIBES.inc()
    return _page(request, "done", "sorry")


def _unsubscribe(token: str) -> None:
    with transaction() as connection:
        unsubscribe(connection, token)


def _page(request: Request, title: str, text: str, *, form: bool = False, status: int = 200) -> Response:
    language = "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"

    def words(key: str) -> str:
        return html.escape(say(WORDS[key], language))

    button = f'<form method="post"><button>{words("button")}</button></form>' if form else ""
    page = PAGE.format(lang="zh-Hans" if language == "zh" else "en", title=words(title), text=words(text), form=button)
    policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    return HTMLResponse(page, status, {**PRIVATE, "content-security-policy": policy})


PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title><style>
:root{{color-scheme:light dark}}
body{{font:17px/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:0;min-height:100vh;
display:grid;place-items:center;background:light-dark(#f6f4f0,#181614);color:light-dark(#2b2622,#eee)}}
main{{max-width:26rem;margin:1rem;padding:2.5rem 2rem;border-radius:14px;text-align:center;
background:light-dark(#fff,#232020);box-shadow:0 1px 3px rgb(0 0 0/.12)}}
h1{{font-size:1.4rem;margin:0 0 .6rem}}p{{margin:0 0 1.6rem;opacity:.8}}
button{{font:inherit;font-weight:600;padding:.7rem 2.2rem;border:0;border-radius:8px;background:#b4412f;color:#fff;cursor:pointer}}
</style></head><body><main><h1>{title}</h1><p>{text}</p>{form}</main></body></html>"""
