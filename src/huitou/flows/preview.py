"""Looking at a campaign's message before anything goes: as a chosen customer will get it, or an example of each kind.

The context is that of the queued message where there is one, else of a plan made as if nothing stood in the way, else made
up; the rendering is the one that sends (delivery.compose). Its links are of no stored message: nothing counts a click,
nobody is unsubscribed.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, replace
from email.utils import formataddr, parseaddr
from html import unescape
from typing import Any

from huitou.campaigns.definition import STAGES, Campaign
from huitou.campaigns.versions import load_campaign
from huitou.catalog.broadcasts import find_broadcast, list_broadcasts
from huitou.decisions.as_if import decide_as_if
from huitou.delivery.brand import read_brand
from huitou.delivery.compose import render_message
from huitou.delivery.contexts import write_contexts
from huitou.delivery.outbox import Message
from huitou.delivery.render import Rendered, preview_line
from huitou.delivery.trial import Trial, send_trial
from huitou.delivery.unsubscribe import unsubscribe_url
from huitou.flows.tables import open_tables
from huitou.flows.telling import tell
from huitou.kit import clock
from huitou.kit.errors import HuitouError, NotFound, Refused
from huitou.kit.settings import settings
from huitou.kit.text import Text
from huitou.stores.ledger import transaction

NUMBER = "preview"  # of the message that never is
KINDS = ("looked", "watched", "best_seller", "no_name", "en")
MARKS = {"zh": "【测试】", "en": "[Test]"}
PREHEADER = re.compile(r"<body[^>]*>\s*<div style=\"display:none[^>]*>([^<]*)</div>")
UNWRITTEN = ("planned", "retry", "claimed")

QUEUED = """
SELECT m.step, m.channel, m.offer, m.context, m.send_at, m.state, m.campaign_version
FROM message m LEFT JOIN customer c ON c.id = m.customer
WHERE m.campaign = %s AND m.occurrence = %s AND coalesce(c.merged_into, m.customer) = %s
ORDER BY m.step
"""


@dataclass(frozen=True)
class Wanted:
    """What to look at. `customer` '' takes an example of `kind` (one of KINDS; '' the first that comes); `channel`,
    `offer`, `stage`, `language` '' leave it as decided, `step` 0 the first message that has not gone."""

    broadcast: str = ""
    customer: str = ""
    kind: str = ""
    channel: str = ""
    offer: str = ""
    stage: str = ""
    language: str = ""
    step: int = 0


@dataclass(frozen=True)
class Preview:
    """`source`: queued (it will go like this), as_if (nothing is decided yet), made_up (no such customer is known).
    `rendered` is None where no message can be made, for which `problem` is the reason."""

    source: str
    customer: str
    name: str
    channel: str
    language: str
    stage: str
    offer: str
    product: str
    why: str
    step: int
    steps: tuple[int, ...]
    send_at: int | None
    rendered: Rendered | None
    preview_line: str
    problem: Text | None


def preview_message(campaign: Campaign, wanted: Wanted) -> Preview:
    """NotFound for an unknown broadcast, or somebody the broadcast has nothing to write to about."""
    channel = _channel_of(campaign, wanted.channel)
    queued = _queued(campaign, wanted, wanted.customer, channel)
    if queued:
        return _look_at_queued(campaign, queued, wanted, wanted.customer)
    offer = wanted.offer if wanted.offer in [one.name for one in campaign.offers] else campaign.offers[0].name
    customer, context, source = _example(campaign, wanted, channel, offer)
    queued = _queued(campaign, wanted, customer, channel)
    if queued:
        return _look_at_queued(campaign, queued, wanted, customer)
    message = _message(campaign, context, channel, _due(campaign, wanted, context), offer, 1)
    return _look(campaign, message, wanted, source, customer, ())


def _look_at_queued(campaign: Campaign, queued: list[dict[str, Any]], wanted: Wanted, customer: str) -> Preview:
    row = _step_of(queued, wanted.step)
    campaign = _planned_by(campaign, row["campaign_version"])
    message = _message(campaign, row["context"], row["channel"], row["send_at"], row["offer"], row["step"])
    return _look(campaign, message, wanted, "queued", customer, tuple(one["step"] for one in queued))


def last_broadcast() -> str:
    """The one that ended last; '' where there is none."""
    with open_tables() as engine:
        ended = [one for one in list_broadcasts(engine) if one.ended_at is not None]
    return max(ended, key=lambda one: (one.ended_at or 0, one.broadcast)).broadcast if ended else ""


def _channel_of(campaign: Campaign, name: str) -> str:
    return (
        name
        if name in campaign.content and name in [one.name for one in campaign.channels]
        else campaign.channels[0].name
    )


def _queued(campaign: Campaign, wanted: Wanted, customer: str, channel: str) -> list[dict[str, Any]]:
    """This person's messages of the campaign and broadcast, on the channel where one was asked for."""
    if not (customer and wanted.broadcast) or wanted.offer:
        return []
    with transaction() as connection:
        cursor = connection.execute(QUEUED, (campaign.name, wanted.broadcast, customer))
        names = [column.name for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [row for row in rows if not wanted.channel or row["channel"] == channel]


def _planned_by(campaign: Campaign, version: int) -> Campaign:
    """A queued message keeps the words of the version that planned it; a draft (version 0) is looked at with its own."""
    if campaign.version in (0, version):
        return campaign
    with transaction() as connection:
        return load_campaign(connection, campaign.name, version)


def _step_of(rows: list[dict[str, Any]], step: int) -> dict[str, Any]:
    by_step = {row["step"]: row for row in rows}
    return by_step.get(step) or next((row for row in rows if row["state"] in UNWRITTEN), rows[0])


def _example(campaign: Campaign, wanted: Wanted, channel: str, offer: str) -> tuple[str, dict[str, Any], str]:
    """(customer, context, source) of the person asked for, or of an example."""
    if not wanted.broadcast:
        return "", made_up(campaign, wanted, offer), "made_up"
    contexts = _contexts_as_if(wanted, campaign, channel, offer)
    if wanted.customer and wanted.customer not in contexts:
        raise NotFound(
            {
                "zh": f"这位客户不在场次 {wanted.broadcast} 的未下单观众里：没有看过这一场，或者在这一场下了单，或者商品都已售罄。",
                "en": f"this customer is none of those who watched {wanted.broadcast} and did not order in it, or all of it"
                " is sold out",
            }
        )
    found = next(((who, told) for who, told in sorted(contexts.items()) if is_of_kind(told, wanted.kind)), None)
    return (*found, "as_if") if found else ("", made_up(campaign, wanted, offer), "made_up")


def _contexts_as_if(wanted: Wanted, campaign: Campaign, channel: str, offer: str) -> dict[str, dict[str, Any]]:
    """{customer: context of a message}, of the one asked for, else of some of the broadcast's non-buyers."""
    now, people = clock.now_us(), [wanted.customer] if wanted.customer else None
    sends, chosen = decide_as_if(wanted.broadcast, campaign, channel, offer, now, people)
    with open_tables() as engine:
        told = tell(engine, find_broadcast(engine, wanted.broadcast, now), sends, None, now)
    texts = write_contexts(sends, chosen, told).to_pylist()
    return {who: json.loads(text) for who, text in zip(sends.column("customer").to_pylist(), texts, strict=True)}


def is_of_kind(context: dict[str, Any], kind: str) -> bool:
    first = (context.get("products") or [{}])[0]
    return {
        "looked": first.get("why") in ("carted", "clicked"),
        "watched": first.get("why") == "watched",
        "best_seller": first.get("why") == "best_seller",
        "no_name": not (context.get("customer") or {}).get("name"),
        "en": context.get("language") == "en",
    }.get(kind, True)


def made_up(campaign: Campaign, wanted: Wanted, offer: str) -> dict[str, Any]:
    """A context of nobody, for a campaign that no broadcast has an example for yet."""
    language = "en" if wanted.kind == "en" or wanted.language == "en" else "zh"
    said = {"zh": ("示例客户", "示例场次", "示例商品"), "en": ("Sample customer", "Sample broadcast", "Sample product")}
    name, title, product = said[language]
    now = clock.now_us()
    chosen = campaign.offer(offer)
    context: dict[str, Any] = {
        "language": language,
        "currency": campaign.currency,
        "timezone": campaign.timezone,
        "customer": {} if wanted.kind == "no_name" else {"name": name},
        "broadcast": {"id": wanted.broadcast or "example", "title": title, "started_at": now - 2 * clock.HOUR, "ended_at": now},
        "products": [
            {
                "id": "example", "name": product, "price_minor": 19_900, "currency": campaign.currency,
                "url": f"https://{next(iter(campaign.link_hosts), 'example.com')}/product", "in_stock": True,
                "why": {"watched": "watched", "best_seller": "best_seller"}.get(wanted.kind, "clicked"),
            }
        ],
    }  # fmt: skip
    if not chosen.is_none:
        text = {one: chosen.text(one, campaign.currency) for one in MARKS}
        ends = now + round((chosen.expires_hours or campaign.window_hours) * clock.HOUR)
        context["offer"] = {"name": chosen.name, "kind": chosen.kind, "text": text, "expires_at": ends}
    return context


def _due(campaign: Campaign, wanted: Wanted, context: dict[str, Any]) -> int:
    """A moment of the stage asked for, the first one where none was."""
    context["stage"] = (
        wanted.stage if wanted.stage in STAGES else min(campaign.stages, key=lambda one: campaign.stages[one])
    )
    return int(context["broadcast"]["ended_at"] + campaign.stages[context["stage"]] * clock.HOUR)


def _message(campaign: Campaign, context: dict[str, Any], channel: str, send_at: int, offer: str, step: int) -> Message:
    return Message(
        id=NUMBER, customer="", root="", campaign=campaign.name, campaign_version=campaign.version,
        occurrence=str((context.get("broadcast") or {}).get("id", "")), step=step, channel=channel, offer=offer,
        context=context, stop_since=0, send_at=send_at, expires_at=0, attempts=0, fence=0, address="", nodes=(),
    )  # fmt: skip


def _look(
    campaign: Campaign, message: Message, wanted: Wanted, source: str, customer: str, steps: tuple[int, ...]
) -> Preview:
    context = dict(message.context)
    if wanted.language:
        context["language"] = wanted.language
    elif wanted.kind == "en" and source == "made_up":
        context["language"] = "en"
    if wanted.stage in STAGES:
        context["stage"] = wanted.stage
    message = replace(message, context=context)
    rendered, problem = _try(campaign, message)
    product = (context.get("products") or [context.get("product") or {}])[0] or {}
    return Preview(
        source=source,
        customer=customer,
        name=(context.get("customer") or {}).get("name") or "",
        channel=message.channel,
        language="en" if context.get("language") == "en" else "zh",
        stage=str(context.get("stage") or campaign.stage_at(0)),
        offer=message.offer or "none",
        product=product.get("name") or product.get("id") or "",
        why=product.get("why") or "",
        step=message.step,
        steps=steps,
        send_at=message.send_at if source == "queued" else None,
        rendered=rendered,
        preview_line=_inbox_line(rendered) if rendered else "",
        problem=problem,
    )


def _try(campaign: Campaign, message: Message) -> tuple[Rendered | None, Text | None]:
    try:
        return without_live_links(render_message(message, campaign, read_brand(campaign.sender))), None
    except HuitouError as error:
        return None, error.message


def _inbox_line(rendered: Rendered) -> str:
    """What an inbox shows beside the subject: the mail's hidden first line, else its first words."""
    hidden = PREHEADER.search(rendered.html)
    return unescape(hidden[1]).strip() if hidden else preview_line(rendered.text)


def without_live_links(rendered: Rendered) -> Rendered:
    """Links lead where they will lead, past the counting; the way to unsubscribe leads nowhere: there is nobody to leave."""
    html, text = rendered.html, rendered.text
    for link in rendered.links:
        tracked = f"{settings().public_url}/t/{link.token}"
        html, text = html.replace(tracked, _escaped(link.target)), text.replace(tracked, link.target)
    leave = re.compile(re.escape(unsubscribe_url(NUMBER)))
    return replace(rendered, html=leave.sub("#", html), text=leave.sub("#", text))


def _escaped(address: str) -> str:
    return address.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def try_on(campaign: Campaign, preview: Preview, to: str) -> Trial:
    """Send what was looked at to an address of one's own, marked as a test: in no outbox, in no cap, counted nowhere.

    Refused where it is no mail, could not be made, or no mail server is set.
    """
    if preview.channel != "email" or preview.rendered is None:
        raise Refused(preview.problem or {"zh": "只有邮件可以试发。", "en": "only mails can be tried out"})
    if not settings().smtp_url:
        raise Refused(
            {"zh": "还没有设置邮件服务器（HUITOU_SMTP_URL）。", "en": "no mail server is set (HUITOU_SMTP_URL)"},
            code="no_smtp",
        )
    mail, brand = preview.rendered, read_brand(campaign.sender)
    name, address = parseaddr(settings().mail_from)
    return asyncio.run(
        send_trial(
            to,
            f"{MARKS[preview.language]} {mail.subject}",
            mail.html,
            mail.text,
            smtp_url=settings().smtp_url or "",
            mail_from=formataddr((brand.from_name or name or brand.name, brand.sender or address)),
            reply_to=brand.reply_to,
        )
    )
