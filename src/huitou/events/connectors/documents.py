"""JSON files as their values: NDJSON (one value a line), or one document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.events.connectors.files import Broken, read_head, read_lines, read_whole, unwrap
from huitou.events.connectors.json_texts import is_bracket, readings, split_values
from huitou.events.connectors.refusals import refuse_file
from huitou.events.model import parse_json
from huitou.kit.errors import Rejected


def read_values(path: Path) -> Iterator[tuple[int, Any, str]]:
    """(line number, value or Rejected, its text); Refused where the file is no JSON at all.

    Lines of a rejected-rows file give the values they keep.
    """
    head = read_head(path)
    if head.kind != "json":
        raise refuse_file(path, "不是 JSON。", "is not JSON")
    if head.form == "lines":
        yield from _read_lines(path)
        return
    whole = read_whole(path)
    if head.form == "values":
        yield from ((number, *_read_text(text)) for number, text in split_values(whole))
        return
    try:
        yield 1, parse_json(whole), whole
    except Rejected as error:
        raise refuse_file(path, f"不是 JSON：{error}", f"is not JSON: {error}") from error


def _read_lines(path: Path) -> Iterator[tuple[int, Any, str]]:
    for number, line in enumerate(read_lines(path), 1):
        if isinstance(line, Broken):
            yield number, line.why, line.text
        elif not is_bracket(line):
            yield number, *_read_text(line)


def _read_text(text: str) -> tuple[Any, str]:
    """The value, or why it is none and what is kept of it to be mended."""
    line = text.rstrip("\r\n")
    try:
        value = unwrap(_parse(line))
        # What was no JSON is kept as text, and mended as text.
        return (_parse(value) if isinstance(value, str) else value), line
    except Rejected as why:
        return why, _original_text(line)


def _parse(text: str) -> Any:
    try:
        return parse_json(text)
    except Rejected as why:
        for reading in readings(text):
            try:
                return parse_json(reading)
            except Rejected:
                continue
        raise why from None


def _original_text(line: str) -> str:
    try:
        value = unwrap(parse_json(line))
    except Rejected:
        return line
    return value if isinstance(value, str) else line
