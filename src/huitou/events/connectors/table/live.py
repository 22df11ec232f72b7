"""What a list of viewers tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from huitou.events.connectors.table.facts import Fact, raw_event, row_id
from huitou.kit.clock import SECOND


def live_events(fact: Fact) -> Iterator[dict[str, Any]]:
    """Entered, left, how long in all, and what was said.

    Where only the entering has a time, the leaving is reckoned from the seconds watched, and says so.
    """
    entered, left = fact.times.get("entered_at"), fact.times.get("left_at")
    seconds, content = fact.properties.get("watch_seconds"), fact.properties.get("content")
    shared = {key: value for key, value in fact.properties.items() if key not in ("watch_seconds", "content")}
    watched = {} if seconds is None else {"watch_seconds": seconds}
    told: list[tuple[str, int | None, dict[str, Any]]] = []
    if entered is not None:
        told.append(("live_entered", entered, {}))
    if left is not None:
        told.append(("live_left", left, watched))
    elif entered is not None and seconds is not None:
        told.append(("live_left", entered + seconds * SECOND, {**watched, "time_estimated": True}))
    elif watched:
        told.append(("live_watched", fact.at, watched))
    if content is not None:
        told.append(("live_commented", fact.at, {"content": content}))
    if not told:
        told.append(("live_entered", fact.at, {}))
    for event, at, properties in told:
        yield raw_event(fact, event, {**shared, **properties}, f"{row_id(fact)}:{event}", at)
