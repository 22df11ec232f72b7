"""Send what is due. Run it as often as you like, in as many processes as you like: no message goes out twice."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg

from huitou.admin.settings import refresh
from huitou.delivery.channels.base import ChannelAdapter
from huitou.delivery.commits import can_pipeline
from huitou.delivery.outages import keep_outages
from huitou.delivery.outbox import due_channels
from huitou.delivery.pipeline import ChannelLine, suppress_unconnected
from huitou.delivery.reachable import mail_leaves, why_links_lead_nowhere
from huitou.delivery.recovery import Recovered, living_sender, recover, resolve_doubts
from huitou.kit import clock as house_clock
from huitou.kit.errors import Unavailable
from huitou.kit.settings import settings
from huitou.kit.text import Text, say
from huitou.stores.ledger import Connection, connect

Progress = Callable[["SendResult"], None]
PROGRESS_SECONDS = 0.2
STOPPED_MS = 15000
SWITCH_SECONDS = 0.0005  # a commit's thread would wait 5 ms for the interpreter each time PostgreSQL has answered


@dataclass
class SendResult:
    """What one run did. `states` counts (state, reason); `down` names channels that could not be used, and why, in
    English; `because` says it in both languages."""

    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    recovered: Recovered = field(default_factory=Recovered)
    because: dict[str, Text] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def down(self) -> dict[str, str]:
        return {channel: say(why, "en") for channel, why in self.because.items()}

    @property
    def submitted(self) -> int:
        return self.count("submitted")

    def count(self, state: str) -> int:
        return sum(number for (name, _), number in self.states.items() if name == state)

    def reasons(self, state: str = "suppressed") -> dict[str, int]:
        return {reason: number for (name, reason), number in sorted(self.states.items()) if name == state}


# Channels this version can send on, and what to set where one is not set up: its messages wait, they are not given up.
ADAPTERS: dict[str, Text] = {
    "email": {"zh": "没有设置邮件服务器（HUITOU_SMTP_URL）", "en": "HUITOU_SMTP_URL is not set"}
}


def connected_channels() -> dict[str, ChannelAdapter]:
    """The channels that are set up, by name. Refused where a setting is unusable."""
    channels: dict[str, ChannelAdapter] = {}
    url = settings().smtp_url
    if url:
        from huitou.delivery.channels.email import EmailChannel

        channels["email"] = EmailChannel(url)
    return channels


def held_channels() -> dict[str, Text]:
    """Channels that are set up, but whose messages would reach customers broken: they wait, and are not given up."""
    why = why_links_lead_nowhere() if mail_leaves() else None
    return {} if why is None else {"email": why}


def send_due(
    now: int | None = None,
    progress: Progress | None = None,
    *,
    channels: Mapping[str, ChannelAdapter] | None = None,
) -> SendResult:
    """Send everything that is due and return when nothing is; the clock is the house's unless `now` is given.

    Also puts right what dead senders left. Killed at any moment it loses nothing and repeats nothing: at most
    commits.IN_FLIGHT messages a channel are in doubt then.
    """
    switch_interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    refresh()
    clock = house_clock.now_us if now is None else lambda: now
    try:
        held = held_channels() if channels is None else {}
        return asyncio.run(_send(clock, progress, connected_channels() if channels is None else channels, held))
    finally:
        sys.setswitchinterval(switch_interval)


async def _send(
    clock: Callable[[], int],
    progress: Progress | None,
    channels: Mapping[str, ChannelAdapter],
    held: Mapping[str, Text],
) -> SendResult:
    result, started = SendResult(), time.perf_counter()
    with contextlib.ExitStack() as stack:
        sender = stack.enter_context(living_sender())
        connection = stack.enter_context(connect(autocommit=True))
        with connection.transaction():
            result.recovered = recover(connection, clock())
        await resolve_doubts(connection, channels, clock())
        due = due_channels(connection, clock())
        lines = [
            _open_line(stack, channels[name], sender, clock) for name in due if name in channels and name not in held
        ]
        watching = asyncio.create_task(_watch(lines, result, progress, started)) if progress else None
        try:
            errors = await asyncio.gather(*(line.run() for line in lines), return_exceptions=True)
        finally:
            if watching:
                watching.cancel()
        result.because |= {name: held[name] for name in due if name in held}
        for name in (name for name in due if name not in channels):
            if name in ADAPTERS:
                result.because[name] = ADAPTERS[name]
            else:
                result.states.update(suppress_unconnected(connection, name, sender, clock()))
        _sum_up(result, lines, started)
        with connection.transaction():
            keep_outages(connection, result.because, due, clock())
    if progress:
        progress(result)
    for error in errors:
        if isinstance(error, psycopg.OperationalError):
            raise _ledger_lost(error) from error
        if isinstance(error, BaseException):
            raise error
    return result


def _ledger_lost(error: Exception) -> Unavailable:
    why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return Unavailable(
        {
            "zh": f"发送中途与数据库断开：{why}。再次发送会接着做，不会重复。",
            "en": f"the database was lost while sending: {why}. Send again to go on; nothing goes twice",
        }
    )


def _open_line(
    stack: contextlib.ExitStack, channel: ChannelAdapter, sender: str, clock: Callable[[], int]
) -> ChannelLine:
    return ChannelLine(channel, sender, (_open_connection(stack), _open_connection(stack)), clock)


def _open_connection(stack: contextlib.ExitStack) -> Connection:
    """Planned once and kept: the guard's query takes 8 ms to plan and 1 ms to run."""
    connection = stack.enter_context(connect(autocommit=True))
    connection.prepare_threshold = 0
    connection.execute("SET plan_cache_mode = force_generic_plan")
    # A stopped sender must not keep the customers' locks for longer than this.
    connection.execute(f"SET idle_in_transaction_session_timeout = {STOPPED_MS}")
    if can_pipeline(connection):
        connection.execute(f"SET transaction_timeout = {STOPPED_MS}")
    return connection


async def _watch(lines: list[ChannelLine], result: SendResult, progress: Progress, started: float) -> None:
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        shown = SendResult(Counter(result.states), result.recovered)
        _sum_up(shown, lines, started)
        progress(shown)


def _sum_up(result: SendResult, lines: list[ChannelLine], started: float) -> None:
    for line in lines:
        result.states.update(line.tally)
        if line.down:
            result.because[line.channel.name] = line.down_because
    result.seconds = time.perf_counter() - started
