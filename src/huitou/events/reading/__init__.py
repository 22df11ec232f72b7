"""Files from outside are read in a process of their own, bounded in memory and time.

A library that a file breaks takes its process with it: 1.5 KB of xlsx make calamine ask for 31 GB, and the system ends
whoever asks. So the reader runs apart, like a person's query (`stores.readonly`), and what it makes of the file comes
back as lines of JSON (`frames`), judged here like anything else from outside. Meanwhile the ledger is written here: two
processors are at work, not one.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from huitou.events.connectors.base import Options, Record
from huitou.events.connectors.limits import Bounds, bounds_for, refuse_memory
from huitou.events.connectors.refusals import refuse_file
from huitou.events.placing import Unplaced
from huitou.events.reading import frames
from huitou.kit.errors import HuitouError, Refused
from huitou.kit.text import Text

CHUNK = 1 << 20  # bytes read at once, and what the pipe holds where the system allows it


class FileRefused(Refused):
    """The file as a whole cannot be read; `columns` are what it has, where they were the trouble."""

    def __init__(self, message: Text, code: str, columns: tuple[str, ...] = ()) -> None:
        super().__init__(message, code=code)
        self.columns = columns


class ReaderBroke(Exception):
    """A mistake of ours in the reader; the text is what it left of its traceback."""


@dataclass
class OpenFile:
    """A file that was recognised. `records` are read as they are asked for, `size` is how many bytes they were told in
    so far; `notes` are whole after the last of them.
    """

    format: str = ""
    mapping: dict[str, str] = field(default_factory=dict)
    records: Iterator[Record] = field(default_factory=lambda: iter(()))
    size: int = 0
    notes: list[Text] = field(default_factory=list)


@contextmanager
def read_apart(
    path: Path, options: Options, kind: str | None = None, within: float | None = None
) -> Iterator[OpenFile]:
    """Recognise and read the file. FileRefused where it cannot be read, or needs more than its bounds, Unplaced where
    it leaves open which broadcast it tells of; both also while its records are asked for. `within` are the seconds
    that all of it may take, whatever is waited for.
    """
    bounds = bounds_for(path)
    ends = time.monotonic() + within if within else None
    with tempfile.TemporaryFile() as said, _start(said) as process:
        try:
            _give(process, frames.ReadOrder(str(path), options, kind, bounds))
            reading = OpenFile()
            told = _frames(_counted(_lines(process, path, bounds, ends), reading), process, said, path, bounds)
            opened = next(told)
            assert isinstance(opened, frames.OpenedFrame)
            reading.format, reading.mapping = opened.format, opened.mapping
            reading.records = _records(told, reading)
            yield reading
        finally:
            process.kill()


def _start(said: IO[bytes]) -> subprocess.Popen[bytes]:
    """None of our secrets go along, and one thread is enough: others would each map memory of their own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "huitou.events.reading.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        env={
            "PYTHONPATH": ":".join(path for path in sys.path if path),
            "LC_ALL": "C.UTF-8",
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        },
    )
    assert process.stdout is not None
    with suppress(AttributeError, OSError):  # Linux only, and only as far as the user's pipes may grow
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, CHUNK)
    return process


def _give(process: subprocess.Popen[bytes], order: frames.ReadOrder) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # why it ended is said by how it ended
        process.stdin.write(msgspec.json.encode(order))
        process.stdin.close()
    process.stdin = None


def _records(told: Iterator[frames.Frame], reading: OpenFile) -> Iterator[Record]:
    columns: tuple[str, ...] = ()
    for frame in told:
        if isinstance(frame, frames.FactFrame):
            yield frames.unpack(frame, columns)
        elif isinstance(frame, frames.Columns):
            columns = frame.columns
        elif isinstance(frame, frames.Done):
            reading.notes = list(frame.notes)


def _counted(lines: Iterator[bytes], reading: OpenFile) -> Iterator[bytes]:
    for line in lines:
        reading.size += len(line)
        yield line


def _frames(
    lines: Iterator[bytes], process: subprocess.Popen[bytes], said: IO[bytes], path: Path, bounds: Bounds
) -> Iterator[frames.Frame]:
    """What the reader tells, up to Done; raises for any other end."""
    for line in lines:
        frame = frames.read(line)
        if isinstance(frame, frames.Refusal):
            if frame.question is not None:
                raise Unplaced(path.name, frame.question)
            raise FileRefused(frame.message, frame.code, frame.columns)
        yield frame
        if isinstance(frame, frames.Done):
            return
    raise _broken_off(process.wait(), _last_words(said), path, bounds)


def _lines(process: subprocess.Popen[bytes], path: Path, bounds: Bounds, ends: float | None) -> Iterator[bytes]:
    assert process.stdout is not None
    pipe = process.stdout.fileno()
    waiting = select.poll()
    waiting.register(pipe, select.POLLIN)
    parts: list[bytes] = []
    while True:
        left = bounds.patience if ends is None else min(bounds.patience, ends - time.monotonic())
        if left <= 0 or not waiting.poll(left * 1000):
            raise _too_slow(path, bounds) if left == bounds.patience else _too_long(path)
        chunk = os.read(pipe, CHUNK)
        if not chunk:
            return
        first, *others = chunk.split(b"\n")
        parts.append(first)
        for piece in others:
            yield b"".join(parts)
            parts = [piece]


def _last_words(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(size - 8_000, 0))
    return said.read().decode("utf-8", "replace").strip()


def _broken_off(status: int, words: str, path: Path, bounds: Bounds) -> Exception:
    """Why the reader ended without an end, by its exit status (negative: the signal that ended it)."""
    if status == -signal.SIGXCPU:
        return _too_slow(path, bounds)
    if status in (frames.TOO_LARGE, -signal.SIGKILL) or (status == -signal.SIGABRT and "alloc" in words):
        return refuse_memory(path, bounds)
    if status < 0 or status == frames.DAMAGED:
        return refuse_file(
            path,
            "文件已损坏，读取程序无法读完。请用原来的软件另存一份（建议存为 CSV）再导入。",
            "is damaged: its reader could not go on. Save it anew in the program it came from, best as CSV, and import that.",
            code="damaged",
        )
    return ReaderBroke(words or f"the reader ended with status {status}")


def _too_slow(path: Path, bounds: Bounds) -> HuitouError:
    return refuse_file(
        path,
        f"读取时间超过 {bounds.seconds:,} 秒（这么大的文件最多允许的时间）。请拆成几个文件，或另存为 CSV 再导入。",
        f"took more than {bounds.seconds:,} s to read, the most a file of its size may take."
        " Split it, or save it as CSV, and import that.",
        code="too_slow",
    )


def _too_long(path: Path) -> HuitouError:
    return refuse_file(
        path,
        "导入用时超过一次上传的上限，已经导入的行有效。请拆成几个文件再上传，或用命令行导入。",
        "took longer than an upload may; the rows that are in stay in. Split it and upload the parts, or import it on the"
        " command line.",
        code="too_slow",
    )
