"""Each bench runs at its smallest and says what it promises: figure, floor and ratio from one run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from huitou.kit import clock
from huitou.kit.errors import NotFound
from huitou.kit.settings import settings
from huitou.proving.benches import BENCHES, find_bench

SMALL = {"load": 500, "portraits": 300, "refresh": 300, "plan": 200, "send": 100}


@pytest.mark.parametrize("name", SMALL)
def test_a_small_run(name: str, data: Path, tmp_path: Path) -> None:
    before, moment = settings(), clock.set_clock(clock.SystemClock())
    figure = find_bench(name)(SMALL[name], tmp_path)
    assert settings() is before
    assert isinstance(clock.set_clock(moment), clock.SystemClock)
    assert figure.name == name
    assert abs(figure.size - SMALL[name]) <= SMALL[name] // 10  # of drawn viewers, some have ordered
    assert min(figure.figure, figure.floor, figure.ratio, figure.runs, figure.seconds) > 0
    assert figure.ratio == pytest.approx(figure.figure / figure.floor, rel=0.05)
    assert asdict(figure)["notes"]["floor_is"]
    assert not list(tmp_path.glob("**/postmaster.pid"))


def test_every_name_finds_its_bench() -> None:
    assert all(callable(find_bench(name)) for name in BENCHES)


def test_an_unknown_bench_is_refused_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="ingest, ingest-single, load"):
        find_bench("speed")
