"""How fast a channel may be driven: so many messages a second, evenly, over all its sessions."""

from __future__ import annotations

import asyncio
import time


class Pace:
    """Hands out slots `1 / per_second` apart; None lets everything through at once."""

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1.0 / per_second if per_second else 0.0
        self._next = 0.0

    async def take(self) -> None:
        """Wait for the next free slot. A pause is not made up for by a burst."""
        if not self._gap:
            return
        now = time.monotonic()
        slot = max(now, self._next)
        self._next = slot + self._gap
        if slot > now:
            await asyncio.sleep(slot - now)
