"""The last gate. One transaction, under the customers' locks, decides which messages become final.

An order, an opt-out or a merge takes the same lock in the transaction that stores it (events.journal). So either it
commits first and the guard sees it, or the message is final first: commit order is the truth, and no message becomes
final after its person's order, opt-out, cap or quiet hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from psycopg import Cursor

from huitou.campaigns.definition import Campaign
from huitou.campaigns.quiet import move_out
from huitou.delivery.outbox import COUNTED, LEASE_SECONDS, Message, query
from huitou.events.rules import EVER
from huitou.kit.clock import DAY, HOUR, MINUTE, SECOND
from huitou.kit.text import Text
from huitou.science.chance import hold_out
from huitou.stores.ledger import Connection, Row, lock_customers

PASSED = ""
NO_OFFER_END = 2**62

REASONS: dict[str, Text] = {
    "holdout": {"zh": "属于对照组", "en": "belongs to the holdout"},
    "duplicate": {"zh": "同一个人已收到这一条", "en": "the same person already got this one"},
    "ordered": {"zh": "已经下单", "en": "has ordered"},
    "opted_out": {"zh": "已退订", "en": "opted out"},
    "no_consent": {"zh": "没有授权", "en": "gave no consent"},
    "unfollowed": {"zh": "已取消关注", "en": "unfollowed"},
    "complained": {"zh": "投诉过", "en": "complained"},
    "cancelled": {"zh": "运营人员已取消", "en": "was cancelled by an operator"},
    "campaign_ended": {"zh": "活动已结束", "en": "the campaign has ended"},
    "campaign_paused": {"zh": "活动已暂停", "en": "the campaign is paused"},
    "cap": {"zh": "达到频次上限", "en": "reached the frequency cap"},
    "cap_soon": {"zh": "频次上限即将释放，稍后发送", "en": "postponed: the frequency cap frees up soon"},
    "quiet_hours": {"zh": "静默时段，延后发送", "en": "quiet hours, put off"},
    "offer_expired": {"zh": "优惠已过期", "en": "the offer has expired"},
    "expired": {"zh": "已过时效", "en": "too late"},
    "no_address": {"zh": "没有地址", "en": "has no address"},
    "no_channel": {"zh": "渠道尚未接通", "en": "the channel is not connected"},
    "broadcast_deleted": {"zh": "场次已删除", "en": "the broadcast was deleted"},
    "broadcast_merged": {"zh": "场次已并入另一场", "en": "the broadcast was merged into another"},
    "broadcast_changed": {"zh": "场次信息已更正", "en": "the broadcast was corrected"},
}


# A reminder due a day after the last one must not fall to the seconds by which that one went out late: where a cap has
# room again within this time the message waits for it, else it is dropped.
CAP_PATIENCE = HOUR


@dataclass(frozen=True, slots=True)
class GuardRules:
    """What holds for one message at one moment: quiet until then (0: not quiet), caps of (days, messages), the
    offer's end, whether the person is held out, the channel's kind of address, whether the channel is connected."""

    quiet_until: int = 0
    caps: tuple[tuple[int, int], ...] = ()
    offer_ends: int = NO_OFFER_END
    holdout: bool = False
    address_kind: str = "email"
    has_channel: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` '' lets the message go; 'moved' and 'again' ask for another try, with this root, address and nodes."""

    message: str
    reason: str
    root: str
    address: str
    nodes: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        return self.reason == PASSED


def rules_for(
    message: Message, planned: Campaign, newest: Campaign, now: int, *, has_channel: bool = True
) -> GuardRules:
    """The rules for this message, in the customer's own hours. The draw is that of the version it was planned by; quiet
    hours and caps are those of the newest one, for whoever changes them means what is queued too."""
    zone = str(message.context.get("timezone") or newest.timezone)
    offer = message.context.get("offer") or {}
    ends = offer.get("expires_at") if isinstance(offer, dict) else None
    channel = next((c for c in (*newest.channels, *planned.channels) if c.name == message.channel), None)
    windows = newest.windows(message.channel) if channel in newest.channels else newest.quiet
    return GuardRules(
        quiet_until=quiet_until(now, zone, windows),
        caps=newest.caps,
        offer_ends=ends if isinstance(ends, int) else NO_OFFER_END,
        holdout=is_held_out(message.nodes, planned),
        address_kind=channel.address if channel else message.channel,
        has_channel=has_channel,
    )


def is_held_out(nodes: Sequence[str], campaign: Campaign) -> bool:
    """Whether a merge since the decision made the person one of the holdout; `nodes` are those that drew. A person of one
    was decided as that one, and is not asked again."""
    if len(nodes) < 2:
        return False
    return bool(hold_out(campaign.seed, nodes, np.zeros(len(nodes), dtype=np.int64), 1, campaign.holdout).held_out[0])


def quiet_until(now: int, zone: str, windows: tuple[tuple[int, int], ...]) -> int:
    """The end of the quiet hours that `now` falls into, 0 where it falls into none."""
    return _quiet_until(now - now % MINUTE, zone, windows)  # windows and clocks change on whole minutes


@lru_cache(maxsize=4096)
def _quiet_until(now: int, zone: str, windows: tuple[tuple[int, int], ...]) -> int:
    moved = move_out(np.array([now], dtype=np.int64), np.zeros(1, dtype=np.int64), [zone], windows)
    return int(moved[0]) if moved[0] > now else 0


def finalise(
    connection: Connection, messages: Sequence[Message], rules: Sequence[GuardRules], now: int
) -> list[Verdict]:
    """Decide about a group of claimed messages, in order; those that pass are `final` once the caller commits.

    Run it in a transaction of its own: the customers' locks are held until its end. Nothing may be sent before that
    commit has returned.
    """
    return read_verdicts(ask(connection, messages, rules, now))


def ask(
    connection: Connection,
    messages: Sequence[Message],
    rules: Sequence[GuardRules],
    now: int,
    *,
    patience: int = CAP_PATIENCE,
) -> Cursor[Row]:
    """`finalise` without waiting for the answer, for a connection in pipeline mode: one round trip, not five.

    `patience`: how long a message waits for a cap that is full, microseconds.
    """
    lock_customers(connection, {message.root for message in messages})
    return connection.execute(query("finalise"), {**_parameters(messages, rules, now), "patience": patience})


def read_verdicts(answer: Cursor[Row]) -> list[Verdict]:
    return [Verdict(*row) for row in answer.fetchall()]


def _parameters(messages: Sequence[Message], rules: Sequence[GuardRules], now: int) -> dict[str, Any]:
    caps = [(place, days * DAY, most) for place, rule in enumerate(rules, 1) for days, most in rule.caps]
    return {
        "now": now,
        "until": EVER,
        "lease": LEASE_SECONDS * SECOND,
        "counted": list(COUNTED),
        "ids": [message.id for message in messages],
        "fences": [message.fence for message in messages],
        "roots": [message.root for message in messages],
        "nodes": [len(message.nodes) for message in messages],
        "addresses": [message.address for message in messages],
        "kinds": [rule.address_kind for rule in rules],
        "quiet_until": [rule.quiet_until for rule in rules],
        "offers_end": [rule.offer_ends for rule in rules],
        "holdouts": [rule.holdout for rule in rules],
        "has_channel": [rule.has_channel for rule in rules],
        "cap_places": [cap[0] for cap in caps],
        "cap_spans": [cap[1] for cap in caps],
        "cap_most": [cap[2] for cap in caps],
    }
