"""A channel that behaves as a test wants, to try the core without SMTP: not a stand-in for one, but its conformance
partner. What it was given it keeps in `taken`, what it lost in silence in `lost`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from huitou.delivery.channels.base import Idempotency, InDoubt, Outgoing


class FakeChannel:
    address = "email"

    def __init__(self, *, name: str = "email", sessions: int = 4, idempotency: Idempotency = "none") -> None:
        self.name = name
        self.sessions = sessions
        self.idempotency = idempotency
        self.per_second: float | None = None
        self.taken: list[str] = []
        self.lost: list[str] = []
        self.doubtful: dict[str, bool] = {}  # address -> whether it is taken before the line breaks
        self.hang = asyncio.Event()
        self.hangs = False

    def open_session(self) -> FakeSession:
        return FakeSession(self)

    async def look_up(self, messages: Sequence[str]) -> dict[str, bool]:
        return {message: message in self.taken for message in messages if message in (*self.taken, *self.lost)}


class FakeSession:
    def __init__(self, channel: FakeChannel) -> None:
        self.channel = channel

    async def prepare(self, mail: Outgoing) -> None:
        if self.channel.hangs:
            await asyncio.sleep(3)

    async def submit(self, mail: Outgoing) -> str:
        there = self.channel.doubtful.get(mail.address)
        if there is None or there:
            self.channel.taken.append(mail.message)
        else:
            self.channel.lost.append(mail.message)
        if there is not None:
            raise InDoubt({"zh": "断了", "en": "the line broke"})
        return f"id-{mail.message}"

    async def release(self) -> None:
        pass

    async def close(self) -> None:
        pass
