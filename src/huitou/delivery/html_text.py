"""The plain-text twin of an HTML body (RFC 2046 multipart/alternative): what a screen reader or a watch shows."""

from __future__ import annotations

import re
from html.parser import HTMLParser

HIDDEN = frozenset({"style", "script", "head", "title", "template"})
BLOCKS = frozenset(
    {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "tr", "blockquote", "section", "article"}
)
CONDITIONAL = re.compile(r"<!--.*?-->", re.DOTALL)  # Outlook's [if mso] twins would print everything twice


class _TextWriter(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0
        self.links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self.hidden += 1
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "hr":
            self.parts.append("\n\n----\n\n")
        elif tag in BLOCKS:
            self.parts.append("\n\n" if tag != "tr" else "\n")
        elif tag == "img":
            self.parts.append(dict(attrs).get("alt") or "")
        elif tag == "a":
            self.links.append((dict(attrs).get("href") or "", len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in BLOCKS:
            self.parts.append("\n\n" if tag != "tr" else "\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif tag == "a" and self.links:
            self._close_link(*self.links.pop())

    def _close_link(self, href: str, start: int) -> None:
        shown = "".join(self.parts[start:]).strip()
        if href and not href.startswith("#") and shown != href:
            self.parts.append(f" ( {href} )" if shown else href)  # spaces, or clients link the bracket too

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(re.sub(r"[ \t\r\n\f]+", " ", data))


def html_to_text(html: str) -> str:
    """Paragraphs, lists, and links as 'words ( address )'; pictures by their alt; no trailing blanks."""
    writer = _TextWriter()
    writer.feed(CONDITIONAL.sub("", html))
    writer.close()
    text = "".join(writer.parts).replace("\xa0", " ")
    lines = [line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
