"""JSON files as their values: NDJSON (one value a line), or one document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.events.connectors.files import LONGEST_LINE, is_cut, read_head, read_lines, read_whole, refuse_file, unwrap
from huitou.events.model import parse_json
from huitou.kit.errors import Rejected


def read_values(path: Path) -> Iterator[tuple[int, Any, str]]:
    """(line number, value or Rejected, text of the line); Refused where the file is no JSON at all.

    Lines of a rejected-rows file give the values they keep.
    """
    head = read_head(path)
    if head.kind != "json":
        raise refuse_file(path, "不是 JSON。", "is not JSON")
    if head.lines:
        yield from _read_lines(path)
        return
    whole = read_whole(path)
    try:
        yield 1, parse_json(whole), whole
    except Rejected as error:
        raise refuse_file(path, f"不是 JSON:{error}", f"is not JSON: {error}") from error


def _read_lines(path: Path) -> Iterator[tuple[int, Any, str]]:
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        if is_cut(line):
            mb = LONGEST_LINE >> 20
            yield number, Rejected("", {"zh": f"一行超过 {mb} MB", "en": f"a line over {mb} MB"}), line[:1000]
            continue
        try:
            value = unwrap(parse_json(line))
            # What was no JSON is kept as text, and mended as text.
            yield number, parse_json(value) if isinstance(value, str) else value, line.rstrip("\r\n")
        except Rejected as why:
            yield number, why, _original_text(line.rstrip("\r\n"))


def _original_text(line: str) -> str:
    try:
        value = unwrap(parse_json(line))
    except Rejected:
        return line
    return value if isinstance(value, str) else line
