"""Tests that may be tried again, and nobody else's: a message that goes twice in every second run would pass, too.

A test that races a wall clock says `@pytest.mark.flaky(reruns=2)`. What is tried again without saying so, by a word on
the command line or in the environment, fails the run.
"""

from __future__ import annotations

from typing import Any

import pytest

MARK = "flaky"
marked: list[str] = []
unmarked: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.outcome == "rerun":  # type: ignore[comparison-overlap]  # pytest-rerunfailures' own
        (marked if MARK in report.keywords else unmarked).append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if unmarked and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for tests, said in ((marked, "tried again (they race a clock)"), (unmarked, "TRIED AGAIN WITHOUT SAYING SO")):
        if tests:
            terminalreporter.write_line(f"{len(tests)} {said}: {', '.join(sorted(set(tests)))}")
