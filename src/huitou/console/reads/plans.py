"""What a campaign decided, or would decide, for one broadcast: counted from decision rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import INTENTS, Campaign
from huitou.console.reads import ledger, show, snapshot
from huitou.console.reads.campaigns import version_at, version_named
from huitou.console.reads.show import SentArm
from huitou.flows.readiness.show import intents_of as count_intents
from huitou.kit import clock
from huitou.stores.engine import Engine

ACTIONS = ("send", "holdout", "nothing")


@dataclass(frozen=True)
class Taken:
    """When a campaign decided for a broadcast, and by which of its versions."""

    first_at: int
    last_at: int
    versions: tuple[int, ...]

    @property
    def version(self) -> int:
        return self.versions[-1]


@dataclass(frozen=True)
class PlanCounts:
    """People by action and by reason; the arms sum to what is sent. Money in minor units; `first_at` is the first
    message's time."""

    people: int
    send: int
    holdout: int
    nothing: int
    reasons: tuple[tuple[str, str, int], ...]  # action, reason, people
    arms: tuple[SentArm, ...]
    messages: int
    message_minor: float
    offer_minor: float
    profit_minor: float
    first_at: int | None

    @property
    def held_share(self) -> float | None:
        """Of those written to and held out the share held out."""
        both = self.send + self.holdout
        return self.holdout / both if both else None


def taken(broadcast: str, campaign: str) -> Taken | None:
    """None where this campaign decided nothing for the broadcast.

    Older decisions do not tell the version: then their messages do, and where none was queued it is the one in force
    at the time.
    """
    rows = snapshot.read(
        ("decided_times", broadcast, campaign),
        lambda engine: engine.run("console", "decided_times", broadcast=broadcast, campaign=campaign).to_pylist(),
    )
    if not rows:
        return None
    first_at, last_at = rows[0]["first_at"], rows[0]["last_at"]
    by = snapshot.read(
        ("decided_by", broadcast, campaign),
        lambda engine: engine.run("console", "decided_by", broadcast=broadcast, campaign=campaign).to_pylist(),
    )
    told = [row["version"] for row in by if row["version"]]
    if len(told) < len(by):
        told = [row["version"] for row in ledger.rows("decided_versions", occurrence=broadcast, campaign=campaign)]
    return Taken(first_at, last_at, tuple(told) or (version_at(campaign, last_at + clock.MINUTE),))


def ruling(broadcast: str, campaign: Campaign) -> Campaign:
    """The version that decided, where it is another than the one in force."""
    known = taken(broadcast, campaign.name)
    return campaign if known is None or known.version == campaign.version else version_named(campaign, known.version)


def plan_of(broadcast: str, campaign: str) -> PlanCounts | None:
    """What was decided; None where nothing was."""
    decided = show.decided_of(broadcast, campaign)
    return _count(decided, show.arms_of(broadcast, campaign)) if decided else None


def plan_from_rows(decisions: pa.Table, broadcast: str, campaign: str) -> PlanCounts:
    """The same for decision rows that are not kept (a dry run)."""
    with Engine(memory=snapshot.MEMORY) as engine:
        engine.register("decisions", decisions)
        decided = engine.run("measurement", "decided", broadcast=broadcast, campaign=campaign).to_pylist()
        return _count(decided, show.read_arms(engine, broadcast, campaign))


def _count(decided: Sequence[dict[str, Any]], arms: Sequence[SentArm]) -> PlanCounts:
    actions: Counter[str] = Counter()
    for row in decided:
        actions[row["action"]] += row["people"]
    return PlanCounts(
        people=sum(actions.values()),
        send=actions["send"],
        holdout=actions["holdout"],
        nothing=actions["nothing"],
        reasons=tuple((row["action"], row["reason"], row["people"]) for row in decided),
        arms=tuple(arms),
        messages=sum(arm.messages for arm in arms),
        message_minor=sum(arm.message_minor for arm in arms),
        offer_minor=sum(arm.offer_minor for arm in arms),
        profit_minor=sum(arm.profit_minor for arm in arms),
        first_at=min((arm.first_at for arm in arms), default=None),
    )


@dataclass(frozen=True)
class Day:
    """Messages of one day, and of each of its hours, by the shop's clock."""

    name: str
    messages: int
    hours: tuple[tuple[int, int], ...]


def outline(new: pa.Table, zone: str) -> dict[str, Any]:
    """Of decision rows that a start would add: people by intent, people and messages by channel, messages by hour."""
    sends = new.filter(pc.equal(new.column("action"), "send"))
    moments = sends.column("send_at").to_pylist()
    who: dict[str, set[str]] = {}
    for channel, customer in zip(*(sends.column(name).to_pylist() for name in ("channel", "customer")), strict=True):
        who.setdefault(channel, set()).add(customer)
    counts = Counter(sends.column("channel").to_pylist())
    return {
        "intents": sorted(count_intents(new).items(), key=lambda one: INTENTS.index(one[0])),
        "channels": [(channel, len(people), counts[channel]) for channel, people in sorted(who.items())],
        "days": days_of(moments, zone),
        "first_at": min(moments, default=None),
        "last_at": max(moments, default=None),
    }


def days_of(moments: Sequence[int], zone: str) -> list[Day]:
    hours = Counter(f"{clock.to_datetime(at, zone):%Y-%m-%d %H}" for at in moments)
    days: dict[str, list[tuple[int, int]]] = {}
    for name, count in sorted(hours.items()):
        day, hour = name.split()
        days.setdefault(day, []).append((int(hour), count))
    return [Day(day, sum(count for _, count in found), tuple(found)) for day, found in days.items()]


def by_action(plan: PlanCounts) -> dict[str, list[tuple[str, int]]]:
    """action -> [(reason, people)], the written-to first, each with the most people first."""
    found: dict[str, list[tuple[str, int]]] = {action: [] for action in ACTIONS}
    for action, reason, people in sorted(plan.reasons, key=lambda row: -row[2]):
        found.setdefault(action, []).append((reason, people))
    return {action: rows for action, rows in found.items() if rows}


def campaign_choices(broadcast: str, names: Sequence[str], default: Campaign) -> list[str]:
    """Campaigns that may be planned for this broadcast, the one that decided already first."""
    return list(dict.fromkeys([default.name, *names]))
