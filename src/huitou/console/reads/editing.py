"""What an operator sees before a broadcast is put right: who told its times, what was changed, what it may be a twin of."""

from __future__ import annotations

from dataclasses import dataclass

from huitou.catalog.broadcasts import Broadcast, list_deleted, rank_twins
from huitou.console.reads import snapshot
from huitou.events.broadcast_acts import Act, Standing, read_standing
from huitou.events.names import CORRECTED
from huitou.flows.shows import HistoryLine
from huitou.kit import clock
from huitou.stores.ledger import transaction


@dataclass(frozen=True)
class Times:
    """Who set the start and the end, where an operator did: the act that holds now."""

    start: Act | None
    end: Act | None


def standing() -> Standing:
    with transaction() as connection:
        return read_standing(connection)


def deleted() -> list[Broadcast]:
    """Deleted broadcasts, the latest first."""
    now = clock.now_us() // clock.MINUTE * clock.MINUTE + clock.MINUTE
    return snapshot.read(("deleted", now), lambda engine: list_deleted(engine, now))


def who_set(broadcast: Broadcast, history: list[HistoryLine]) -> Times:
    acts = [told.act for told in history if told.act.name == CORRECTED and told.act.broadcast == broadcast.broadcast]
    start = next((act for act in acts if act.started_at is not None), None)
    end = next((act for act in acts if act.ended_at is not None), None)
    return Times(start if start and start.started_at else None, end if end and end.ended_at else None)


def twins_of(broadcast: Broadcast) -> tuple[list[Broadcast], list[Broadcast]]:
    """Broadcasts it may be merged into: those that are likely the same show, and the others, the latest first."""
    others = [one for one in snapshot.broadcasts() if one.broadcast != broadcast.broadcast]
    likely = rank_twins(broadcast, others, clock.now_us())
    return likely, [one for one in others if one not in likely]
