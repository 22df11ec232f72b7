"""Errors nobody expected: one line in the log, and counted.

The line has the kinds of the errors and where they arose, not their texts: a database names the values it refused, a
parser quotes what it could not read, and those are people's.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator

import structlog
from prometheus_client import Counter

FAILURES = Counter("huitou_errors_total", "Requests that ended in an error of ours, by part of the house.", ["part"])
DEEPEST = 12  # frames of each error, the innermost
TOKENS = ("/t/", "/u/")  # what follows is a customer's

log = structlog.get_logger()


def note_failure(part: str, method: str, path: str, error: BaseException) -> None:
    """Say in one line what went wrong in which request; `path` is without its query."""
    FAILURES.labels(part).inc()
    log.error(
        "request.failed",
        part=part,
        method=method[:10],
        path=_shown(path),
        error=type(error).__name__,
        trace=trace(error),
    )


def trace(error: BaseException) -> str:
    """Kinds and places, the outermost error first: `OSError at huitou/x.py:7 read, … from ValueError at …`."""
    return " from ".join(f"{type(one).__name__} at {_places(one)}" for one in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    now: BaseException | None = error
    while now is not None and now not in seen:
        seen.append(now)
        yield now
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-DEEPEST:]
    return ", ".join(f"{'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno} {frame.name}" for frame in frames)


def _shown(path: str) -> str:
    """The path on one line; without the token of a link, which opens what is one customer's."""
    for start in TOKENS:
        if path.startswith(start):
            return f"{start}…"
    return path[:200].encode("unicode_escape").decode()
