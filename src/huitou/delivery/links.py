"""Tracked links: every address a customer may click becomes {public_url}/t/{token}.

The token is an HMAC of (message, n), so it cannot be guessed (OWASP ASVS 11.5.1: 128 bits or more); the target is
stored beside it and never taken from the query (ASVS 3.7.2), and its host must be one the operator named: in the
campaign's own text, among its `[links] hosts` or, where it lists none, as a product's address; or our own.
"""

from __future__ import annotations

import hmac
import html
import re
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from huitou.kit.errors import NotFound, Rejected
from huitou.kit.settings import secret, settings
from huitou.stores.ledger import Connection

LINKED = re.compile(r"<(?:a|area|v:roundrect)(?=[\s/>])", re.IGNORECASE)
# One attribute as browsers read it (WHATWG HTML § 13.2.5.32-40). Possessive, so that each letter is looked at once;
# without groups, which CPython 3.11 loses in possessive repeats (SystemError).
ATTRIBUTE = re.compile(r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+|(?=>))|(?!\s*+=))""")
ATTRIBUTES = re.compile(rf"(?:[\s/]++|{ATTRIBUTE.pattern})*+>")
SOURCE = re.compile(r"""\s(?:src|background)\s*=\s*["']?\s*([^"'\s>]*)""", re.IGNORECASE)
ABSOLUTE = re.compile(r"""https?://[^\s<>"'{}|\\^`(),。,、；;（）]+""")
LITERAL_HOST = re.compile(r"""https?://([^/\s"'<>{}?#\\@]+)""", re.IGNORECASE)
# What mail programs make a link of by themselves: a scheme, www., a domain with a path, or one with a usual ending. A
# dot alone makes no domain ("Mr.Wang"), and a mail address leads to nobody's page.
SPOKEN_ADDRESS = re.compile(
    r"http|://|www\.|[\w-]\.[^\W\d_]{2,}(?:/|\?\w|:\d)"
    r"|(?<![@\w.-])[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|cn|cc|co|io|top|xyz|vip|shop|site|info|club|link)(?![a-z0-9-])",
    re.IGNORECASE,
)
UNTRACKED = ("mailto:", "tel:", "sms:", "#")
CONTROL = re.compile(r"[\x00-\x20\x7f\\]")
TOKEN_BYTES = 16
KEPT = 4_096  # answers about addresses and names: a campaign's products come again with every message


class LinkRefused(Rejected):
    """A link leads where the operator did not say customers may be led."""

    code = "link_refused"


@dataclass(frozen=True)
class Link:
    token: str
    message: str
    target: str
    product: str


@lru_cache(maxsize=8)
def _key(name: str, data: str) -> bytes:
    return secret(name)


def signing_key(name: str) -> bytes:
    """The installation's secret of that name, read from its file once."""
    return _key(name, str(settings().data))


def link_token(message: str, n: int) -> str:
    """22 characters for the n-th link of this message; the same every time it is rendered."""
    digest = hmac.digest(signing_key("links"), f"{message}\0{n}".encode(), "sha256")
    return urlsafe_b64encode(digest[:TOKEN_BYTES]).rstrip(b"=").decode()


def hosts_in(text: str) -> frozenset[str]:
    """The hosts an operator wrote out in a template; a host that comes from data is not one of them."""
    return frozenset(found.lower().rstrip(".") for found in LITERAL_HOST.findall(text))


@lru_cache(maxsize=KEPT)
def host_of(url: str) -> str:
    """The host of a web address, with its port where it names one. LinkRefused for anything else.

    User parts, backslashes and blanks are how 'https://shop.example@evil' and '//evil' pass for something else.
    """
    try:
        parts = urlsplit(url)
        host = (parts.netloc or "").lower().rstrip(".")
    except ValueError:
        raise _refused(url) from None
    if parts.scheme not in ("http", "https") or not host or "@" in host or CONTROL.search(url):
        raise _refused(url)
    return host


def web_address(url: object, hosts: frozenset[str] | None = None) -> str | None:
    """A product's address as customers can be led to it, the blanks in its path escaped. None where there is no such
    thing (a mini-program's page, an app's deep link, a host without its scheme) or its host is none of `hosts`."""
    return _web_address(url, hosts) if isinstance(url, str) else None


@lru_cache(maxsize=KEPT)
def _web_address(url: str, hosts: frozenset[str] | None) -> str | None:
    escaped = url.strip().replace(" ", "%20")
    try:
        host = host_of(escaped)
    except LinkRefused:
        return None
    return escaped if "%" not in host and (hosts is None or host in hosts) else None


def holds_address(text: object) -> bool:
    """Whether a mail program would make a link of a part of this text."""
    return isinstance(text, str) and _holds_address(text)


@lru_cache(maxsize=KEPT)
def _holds_address(text: str) -> bool:
    return SPOKEN_ADDRESS.search(unicodedata.normalize("NFKC", text)) is not None


def _refused(url: str) -> LinkRefused:
    shown = url[:120]
    return LinkRefused("href", {"zh": f"链接不允许：{shown}", "en": f"this link is not allowed: {shown}"})


@dataclass
class LinkSet:
    """The links of one message as they are met; the same target gets the same token."""

    message: str
    allowed: frozenset[str]
    products: dict[str, str] = field(default_factory=dict)  # target -> product
    found: dict[str, Link] = field(default_factory=dict)

    def track(self, url: str) -> str:
        """The tracked address for a target. LinkRefused unless its host is allowed."""
        public = settings().public_url
        if url.startswith((f"{public}/t/", f"{public}/u/")):
            return url
        if url not in self.found:
            if host_of(url) not in self.allowed:
                raise _refused(url)
            token = link_token(self.message, len(self.found))
            self.found[url] = Link(token, self.message, url, self.products.get(url, ""))
        return f"{public}/t/{self.found[url].token}"


def allow_hosts(written: Iterable[str], product_urls: Iterable[str] = ()) -> frozenset[str]:
    """Hosts a message may lead to: those the campaign wrote, those of these products' addresses, and ours."""
    ours = urlsplit(settings().public_url).netloc.lower()
    return frozenset([*written, *(host_of(url) for url in product_urls if url), ours])


def track_html(page: str, links: LinkSet) -> str:
    """The page with every anchor tracked. LinkRefused for scripts and data in links and pictures, and broken tags."""
    for source in SOURCE.findall(page):
        _check_source(html.unescape(source))
    parts, at = [], 0
    while opening := LINKED.search(page, at):
        attributes = ATTRIBUTES.match(page, opening.end())
        if attributes is None:
            raise _unclosed(page[opening.start() :])
        parts += [page[at : opening.end()], ATTRIBUTE.sub(_tracker(links), attributes[0])]
        at = attributes.end()
    return "".join([*parts, page[at:]])


def _unclosed(rest: str) -> LinkRefused:
    shown = rest[:80]
    return LinkRefused(
        "href", {"zh": f"标签没有闭合，后面的内容都不会显示：{shown}", "en": f"a tag is never closed: {shown}"}
    )


def _check_source(source: str) -> None:
    if source and not source.startswith("cid:"):
        host_of(source)


def _tracker(links: LinkSet) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        name, _, value = match[0].partition("=")
        value = value.strip()
        target = html.unescape(value[1:-1] if value[:1] in ("'", '"') else value).strip()
        if name.strip().lower() != "href" or not target or target.lower().startswith(UNTRACKED):
            return match[0]
        return f'{name}="{html.escape(links.track(target))}"'

    return replace


def track_text(text: str, links: LinkSet) -> str:
    """Plain text with its web addresses tracked, those of hosts that are not allowed left as they are."""

    def replace(match: re.Match[str]) -> str:
        try:
            return links.track(match[0])
        except LinkRefused:
            return match[0]

    return ABSOLUTE.sub(replace, text)


def find_link(connection: Connection, token: str) -> Link:
    """Where a tracked link leads. NotFound for a token nobody was sent."""
    row = connection.execute(
        "SELECT token, message, target, product FROM link WHERE token = %s", (token[:64],)
    ).fetchone()
    if row is None:
        raise NotFound({"zh": "没有这个链接。", "en": "there is no such link"})
    return Link(*row)
