"""Files as they really come: gzip or not, UTF-8 with or without BOM, GB18030, Windows' Latin, UTF-16.

The encoding is decided once for a file: short Chinese words in GB18030 are often good UTF-8 of another alphabet.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from huitou.events.connectors.json_texts import is_bracket, readings, split_values
from huitou.events.connectors.limits import WORKBOOK_PARTS, refuse_parts, refuse_unzipped, unzipped_allowed
from huitou.events.connectors.refusals import refuse_file
from huitou.kit.errors import Refused, Rejected

HEAD_BYTES = 65_536
HEAD_LINES = 20  # at least, however long they are
LARGEST_HEAD = 16 << 20  # characters
EVIDENCE = 16 << 20  # bytes the encoding is decided by
LONGEST_LINE = 4 << 20  # bytes; a longer one is no row and no event, and would be held in memory
LARGEST_WHOLE = 256 << 20  # of what must be held in memory as one
LARGEST_GZIP = 64 << 20  # of which the whole is read ahead to see that nothing is missing
SAMPLES = 50  # JSON values a format is recognised by
BINARY = {b"PK\x03\x04": "xlsx", b"PAR1": "parquet", b"\xd0\xcf\x11\xe0": "xlsx"}  # the last is xls
# A row of a rejected-rows file: what was wrong comes first, then the row as it was read.
REJECTED_COLUMNS = ("row", "field", "reason")


UTF_16 = (b"\xff\xfe", b"\xfe\xff")
UTF_8 = b"\xef\xbb\xbf"
_HANZI = re.compile(rb"[\xb0-\xf7][\xa1-\xfe]")  # of GB 2312: what nearly all Chinese is written with
_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")  # an accented letter among plain ones
_CHINESE_UTF_8 = re.compile(rb"[\xe3-\xe9\xef][\x80-\xbf]{2}")
_HIGH = re.compile(rb"[\x80-\xff]")
_WORD = re.compile(r"[\u0080-\uffff]{2,}")

Form = Literal["document", "lines", "values"]


class Broken(NamedTuple):
    """A line or a row that cannot be read."""

    why: Rejected
    text: str


@dataclass(frozen=True)
class Head:
    """The beginning of a file: enough to recognise it by."""

    path: Path
    kind: str  # csv | json | xlsx | parquet
    text: str = ""
    columns: tuple[str, ...] = ()  # header of a table, else empty
    samples: tuple[Any, ...] = ()  # the first JSON values: of the lines, or the items of the document
    form: Form = "document"  # of JSON: one document, one value a line, or values one after another


def open_bytes(path: Path) -> IO[bytes]:
    """The file's bytes, unzipped where they are gzip."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise refuse_file(path, f"打不开（{error.strerror}）。", f"cannot be opened ({error.strerror})") from error
    if raw.read(2) == b"\x1f\x8b":
        raw.close()
        return io.BufferedReader(_Unzipped(path), 1 << 16)
    raw.seek(0)
    return raw


class _Unzipped(io.RawIOBase):
    """A gzip's content, Refused where there is more of it than its size allows: 10 MB of it may hold 10 GB of blanks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = gzip.open(path, "rb")  # noqa: SIM115 - closed by close
        self._allowed = unzipped_allowed(path.stat().st_size)
        self._told = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self._file.readinto(buffer)
        self._told += size
        if self._told > self._allowed:
            raise refuse_unzipped(self._path, self._allowed)
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


class _Look(NamedTuple):
    start: bytes
    encoding: str


def _look(path: Path) -> _Look:
    """The first bytes and the encoding. A gzip is read through to its end: of one cut off nothing goes in."""
    stat = path.stat()
    return _look_once(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=16)  # a file is opened several times before its first row is read
def _look_once(path: Path, size: int, _changed: int) -> _Look:
    with open_bytes(path) as raw:
        try:
            start = raw.read(EVIDENCE)
            if size <= LARGEST_GZIP and not isinstance(getattr(raw, "raw", None), io.FileIO):
                while raw.read(1 << 20):
                    pass
        except (OSError, EOFError, zlib.error) as error:
            raise refuse_file(path, f"压缩已损坏（{error}）。", f"damaged gzip ({error})") from error
    return _Look(start[:HEAD_BYTES], encoding_of(start))


def encoding_of(start: bytes) -> str:
    """utf-8, gb18030 (Chinese exports), cp1252 (Windows' Latin) or utf-16, by all that the bytes tell.

    UTF-8 with lines that are none stays UTF-8 where its own are more: two files were joined, or a line is damaged.
    A line of Chinese in UTF-8 is certain; one of accented letters may be GB18030 that happens to be good UTF-8.
    """
    if start[:2] in UTF_16:
        return "utf-16"
    lines = start.split(b"\n")
    if len(start) == EVIDENCE:
        lines.pop()  # cut in the middle
    certain, likely = 0, list[str]()
    strange: list[bytes] = []
    first_is_strange = False
    for line in lines:
        if line.isascii():
            continue
        try:
            text = line.decode()
        except UnicodeDecodeError:
            if _is_damaged(line):
                certain += 1
            else:
                first_is_strange = first_is_strange or not (certain or likely or strange)
                strange.append(line)
        else:
            if max(text) > "\u07ff":
                certain += 1
            else:
                likely.append(text)
    if not strange:
        return "gb18030" if not certain and _is_medley(likely) else "utf-8"
    if certain > len(strange) or (not first_is_strange and (certain == len(strange) or len(likely) > 4 * len(strange))):
        return "utf-8"
    return _legacy(b"\n".join(strange))


def _is_damaged(line: bytes) -> bool:
    """Whether a line that is no UTF-8 is mostly Chinese in UTF-8: of GB18030 hardly any three bytes look like it."""
    return 6 * len(_CHINESE_UTF_8.findall(line)) > len(_HIGH.findall(line))


def _is_medley(lines: list[str]) -> bool:
    """Whether words mix alphabets, as Chinese in GB18030 does that happens to be good UTF-8: 雪梅 reads ѩ÷."""
    words = [word for line in lines[:1000] for word in _WORD.findall(line)]
    mixed = sum(len({unicodedata.name(letter, "").split(" ")[0] for letter in word}) > 1 for word in words)
    return 2 * mixed > len(words)


def _legacy(text: bytes) -> str:
    """GB18030 where high bytes come in pairs, Windows' Latin where they stand alone."""
    return "cp1252" if len(_ALONE.findall(text)) > len(_HANZI.findall(text)) else "gb18030"


def _decode_strange(line: bytes, encoding: str) -> str | Broken:
    """A line that is not in its file's encoding: in another, as where two files were joined; else it is damaged."""
    try:
        if encoding != "utf-8":
            return line.decode()
        if not _is_damaged(line):
            return line.decode(_legacy(line))
    except UnicodeDecodeError:
        pass
    why = {"zh": f"字符已损坏，不是 {encoding.upper()}", "en": f"damaged characters: not {encoding.upper()}"}
    return Broken(Rejected("", why), line.decode(encoding, "replace").rstrip("\r\n"))


def read_lines(path: Path) -> Iterator[str | Broken]:
    """The lines of a text file, newline kept, BOM dropped; Broken where one is damaged or over LONGEST_LINE."""
    encoding = _look(path).encoding
    with open_bytes(path) as raw:
        if encoding == "utf-16":
            with io.TextIOWrapper(raw, "utf-16", errors="replace", newline="") as text:
                yield from _utf_16_lines(text)
            return
        number = 0
        try:
            while line := raw.readline(LONGEST_LINE):
                number += 1
                if number == 1:
                    line = line.removeprefix(UTF_8)
                if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    yield _too_long(line[:4000].decode(encoding, "replace"))
                    while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                        line = raw.readline(LONGEST_LINE)
                    continue
                try:
                    yield line.decode(encoding)
                except UnicodeDecodeError:
                    yield _decode_strange(line, encoding)
        except (OSError, EOFError, zlib.error) as error:
            raise refuse_file(
                path, f"第 {number} 行后读不下去（{error}）。", f"unreadable after line {number} ({error})"
            ) from error


def _utf_16_lines(text: IO[str]) -> Iterator[str | Broken]:
    while line := text.readline(LONGEST_LINE // 2):
        if len(line) < LONGEST_LINE // 2 or line.endswith("\n"):
            yield line
            continue
        yield _too_long(line)
        while line and not line.endswith("\n"):
            line = text.readline(LONGEST_LINE // 2)


def _too_long(text: str) -> Broken:
    mb = LONGEST_LINE >> 20
    why = Rejected("", {"zh": f"一行超过 {mb} MB", "en": f"a line over {mb} MB"})
    return Broken(why, text[:1000])


def read_head(path: Path) -> Head:
    """Look at a file once; Refused where it is nothing we could read."""
    if not path.exists():
        raise refuse_file(path, "没有这个文件。", "no such file")
    if path.is_dir():
        raise refuse_file(path, "这是文件夹。", "is a folder")
    if not path.is_file():  # it is opened several times: a pipe would be empty, or stand open for ever
        raise refuse_file(path, "不是普通文件。", "is no regular file")
    start = _look(path).start
    if not start.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise refuse_file(path, "文件是空的。", "the file is empty")
    if kind := BINARY.get(start[:4]):
        if start[:2] == b"PK" and not _is_workbook(path):
            raise refuse_file(path, "是 zip，但不是 xlsx。", "is a zip, but no xlsx workbook")
        return Head(path, kind)
    text = "".join(_some_lines(path))
    if text.lstrip()[:1] in ("{", "["):
        return _json_head(path, text)
    if "\x00" in text[:4096]:
        raise refuse_file(path, "不是可识别的文本、表格或 JSON。", "neither text, a table nor JSON")
    return Head(path, "csv", text)


def _some_lines(path: Path) -> Iterator[str]:
    size = 0
    for number, line in enumerate(read_lines(path), 1):
        text = line if isinstance(line, str) else line.text + "\n"
        yield text
        size += len(text)
        if size > HEAD_BYTES and (number >= HEAD_LINES or size > LARGEST_HEAD):
            return


def _is_workbook(path: Path) -> bool:
    try:
        with seekable(path) as file, zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    if all(part.filename != "xl/workbook.xml" for part in parts):
        return False
    if len(parts) > WORKBOOK_PARTS:
        raise refuse_parts(path)
    allowed = unzipped_allowed(path.stat().st_size)
    if sum(part.file_size for part in parts) > allowed:
        raise refuse_unzipped(path, allowed)
    return True


def seekable(path: Path) -> IO[bytes]:
    """The file for readers that jump about in it; a gzipped one is held in memory."""
    raw = open_bytes(path)
    if isinstance(getattr(raw, "raw", None), io.FileIO):
        return raw
    with raw:
        return io.BytesIO(_read_all(path, raw))


def _json_head(path: Path, text: str) -> Head:
    """One value a line where most lines are one, broken ones among them; else a document, or what is left of some."""
    first, *others = [line for line in text.split("\n") if not is_bracket(line)][: SAMPLES + 1] or [""]
    values = _values_in([first])
    strict = bool(values) and _is_value(first)
    values += _values_in(others)
    mostly = 2 * len(values) >= 1 + len(others)
    if strict and mostly:
        return Head(path, "json", text, samples=_items(values), form="lines")
    try:
        whole = read_whole(path)
        try:
            return Head(path, "json", text, samples=_items([json.loads(whole)]))
        except (ValueError, RecursionError):
            if not mostly:
                parts = _values_in([part for _, part in split_values(whole)])
                if parts:
                    return Head(path, "json", text, samples=_items(parts), form="values")
    except Refused:  # too large to be held as one
        if not values:
            raise
    if not values:
        raise refuse_file(path, "不是 JSON。", "is not JSON")
    return Head(path, "json", text, samples=_items(values), form="lines")


def _is_value(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _values_in(texts: list[str]) -> list[Any]:
    """The objects and arrays of objects among the texts."""
    values = []
    for text in texts:
        for reading in readings(text):
            try:
                value = _read_value(reading)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict) for one in value)):
                values.append(value)
            break
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
    return content.removeprefix(UTF_8).decode(_look(path).encoding, "replace")


def _read_all(path: Path, raw: IO[bytes]) -> bytes:
    content = raw.read(LARGEST_WHOLE + 1)
    if len(content) > LARGEST_WHOLE:
        mb = LARGEST_WHOLE >> 20
        raise refuse_file(
            path,
            f"超过 {mb} MB，请拆开，或用一行一条的 NDJSON、CSV。",
            f"is over {mb} MB: split it, or use NDJSON or CSV",
        )
    return content
