"""Where one JSON value ends and the next begins, in texts that are not quite NDJSON and not quite one document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

MOST_OPENED = 100  # arrays that are never closed; a text of nothing but brackets is no file of events
MOST_DEEP = 100  # values nested too deep to be read; finding that out of each takes long
_decoder = json.JSONDecoder()
_between = re.compile(r"[\s,\]]*")


def readings(line: str) -> Iterator[str]:
    """What a line may be: a value, else items of an array whose commas and brackets are on this or other lines."""
    yield line
    bare = line.strip().removesuffix(",").rstrip()
    if bare[:1] in ("{", "["):
        yield bare
        yield from (opening + bare + closing for opening, closing in (("[", "]"), ("", "]"), ("[", "")))


def is_bracket(line: str) -> bool:
    """Whether the line only opens or closes an array."""
    return line[:1] != "{" and line.strip().rstrip(",") in ("[", "]", "")


class _Uncounted(str):
    """A text whose decoder, where it fails, counts no lines: for each failure it would count from the beginning anew."""

    __slots__ = ()

    def count(self, *_: object) -> int:
        return 0


def split_values(text: str) -> Iterator[tuple[int, str]]:
    """(line number, text) of the values that stand one after another, or in an array that is never closed.

    What is no value reaches to the next line that begins as its own does; after very many that are nested too deep the
    rest is one.
    """
    uncounted, deep = _Uncounted(text), list[int]()
    place = _between.match(text, 0).end()  # type: ignore[union-attr]
    line = 1 + text.count("\n", 0, place)
    opened = 0
    while place < len(text):
        end = _end_of(uncounted, place, deep)
        if end is None and text[place] == "[" and opened < MOST_OPENED:
            opened += 1
            end = place + 1
        else:
            end = end or _next_start(text, place)
            yield line, text[place:end]
        after = _between.match(text, end).end()  # type: ignore[union-attr]
        line += text.count("\n", place, after)
        place = after


def _end_of(text: str, place: int, deep: list[int]) -> int | None:
    """Where the value ends that begins there, None where there is none; `deep` are the places of those nested too deep."""
    try:
        return _decoder.raw_decode(text, place)[1]
    except ValueError:
        return None
    except RecursionError:
        deep.append(place)
        return len(text) if len(deep) > MOST_DEEP else None


def _next_start(text: str, place: int) -> int:
    before = text[text.rfind("\n", 0, place) + 1 : place]
    indent = re.escape(before) if before.isspace() else ""
    found = re.compile(rf"^{indent}[{{\[]", re.MULTILINE).search(text, place + 1)
    return found.start() if found else len(text)
