"""From a content and one person's data to the message they will read: subject, HTML, plain text, tracked links.

What a template may use: customer, broadcast, product, products, offer, campaign, sender (name, postal_address), link
(to the product), unsubscribe, language. Values are those kept in the message's context when it was decided. A body
that begins with <mjml> is a whole mail; any other body is set into the shipped layout. Templates are parsed once per
content.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from liquid import BoundTemplate

from huitou.delivery.brand import Brand, is_marked
from huitou.delivery.html_text import html_to_text
from huitou.delivery.layout import WORDS, fill_layout, to_html
from huitou.delivery.links import (
    Link,
    LinkSet,
    allow_hosts,
    holds_address,
    hosts_in,
    track_html,
    track_text,
    web_address,
)
from huitou.delivery.templating import (
    ABSENT,
    MissingVariable,
    TemplateRefused,
    compile_template,
    present,
    render_template,
)
from huitou.delivery.unsubscribe import unsubscribe_url
from huitou.kit.clock import to_datetime
from huitou.kit.money import format_money

LARGEST_SUBJECT = 250  # characters; a longer one is a template gone wrong
LINK_ADDRESS = re.compile(r" \( https?://[^ ]+ \)|https?://[^ ]+")
UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
PREVIEW = 90  # characters of the inbox's grey line


@dataclass(frozen=True)
class ParsedContent:
    """A parsed content: its templates (`text` is None where the plain part is made from the body), the hosts its
    author wrote out or listed, and whether any were listed: then a product's address may lead to no other."""

    subject: BoundTemplate | None
    body: BoundTemplate
    text: BoundTemplate | None
    is_html: bool
    is_mjml: bool
    hosts: frozenset[str]
    listed: bool


@dataclass(frozen=True)
class Rendered:
    """`html` is '' for channels that send text alone."""

    subject: str
    html: str
    text: str
    links: tuple[Link, ...]


@lru_cache(maxsize=256)
def compile_content(
    subject: str, body: str, text: str = "", *, is_html: bool = True, hosts: tuple[str, ...] = ()
) -> ParsedContent:
    """Parse a content once. TemplateRefused names the part that is wrong."""
    return ParsedContent(
        subject=compile_template(subject, "subject", html=False) if subject else None,
        body=compile_template(body, "body", html=is_html),
        text=compile_template(text, "text", html=False) if text else None,
        is_html=is_html,
        is_mjml=is_html and body.lstrip().startswith("<mjml"),
        hosts=hosts_in(subject) | hosts_in(body) | hosts_in(text) | frozenset(host.lower() for host in hosts),
        listed=bool(hosts),
    )


def render(content: ParsedContent, message: str, context: Mapping[str, Any], brand: Brand) -> Rendered:
    """The message as this person will read it.

    Raises MissingVariable, TemplateRefused or LinkRefused; all of them mean: do not send.
    """
    values = template_values(message, context, brand, allow_hosts(content.hosts) if content.listed else None)
    links = LinkSet(
        message,
        allow_hosts(content.hosts, [product.get("url", "") for product in values["products"]]),
        {product["url"]: product.get("id", "") for product in values["products"] if product.get("url")},
    )
    if values.get("link"):
        values["link"] = links.track(values["link"])
    subject = _render_subject(content, values, brand)
    if not content.is_html:
        text = track_text(render_template(content.body, "body", values).strip(), links)
        return Rendered(subject, "", text, tuple(links.found.values()))
    page, text = _render_mail(content, {**values, "subject": subject}, links, brand)
    if content.text is not None:
        text = track_text(render_template(content.text, "text", values).strip() + "\n", links)
    return Rendered(subject, page, text, tuple(links.found.values()))


def template_values(
    message: str, context: Mapping[str, Any], brand: Brand, hosts: frozenset[str] | None = None
) -> dict[str, Any]:
    """The names a template may use, from the context that was kept when the message was decided.

    What is not there is left out, so that a condition on it is false and printing it is refused; so is a product's
    address that is no web address, or on none of the `hosts` (None: any). Left out as well is a name or a title with
    a web address in it: anybody may say that it is a customer's, and mail programs make a link of it.
    """
    language = "en" if context.get("language") == "en" else "zh"
    currency = str(context.get("currency") or "CNY")
    products = [_view_product(product, currency, hosts) for product in context.get("products") or [] if product]
    first = context.get("product")
    product = _view_product(first, currency, hosts) if first else (products[0] if products else {})
    if product and not products:
        products = [product]
    offer = _view_offer(context.get("offer"), str(context.get("timezone") or "Asia/Shanghai"), language)
    if offer is not ABSENT and "offer_price_minor" in offer and _is_priced_in(product, currency):
        product = {**product, "offer_price": format_money(int(offer["offer_price_minor"]), currency)}
    leave = unsubscribe_url(message)
    values: dict[str, Any] = present(
        {
            **context,
            "customer": _without_addresses(context.get("customer") or {}) or None,
            "broadcast": _without_addresses(context.get("broadcast") or {}, "title") or None,
            "product": product or None,
            "link": context.get("link") or product.get("url"),
            "why": context.get("why") or WORDS[language]["came" if context.get("broadcast") else "agreed"],
            "sender": {"name": brand.name, "postal_address": brand.address, "reply_to": brand.reply_to},
        }
    )
    return values | {
        "products": products, "offer": offer, "language": language, "unsubscribe": leave, "unsubscribe_url": leave,
    }  # fmt: skip


def _is_priced_in(product: Mapping[str, Any], currency: str) -> bool:
    """Whether a price in that currency is known: what an offer leaves of a guessed price is no price."""
    return "price" in product and str(product.get("currency") or currency) == currency


def _without_addresses(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The fields, but of those named (none: of all) only what holds no web address. Control characters become blanks:
    in a mail they mean nothing, and a page with them cannot be read."""
    kept = {name: value for name, value in fields.items() if (names and name not in names) or not holds_address(value)}
    return {name: UNREADABLE.sub(" ", value) if isinstance(value, str) else value for name, value in kept.items()}


def _view_product(product: Mapping[str, Any], currency: str, hosts: frozenset[str] | None) -> dict[str, Any]:
    """A product with its price in words; '' and None left out, and an address that customers may not be led to."""
    view = _without_addresses(product, "name", "category")
    view["url"] = web_address(view.get("url"), hosts)
    price = view.get("price_minor", view.get("price"))
    if isinstance(price, int) and not isinstance(price, bool):
        view["price"] = format_money(price, str(view.get("currency") or currency))
    view["picture"] = web_address(view.get("picture") or view.get("image") or view.get("image_url"))
    cleaned: dict[str, Any] = present(view)
    return cleaned


def _view_offer(offer: Any, zone: str, language: str) -> Any:
    if not isinstance(offer, Mapping) or not offer or offer.get("name") == "none":
        return ABSENT
    view = dict(offer)
    text = view.get("text")
    if isinstance(text, Mapping):
        view["text"] = text.get(language) or next(iter(text.values()), "")
    expires = view.get("expires_at")
    if isinstance(expires, int):
        view["expires"] = to_datetime(expires, zone).strftime("%Y-%m-%d %H:%M")
    return present(view)


def preview_line(text: str) -> str:
    """The grey line beside the subject in an inbox: the first words, without addresses."""
    return " ".join(LINK_ADDRESS.sub("", text).split())[:PREVIEW]


def _render_subject(content: ParsedContent, values: Mapping[str, Any], brand: Brand) -> str:
    if content.subject is None:
        return ""
    subject = " ".join(render_template(content.subject, "subject", values).split())
    if not subject:
        raise MissingVariable("subject", {"zh": "标题是空的", "en": "the subject is empty"})
    if len(subject) > LARGEST_SUBJECT:
        raise TemplateRefused("subject", {"zh": "标题太长", "en": f"the subject is over {LARGEST_SUBJECT} characters"})
    mark = brand.marks.get(values["language"], "")
    return subject if subject.startswith(mark) or (mark and is_marked(subject)) else f"{mark}{subject}"


def _render_mail(content: ParsedContent, values: Mapping[str, Any], links: LinkSet, brand: Brand) -> tuple[str, str]:
    body = render_template(content.body, "body", values)
    if content.is_mjml:
        page = track_html(to_html(body, "body"), links)
        return page, html_to_text(page)
    if not body.strip():
        raise MissingVariable("body", {"zh": "正文是空的", "en": "the body is empty"})
    body = track_html(body, links)
    words = html_to_text(body)
    product, offer = values.get("product") or {}, values["offer"]
    filled = {slot: str(values.get(slot) or "") for slot in ("subject", "link", "unsubscribe_url", "why")}
    filled |= {
        "content": body,
        "content.text": words,
        "preview": preview_line(words),
    }
    filled |= {f"product.{part}": str(product.get(part) or "") for part in ("name", "price", "offer_price", "picture")}
    filled |= {f"offer.{part}": str(offer.get(part) or "") for part in ("text", "code", "expires")}
    return fill_layout(values["language"], brand, filled)
