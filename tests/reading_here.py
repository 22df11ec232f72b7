"""The reader of files in this process: for tests of what becomes of a file, not of the process it is read in.

A process for each file costs a third of a second. Everything else is the product's own: the same reader, the same
frames through the same parser. `tests/events/test_reading_apart.py` and the commands' tests read in real processes.
"""

from __future__ import annotations

import io
import tempfile
from types import TracebackType
from typing import IO, Self

import msgspec

from huitou.events.reading import child, frames


class ReaderHere:
    """Takes the place of the reader's process: it reads when its order has been given, and is done."""

    def __init__(self, said: IO[bytes]) -> None:
        self.stdin: Order | None = Order(self)
        self.stdout: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def read(self, order: bytes) -> None:
        out = io.BytesIO()
        child._read(msgspec.json.decode(order, type=frames.ReadOrder), out)
        self.stdout.write(out.getvalue())
        self.stdout.seek(0)

    def kill(self) -> None:
        """Nothing runs any more."""

    def wait(self) -> int:
        return 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stdout.close()


class Order(io.BytesIO):
    """What is written to the reader's standard input; closing it starts the reading."""

    def __init__(self, reader: ReaderHere) -> None:
        super().__init__()
        self._reader = reader

    def close(self) -> None:
        if not self.closed:
            order = self.getvalue()
            super().close()
            self._reader.read(order)
