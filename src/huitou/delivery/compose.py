"""From a claimed message to what a channel sends: its campaign's words for this person, rendered, and the guard's rules.

Campaign versions never change, so each is read once for as long as a sender runs.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from huitou.campaigns.content import choose_language, choose_words
from huitou.campaigns.definition import Campaign
from huitou.campaigns.versions import load_campaign, newest_versions
from huitou.delivery.brand import Brand, read_brand
from huitou.delivery.channels.base import Outgoing
from huitou.delivery.guard import GuardRules, rules_for
from huitou.delivery.outbox import Message, query
from huitou.delivery.render import ParsedContent, Rendered, compile_content, render
from huitou.delivery.unsubscribe import unsubscribe_url
from huitou.kit.clock import HOUR
from huitou.kit.errors import HuitouError, NotFound, Refused
from huitou.stores.ledger import Connection

HTML_CHANNELS = frozenset({"email"})
# Stock is known as of when a message was queued, and runs out while it waits. Reading the lake for each message would cost
# the sender its speed; so what was counted longer ago is not claimed any more, and the words do without it.
STOCK_HOLDS = 24 * HOUR
BODY_LEVEL = 1  # of zlib: a mail shrinks to a fifth in 0.1 ms


@dataclass(frozen=True, slots=True)
class Unrenderable:
    """Why this message must not go."""

    reason: str


class Campaigns:
    """The campaigns a sender meets, read once, with what is derived from them; which version is the newest, each time."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[Campaign, Brand] | None] = {}
        self._newest: dict[str, int] = {}

    def load(self, connection: Connection, messages: Sequence[Message]) -> None:
        """Read those of these messages that are not known yet."""
        names = {message.campaign for message in messages}
        self._newest |= newest_versions(connection, names)
        wanted = {(message.campaign, message.campaign_version) for message in messages}
        wanted |= {(name, self._newest[name]) for name in names & self._newest.keys()}
        for key in wanted - self._known.keys():
            try:
                campaign = load_campaign(connection, *key)
            except (NotFound, Refused):
                self._known[key] = None
            else:
                self._known[key] = (campaign, read_brand(campaign.sender))

    def of(self, message: Message) -> tuple[Campaign, Brand] | None:
        return self._known.get((message.campaign, message.campaign_version))

    def rules(self, message: Message, now: int, *, has_channel: bool = True) -> GuardRules:
        found = self.of(message)
        if found is None:
            return GuardRules(has_channel=has_channel)
        newest = self._known.get((message.campaign, self._newest[message.campaign])) or found
        return rules_for(message, found[0], newest[0], now, has_channel=has_channel)


def compose(message: Message, campaigns: Campaigns, now: int) -> Outgoing | Unrenderable:
    """The message as its channel will send it, or why it cannot be made."""
    found = campaigns.of(message)
    if found is None:
        return Unrenderable("no_campaign")
    campaign, brand = found
    try:
        rendered = render_message(_with_claims_of(message, now), campaign, brand)
    except HuitouError as error:
        return Unrenderable(f"{error.code}: {error}"[:300])
    return Outgoing(
        message=message.id,
        address=message.address,
        campaign=message.campaign,
        occurrence=message.occurrence,
        rendered=rendered,
        unsubscribe_url=unsubscribe_url(message.id),
        brand=brand,
        sent_at=now,
    )


def _with_claims_of(message: Message, now: int) -> Message:
    """The message as it may speak at `now`: of stock only while that is fresh."""
    if message.queued_at is None or now - message.queued_at <= STOCK_HOLDS:
        return message
    context = dict(message.context)
    if isinstance(context.get("product"), Mapping):
        context["product"] = _without_stock(context["product"])
    context["products"] = [_without_stock(one) for one in context.get("products") or [] if one]
    return replace(message, context=context)


def _without_stock(product: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in product.items() if name != "in_stock"}


def render_message(message: Message, campaign: Campaign, brand: Brand) -> Rendered:
    """The message in the campaign's words, as its reader will get it. Raises what `render` does; Refused without words
    for its channel."""
    content, language = content_for(message, campaign)
    context = {**message.context, "language": language, "campaign": {"name": message.campaign}}
    return render(content, message.id, context, brand)


def content_for(message: Message, campaign: Campaign) -> tuple[ParsedContent, str]:
    """The campaign's words for this channel, this person's language and the stage the message falls into."""
    if message.channel not in campaign.content:
        raise Refused(
            {
                "zh": f"活动里没有渠道 {message.channel} 的内容",
                "en": f"the campaign has no words for {message.channel}",
            },
            code="no_content",
        )
    wanted = message.context.get("language")
    stage = message.context.get("stage") or campaign.stage_at(_hours_after(message))
    language = choose_language(campaign, message.channel, wanted)
    words = choose_words(campaign, message.channel, language, stage)
    content = compile_content(
        words.subject or "",
        words.body,
        words.text or "",
        is_html=message.channel in HTML_CHANNELS,
        hosts=campaign.link_hosts,
    )
    return content, language


def _hours_after(message: Message) -> float:
    broadcast: Any = message.context.get("broadcast") or {}
    ended = broadcast.get("ended_at")
    return max(0.0, (message.send_at - ended) / HOUR) if isinstance(ended, int) else 0.0


def keep_bodies(connection: Connection, mails: Sequence[Outgoing]) -> None:
    """Store what each customer will see, and where their links lead: in the transaction that makes the messages final."""
    if not mails:
        return
    links = [link for mail in mails for link in mail.rendered.links]
    connection.execute(
        query("keep_bodies"),
        {
            "messages": [mail.message for mail in mails],
            "bodies": [pack_body(mail) for mail in mails],
            "tokens": [link.token for link in links],
            "owners": [link.message for link in links],
            "targets": [link.target for link in links],
            "products": [link.product for link in links],
        },
    )


def pack_body(mail: Outgoing) -> bytes:
    rendered = mail.rendered
    headers = {"To": mail.address, "List-Unsubscribe": mail.unsubscribe_url}
    kept = {"subject": rendered.subject, "html": rendered.html, "text": rendered.text, "headers": headers}
    try:
        data = msgspec.json.encode(kept)
    except UnicodeEncodeError:  # half a surrogate pair
        data = json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace")
    return zlib.compress(data, BODY_LEVEL)


def read_body(connection: Connection, message: str) -> dict[str, Any]:
    """{subject, html, text, headers} as the customer saw it. NotFound where it was never rendered."""
    row = connection.execute("SELECT body FROM message_body WHERE message = %s", (message,)).fetchone()
    if row is None:
        raise NotFound({"zh": f"消息 {message} 没有正文。", "en": f"message {message} has no body"})
    body: dict[str, Any] = json.loads(zlib.decompress(row[0]))
    return body
