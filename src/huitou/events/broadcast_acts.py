"""What operators said of broadcasts: a name or a time put right, two that were one show, one that should not count.

An act is an event of source "operator", stored like every other; in the same transaction it is written to the ledger,
where all that reads broadcasts looks (`events.current`). The events themselves never change, so an act that is taken
back leaves what there was before. The names are the operator's alone: the judge of what comes in (segment.py) refuses
them, and here only the source "operator" counts.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from huitou.events.model import Event
from huitou.events.names import CORRECTED, DELETED, MERGED, OPERATORS, RESTORED
from huitou.kit.clock import now_us, parse_time
from huitou.stores.ledger import Connection, transaction
from huitou.stores.sql import load_query

SOURCE = "operator"
AS_TOLD_TITLE, AS_TOLD_TIME = "", 0  # a correction that says so takes back what was said before: as the data say

Correction = tuple[str | None, int | None, int | None]  # title, start, end; None is as the data say
NOTHING: Correction = (None, None, None)

ALIASES = pa.schema([("broadcast", pa.string()), ("survivor", pa.string()), ("is_room", pa.bool_())])
CORRECTIONS = pa.schema(
    [
        ("broadcast", pa.string()),
        ("title", pa.string()),
        ("started_at", pa.int64()),
        ("ended_at", pa.int64()),
        ("deleted", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Act:
    """One thing an operator said of `broadcast`.

    `other` is what it was merged into, or taken out of; `is_room`: the broadcast goes by its room's id. Of title and
    times None is not said, AS_TOLD_* as the data say. `by` is who ('' on the command line), `cancelled` how many queued
    messages were cancelled with it.
    """

    name: str
    broadcast: str
    other: str = ""
    is_room: bool = False
    title: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    by: str = ""
    cancelled: int = 0
    id: int = 0
    occurred_at: int = 0


@dataclass
class Standing:
    """How things stand after some acts: what counts as what, what is deleted, and {broadcast: (title, start, end)}."""

    survivors: dict[str, str] = field(default_factory=dict)
    rooms: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    corrected: dict[str, Correction] = field(default_factory=dict)

    def merged_into(self, broadcast: str) -> list[str]:
        """This broadcast and all that count as it, itself first."""
        return [broadcast, *sorted(one for one, survivor in self.survivors.items() if survivor == broadcast)]

    @property
    def gone(self) -> set[str]:
        """Those that are no broadcast of their own any more: merged away or deleted, or merged into a deleted one."""
        return self.deleted | set(self.survivors)

    def aliases(self) -> pa.Table:
        """(broadcast, survivor, is_room), by broadcast."""
        rows = sorted((one, survivor, one in self.rooms) for one, survivor in self.survivors.items())
        return pa.Table.from_pylist([dict(zip(ALIASES.names, row, strict=True)) for row in rows], ALIASES)

    def corrections(self) -> pa.Table:
        """(broadcast, title, started_at, ended_at, deleted), by broadcast; null is as the data say."""
        rows = [
            (one, *self.corrected.get(one, NOTHING), one in self.deleted)
            for one in sorted({*self.corrected, *self.deleted})
        ]
        return pa.Table.from_pylist([dict(zip(CORRECTIONS.names, row, strict=True)) for row in rows], CORRECTIONS)


def fold(acts: Iterable[Act]) -> Standing:
    """How things stand after these acts, in their order. A merge that would close a circle says nothing."""
    standing, into = Standing(), dict[str, str]()
    for act in acts:
        if act.name == CORRECTED:
            standing.corrected[act.broadcast] = _correct(standing.corrected.get(act.broadcast, NOTHING), act)
        elif act.name == MERGED and act.broadcast not in _chain(into, act.other):
            into[act.broadcast] = act.other
            if act.is_room:
                standing.rooms.add(act.broadcast)
        elif act.name == DELETED:
            standing.deleted.add(act.broadcast)
        elif act.name == RESTORED:
            standing.deleted.discard(act.broadcast)
            into.pop(act.broadcast, None)
    standing.survivors = {one: _chain(into, one)[-1] for one in into}
    return standing


def undo_of(acts: Sequence[Act], act: Act) -> Act | None:
    """The act that takes this one of them back; None where a later one has taken its place."""
    later = [one for one in acts if one.id > act.id and one.broadcast == act.broadcast]
    if act.name == CORRECTED:
        return None if act.broadcast in fold(acts).gone else _undo_correction(acts, act, later)
    if act.name == RESTORED or any(one.name != CORRECTED for one in later):
        return None
    return Act(RESTORED, act.broadcast, fold(acts).survivors.get(act.broadcast, ""))


def _undo_correction(acts: Sequence[Act], act: Act, later: Sequence[Act]) -> Act | None:
    """Put back what stood before of each field that nobody has corrected since."""
    title, started_at, ended_at = fold(one for one in acts if one.id < act.id).corrected.get(act.broadcast, NOTHING)
    old = {
        "title": title or AS_TOLD_TITLE,
        "started_at": started_at or AS_TOLD_TIME,
        "ended_at": ended_at or AS_TOLD_TIME,
    }
    back = {
        name: value
        for name, value in old.items()
        if getattr(act, name) not in (None, value) and all(getattr(one, name) is None for one in later)
    }
    return Act(CORRECTED, act.broadcast, **back) if back else None  # type: ignore[arg-type]


def _correct(before: Correction, act: Act) -> Correction:
    title, started_at, ended_at = before
    return (
        title if act.title is None else act.title or None,
        started_at if act.started_at is None else act.started_at or None,
        ended_at if act.ended_at is None else act.ended_at or None,
    )


def _chain(into: dict[str, str], broadcast: str) -> list[str]:
    """This broadcast, what it was merged into, and so on to the one that is left."""
    chain = [broadcast]
    while chain[-1] in into:
        chain.append(into[chain[-1]])
    return chain


def event_of(act: Act) -> Event:
    """The event that tells the act, at this moment."""
    told = {
        "broadcast_id": act.broadcast,
        "title": act.title,
        "started_at": act.started_at,
        "ended_at": act.ended_at,
        "into": act.other or None if act.name == MERGED else None,
        "out_of": act.other or None if act.name == RESTORED else None,
        "is_room": act.is_room or None,
        "by": act.by or None,
        "cancelled": act.cancelled or None,
    }
    now = now_us()
    properties = {name: value for name, value in told.items() if value is not None}
    return Event(SOURCE, secrets.token_hex(12), "track", act.name, now, now, properties=properties)


def read_act(event: Event) -> Act | None:
    """What the event says; None where it is no operator's act. Times may be epoch microseconds or ISO 8601."""
    if event.source != SOURCE or event.name not in OPERATORS or not event.text("broadcast_id"):
        return None
    title, cancelled = event.properties.get("title"), event.properties.get("cancelled")
    return Act(
        event.name,
        event.text("broadcast_id"),
        event.text("into") or event.text("out_of"),
        event.properties.get("is_room") is True,
        title if isinstance(title, str) else None,
        _moment(event.properties.get("started_at")),
        _moment(event.properties.get("ended_at")),
        event.text("by"),
        cancelled if isinstance(cancelled, int) else 0,
        occurred_at=event.occurred_at,
    )


def _moment(said: object) -> int | None:
    if isinstance(said, str):
        return parse_time(said) if said else AS_TOLD_TIME
    return said if isinstance(said, int) else None


def add_acts(connection: Connection, acts: Sequence[Act]) -> None:
    """Write them to the ledger, in order; part of the transaction that stores their events."""
    if acts:
        with connection.cursor() as cursor:
            cursor.executemany(load_query("events", "ledger/add_act"), [vars(act) for act in acts])


def read_acts(connection: Connection, until: int | None = None) -> list[Act]:
    """All acts up to that moment (default: now), in order: a replay of a moment knows what that moment knew."""
    rows = connection.execute(load_query("events", "ledger/acts"), {"until": now_us() if until is None else until})
    return [Act(*row) for row in rows.fetchall()]


def read_standing(connection: Connection) -> Standing:
    """How things stand now."""
    return fold(read_acts(connection))


def ids_of(broadcast: str) -> list[str]:
    """This broadcast's id and those of all that were merged into it: what was decided and queued names one of them."""
    with transaction() as connection:
        return read_standing(connection).merged_into(broadcast)
