"""What a campaign decided, or would decide, for one broadcast: counted from decision rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from huitou.campaigns.definition import Campaign
from huitou.console.reads import show, snapshot
from huitou.console.reads.show import Arm
from huitou.stores.engine import Engine

ACTIONS = ("send", "holdout", "nothing")


@dataclass(frozen=True)
class Plan:
    """People by action and by reason; the arms sum to what is sent. Money in minor units."""

    people: int
    send: int
    holdout: int
    nothing: int
    reasons: tuple[tuple[str, str, int], ...]  # action, reason, people
    arms: tuple[Arm, ...]
    messages: int
    message_minor: float
    offer_minor: float
    profit_minor: float


def plan_of(broadcast: str, campaign: str) -> Plan | None:
    """What was decided; None where nothing was."""
    decided = show.decided_of(broadcast, campaign)
    return _count(decided, show.arms_of(broadcast, campaign)) if decided else None


def plan_from_rows(decisions: pa.Table, broadcast: str, campaign: str) -> Plan:
    """The same for decision rows that are not kept (a dry run)."""
    with Engine(memory=snapshot.MEMORY) as engine:
        engine.register("decisions", decisions)
        decided = engine.run("measurement", "decided", broadcast=broadcast, campaign=campaign).to_pylist()
        return _count(decided, show.read_arms(engine, broadcast, campaign))


def _count(decided: Sequence[dict[str, Any]], arms: Sequence[Arm]) -> Plan:
    actions: Counter[str] = Counter()
    for row in decided:
        actions[row["action"]] += row["people"]
    return Plan(
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
    )


def by_action(plan: Plan) -> dict[str, list[tuple[str, int]]]:
    """action -> [(reason, people)], the written-to first, each with the most people first."""
    found: dict[str, list[tuple[str, int]]] = {action: [] for action in ACTIONS}
    for action, reason, people in sorted(plan.reasons, key=lambda row: -row[2]):
        found.setdefault(action, []).append((reason, people))
    return {action: rows for action, rows in found.items() if rows}


def campaign_choices(broadcast: str, names: Sequence[str], default: Campaign) -> list[str]:
    """Campaigns that may be planned for this broadcast, the one that decided already first."""
    return list(dict.fromkeys([default.name, *names]))
