"""What the product measures about itself: every figure beside its floor, from the same run (DESIGN §10).

A bench is a function (size | None, folder) -> Figure in a module of its own, named in BENCHES. The floor is the best
the same machine could do there and then with the essential work left out; the ratio says what is ours to improve,
whatever else the machine is doing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from huitou.kit.errors import NotFound


@dataclass(frozen=True)
class Figure:
    """`figure` and `floor` in `unit`; `size` items a run; the median of `runs` runs, `seconds` in all."""

    name: str
    figure: float
    unit: str
    floor: float
    ratio: float
    size: int
    runs: int
    seconds: float
    rss_mb: float  # of the process that did the work, at its highest
    notes: dict[str, Any] = field(default_factory=dict)


Bench = Callable[[int | None, Path], Figure]

# name -> "module:function"; modules are imported when they are run.
BENCHES = {
    "ingest": "ingest:measure_batches",
    "ingest-single": "ingest:measure_singles",
    "load": "load:measure_load",
    "portraits": "portraits:measure_portraits",
    "refresh": "portraits:measure_refresh",
    "plan": "plan:measure_plan",
    "send": "send:measure_send",
}


def find_bench(name: str) -> Bench:
    """NotFound, naming the benches there are."""
    if name not in BENCHES:
        known = ", ".join(BENCHES)
        raise NotFound({"zh": f"没有 {name!r} 这项测量；可用：{known}", "en": f"no bench {name!r}; there are {known}"})
    module, _, function = BENCHES[name].partition(":")
    bench: Bench = getattr(import_module(f"huitou.proving.benches.{module}"), function)
    return bench
