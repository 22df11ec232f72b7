"""Group commits: many sessions wait for one transaction that makes their messages final, keeps what the customers will
see, and records what became of earlier ones.

Of the messages of one channel at most IN_FLIGHT are final on disk without an outcome there: that many are in doubt
when the process is killed, never more.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from psycopg.errors import DeadlockDetected, SerializationFailure

from huitou.delivery.channels.base import Outgoing
from huitou.delivery.compose import keep_bodies
from huitou.delivery.guard import GuardRules, Verdict, ask, read_verdicts
from huitou.delivery.outbox import Message, query
from huitou.stores.ledger import Connection

IN_FLIGHT = 16
GROUP = 8  # of four it costs twice as much a message as of sixteen
LINGER_SECONDS = 0.003  # to let a group of that size come together
TRIES = 5


@dataclass(frozen=True, slots=True)
class MessageOutcome:
    """What became of a claimed message. `state` is submitted, retry, failed, in_doubt or planned (given back).

    `send_at` is when to try again; `counts` whether the try counts as an attempt; `was_final` whether the message had
    become final before.
    """

    message: Message
    state: str
    reason: str = ""
    provider_id: str = ""
    at: int = 0
    send_at: int = 0
    counts: bool = False
    was_final: bool = False


RulesAt = Callable[[int], GuardRules]


@dataclass(slots=True)
class _Waiting:
    message: Message
    rules: RulesAt
    mail: Outgoing
    answer: asyncio.Future[tuple[Verdict, float]]


def record(connection: Connection, outcomes: Sequence[MessageOutcome]) -> None:
    """Write what became of messages; only claims that still hold their fence count."""
    connection.execute(
        query("record"),
        {
            "ids": [outcome.message.id for outcome in outcomes],
            "fences": [outcome.message.fence for outcome in outcomes],
            "states": [outcome.state for outcome in outcomes],
            "reasons": [outcome.reason for outcome in outcomes],
            "provider_ids": [outcome.provider_id for outcome in outcomes],
            "moments": [outcome.at for outcome in outcomes],
            "send_at": [outcome.send_at for outcome in outcomes],
            "attempts": [int(outcome.counts) for outcome in outcomes],
        },
    )


def can_pipeline(connection: Connection) -> bool:
    """In one round trip the server waits for the next statement without being 'idle in transaction'; from PostgreSQL
    17 on transaction_timeout ends that wait, where the client is stopped in between."""
    return connection.info.server_version >= 170_000


class GroupCommitter:
    """One connection, one transaction after the other, each for all who wait. A second connection made it no faster."""

    def __init__(self, connection: Connection, clock: Callable[[], int]) -> None:
        self._connection = connection
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commits")
        self._waiting: list[_Waiting] = []
        self._outcomes: list[MessageOutcome] = []
        self._in_flight = 0  # asked about in an open transaction, or final without an outcome on disk
        self._wake = asyncio.Event()
        self._closing = False
        self._error: BaseException | None = None

    async def ask(self, message: Message, rules: RulesAt, mail: Outgoing) -> tuple[Verdict, float]:
        """The guard's verdict once it is on disk, and the monotonic second when it was. The rules are asked for in the
        transaction: a message may have waited for its turn into the quiet hours."""
        if self._error:
            raise self._error
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(message, rules, mail, answer))
        self._wake.set()
        verdict, at = await answer
        return verdict, at

    def note(self, outcome: MessageOutcome) -> None:
        """Record it with the next commit."""
        self._outcomes.append(outcome)
        self._wake.set()

    def close(self) -> None:
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Commit until closed and nothing is left."""
        try:
            while await self._group_comes():
                await self._commit_once()
        except BaseException as error:
            self._error = error if isinstance(error, Exception) else asyncio.CancelledError()
            for waiting in self._waiting:
                if not waiting.answer.done():
                    waiting.answer.set_exception(self._error)
            raise
        finally:
            self._thread.shutdown(wait=True)

    async def _group_comes(self) -> bool:
        """Wait until there is enough to commit; False once closed and nothing is left."""
        lingered = False
        while self._waiting or self._outcomes or not self._closing:
            if not self._outcomes and (not self._waiting or self._room() <= 0):
                await self._wake.wait()
                self._wake.clear()
            elif lingered or min(len(self._waiting), self._room()) >= GROUP:
                return True
            else:
                await asyncio.sleep(LINGER_SECONDS)
                lingered = True
        return False

    def _room(self) -> int:
        """How many messages a commit made now could make final, with the outcomes it records."""
        return IN_FLIGHT - self._in_flight + sum(outcome.was_final for outcome in self._outcomes)

    async def _commit_once(self) -> None:
        room = max(self._room(), 0)
        outcomes, self._outcomes = self._outcomes, []
        group, self._waiting = self._waiting[:room], self._waiting[room:]
        self._in_flight += len(group)
        loop = asyncio.get_running_loop()
        try:
            verdicts = await loop.run_in_executor(self._thread, self._write, group, outcomes)
        except BaseException:
            self._waiting = group + self._waiting  # told of the error by `run`
            raise
        done = time.monotonic()
        stopped = sum(not verdict.passed for verdict in verdicts)
        self._in_flight -= stopped + sum(outcome.was_final for outcome in outcomes)
        for waiting, verdict in zip(group, verdicts, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result((verdict, done))

    def _write(self, group: Sequence[_Waiting], outcomes: Sequence[MessageOutcome]) -> list[Verdict]:
        for attempt in range(1, TRIES + 1):
            try:
                return self._write_once(group, outcomes)
            except (DeadlockDetected, SerializationFailure):  # with a recovery that touches the same rows
                if attempt == TRIES:
                    raise
        raise AssertionError("unreachable")

    def _write_once(self, group: Sequence[_Waiting], outcomes: Sequence[MessageOutcome]) -> list[Verdict]:
        connection = self._connection
        answer = None
        one_trip = connection.pipeline() if can_pipeline(connection) else contextlib.nullcontext()
        with one_trip, connection.transaction():
            if group:
                messages = [waiting.message for waiting in group]
                now = self._clock()
                answer = ask(connection, messages, [waiting.rules(now) for waiting in group], now)
                keep_bodies(connection, [waiting.mail for waiting in group])
            if outcomes:
                record(connection, outcomes)
        return read_verdicts(answer) if answer else []


async def first_error(tasks: Sequence[asyncio.Task[None]], *guards: asyncio.Task[None]) -> None:
    """Wait for all tasks; an error of any of them, or of a guard, ends the wait at once."""
    waiting: set[asyncio.Task[None]] = {*tasks, *guards}
    while not all(task.done() for task in tasks):
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def cancel_all(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: before Python 3.12 asyncio.wait_for loses a cancellation that meets its answer."""
    ended, left = set(), set(tasks)
    while left:
        for task in left:
            task.cancel()
        done, left = await asyncio.wait(left, timeout=1)
        ended |= done
    for task in ended:
        if not task.cancelled():
            task.exception()  # told already, or asyncio says that nobody asked
