"""What keeps messages from going, said where the operator looks: every page of the console, `huitou check`, /metrics.

Asked of the ledger each time, so that a trouble is gone as soon as its cause is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from huitou.campaigns.channel_facts import label_of
from huitou.delivery.outages import Outage, list_outages
from huitou.delivery.outbox import query
from huitou.delivery.send import ADAPTERS, connected_channels, held_channels
from huitou.flows.heartbeat import is_anybody_sending, last_beat
from huitou.kit import clock
from huitou.kit.errors import HuitouError
from huitou.kit.text import LANGUAGES, Text, say
from huitou.stores.ledger import Connection, transaction

OVERDUE = 10 * clock.MINUTE  # a due message goes within seconds, one after a restart within a minute
SOON = clock.MINUTE  # what a channel that is down has given back is due again half a minute later
TRIES = 3  # greylisting answers at the second
RECENT = clock.DAY  # doubts closed longer ago are told on the broadcast's page alone

Kind = Literal["channel", "worker", "overdue", "self_paused", "held_start", "put_off", "in_doubt"]


@dataclass(frozen=True)
class Trouble:
    """One thing that keeps messages from going. `link` is the console's page where it is mended; `since` epoch
    microseconds; `messages` how many it concerns. `is_grave`: nothing goes before somebody acts."""

    kind: Kind
    name: str  # the channel, campaign or broadcast concerned
    message: Text
    todo: Text
    link: str
    since: int | None = None
    messages: int = 0
    is_grave: bool = True


def read_troubles(broadcast: str | None = None) -> list[Trouble]:
    """All there are now, the gravest first; with a broadcast what concerns its messages."""
    now = clock.now_us()
    with transaction() as connection:
        channels = _channels(connection, broadcast, now)
        found = [
            *channels,
            *_worker(connection, broadcast),
            *_self_paused(connection, broadcast),
            *_held_starts(connection, broadcast),
            *_overdue(connection, broadcast, now, {one.name for one in channels}),
            *_put_off(connection, broadcast),
            *_in_doubt(connection, broadcast, now),
        ]
    return sorted(found, key=lambda one: not one.is_grave)


def _channels(connection: Connection, broadcast: str | None, now: int) -> list[Trouble]:
    """Channels with something queued that are not set up, held, or were down at the last try."""
    queues = connection.execute(query("channel_queues"), {"soon": now + SOON, "occurrence": broadcast}).fetchall()
    outages, wrong = list_outages(connection), _wrong_settings()
    found = []
    for channel, queued, due, next_at in queues:
        if channel in wrong:
            outage = outages.get(channel)
            found.append(_unusable(channel, wrong[channel], queued, outage.since if outage else min(next_at, now)))
        elif channel in outages and due:
            found.append(_down(outages[channel], due))
    return found


def _wrong_settings() -> dict[str, Text]:
    """Channels this house has an adapter for, and why they cannot be used as they are set."""
    try:
        connected = connected_channels()
    except HuitouError as error:  # an unusable address of the server
        return dict.fromkeys(ADAPTERS, error.message)
    return {name: why for name, why in ADAPTERS.items() if name not in connected} | held_channels()


def _unusable(channel: str, why: Text, queued: int, since: int) -> Trouble:
    return Trouble(
        "channel",
        channel,
        {
            "zh": f"{say(label_of(channel), 'zh')}发不出去：{say(why, 'zh')}。{queued:,} 条消息在排队等待",
            "en": f"Nothing goes by {say(label_of(channel), 'en')}: {say(why, 'en')}. {queued:,} messages wait",
        },
        {"zh": "填好发送设置后会自动发出。", "en": "Once sending is set up they go by themselves."},
        "/settings",
        since,
        queued,
    )


def _down(outage: Outage, due: int) -> Trouble:
    channel = outage.channel
    return Trouble(
        "channel",
        channel,
        {
            "zh": f"{say(label_of(channel), 'zh')}渠道中断：{say(outage.error, 'zh')}。{due:,} 条消息在等待",
            "en": f"{say(label_of(channel), 'en').capitalize()} is down: {say(outage.error, 'en')}. {due:,} messages wait",
        },
        {
            "zh": "每半分钟自动重试；恢复后会接着发，不会重复。",
            "en": "It is tried again every half minute; then they go on, none twice.",
        },
        "/settings",
        outage.since,
        due,
    )


def _worker(connection: Connection, broadcast: str | None) -> list[Trouble]:
    queued = sum(
        row[1] for row in connection.execute(query("channel_queues"), {"soon": 0, "occurrence": broadcast}).fetchall()
    )
    if not queued or is_anybody_sending(connection):
        return []
    return [
        Trouble(
            "worker",
            "worker",
            {
                "zh": f"后台任务没有运行，{queued:,} 条排队的消息到点也不会发出",
                "en": f"The worker is not running: {queued:,} queued messages will not go when they are due",
            },
            {
                "zh": "启动 huitou serve（或 huitou serve --only worker），或者用 huitou send 手动发送。",
                "en": "Start `huitou serve` (or `huitou serve --only worker`), or send by hand with `huitou send`.",
            },
            "/messages",
            last_beat(connection),
            queued,
        )
    ]


def _overdue(connection: Connection, broadcast: str | None, now: int, down: set[str]) -> list[Trouble]:
    """Said by itself only where no channel explains it."""
    values = {"late": now - OVERDUE, "now": now, "occurrence": broadcast}
    messages, since = connection.execute(query("overdue"), values).fetchall()[0]
    if not messages or down:
        return []
    return [
        Trouble(
            "overdue",
            broadcast or "",
            {"zh": f"{messages:,} 条消息已超时未发", "en": f"{messages:,} messages are overdue"},
            {
                "zh": "请看后台任务的日志；运行 huitou check 可以查出原因。",
                "en": "Look into the worker's log; `huitou check` helps to find out why.",
            },
            "/messages",
            since,
            messages,
        )
    ]


def _self_paused(connection: Connection, broadcast: str | None) -> list[Trouble]:
    rows = connection.execute(
        "SELECT DISTINCT ON (p.campaign) p.campaign, p.at, p.failed, p.tried, p.reason FROM self_pause p"
        " WHERE p.resumed_at IS NULL AND (%(one)s::text IS NULL OR EXISTS (SELECT FROM message m"
        " WHERE m.campaign = p.campaign AND m.occurrence = %(one)s)) AND (SELECT c.state FROM campaign c"
        " WHERE c.name = p.campaign ORDER BY c.version DESC LIMIT 1) = 'paused' ORDER BY p.campaign, p.at DESC",
        {"one": broadcast},
    ).fetchall()
    return [
        Trouble(
            "self_paused",
            campaign,
            {
                "zh": f"触达活动“{campaign}”已自动暂停：最近 {tried:,} 条里有 {failed:,} 条被拒收或无法生成。最后一次的原因：{reason}",
                "en": f"The campaign “{campaign}” has paused itself: of its last {tried:,} messages {failed:,} were refused"
                f" or could not be made. The last reason: {reason}",
            },
            {
                "zh": "先解决原因，再到活动页点“继续”。排队的消息不会丢。",
                "en": "Mend the cause, then resume the campaign on its page. What is queued is kept.",
            },
            f"/campaigns/{campaign}",
            at,
            failed,
        )
        for campaign, at, failed, tried, reason in rows
    ]


def _held_starts(connection: Connection, broadcast: str | None) -> list[Trouble]:
    rows = connection.execute(
        "SELECT broadcast, campaign, since, reasons FROM held_start"
        " WHERE %(one)s::text IS NULL OR broadcast = %(one)s ORDER BY since, broadcast, campaign",
        {"one": broadcast},
    ).fetchall()
    return [
        Trouble(
            "held_start",
            show,
            {language: _held(language, show, campaign, reasons) for language in LANGUAGES},
            {"zh": "解决后会自动开始。", "en": "Once that is mended it starts by itself."},
            f"/broadcasts/{show}",
            since,
        )
        for show, campaign, since, reasons in rows
    ]


def _held(language: str, show: str, campaign: str, reasons: list[Text]) -> str:
    said = ("；" if language == "zh" else "; ").join(say(one, language) for one in reasons)
    if language == "zh":
        return f"场次 {show} 的“{campaign}”没有自动开始：{said}"
    return f"“{campaign}” has not started by itself for {show}: {said}"


def _put_off(connection: Connection, broadcast: str | None) -> list[Trouble]:
    values = {"tries": TRIES, "occurrence": broadcast}
    messages, reason = connection.execute(query("put_off"), values).fetchall()[0]
    if not messages:
        return []
    return [
        Trouble(
            "put_off",
            broadcast or "",
            {
                "zh": f"{messages:,} 条消息被对方服务器一再推迟：{reason}",
                "en": f"{messages:,} messages are put off by their servers again and again: {reason}",
            },
            {"zh": "会继续重试，直到活动期结束。", "en": "They are tried again until the campaign's window ends."},
            "/messages",
            None,
            messages,
            is_grave=False,
        )
    ]


def _in_doubt(connection: Connection, broadcast: str | None, now: int) -> list[Trouble]:
    values = {"since": now - RECENT, "occurrence": broadcast}
    messages, since = connection.execute(query("doubts"), values).fetchall()[0]
    if not messages:
        return []
    return [
        Trouble(
            "in_doubt",
            broadcast or "",
            {
                "zh": f"{messages:,} 条消息在交付时断线，可能发出，也可能没有",
                "en": f"{messages:,} messages may or may not have gone: the connection broke as they were handed over",
            },
            {"zh": "不会重发；计入频次和成本。", "en": "They are not sent again, and count in caps and cost."},
            "/messages",
            since,
            messages,
            is_grave=False,
        )
    ]
