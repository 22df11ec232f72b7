"""The process that reads a file for another (`python -m huitou.events.reading.child`): it bounds itself, then reads.

Its order comes on standard input, its frames go to standard output; what else is printed goes to standard error.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from huitou.events.connectors import check_use, find_connector, look_at, recognise, shown_mapping
from huitou.events.connectors.base import Record
from huitou.events.connectors.limits import Bounds
from huitou.events.connectors.notes import collected
from huitou.events.connectors.refusals import LONGEST_NAME, NAMES
from huitou.events.placing import Unplaced, place_records
from huitou.events.reading import frames
from huitou.kit.errors import HuitouError, Refused

LAST_WORDS = 1 << 20  # bytes: all that it may write to a file is a traceback
UNCLEAR = ("no_customer_column", "no_time_column", "no_event", "unknown_format")  # say what columns there are


def main() -> int:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=frames.ReadOrder)
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(2, 1)  # a library that prints must not garble the frames
    bound_process(order.bounds)
    gc.set_threshold(100_000, 20, 50)  # rows die by themselves; as in importing.few_collections
    try:
        _read(order, out)
        out.flush()
    except (MemoryError, RecursionError) as error:
        return frames.TOO_LARGE if isinstance(error, MemoryError) else frames.DAMAGED
    except Exception:
        traceback.print_exc()
        return frames.BROKE
    except BaseException:  # what pyo3 makes of a panic in Rust: the file was too strange for the library
        return frames.DAMAGED
    return 0


def bound_process(bounds: Bounds) -> None:
    """Limits that hold whatever a library does; where the machine runs out of memory all the same, this process goes."""
    for limit, most in (
        (resource.RLIMIT_DATA, bounds.memory),
        (resource.RLIMIT_CPU, bounds.seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, LAST_WORDS),
    ):
        _, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    with suppress(OSError):  # Linux only
        Path("/proc/self/oom_score_adj").write_text("1000")


def _read(order: frames.ReadOrder, out: IO[bytes]) -> None:
    encode = msgspec.json.Encoder().encode
    path = Path(order.path)

    def tell(frame: frames.Frame) -> None:
        out.write(encode(frame) + b"\n")

    try:
        connector = find_connector(order.kind) if order.kind else recognise(path, order.options.mapping)
        check_use(path, connector, order.options.mapping)
        tell(frames.OpenedFrame(connector.name, shown_mapping(path, connector.name, order.options)))
        columns = None
        with collected() as notes:
            for record in place_records(path, connector.read(path, order.options), order.options):
                if (header := frames.columns_of(record)) is not columns and header is not None:
                    columns = header
                    tell(frames.Columns(header))
                out.write(_encode(record, encode))
        tell(frames.Done(tuple(dict(one) for one in notes)))
    except MemoryError:
        raise
    except HuitouError as why:
        question = why.question if isinstance(why, Unplaced) else None
        tell(frames.Refusal(dict(why.message), why.code, _columns(path, why), question))


def _encode(record: Record, encode: Any) -> bytes:
    """The fact as a line; what is too long, too deep or no JSON at all is a rejected row."""
    try:
        line: bytes = encode(frames.pack(record))
        if len(line) <= frames.LONGEST:
            return line + b"\n"
        zh, en = f"一条数据超过 {frames.LONGEST >> 20} MB", f"one fact is over {frames.LONGEST >> 20} MB"
    except (RecursionError, ValueError, TypeError, UnicodeEncodeError, OverflowError):
        zh, en = "无法存为 JSON", "cannot be stored as JSON"
    fact = frames.pack(record._replace(events=(), rejected=None, original=repr(record.original)[:1000]))
    fact.why = ("", {"zh": zh, "en": en})
    return encode(fact) + b"\n"


def _columns(path: Path, why: HuitouError) -> tuple[str, ...]:
    if why.code not in UNCLEAR:
        return ()
    try:
        return tuple(name[:LONGEST_NAME] for name in look_at(path).columns[:NAMES])
    except Refused:
        return ()


if __name__ == "__main__":
    sys.exit(main())
