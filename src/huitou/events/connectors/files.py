"""Files as they really come: gzip or not, UTF-8 with or without BOM, GB18030, UTF-16, or both in one file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from huitou.kit.errors import Refused

HEAD_BYTES = 65_536
LONGEST_LINE = 4 << 20  # a longer one is no table and no event, and would be held in memory
BINARY = {b"PK\x03\x04": "xlsx", b"PAR1": "parquet", b"\xd0\xcf\x11\xe0": "xls"}


@dataclass(frozen=True)
class Head:
    """The beginning of a file: enough to recognise it by."""

    path: Path
    kind: str  # csv | json | xlsx | xls | parquet
    text: str = ""
    columns: tuple[str, ...] = ()  # header of a table, else empty
    first: Any = None  # first JSON value: of the first line, or the whole document
    lines: bool = field(default=False)  # one JSON value per line


def refuse_file(path: Path, zh: str, en: str) -> Refused:
    return Refused({"zh": f"{path.name}:{zh}", "en": f"{path.name}: {en}"})


def open_bytes(path: Path) -> IO[bytes]:
    """The file's bytes, unzipped where they are gzip."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise refuse_file(path, f"打不开({error.strerror})。", f"cannot be opened ({error.strerror})") from error
    if raw.read(2) == b"\x1f\x8b":
        raw.close()
        return io.BufferedReader(gzip.open(path, "rb"))
    raw.seek(0)
    return raw


def decode(line: bytes) -> str:
    """UTF-8, else GB18030 (Chinese exports), else Windows' Latin; never an error.

    Line by line is safe: no byte of a GB18030 character is a newline, a comma or a quote.
    """
    for encoding in ("utf-8", "gb18030"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("cp1252", "replace")


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a text file, newline kept, BOM dropped."""
    with open_bytes(path) as raw:
        start = raw.peek(4)[:4] if isinstance(raw, io.BufferedReader) else b""
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            yield from io.TextIOWrapper(raw, "utf-16", errors="replace", newline="")
            return
        if start[:3] == b"\xef\xbb\xbf":
            raw.read(3)
        number = 0
        try:
            while line := raw.readline(LONGEST_LINE):
                number += 1
                if len(line) == LONGEST_LINE:
                    raise refuse_file(
                        path, f"第 {number} 行超过 4 MB,不是文本表格。", f"line {number} is over 4 MB: not a text table"
                    )
                yield decode(line)
        except (OSError, EOFError) as error:  # truncated or damaged gzip
            raise refuse_file(
                path, f"第 {number} 行后读不下去({error})。", f"unreadable after line {number} ({error})"
            ) from error


def read_head(path: Path) -> Head:
    """Look at a file once; Refused where it is nothing we could read."""
    if not path.exists():
        raise refuse_file(path, "没有这个文件。", "no such file")
    if path.is_dir():
        raise refuse_file(path, "这是文件夹。", "is a folder")
    with open_bytes(path) as raw:
        try:
            start = raw.read(HEAD_BYTES)
        except (OSError, EOFError) as error:
            raise refuse_file(path, f"压缩已损坏({error})。", f"damaged gzip ({error})") from error
    if not start.strip():
        raise refuse_file(path, "文件是空的。", "the file is empty")
    if kind := BINARY.get(start[:4]):
        return _binary_head(path, kind)
    text = "".join(_some_lines(path))
    if text.lstrip()[:1] in ("{", "["):
        return _json_head(path, text)
    if "\x00" in text[:4096]:
        raise refuse_file(path, "不是可识别的文本、表格或 JSON。", "neither text, a table nor JSON")
    return Head(path, "csv", text)


def _some_lines(path: Path) -> Iterator[str]:
    size = 0
    for line in read_lines(path):
        yield line
        size += len(line)
        if size > HEAD_BYTES:
            return


def _binary_head(path: Path, kind: str) -> Head:
    if kind == "xlsx" and not _is_workbook(path):
        raise refuse_file(path, "是 zip,但不是 xlsx。", "is a zip, but no xlsx workbook")
    if kind == "xls":
        return Head(path, "xlsx")
    return Head(path, kind)


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _json_head(path: Path, text: str) -> Head:
    first_line = text.lstrip().split("\n", 1)[0]
    try:
        return Head(path, "json", text, first=json.loads(first_line), lines=True)
    except (ValueError, RecursionError):
        pass
    try:
        whole = json.loads(read_whole(path))
    except (ValueError, RecursionError):
        # NDJSON whose first line is broken is still NDJSON: its other lines go in.
        return Head(path, "json", text, lines=True)
    return Head(path, "json", text, first=whole)


def read_whole(path: Path, limit: int = 256 << 20) -> str:
    """A document that must be read as one; Refused over 256 MB."""
    with open_bytes(path) as raw:
        content = raw.read(limit + 1)
    if len(content) > limit:
        raise refuse_file(
            path, "JSON 文档超过 256 MB,请用一行一条的 NDJSON。", "a JSON document over 256 MB: use NDJSON"
        )
    return decode(content.removeprefix(b"\xef\xbb\xbf"))


def sniff_delimiter(header: str) -> str:
    return max(",\t;|", key=header.count)


def read_csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of a delimited text file."""
    lines = read_lines(path)
    first = next(lines, "")
    csv.field_size_limit(LONGEST_LINE)

    def every_line() -> Iterator[str]:
        yield first
        yield from lines

    reader = csv.reader(every_line(), delimiter=sniff_delimiter(first))
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise refuse_file(
                path, f"第 {reader.line_num} 行不是 CSV({error})。", f"line {reader.line_num} is not CSV ({error})"
            ) from error
        yield reader.line_num, cells
