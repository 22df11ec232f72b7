"""Data intake: what came in from where, what waits to be loaded, what was kept aside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from huitou.console.reads import ledger, snapshot
from huitou.console.reads.show import PAGE, Page
from huitou.events.lake_tables import EVENTS
from huitou.events.load import APP
from huitou.kit.settings import settings
from huitou.stores.lake import Lake

SHOWN = 600  # characters of a kept-aside event


@dataclass(frozen=True)
class Backlog:
    """Events received and not yet in the lake; `since` is when the last of them came."""

    waiting: int
    since: int | None
    loaded: int


def backlog() -> Backlog:
    loaded = max(Lake(settings().lake).loaded_version(EVENTS, APP), 0)
    row = ledger.one("journal", loaded=loaded) or {}
    return Backlog(row.get("waiting") or 0, row.get("waiting_since"), loaded)


def sources() -> list[dict[str, Any]]:
    return snapshot.read(("sources",), lambda engine: engine.run("console", "sources").to_pylist())


def quarantine(number: int) -> Page:
    number = max(number, 1)
    rows = ledger.rows("quarantine", limit=PAGE, offset=(number - 1) * PAGE)
    total = rows[0]["total"] if rows else 0
    return Page([{**row, "text": _text(row["body"])} for row in rows], number, max(1, -(-total // PAGE)), total)


def _text(body: bytes) -> str:
    text = bytes(body).decode("utf-8", "replace")
    try:
        text = json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        pass
    return text[:SHOWN] + ("…" if len(text) > SHOWN else "")
