"""Files as they really come: gzip or not, UTF-8 with or without BOM, GB18030, UTF-16, or both in one file."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from huitou.kit.errors import Refused

HEAD_BYTES = 65_536
LONGEST_LINE = 4 << 20  # bytes; a longer one is no row and no event, and would be held in memory
LARGEST_WHOLE = 256 << 20  # of what must be held in memory as one
LARGEST_GZIP = 64 << 20  # of which the whole is read ahead to see that nothing is missing
SAMPLES = 50  # JSON values a format is recognised by
BINARY = {b"PK\x03\x04": "xlsx", b"PAR1": "parquet", b"\xd0\xcf\x11\xe0": "xlsx"}  # the last is xls
# A row of a rejected-rows file: what was wrong comes first, then the row as it was read.
REJECTED_COLUMNS = ("row", "field", "reason")


@dataclass(frozen=True)
class Head:
    """The beginning of a file: enough to recognise it by."""

    path: Path
    kind: str  # csv | json | xlsx | parquet
    text: str = ""
    columns: tuple[str, ...] = ()  # header of a table, else empty
    samples: tuple[Any, ...] = ()  # the first JSON values: of the lines, or the items of the document
    lines: bool = field(default=False)  # one JSON value per line


def refuse_file(path: Path, zh: str, en: str, code: str | None = None) -> Refused:
    return Refused({"zh": f"{path.name}：{zh}", "en": f"{path.name}: {en}"}, code=code)


def open_bytes(path: Path) -> IO[bytes]:
    """The file's bytes, unzipped where they are gzip."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise refuse_file(path, f"打不开({error.strerror})。", f"cannot be opened ({error.strerror})") from error
    if raw.read(2) == b"\x1f\x8b":
        raw.close()
        return io.BufferedReader(gzip.open(path, "rb"), 1 << 16)
    raw.seek(0)
    return raw


def decode(line: bytes) -> str:
    """UTF-8, else GB18030 (Chinese exports), else Windows' Latin; never an error.

    Line by line is safe: no byte of a GB18030 character is a newline.
    """
    for encoding in ("utf-8", "gb18030"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("cp1252", "replace")


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a text file, newline kept, BOM dropped. Of a line over LONGEST_LINE the rest is left out."""
    with open_bytes(path) as raw:
        start = raw.peek(4)[:4] if isinstance(raw, io.BufferedReader) else b""
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            with io.TextIOWrapper(raw, "utf-16", errors="replace", newline="") as text:
                yield from text
            return
        if start[:3] == b"\xef\xbb\xbf":
            raw.read(3)
        number = 0
        try:
            while line := raw.readline(LONGEST_LINE):
                number += 1
                yield decode(line)
                while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    line = raw.readline(LONGEST_LINE)
        except (OSError, EOFError, zlib.error) as error:
            raise refuse_file(
                path, f"第 {number} 行后读不下去({error})。", f"unreadable after line {number} ({error})"
            ) from error


def is_cut(line: str) -> bool:
    """Whether read_lines left out the end of the line. (A character is at most 4 bytes.)"""
    return len(line) * 4 >= LONGEST_LINE and len(line.encode("utf-8", "replace")) >= LONGEST_LINE - 4


def read_head(path: Path) -> Head:
    """Look at a file once; Refused where it is nothing we could read."""
    if not path.exists():
        raise refuse_file(path, "没有这个文件。", "no such file")
    if path.is_dir():
        raise refuse_file(path, "这是文件夹。", "is a folder")
    start = _start(path)
    if not start.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise refuse_file(path, "文件是空的。", "the file is empty")
    if kind := BINARY.get(start[:4]):
        if start[:2] == b"PK" and not _is_workbook(path):
            raise refuse_file(path, "是 zip,但不是 xlsx。", "is a zip, but no xlsx workbook")
        return Head(path, kind)
    text = "".join(_some_lines(path))
    if text.lstrip()[:1] in ("{", "["):
        return _json_head(path, text)
    if "\x00" in text[:4096]:
        raise refuse_file(path, "不是可识别的文本、表格或 JSON。", "neither text, a table nor JSON")
    return Head(path, "csv", text)


def _start(path: Path) -> bytes:
    """The first bytes. A gzip is read through to its end: of a file cut off in the middle nothing goes in."""
    with open_bytes(path) as raw:
        try:
            start = raw.read(HEAD_BYTES)
            if path.stat().st_size <= LARGEST_GZIP and not isinstance(getattr(raw, "raw", None), io.FileIO):
                while raw.read(1 << 20):
                    pass
        except (OSError, EOFError, zlib.error) as error:
            raise refuse_file(path, f"压缩已损坏({error})。", f"damaged gzip ({error})") from error
    return start


def _some_lines(path: Path) -> Iterator[str]:
    size = 0
    for line in read_lines(path):
        yield line
        size += len(line)
        if size > HEAD_BYTES:
            return


def _is_workbook(path: Path) -> bool:
    try:
        with seekable(path) as file, zipfile.ZipFile(file) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def seekable(path: Path) -> IO[bytes]:
    """The file for readers that jump about in it; a gzipped one is held in memory."""
    raw = open_bytes(path)
    if isinstance(getattr(raw, "raw", None), io.FileIO):
        return raw
    with raw:
        return io.BytesIO(_read_all(path, raw))


def _json_head(path: Path, text: str) -> Head:
    """NDJSON whose first line is broken is still NDJSON: its other lines go in."""
    first_line, _, others = text.lstrip().partition("\n")
    try:
        values = [_read_value(first_line)]
    except (ValueError, RecursionError):
        try:
            return Head(path, "json", text, samples=_items([json.loads(read_whole(path))]))
        except (ValueError, RecursionError):
            values = []
    values += _values_in(others)
    if not any(isinstance(value, dict | list) for value in values):
        raise refuse_file(path, "不是 JSON。", "is not JSON")
    return Head(path, "json", text, samples=_items(values), lines=True)


def _values_in(text: str) -> list[Any]:
    values = []
    for line in text.splitlines()[:SAMPLES]:
        try:
            values.append(_read_value(line))
        except (ValueError, RecursionError):
            continue
    return values


def _read_value(line: str) -> Any:
    value = unwrap(json.loads(line))
    return json.loads(value) if isinstance(value, str) else value  # what was no JSON is kept as text


def _items(values: list[Any]) -> tuple[Any, ...]:
    """The values, or what they are lists of: enough to tell a format by."""
    items: list[Any] = []
    for value in values:
        items += value[:SAMPLES] if isinstance(value, list) else [value]
    return tuple(items[:SAMPLES])


def unwrap(value: Any) -> Any:
    """What a line of a rejected-rows file keeps; any other value as it is."""
    if isinstance(value, dict) and value.keys() == {*REJECTED_COLUMNS, "original"}:
        return value["original"]
    return value


def read_whole(path: Path) -> str:
    """A document that must be read as one; Refused over LARGEST_WHOLE."""
    with open_bytes(path) as raw:
        content = _read_all(path, raw)
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    return decode(content.removeprefix(b"\xef\xbb\xbf"))


def _read_all(path: Path, raw: IO[bytes]) -> bytes:
    content = raw.read(LARGEST_WHOLE + 1)
    if len(content) > LARGEST_WHOLE:
        mb = LARGEST_WHOLE >> 20
        raise refuse_file(
            path,
            f"超过 {mb} MB,请拆开,或用一行一条的 NDJSON、CSV。",
            f"is over {mb} MB: split it, or use NDJSON or CSV",
        )
    return content
