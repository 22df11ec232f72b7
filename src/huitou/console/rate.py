"""At most so many of something for one user in a while, kept in this process's memory."""

from __future__ import annotations

import threading
from collections import deque

from huitou.kit import clock


class Rate:
    """`most` in `span` microseconds, rolling."""

    def __init__(self, most: int, span: int) -> None:
        self._most, self._span = most, span
        self._taken: dict[str, deque[int]] = {}
        self._mutex = threading.Lock()

    def take(self, who: str) -> int:
        """0 where one more is allowed, which is counted; else how many microseconds until it is."""
        now = clock.now_us()
        with self._mutex:
            taken = self._taken.setdefault(who, deque())
            while taken and now - taken[0] >= self._span:
                taken.popleft()
            if len(taken) >= self._most:
                return taken[0] + self._span - now
            taken.append(now)
            return 0
