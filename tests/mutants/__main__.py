"""Tries every mutant of mutants.toml: `python -m tests.mutants [--jobs N] [--only WORD] [--list]`, from the project's root.

Each is made in a copy of the sources; only the tests nearest to it run. Killed is a mutant that a test fails of. The
same tests first run on the sources as they are, once: of what fails there nothing could be said.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.mutants.reading import ROOT, Mutant, read_mutants

PATIENCE = 240  # seconds for one mutant's tests; one that makes them hang is killed too
FAILED, NONE_FOUND = 1, 5  # what pytest ends with: tests failed, no test was found


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.mutants")
    asked.add_argument("--jobs", type=int, default=2, help="mutants tried at once")
    asked.add_argument("--only", default="", help="those whose id or file holds this word")
    asked.add_argument("--list", action="store_true", help="say them and try none")
    told = asked.parse_args()
    mutants = [one for one in read_mutants() if told.only in one.id or told.only in one.file]
    if told.list:
        say(*(f"{one.id:28} {one.breaks}" for one in mutants))
        return 0
    return report(mutants, *try_all(mutants, told.jobs))


def try_all(mutants: list[Mutant], jobs: int) -> tuple[list[str], list[str]]:
    """(ids of those that survived, test selections that fail on the sources as they are)."""
    with ThreadPoolExecutor(jobs) as tried:
        selections = dict.fromkeys(one.tests for one in mutants)
        sound = dict(zip(selections, tried.map(holds, selections), strict=True))
        broken = [" ".join(tests) for tests, is_sound in sound.items() if not is_sound]
        say(*(f"FAILS WITHOUT A MUTANT: {tests}" for tests in broken))
        lived = list(tried.map(survives, [one for one in mutants if sound[one.tests]]))
    return [one for one in lived if one], broken


def holds(tests: tuple[str, ...]) -> bool:
    with copied() as folder:
        return run_tests(folder, tests) == 0


def survives(mutant: Mutant) -> str:
    """The mutant's id where its tests pass all the same, else ''."""
    began = time.monotonic()
    with copied() as folder:
        try:
            mutant.apply(folder / "src" / "huitou")
        except ValueError as stale:
            say(f"CANNOT BE MADE {stale}")
            return mutant.id
        status = run_tests(folder, mutant.tests)
    lives = status != FAILED
    say(f"{'SURVIVED' if lives else 'killed':8} {time.monotonic() - began:5.1f} s  {mutant.id}: {mutant.breaks}")
    return mutant.id if lives else ""


def run_tests(folder: Path, tests: tuple[str, ...]) -> int:
    """pytest's exit status; 1 where it did not come to an end."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    chosen = [f"tests/{word}" if (ROOT / "tests" / word.split("::")[0]).exists() else word for word in tests]
    process = subprocess.Popen(
        [*command, *chosen, "--basetemp", str(folder / "files")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return FAILED


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of sources and tests, with the shared data sets beside it."""
    with tempfile.TemporaryDirectory(prefix="huitou-mutant-") as parent:
        folder = Path(parent) / "house"
        folder.mkdir()
        (Path(parent) / "shared").symlink_to(ROOT.parent / "shared")
        ignored = shutil.ignore_patterns("__pycache__")
        for name in ("src", "tests"):
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for name in ("examples", "docs", "scripts", "pyproject.toml", "Makefile", "README.md", "README.zh-Hans.md"):
            (folder / name).symlink_to(ROOT / name)
        yield folder


def report(mutants: list[Mutant], lived: list[str], broken: list[str]) -> int:
    untried = [one.id for one in mutants if " ".join(one.tests) in broken]
    say(f"{len(mutants) - len(lived) - len(untried)} of {len(mutants)} killed")
    say(*(f"{what}: {', '.join(ids)}" for what, ids in (("survived", lived), ("not tried", untried)) if ids))
    return 1 if lived or broken else 0


def say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201 - what it is run for


if __name__ == "__main__":
    sys.exit(main())
