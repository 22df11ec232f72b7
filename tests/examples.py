"""How many examples a property is tried on, where each of them takes a database or an engine."""

from __future__ import annotations

import os

TIMES = int(os.environ.get("HUITOU_EXAMPLES", "1"))  # `make campaigns` tries so many times as many


def few(count: int) -> int:
    return count * TIMES
