"""Answers that take seconds, kept as long as the data they were made from stays the same.

Apart from `snapshot.read` because these bring their own engine: while one is computed, other pages go on.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from huitou.console.reads.snapshot import stamp_of_now

T = TypeVar("T")

KEPT = 100

_mutex = threading.Lock()
_answers: OrderedDict[Hashable, Any] = OrderedDict()


def keep(key: Hashable, compute: Callable[[], T]) -> T:
    """The answer to `key` for the data as they are now. One computation at a time: often it is the same one."""
    full = (stamp_of_now(), key)
    with _mutex:
        if full not in _answers:
            _answers[full] = compute()
            while len(_answers) > KEPT:
                _answers.popitem(last=False)
        _answers.move_to_end(full)
        return _answers[full]
