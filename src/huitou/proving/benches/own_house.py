"""A house of a bench's own: an empty data folder with its own embedded ledger, whatever DATABASE_URL says."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from huitou.kit.settings import read_settings, settings, use_settings
from huitou.proving.benches import Figure
from huitou.stores import ledger


@contextmanager
def own_house(folder: Path) -> Iterator[None]:
    """In force for the length of the block; its server is stopped at the end. Memory is counted from here."""
    from django.db import connections

    from huitou.stores.django import migrate

    previous = settings()
    use_settings(read_settings(folder / "data", env={}))
    try:
        migrate()
        forget_peak()
        yield
    finally:
        connections["default"].close()
        connections["default"].close_pool()
        ledger.reset()
        use_settings(previous)


def timed(act: Callable[[], object]) -> float:
    """Seconds, of which none go to earlier garbage."""
    gc.collect()
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def rates(
    name: str,
    unit: str,
    size: int,
    spent: list[float],
    floor: list[float],
    begun: float,
    notes: dict[str, Any],
    precision: int = 0,
) -> Figure:
    """`size` items in each of these seconds, against the floor's, as medians; `begun` on the performance counter."""
    figure, least = size / median(spent), size / median(floor)
    common = {"all_runs_s": [round(one, 2) for one in spent], **machine()}
    seconds = round(time.perf_counter() - begun, 1)
    return Figure(
        name,
        round(figure, precision),
        unit,
        round(least, precision),
        round(figure / least, 4),
        size,
        len(spent),
        seconds,
        peak_mb(),
        notes | common,
    )


def machine() -> dict[str, Any]:
    """What the figures depend on besides the product."""
    return {"cores": os.cpu_count(), "load_average": round(os.getloadavg()[0], 1)}


def forget_peak() -> None:
    """Let this process's highest memory be counted anew, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def peak_mb() -> float:
    """This process's highest resident memory since `forget_peak`; 0 where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return round(int(line.split()[1]) / 1024, 1)
