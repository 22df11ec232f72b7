"""Group commits: many sessions wait for one transaction that makes their messages final and records what became of
earlier ones.

Of the messages of one channel at most IN_FLIGHT are final without an outcome at any moment: that many are in doubt
when the process is killed, never more.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from psycopg.errors import DeadlockDetected, SerializationFailure

from huitou.delivery.guard import Rules, Verdict, ask, read_verdicts
from huitou.delivery.outbox import Message, query
from huitou.stores.ledger import Connection

IN_FLIGHT = 16
TRIES = 5


@dataclass(frozen=True, slots=True)
class Outcome:
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


@dataclass(slots=True)
class _Waiting:
    message: Message
    rules: Rules
    answer: asyncio.Future[tuple[Verdict, float]]


def record(connection: Connection, outcomes: Sequence[Outcome]) -> None:
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


class Committer:
    """One connection, one transaction after the other, each for all who wait."""

    def __init__(self, connection: Connection, clock: Callable[[], int]) -> None:
        self._connection = connection
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commits")
        self._waiting: list[_Waiting] = []
        self._outcomes: list[Outcome] = []
        self._in_flight = 0
        self._wake = asyncio.Event()
        self._closing = False
        self.groups = 0

    async def ask(self, message: Message, rules: Rules) -> tuple[Verdict, float]:
        """The guard's verdict once it is on disk, and the monotonic second when it was."""
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(message, rules, answer))
        self._wake.set()
        verdict, at = await answer
        return verdict, at

    def note(self, outcome: Outcome) -> None:
        """Record it with the next commit."""
        self._outcomes.append(outcome)
        self._wake.set()

    async def run(self) -> None:
        """Commit until closed and nothing is left."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._has_work():
                    await self._commit_once()
                if self._closing and not self._waiting and not self._outcomes:
                    return
        except BaseException as error:
            for waiting in self._waiting:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            raise
        finally:
            self._thread.shutdown(wait=True)

    def close(self) -> None:
        self._closing = True
        self._wake.set()

    def _has_work(self) -> bool:
        return bool(self._outcomes) or (bool(self._waiting) and self._in_flight < IN_FLIGHT)

    async def _commit_once(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        self._in_flight -= sum(outcome.was_final for outcome in outcomes)
        room = IN_FLIGHT - self._in_flight
        group, self._waiting = self._waiting[:room], self._waiting[room:]
        loop = asyncio.get_running_loop()
        verdicts: list[Verdict] = []
        try:
            verdicts = await loop.run_in_executor(self._thread, self._write, group, outcomes)
        except BaseException:
            self._waiting = group + self._waiting  # told of the error by `run`
            raise
        self.groups += 1
        done = time.monotonic()
        for waiting, verdict in zip(group, verdicts, strict=True):
            self._in_flight += verdict.passed
            if not waiting.answer.done():
                waiting.answer.set_result((verdict, done))

    def _write(self, group: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> list[Verdict]:
        for attempt in range(1, TRIES + 1):
            try:
                return self._write_once(group, outcomes)
            except (DeadlockDetected, SerializationFailure):  # with a recovery that touches the same rows
                if attempt == TRIES:
                    raise
        raise AssertionError("unreachable")

    def _write_once(self, group: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> list[Verdict]:
        answer = None
        one_trip = self._connection.pipeline() if can_pipeline(self._connection) else contextlib.nullcontext()
        with one_trip, self._connection.transaction():
            if group:
                messages = [waiting.message for waiting in group]
                answer = ask(self._connection, messages, [waiting.rules for waiting in group], self._clock())
            if outcomes:
                record(self._connection, outcomes)
        return read_verdicts(answer) if answer else []
