"""A test that fails now and then is a finding. Only what races a wall clock is tried again, and says so itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEVER = {"test_race.py", "test_kill.py", "test_faults.py", "test_load.py", "test_plan_promises.py"}  # promises 1 to 4

FAILS_ONCE = """
import pathlib, pytest
{mark}
def test_once(tmp_path_factory):
    place = pathlib.Path("{place}")
    there = place.exists()
    place.touch()
    assert there
"""


def test_nothing_is_tried_again_by_default() -> None:
    for name in ("Makefile", "pyproject.toml", ".ci/run"):
        assert "--reruns" not in (ROOT / name).read_text(encoding="utf-8"), name


def test_what_keeps_promises_is_never_tried_again() -> None:
    found = {path.name for path in (ROOT / "tests").rglob("test_*.py") if "flaky" in path.read_text(encoding="utf-8")}
    assert NEVER & found == set()
    assert {path.name for path in (ROOT / "tests").rglob("test_*.py")} >= NEVER


def test_whoever_may_be_tried_again_says_how_often_and_why() -> None:
    marks = [
        (path.name, line)
        for path in (ROOT / "tests").rglob("test_*.py")
        if path != Path(__file__)
        for line in path.read_text(encoding="utf-8").splitlines()
        if "flaky" in line
    ]
    assert [one for one in marks if not re.fullmatch(r"@pytest\.mark\.flaky\(reruns=2\)  # \w.+", one[1])] == []
    assert len(marks) <= 5  # each of them looks away a little


@pytest.mark.parametrize(
    ("mark", "words", "status"),
    [
        ("", (), 1),
        ("", ("--reruns", "1"), 1),
        ("@pytest.mark.flaky(reruns=1)", (), 0),
    ],
    ids=["fails", "tried again unasked", "marked"],
)
def test_a_run_in_which_another_was_tried_again_fails(
    tmp_path: Path, mark: str, words: tuple[str, ...], status: int
) -> None:
    (tmp_path / "conftest.py").write_text("from tests.reruns import *\n")
    test = tmp_path / "test_fails_once.py"
    test.write_text(FAILS_ONCE.format(mark=mark, place=tmp_path / "there"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(tmp_path), str(test), *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout
