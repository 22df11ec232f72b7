"""Which broadcast, and when: what happened in a room is told with both, or the file is asked about.

A watch list of WeCom names neither; nor does a saved push without its headers, or a list of viewers. Nothing is invented
for them: no id from the file's name, no start from the moment of the import. Where nothing in the file tells it the
operator is asked (`Unplaced`); where single rows are silent those are rejected. An operator says when a broadcast began
or ended, never just "when", so the times of its rows follow from it:

who entered        at its start, else at its end
who left, spoke    at its end, else so long after its start as they had watched
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec

from huitou.events.connectors.base import Options, Record, Span, stamp
from huitou.events.names import find_name
from huitou.kit.clock import SECOND
from huitou.kit.errors import Refused, Rejected

# Following and fan clubs are of the account; orders, clicks and pages have times and shops of their own.
IN_ROOM = frozenset(
    {
        "live_started", "live_ended", "live_entered", "live_left", "live_watched", "live_commented", "live_liked", "live_gifted",
        "live_shared", "product_shown",
    }
)  # fmt: skip
ENTERING = ("live_started", "live_entered")
PEEKED = 2_000  # records that are read before the first of them goes in
NAMED = 20  # broadcasts that a question names

NO_BROADCAST = Rejected(
    "broadcast_id",
    {
        "zh": "没有写明是哪一场直播，请用 --broadcast 指明",
        "en": "which broadcast it was is not said: name it by --broadcast",
    },
)
NO_TIME = Rejected(
    "timestamp",
    {
        "zh": "没有时间，也不知道这场直播是什么时候，请用 --started、--ended 指明",
        "en": "has no time, and nothing tells when the broadcast was: say it by --started, --ended",
    },
)


class Question(msgspec.Struct, frozen=True):
    """What the file leaves open: `needs` is 'broadcast' or 'time'; `broadcasts` are the ids whose times are missing."""

    needs: str
    broadcasts: tuple[str, ...] = ()


class Unplaced(Refused):
    """The file does not say of which broadcast it tells, or when that was."""

    code = "unplaced"

    def __init__(self, file: str, question: Question) -> None:
        self.file = file
        self.question = question
        super().__init__(_ask(file, question))


def place_records(path: Path, records: Iterator[Record], options: Options) -> Iterator[Record]:
    """The records, each event of a room with its broadcast and its time. Unplaced where none of the first has them."""
    top = [_with_times(record, options) for record in islice(records, PEEKED)]
    _check_places(path, top)
    for record in chain(top, (_with_times(record, options) for record in records)):
        yield _judge(record)


def _with_times(record: Record, options: Options) -> Record:
    if not options.spans or not any(_lacks_time(event) for event in record.events):
        return record
    return record._replace(events=tuple(_with_time(event, options.spans) for event in record.events))


def _with_time(event: dict[str, Any], spans: Any) -> dict[str, Any]:
    span = spans.get(_place_of(event))
    if span is None or not _lacks_time(event):
        return event
    at, estimated = _moment(event, span)
    if at is None:
        return event
    properties = {**_properties(event), "time_estimated": True} if estimated else _properties(event)
    return {**event, "timestamp": stamp(at), "properties": properties}


def _moment(event: dict[str, Any], span: Span) -> tuple[int | None, bool]:
    """(when it happened, whether that is reckoned from how long somebody watched)."""
    name = find_name(event["event"]).name
    if name == "live_ended":
        return span.ended_at, False
    if name in ENTERING:
        return (span.started_at if span.started_at is not None else span.ended_at), False
    if span.ended_at is not None:
        return span.ended_at, False
    seconds = _properties(event).get("watch_seconds")
    watched = seconds * SECOND if isinstance(seconds, int) else 0
    return (None, False) if span.started_at is None else (span.started_at + watched, True)


def _check_places(path: Path, top: list[Record]) -> None:
    told = [event for record in top for event in record.events if _is_in_room(event)]
    if not told:
        return
    if all(_place_of(event) is None for event in told):
        raise Unplaced(path.name, Question("broadcast"))
    if all(_lacks_time(event) for event in told):
        silent = dict.fromkeys(place for event in told if (place := _place_of(event)) is not None)
        raise Unplaced(path.name, Question("time", tuple(silent)[:NAMED]))


def _judge(record: Record) -> Record:
    for event in record.events:
        if not _is_in_room(event):
            continue
        if _place_of(event) is None:
            return record._replace(events=(), rejected=NO_BROADCAST)
        if _lacks_time(event):
            return record._replace(events=(), rejected=NO_TIME)
    return record


def _is_in_room(event: dict[str, Any]) -> bool:
    name = event.get("event")
    return event.get("type") == "track" and isinstance(name, str) and find_name(name.strip()).name in IN_ROOM


def _lacks_time(event: dict[str, Any]) -> bool:
    said = event.get("timestamp", event.get("originalTimestamp"))
    return said in (None, "") and event.get("originalTimestamp") in (None, "") and _is_in_room(event)


def _place_of(event: dict[str, Any]) -> str | None:
    """The broadcast, or the room that stands for it."""
    properties = _properties(event)
    said = properties.get("broadcast_id") or properties.get("room_id")
    return None if said is None else str(said)


def _properties(event: dict[str, Any]) -> dict[str, Any]:
    said = event.get("properties")
    return said if isinstance(said, dict) else {}


def _ask(file: str, question: Question) -> dict[str, str]:
    if question.needs == "broadcast":
        return {
            "zh": f"{file}：没有写明是哪一场直播。请用 --broadcast 场次 指明；新场次请再用 --started 或 --ended 写明开播或下播时间"
            "（如 --started '2026-11-20 20:00'）。",
            "en": f"{file}: does not say which broadcast it is of. Name it by --broadcast ID; of a new one say also when it"
            " began or ended, by --started TIME or --ended TIME (like --started '2026-11-20 20:00').",
        }
    listed = ", ".join(question.broadcasts)
    return {
        "zh": f"{file}：没有写明场次 {listed} 是什么时候，别处也没有。请用 --broadcast 场次 指明，并用 --started 或 --ended 写明开播或下播时间。",
        "en": f"{file}: does not say when broadcast {listed} was, nor does anything else. Name it by --broadcast ID, and say when it"
        " began or ended, by --started TIME or --ended TIME.",
    }
