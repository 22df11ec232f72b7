"""How long somebody watched, as exports write it: 360, 360.5, 00:06:00, 6分钟, 1小时20分, or minutes by the header."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

from huitou.events.connectors.cells import shown, text
from huitou.kit.errors import Rejected

LONGEST = 10**9  # seconds
_UNITS = (
    (re.compile(r"毫秒|milli|\bms\b|_ms\b"), 0.001),
    (re.compile(r"小时|hours?\b|\bhrs?\b"), 3600.0),
    (re.compile(r"分|minutes?\b|mins?\b"), 60.0),
)
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d{2})(?:\.\d+)?")
_SPOKEN = re.compile(
    r"(?:([\d.]+)\s*(?:小时|时|hours?|hrs?|h))?\s*(?:([\d.]+)\s*(?:分钟|分|minutes?|mins?|m))?\s*(?:([\d.]+)\s*(?:秒钟|秒|seconds?|secs?|s))?",
    re.IGNORECASE,
)


def seconds_in(column: str) -> float:
    """Of one unit of the column, by its name: 观看时长(分钟) 60, watch_minutes 60, else 1."""
    name = column.strip().lower()
    return next((seconds for pattern, seconds in _UNITS if pattern.search(name)), 1.0)


def read_duration(cell: Any, column: str, unit: float = 1.0) -> int:
    """Whole seconds; a fraction of one is dropped. `unit` is of bare numbers. Rejected where it is no duration."""
    seconds = _seconds(cell, unit)
    if seconds is None or not 0 <= seconds <= LONGEST:
        raise Rejected(column, {"zh": f"{shown(cell)} 不是时长", "en": f"{shown(cell)} is no duration"})
    return int(seconds)


def _seconds(cell: Any, unit: float) -> float | None:
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    if isinstance(cell, time):
        return cell.hour * 3600.0 + cell.minute * 60 + cell.second
    said = text(cell).replace(",", "")
    if match := _CLOCK.fullmatch(said):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return hours * 3600.0 + minutes * 60 + seconds
    try:
        return float(said) * unit
    except ValueError:
        match = _SPOKEN.fullmatch(said)
    try:
        parts = [float(part or 0) for part in match.groups()] if match and any(match.groups()) else None
    except ValueError:
        return None
    return parts[0] * 3600 + parts[1] * 60 + parts[2] if parts else None
