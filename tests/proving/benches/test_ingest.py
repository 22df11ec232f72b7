"""The bench runs, stores what it says, and prints what DESIGN §10 asks for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from huitou.kit.errors import NotFound
from huitou.proving.benches import BENCHES, find_bench


@pytest.mark.timeout(180)
def test_it_prints_figure_and_floor_and_leaves_nothing(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("huitou")), "bench", "ingest", "--size", "2000", "--json"]
    env = {**os.environ, "HUITOU_LANG": "en"}
    done = subprocess.run(
        [*command, "--data", str(tmp_path / "data")], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == ["name", "figure", "unit", "floor", "ratio", "size", "runs", "seconds", "rss_mb", "notes"]
    assert (told["name"], told["unit"], told["size"], told["runs"]) == ("ingest", "events/s", 2000, 3)
    assert told["figure"] > 0
    assert told["ratio"] == pytest.approx(told["figure"] / told["floor"], abs=0.01)
    assert told["notes"]["fsync_per_s"] > 0
    assert not (tmp_path / "data").exists()


def test_every_bench_can_be_found_and_no_other() -> None:
    for name in BENCHES:
        assert callable(find_bench(name))
    with pytest.raises(NotFound, match="no bench 'speed'"):
        find_bench("speed")
