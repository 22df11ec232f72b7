"""The plain-text twin of an HTML body (RFC 2046 multipart/alternative): what a screen reader or a watch shows."""

from __future__ import annotations

import re
from html import unescape

HIDDEN = frozenset({"style", "script", "head", "title", "template"})
BLOCKS = frozenset(
    {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "tr", "blockquote", "section", "article"}
)
# A tag, or what is never shown: comments (Outlook's [if mso] twins would print everything twice) and declarations.
# Possessive, and no tag reaches over the next '<': what is not closed is given up in one look.
MARKUP = re.compile(r"""<!--.*?-->|<[!?][^>]*+>|<(/?)([a-zA-Z][^\s/<>]*+)((?:[^"'<>]|"[^"]*"|'[^']*')*+)>""", re.DOTALL)
BLANKS = re.compile(r"[ \t\r\n\f]+")
ATTRIBUTE = re.compile(r"""([^\s=/"'>]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


class _TextWriter:
    """Twice as quick as html.parser, which a sender would wait for; what it meets is a mail that was just rendered."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.hidden = ""  # the tag whose inside is not shown
        self.links: list[tuple[str, int]] = []

    def write(self, page: str) -> None:
        at = 0
        for found in MARKUP.finditer(page):
            self.data(page[at : found.start()])
            at = found.end()
            tag = (found[2] or "").lower()
            if self.hidden:
                self.hidden = "" if found[1] and tag == self.hidden else self.hidden
            elif found[1]:
                self.end(tag)
            elif tag:
                self.start(tag, found[3])
        self.data(page[at:])

    def start(self, tag: str, attributes: str) -> None:
        if tag in HIDDEN:
            self.hidden = tag
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "hr":
            self.parts.append("\n\n----\n\n")
        elif tag in BLOCKS:
            self.parts.append("\n\n" if tag != "tr" else "\n")
        elif tag == "img":
            self.parts.append(_attribute(attributes, "alt"))
        elif tag == "a":
            self.links.append((_attribute(attributes, "href"), len(self.parts)))

    def end(self, tag: str) -> None:
        if tag in BLOCKS:
            self.parts.append("\n\n" if tag != "tr" else "\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif tag == "a" and self.links:
            self._close_link(*self.links.pop())

    def _close_link(self, href: str, start: int) -> None:
        shown = "".join(self.parts[start:]).strip()
        if href and not href.startswith("#") and shown != href:
            self.parts.append(f" ( {href} )" if shown else href)  # spaces, or clients link the bracket too

    def data(self, text: str) -> None:
        if text and not self.hidden:
            self.parts.append(BLANKS.sub(" ", unescape(text)))


def _attribute(attributes: str, name: str) -> str:
    for found in ATTRIBUTE.finditer(attributes):
        if found[1].lower() == name:
            return unescape(found[2] or found[3] or found[4] or "")
    return ""


def html_to_text(html: str) -> str:
    """Paragraphs, lists, and links as 'words ( address )'; pictures by their alt; no trailing blanks."""
    writer = _TextWriter()
    writer.write(html)
    text = "".join(writer.parts).replace("\xa0", " ")
    lines = [line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
