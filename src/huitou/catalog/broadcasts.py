"""Broadcasts: which there were, when they began and ended, what was shown when.

Everything is derived from events at the moment it is asked for; nothing of it is kept, so there is nothing to go stale.
A broadcast exists as soon as anything is told of its room (or an operator said when it was); an order that names one
makes none, for some platforms number a show differently in their orders. Its end is its last `live_ended` (unless it was started again after
that); a room from which no end came is over after SILENCE without a sign, and then ended at its last sign.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from huitou.events.broadcast_acts import CORRECTIONS
from huitou.kit import clock
from huitou.kit.errors import NotFound
from huitou.stores.engine import Engine

GRACE = 30 * clock.MINUTE  # an order so long after the end still counts as placed in the broadcast (DESIGN §6)
LATENESS = 30 * clock.MINUTE  # orders of a broadcast may be told so long after its end
SILENCE = 2 * clock.HOUR  # no live room is silent for so long; the price is that a campaign starts so much later
LONGEST = 24 * clock.HOUR  # events that name only the room belong to an unended broadcast for at most so long
NAMED = 20  # how many known broadcasts an error lists


@dataclass(frozen=True)
class Broadcast:
    """One broadcast; times are epoch microseconds, `ended_at` is None while it is live."""

    broadcast: str
    room: str | None
    shop: str | None
    title: str | None
    started_at: int
    ended_at: int | None
    first_event_at: int
    last_event_at: int
    started_by: str | None = None  # the source that told the time, 'operator' where one set it, None where inferred
    ended_by: str | None = None

    @property
    def is_start_inferred(self) -> bool:
        """Nobody told it: it is that of the first sign, or so long before a leaving as that viewer had watched."""
        return self.started_by is None

    @property
    def is_end_inferred(self) -> bool:
        """Nobody told it: it is that of the last sign."""
        return self.ended_at is not None and self.ended_by is None

    @property
    def is_time_inferred(self) -> bool:
        return self.is_start_inferred or self.is_end_inferred

    def matches(self, text: str) -> bool:
        """Whether its title or id holds the text, whatever the case."""
        wanted = text.strip().casefold()
        return wanted in self.broadcast.casefold() or wanted in (self.title or "").casefold()

    @property
    def settled_at(self) -> int | None:
        """From then on its orders may be taken as told; planning earlier may write to people who have ordered."""
        return None if self.ended_at is None else self.ended_at + LATENESS


def create_broadcasts(engine: Engine, now: int | None = None) -> None:
    """Make `broadcasts`, as known at `now`, readable in an engine that has `events` and, where operators had something
    to say of broadcasts, `corrections` (`events.current.attach_events`); `known_broadcasts` has the deleted ones too.
    """
    if not engine.has("corrections"):
        engine.register("corrections", CORRECTIONS.empty_table())
    now = clock.now_us() if now is None else now
    engine.create("known_broadcasts", "catalog", "known_broadcasts", now=now, silence_us=SILENCE, longest_us=LONGEST)
    engine.create("broadcasts", "catalog", "broadcasts")


def create_rooms(engine: Engine, now: int) -> None:
    """Make `broadcast_rooms` readable where `broadcasts` is."""
    engine.create("broadcast_rooms", "catalog", "broadcast_rooms", now=now)


def create_line_up(engine: Engine, broadcasts: Iterable[str] | None = None, now: int | None = None) -> None:
    """Make `broadcasts`, `wanted`, `broadcast_events` and `line_up` readable, the last three of these broadcasts only.

    None is all broadcasts.
    """
    now = clock.now_us() if now is None else now
    create_broadcasts(engine, now)
    create_rooms(engine, now)
    engine.register("wanted", _wanted(engine, broadcasts))
    engine.create("broadcast_events", "catalog", "broadcast_events", now=now, grace_us=GRACE)
    engine.create("line_up", "catalog", "line_up")


def list_broadcasts(engine: Engine, now: int | None = None) -> list[Broadcast]:
    """All broadcasts, the latest first."""
    create_broadcasts(engine, now)
    rows = engine.run("catalog", "latest_broadcasts").to_pylist()
    return [Broadcast(**row) for row in rows]


def list_deleted(engine: Engine, now: int | None = None) -> list[Broadcast]:
    """Those that an operator deleted, the latest first."""
    create_broadcasts(engine, now)
    return [Broadcast(**row) for row in engine.run("catalog", "deleted_broadcasts").to_pylist()]


def rank_twins(one: Broadcast, others: Iterable[Broadcast], now: int) -> list[Broadcast]:
    """The others that may be the same show, the likeliest first: at the same time, of the same shop, room or title."""

    def likeness(other: Broadcast) -> int:
        together = overlap(one, other, now)
        same = [mine is not None and mine == its for mine, its in (
            (one.title, other.title), (one.shop, other.shop), (one.room, other.room)
        )]  # fmt: skip
        return 3 * together + sum(same) if together or same[0] else 0

    likely = [other for other in others if other.broadcast != one.broadcast and likeness(other)]
    return sorted(likely, key=lambda other: (-likeness(other), abs(other.started_at - one.started_at)))


def overlap(one: Broadcast, other: Broadcast, now: int) -> bool:
    """Whether both were on at some moment up to `now`."""
    return one.started_at < (other.ended_at or now) and other.started_at < (one.ended_at or now)


def find_broadcast(engine: Engine, broadcast: str, now: int | None = None) -> Broadcast:
    """The broadcast of that id. NotFound, naming the latest known ones, where nothing is told of it."""
    known = list_broadcasts(engine, now)
    for one in known:
        if one.broadcast == broadcast:
            return one
    raise (
        _gone(engine, broadcast)
        or _ordered_only(engine, broadcast)
        or _unknown(broadcast, [one.broadcast for one in known])
    )


def _gone(engine: Engine, broadcast: str) -> NotFound | None:
    """Where an operator deleted it or merged it into another."""
    corrections = engine.run_text("SELECT broadcast, deleted FROM corrections").to_pylist()
    aliases = engine.run_text("SELECT broadcast, survivor FROM aliases").to_pylist() if engine.has("aliases") else []
    survivor = next((row["survivor"] for row in aliases if row["broadcast"] == broadcast), None)
    if survivor is not None:
        return NotFound(
            {
                "zh": f"场次 {broadcast} 已并入场次 {survivor}。",
                "en": f"the broadcast {broadcast} was merged into {survivor}",
            },
            code="merged",
        )
    if any(row["broadcast"] == broadcast and row["deleted"] for row in corrections):
        return NotFound(
            {"zh": f"场次 {broadcast} 已删除。", "en": f"the broadcast {broadcast} was deleted"}, code="deleted"
        )
    return None


def _ordered_only(engine: Engine, broadcast: str) -> NotFound | None:
    """Where orders name it and nothing else does."""
    orders = engine.run("catalog", "orders_naming", broadcast=broadcast).to_pylist()[0]["orders"]
    if not orders:
        return None
    return NotFound(
        {
            "zh": f"没有场次 {broadcast}：只有 {orders:,} 笔订单写了这个编号，没有任何直播间数据。请导入观看数据，"
            f"或导入时用 --broadcast {broadcast} --started … --ended … 写明开播和下播时间。",
            "en": f"there is no broadcast {broadcast}: {orders:,} orders name it, and nothing is told of its room. Import who"
            f" watched it, or say when it was: import a file with --broadcast {broadcast} --started … --ended …",
        }
    )


def _wanted(engine: Engine, broadcasts: Iterable[str] | None) -> pa.Table:
    known = engine.run("catalog", "latest_broadcasts").column("broadcast").to_pylist()
    wanted = set(known) if broadcasts is None else set(broadcasts) & set(known)
    return pa.table({"broadcast": pa.array(sorted(wanted), pa.string())})


def _unknown(broadcast: str, known: list[str]) -> NotFound:
    listed = ", ".join(known[:NAMED]) + (" …" if len(known) > NAMED else "")
    if not known:
        return NotFound(
            {
                "zh": f"没有场次 {broadcast}：还没有导入任何场次的数据。",
                "en": f"there is no broadcast {broadcast}: no event names any broadcast yet",
            }
        )
    return NotFound(
        {
            "zh": f"没有场次 {broadcast}。已知场次：{listed}",
            "en": f"there is no broadcast {broadcast}; known: {listed}",
        }
    )
