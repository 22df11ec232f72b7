"""One channel's line of work: claim a batch; compose, prepare, make final in groups, submit, record.

Sessions work side by side, each with one message. Up to the group commit everything may be repeated; after it there
is exactly one try. A channel that cannot be reached gives its claims back and stops; others do not wait for it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from huitou.delivery.breaker import Breaker, keep_breaker, pause_itself, read_breaker
from huitou.delivery.channel_events import report_bounce
from huitou.delivery.channels.base import ChannelAdapter, ChannelDown, InDoubt, Outgoing, Session, Undelivered
from huitou.delivery.commits import GroupCommitter, MessageOutcome, cancel_all, first_error, record
from huitou.delivery.compose import Campaigns, Unrenderable, compose
from huitou.delivery.guard import Verdict
from huitou.delivery.outbox import LEASE_SECONDS, Message, claim
from huitou.delivery.pace import Pace
from huitou.kit.clock import MINUTE, SECOND
from huitou.kit.errors import HuitouError
from huitou.kit.text import Text
from huitou.stores.ledger import Connection, transaction

BATCH = 200
BACK_OFF = (1, 5, 15, 60, 240)  # minutes between tries; greylisting answers within five
DOWN_AFTER = 4  # failed connections without one that worked
DOWN_PAUSE = 30 * SECOND
ASKS = 20  # times a message is put to the guard again because something moved


@dataclass(frozen=True, slots=True)
class _Ready:
    message: Message
    mail: Outgoing


class ChannelLine:
    """Everything one channel needs while a sender runs. `tally` counts what became of messages, by (state, reason)."""

    def __init__(
        self, channel: ChannelAdapter, sender: str, connections: tuple[Connection, Connection], clock: Callable[[], int]
    ) -> None:
        self.channel = channel
        self.tally: Counter[tuple[str, str]] = Counter()
        self.down = ""
        self.down_because: Text = {}
        self._breakers: dict[str, Breaker] = {}
        self._sender = sender
        self._feeding, committing = connections
        self._clock = clock
        self._campaigns = Campaigns()
        self._committer = GroupCommitter(committing, clock)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"feed-{channel.name}")
        self._claimed: asyncio.Queue[Message | None] = asyncio.Queue(BATCH)
        self._pace = Pace(channel.per_second)
        self._failures = 0

    async def run(self) -> None:
        """Until nothing is due, or the channel is down."""
        committing = asyncio.create_task(self._committer.run())
        workers = [asyncio.create_task(self._work()) for _ in range(self.channel.sessions)]
        feeding = asyncio.create_task(self._feed())
        try:
            await first_error([feeding, *workers], committing)
            self._committer.close()
            await committing
        finally:
            await cancel_all((feeding, *workers, committing))
            self._thread.shutdown(wait=True)
        with transaction() as connection:
            for campaign, breaker in self._breakers.items():
                keep_breaker(connection, campaign, breaker)

    async def _feed(self) -> None:
        while not self.down:
            messages = await asyncio.get_running_loop().run_in_executor(self._thread, self._claim)
            if not messages:
                break
            for message in messages:
                await self._claimed.put(message)
        for _ in range(self.channel.sessions):
            await self._claimed.put(None)

    def _claim(self) -> list[Message]:
        with self._feeding.transaction():
            messages = claim(
                self._feeding,
                self._clock(),
                BATCH,
                channel=self.channel.name,
                address_kind=self.channel.address,
                sender=self._sender,
            )
            self._campaigns.load(self._feeding, messages)
            for campaign in {message.campaign for message in messages} - self._breakers.keys():
                self._breakers[campaign] = read_breaker(self._feeding, campaign)
        return messages

    async def _work(self) -> None:
        session = self.channel.open_session()
        try:
            while (message := await self._claimed.get()) is not None:
                if self.down:
                    self._give_back(message)
                    continue
                if self._breakers[message.campaign].tripped:
                    self._note(message, "planned", "campaign_paused", send_at=message.send_at)
                    continue
                mail = compose(message, self._campaigns, self._clock())
                if isinstance(mail, Unrenderable):
                    self._fail(message, mail.reason)
                    continue
                await self._pace.take()
                await self._send(session, _Ready(message, mail))
        finally:
            await session.close()

    async def _send(self, session: Session, item: _Ready) -> None:
        """One message from the claim to its outcome. Each round begins anew because person or address changed."""
        for _ in range(ASKS):
            if item.mail.address and not await self._prepared(session, item):
                return
            rules = partial(self._campaigns.rules, item.message)
            verdict, final_since = await self._committer.ask(item.message, rules, item.mail)
            if verdict.passed:
                await self._submit(session, item, final_since)
                return
            if item.mail.address:
                await session.release()
            if verdict.reason not in ("moved", "again"):
                self.tally[_state_of(verdict.reason), verdict.reason] += 1
                return
            item = _moved(item, verdict)
        self._give_back(item.message)

    async def _prepared(self, session: Session, item: _Ready) -> bool:
        try:
            await session.prepare(item.mail)
        except Undelivered as refusal:
            self._refused(item.message, refusal, was_final=False)
            return False
        except ChannelDown as down:
            self._count_failure(down)
            self._give_back(item.message)
            return False
        self._failures = 0
        return True

    async def _submit(self, session: Session, item: _Ready, final_since: float) -> None:
        message = item.message
        if time.monotonic() - final_since > LEASE_SECONDS:  # stopped meanwhile; others have put it in doubt by now
            await session.release()
            self._note(message, "failed", "overdue", was_final=True)
            return
        try:
            provider_id = await session.submit(item.mail)
        except Undelivered as refusal:
            self._refused(message, refusal, was_final=True)
        except ChannelDown as down:
            self._count_failure(down)
            self._retry(message, "channel_down", was_final=True)
        except InDoubt as doubt:
            self._note(message, "in_doubt", str(doubt)[:200], was_final=True)
        else:
            self._breakers[message.campaign].went()
            self._note(message, "submitted", provider_id=provider_id, was_final=True)

    def _refused(self, message: Message, refusal: Undelivered, *, was_final: bool) -> None:
        reason = f"{refusal.status} {refusal}"[:300]
        if refusal.scope == "channel":
            self._count_failure(refusal)
            self._give_back(message, was_final=was_final)
        elif refusal.permanent:
            self._fail(message, reason, was_final=was_final)
            if refusal.dead:
                self._bounce(message, refusal.status)
        else:
            self._retry(message, reason, was_final=was_final)

    def _fail(self, message: Message, reason: str, *, was_final: bool = False) -> None:
        """It never goes; after a run of these the campaign pauses itself."""
        self._note(message, "failed", reason, was_final=was_final)
        breaker = self._breakers[message.campaign]
        if breaker.refused(reason):
            with transaction() as connection:
                pause_itself(connection, message.campaign, breaker)

    def _retry(self, message: Message, reason: str, *, was_final: bool) -> None:
        wait = BACK_OFF[min(message.attempts, len(BACK_OFF) - 1)] * MINUTE
        self._note(message, "retry", reason, send_at=self._clock() + wait, counts=not was_final, was_final=was_final)

    def _give_back(self, message: Message, *, was_final: bool = False) -> None:
        """Nothing is held against the message: the channel was at fault."""
        self._note(message, "planned", "channel_down", send_at=self._clock() + DOWN_PAUSE, was_final=was_final)

    def _note(self, message: Message, state: str, reason: str = "", **more: object) -> None:
        self.tally[state, "" if state == "submitted" else re.split(r"[ :]", reason, maxsplit=1)[0]] += 1
        self._committer.note(MessageOutcome(message, state, reason, at=self._clock(), **more))  # type: ignore[arg-type]

    def _count_failure(self, error: HuitouError) -> None:
        self._failures += 1
        if self._failures >= DOWN_AFTER:
            self.down, self.down_because = str(error), error.message

    def _bounce(self, message: Message, status: str) -> None:
        with transaction() as connection:
            report_bounce(connection, message.id, message.channel, message.address, status, self._clock())


def _moved(item: _Ready, verdict: Verdict) -> _Ready:
    message = replace(item.message, root=verdict.root, address=verdict.address, nodes=verdict.nodes)
    return _Ready(message, replace(item.mail, address=verdict.address))


def _state_of(reason: str) -> str:
    return {
        "quiet_hours": "planned",
        "cap_soon": "planned",
        "campaign_paused": "planned",
        "expired": "expired",
        "lost": "lost",
    }.get(reason, "suppressed")


def suppress_unconnected(connection: Connection, channel: str, sender: str, now: int) -> Counter[tuple[str, str]]:
    """Messages of a channel without an adapter: named for what stops them, 'no_channel' where nothing else does."""
    from huitou.campaigns.channel_facts import address_kind
    from huitou.delivery.guard import finalise

    tally: Counter[tuple[str, str]] = Counter()
    kind = address_kind(channel)
    campaigns = Campaigns()
    while True:
        with connection.transaction():
            messages = claim(connection, now, BATCH, channel=channel, address_kind=kind, sender=sender)
            campaigns.load(connection, messages)
            rules = [campaigns.rules(message, now, has_channel=False) for message in messages]
            verdicts = finalise(connection, messages, rules, now) if messages else []
            left = [m for m, v in zip(messages, verdicts, strict=True) if v.reason in ("moved", "again")]
            record(
                connection, [MessageOutcome(message, "planned", send_at=message.send_at, at=now) for message in left]
            )
        if not messages:
            return tally
        tally.update((_state_of(verdict.reason), verdict.reason) for verdict in verdicts if verdict.message)
