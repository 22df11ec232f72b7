"""Group commit: events of many requests share one transaction, and each request waits for its own.

A few writer threads take whatever is waiting, append it, and only then wake the requests: 2xx means durable.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psycopg
import structlog
from psycopg.errors import DeadlockDetected, ProgramLimitExceeded, SerializationFailure

from huitou.events.effects import is_effective
from huitou.events.journal import append_batch, append_events
from huitou.events.model import Event
from huitou.kit.clock import now_us
from huitou.kit.errors import Unavailable
from huitou.stores.ledger import Connection, connect

log = structlog.get_logger()

WRITERS = 3  # transactions at once; more only take turns on two cores
LARGEST_COMMIT = 2_000  # events; keeps a commit short, so that single events wait milliseconds
MOST_WAITING = 50_000  # events; beyond it the edge answers 503 and the sender keeps them
PATIENCE = 20.0  # seconds a sender is kept waiting; its own patience is seldom longer

# What the statement ran into, not the connection.
REFUSALS = (DeadlockDetected, SerializationFailure, ProgramLimitExceeded, psycopg.DataError, psycopg.IntegrityError)

Group = list["_Waiting"]


@dataclass(eq=False, slots=True)
class _Waiting:
    events: Sequence[Event]
    done: asyncio.Future[Sequence[str]]


class Committer:
    """Started and stopped with the application; `commit` returns when the events are durable."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._events = 0
        self._unanswered: set[asyncio.Future[Sequence[str]]] = set()
        self._changed = threading.Condition()
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._write, args=(loop,), name=f"journal-{n}", daemon=True) for n in range(WRITERS)
        ]
        for thread in self._threads:
            thread.start()

    async def stop(self) -> None:
        """What was accepted for commit is committed first: the callers are waiting for it."""
        await asyncio.gather(*self._unanswered, return_exceptions=True)
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            await asyncio.to_thread(thread.join, 10)

    @property
    def backlog(self) -> int:
        return self._events

    async def commit(self, events: Sequence[Event]) -> Sequence[str]:
        """Outcomes in order. Unavailable where too much is waiting or the ledger cannot be written."""
        if not events:
            return []
        waiting = _Waiting(events, asyncio.get_running_loop().create_future())
        with self._changed:
            if self._stopping or self._events + len(events) > MOST_WAITING:
                raise Unavailable(
                    {"zh": "写入排队已满，请稍后重试。", "en": "too much is waiting to be written; retry later"}
                )
            self._waiting.append(waiting)
            self._events += len(events)
            self._changed.notify()
        self._unanswered.add(waiting.done)
        waiting.done.add_done_callback(self._unanswered.discard)
        try:
            async with asyncio.timeout(PATIENCE):
                return await waiting.done
        except TimeoutError:
            # They may still go in; the sender repeats them, and then they are duplicates.
            raise Unavailable({"zh": "数据库没有回应，请重试。", "en": "the ledger does not answer; retry"}) from None

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        writer = Writer()
        while group := self._take():
            outcomes: Sequence[str] | Unavailable
            try:
                outcomes = writer.append([event for waiting in group for event in waiting.events])
            except Exception as error:
                if isinstance(error, psycopg.Error | Unavailable):
                    log.error("journal.unavailable", error=type(error).__name__)
                else:
                    log.exception("journal.failed")
                outcomes = Unavailable(
                    {"zh": "暂时写不进数据库，请重试。", "en": "the ledger cannot be written now; retry"}
                )
            with suppress(RuntimeError):  # the event loop is closed: no request is waiting
                loop.call_soon_threadsafe(_answer, group, outcomes)
        writer.close()

    def _take(self) -> Group:
        """The oldest requests that fit one commit, at least one; none where the committer stops."""
        group: Group = []
        size = 0
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            while self._waiting and (not group or size + len(self._waiting[0].events) <= LARGEST_COMMIT):
                group.append(self._waiting.popleft())
                size += len(group[-1].events)
            self._events -= size
        return group


def _answer(group: Group, outcomes: Sequence[str] | Unavailable) -> None:
    start = 0
    for waiting in group:
        end = start + len(waiting.events)
        if waiting.done.done():  # the sender may have hung up
            pass
        elif isinstance(outcomes, Unavailable):
            waiting.done.set_exception(outcomes)
        else:
            waiting.done.set_result(outcomes[start:end])
        start = end


class Writer:
    """One thread's own connection to the ledger.

    Events without effects go in by one statement that is its own transaction: one round trip. Where that fails
    nothing of it is stored. A connection that was lost is replaced once; what had gone in after all is then a
    duplicate, never a second row. What PostgreSQL refuses is sorted out by `append_batch`.
    """

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def append(self, events: Sequence[Event]) -> Sequence[str]:
        """Outcomes in order. OperationalError or Unavailable where the ledger cannot be written."""
        try:
            return self._append(events)
        except REFUSALS:
            return append_batch(events)
        except psycopg.OperationalError:
            self.close()
            return self._append(events)

    def _append(self, events: Sequence[Event]) -> Sequence[str]:
        if self._connection is None:
            self._connection = connect(autocommit=True)
        if any(is_effective(event) for event in events):
            with self._connection.transaction():
                return append_events(self._connection, events, now_us())
        return append_events(self._connection, events, now_us())

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
