"""A mail cut into the little that a returned mail is read for, whatever its bytes are.

Anybody can send a mail to the bounce address, and the standard library's parser takes minutes for some and stumbles
over others. Here every step goes over the bytes once, values and depth are bounded, and nothing raises.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

LONGEST_VALUE = 4_000  # bytes of a field; RFC 5322 has 998 a line
MOST_FIELDS = 500  # of one block that are looked at
LARGEST_BLOCK = 64 * 1024  # bytes of a part's fields
MOST_PARTS = 60
DEEPEST = 5  # multiparts in multiparts; a report forwarded by a list is two deep

BLANK_LINE = re.compile(rb"\r?\n\r?\n")
FIELD = re.compile(rb"^([A-Za-z][A-Za-z0-9-]{0,70}):([^\n]*+(?:\n[ \t][^\n]*+)*+)", re.MULTILINE)
PARAMETER = re.compile(
    r""";\s*+([a-z-]{1,40})(?:\*(\d{1,2}))?(\*?)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]++))""", re.IGNORECASE
)
MULTIPART = "multipart/"


class MailPart(NamedTuple):
    """`kind` is the content type, in lower case, `parameters` its parameters; `fields` the headers, the first wins."""

    kind: str
    parameters: dict[str, str]
    fields: dict[str, str]
    body: bytes


def read_part(data: bytes) -> MailPart:
    """A mail, or a part of one: its head and what follows the first blank line."""
    blank = BLANK_LINE.search(data)
    head, body = (data[: blank.start()], data[blank.end() :]) if blank else (data, b"")
    if data[:1] == b"\n" or data[:2] == b"\r\n":  # no head at all
        head, body = b"", data.lstrip(b"\r\n")
    fields: dict[str, str] = {}
    for name, value in read_fields(head):
        fields.setdefault(name, value)
    kind, _, rest = fields.get("content-type", "").partition(";")
    return MailPart(kind.strip().lower(), _parameters(f";{rest}"), fields, body)


def read_fields(block: bytes) -> Iterator[tuple[str, str]]:
    """(name in lower case, value unfolded) of the first fields of a block."""
    for count, found in enumerate(FIELD.finditer(block)):
        if count >= MOST_FIELDS:
            return
        value = found[2][:LONGEST_VALUE].decode("latin-1")
        yield found[1].decode("ascii").lower(), " ".join(value.split())


def find_part(mail: MailPart, kind: str) -> MailPart | None:
    """The first part of that content type, itself included, depth first."""
    waiting = [(mail, 0)]
    seen = 0
    while waiting and seen < MOST_PARTS:
        part, depth = waiting.pop()
        seen += 1
        if part.kind == kind:
            return part
        if part.kind.startswith(MULTIPART) and depth < DEEPEST:
            waiting += [(read_part(inner), depth + 1) for inner in reversed(list(_cut(part)))]
    return None


def content_of(part: MailPart) -> bytes:
    """The beginning of the part's body, decoded as it says; as it is where that fails."""
    said, body = part.fields.get("content-transfer-encoding", "").lower(), part.body[:LARGEST_BLOCK]
    if said == "base64":
        try:
            return base64.b64decode(b"".join(body.split()))
        except (binascii.Error, ValueError):
            return body
    return quopri.decodestring(body) if said == "quoted-printable" else body


def _cut(part: MailPart) -> Iterator[bytes]:
    """The parts between the boundaries; what is not closed goes to the end."""
    boundary = part.parameters.get("boundary", "")[:200].encode("latin-1", "replace")
    if not boundary:
        return
    lines = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$\n?", re.MULTILINE)
    start: int | None = None
    for count, found in enumerate(lines.finditer(part.body)):
        if start is not None:
            yield part.body[start : found.start()]
        start = found.end()
        if found[1] or count >= MOST_PARTS:
            return
    if start is not None:
        yield part.body[start:]


def _parameters(text: str) -> dict[str, str]:
    """Parameters of a Content-Type, also in pieces and percent-coded (RFC 2231)."""
    pieces: dict[str, list[tuple[int, str]]] = {}
    for name, number, is_coded, quoted, plain in PARAMETER.findall(text):
        value = re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
        if is_coded:
            value = unquote(value.rpartition("'")[2] if number in ("", "0") else value, "latin-1")
        pieces.setdefault(name.lower(), []).append((int(number or 0), value))
    return {name: "".join(value for _, value in sorted(parts)) for name, parts in pieces.items()}
