"""Group commit: events of many requests share one transaction, and each request waits for its own.

A handful of writers take whatever is waiting, append it, and only then wake the requests: 2xx means durable.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg
import structlog

from huitou.events.journal import append_batch
from huitou.events.model import Event
from huitou.kit.errors import Unavailable

log = structlog.get_logger()

WRITERS = 3  # transactions at once; more only take turns on two cores
LARGEST_COMMIT = 2_000  # events; keeps a commit short, so that single events wait milliseconds
MOST_WAITING = 50_000  # events; beyond it the edge answers 503 and the sender keeps them


@dataclass(eq=False)
class _Waiting:
    events: Sequence[Event]
    done: asyncio.Future[list[str]]


class Committer:
    """Started and stopped with the application; `commit` returns when the events are durable."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._events = 0
        self._unanswered: set[asyncio.Future[list[str]]] = set()
        self._wake = asyncio.Condition()
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="journal")
        self._writers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._writers = [asyncio.create_task(self._write()) for _ in range(WRITERS)]

    async def stop(self) -> None:
        """What was accepted for commit is committed first: the callers are waiting for it."""
        await asyncio.gather(*self._unanswered, return_exceptions=True)
        for writer in self._writers:
            writer.cancel()
        await asyncio.gather(*self._writers, return_exceptions=True)
        self._threads.shutdown(wait=True)

    @property
    def backlog(self) -> int:
        return self._events

    async def commit(self, events: Sequence[Event]) -> list[str]:
        """Outcomes in order. Unavailable where too much is waiting or the ledger cannot be written."""
        if not events:
            return []
        if self._events + len(events) > MOST_WAITING:
            raise Unavailable(
                {"zh": "写入排队已满,请稍后重试。", "en": "too much is waiting to be written; retry later"}
            )
        waiting = _Waiting(events, asyncio.get_running_loop().create_future())
        self._unanswered.add(waiting.done)
        waiting.done.add_done_callback(self._unanswered.discard)
        self._waiting.append(waiting)
        self._events += len(events)
        async with self._wake:
            self._wake.notify()
        return await waiting.done

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            async with self._wake:
                while not self._waiting:
                    await self._wake.wait()
            group = self._take()
            events = [event for waiting in group for event in waiting.events]
            try:
                outcomes = await loop.run_in_executor(self._threads, append_batch, events)
            except psycopg.Error as error:
                log.error("journal.unavailable", error=type(error).__name__)
                self._fail(group)
            except Exception:
                log.exception("journal.failed")
                self._fail(group)
            else:
                self._answer(group, outcomes)

    def _take(self) -> list[_Waiting]:
        """The oldest requests that fit one commit, at least one."""
        group: list[_Waiting] = []
        size = 0
        while self._waiting and (not group or size + len(self._waiting[0].events) <= LARGEST_COMMIT):
            group.append(self._waiting.popleft())
            size += len(group[-1].events)
        self._events -= size
        return group

    def _answer(self, group: list[_Waiting], outcomes: Sequence[str]) -> None:
        start = 0
        for waiting in group:
            end = start + len(waiting.events)
            if not waiting.done.done():  # the sender may have hung up
                waiting.done.set_result(list(outcomes[start:end]))
            start = end

    def _fail(self, group: list[_Waiting]) -> None:
        for waiting in group:
            if not waiting.done.done():
                waiting.done.set_exception(
                    Unavailable({"zh": "暂时写不进数据库,请重试。", "en": "the ledger cannot be written now; retry"})
                )
