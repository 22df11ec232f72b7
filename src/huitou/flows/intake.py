"""Bring a file in that may be about a broadcast: which one, and when it was, is known, said by an operator, or asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from huitou.catalog.broadcasts import create_broadcasts
from huitou.events.connectors.base import Options, Span, stamp
from huitou.events.current import attach_events
from huitou.events.importing import ImportResult, Progress, import_file
from huitou.events.journal import append_batch
from huitou.events.load import load
from huitou.events.placing import Unplaced
from huitou.events.segment import read_segment
from huitou.kit import clock
from huitou.kit.errors import Refused
from huitou.stores.engine import Engine

OPERATOR = "operator"  # the source of what an operator says


@dataclass(frozen=True)
class ToldBroadcast:
    """What an operator says of the broadcast that a file is about; times in epoch µs."""

    broadcast: str
    title: str | None = None
    started_at: int | None = None
    ended_at: int | None = None

    @property
    def span(self) -> Span | None:
        told = self.started_at is not None or self.ended_at is not None
        return Span(self.started_at, self.ended_at) if told else None


def bring_in(
    path: Path,
    options: Options,
    kind: str | None = None,
    show: ToldBroadcast | None = None,
    progress: Progress | None = None,
    **how: Any,
) -> ImportResult:
    """`import_file` (which takes `how`), its broadcast's times filled in from what is known or said.

    Unplaced where they are neither; Refused where what is said cannot be, or is not what other sources told.
    """
    if show is not None:
        options = replace(options, broadcast=show.broadcast)
        if show.span is not None:
            _check(show, show.span, options.zone)
            options = replace(options, spans={show.broadcast: show.span})
    result = _import(
        path, options, lambda given: import_file(path, given, kind, progress, find_shops=shop_names, **how)
    )
    if show is not None and show.span is not None and result.accepted + result.duplicate:
        tell_show(show)
    return result


def name_show(span: Span, zone: str) -> str:
    """An id for a broadcast that has none: when it began, else ended, by the shop's clock."""
    at = span.started_at if span.started_at is not None else span.ended_at
    if at is None:
        raise Refused({"zh": "请填写新场次的开播时间或下播时间。", "en": "Say when the new broadcast began or ended."})
    return clock.to_datetime(at, zone).strftime("%Y%m%d-%H%M")


def tell_show(show: ToldBroadcast) -> None:
    """Store what an operator said of a new broadcast, as events like a platform's."""
    about = {"broadcast_id": show.broadcast}
    titled = about | ({"title": show.title} if show.title else {})
    told = (("live_started", show.started_at, titled), ("live_ended", show.ended_at, about))
    now = clock.now_us()
    append_batch(
        [
            read_segment(
                {
                    "type": "track",
                    "event": event,
                    "messageId": f"{show.broadcast}:{event}",
                    "timestamp": stamp(at),
                    "properties": properties,
                },
                source=OPERATOR,
                received_at=now,
            )
            for event, at, properties in told
            if at is not None
        ],
        now,
    )


def known_spans(broadcasts: Iterable[str] | None = None) -> dict[str, Span]:
    """When the broadcasts were (None: all) of which something in their room is told."""
    load()
    with Engine() as engine:
        attach_events(engine)
        create_broadcasts(engine)
        rows = engine.run("flows", "told_spans").to_pylist()
    wanted = None if broadcasts is None else set(broadcasts)
    return {
        row["broadcast"]: Span(row["started_at"], row["ended_at"])
        for row in rows
        if wanted is None or row["broadcast"] in wanted
    }


def shop_names() -> dict[str, str]:
    """The shops' ids by the names that were told with them."""
    load()
    with Engine() as engine:
        attach_events(engine)
        return {row["name"]: row["shop"] for row in engine.run("flows", "shop_names").to_pylist()}


def _import(path: Path, options: Options, bring: Callable[[Options], ImportResult]) -> ImportResult:
    try:
        return bring(options)
    except Unplaced as asked:
        known = known_spans(asked.question.broadcasts)
        if asked.question.needs != "time" or known.keys() != set(asked.question.broadcasts):
            raise
        return bring(replace(options, spans={**known, **options.spans}))


def _check(show: ToldBroadcast, said: Span, zone: str) -> None:
    if said.started_at is not None and said.ended_at is not None and said.started_at >= said.ended_at:
        raise Refused({"zh": "下播时间要晚于开播时间。", "en": "the broadcast must end after it began"})
    if max(said.started_at or 0, said.ended_at or 0) > clock.now_us():
        raise Refused({"zh": "开播或下播时间还没到。", "en": "that time of the broadcast lies in the future"})
    known = known_spans([show.broadcast]).get(show.broadcast)
    if known is not None and (
        said.started_at not in (None, known.started_at) or said.ended_at not in (None, known.ended_at)
    ):
        began = clock.to_datetime(known.started_at or 0, zone).strftime("%Y-%m-%d %H:%M")
        raise Refused(
            {
                "zh": f"场次 {show.broadcast} 已有数据，开播时间是 {began}。请不写时间直接导入；时间有误请在场次页更正。",
                "en": f"broadcast {show.broadcast} is known and began at {began}: import without its times, and correct them"
                " on its page where they are wrong",
            }
        )
