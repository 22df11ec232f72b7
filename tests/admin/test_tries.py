"""Guessing is slowed down: tries are counted before the password is looked at, whoever and however many ask at once."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from huitou.admin.tries import KNOWN_FOR, PER_ADDRESS, PER_NAME, PER_PAIR, WINDOW, Try, begin_try, forgive
from huitou.kit.clock import FrozenClock
from huitou.kit.settings import settings

HOME, AWAY = "203.0.113.9", "198.51.100.7"


@pytest.fixture(autouse=True)
def _ledger(ledger: ModuleType, clock: FrozenClock) -> None:
    """Tries are kept in the ledger and timed by the house's clock."""


def tries(count: int, name: str = "lin", address: str = HOME) -> list[Try]:
    return [begin_try(name, address) for _ in range(count)]


def test_five_tries_of_a_name_from_one_address() -> None:
    assert [one.wait for one in tries(PER_PAIR)] == [0] * 5
    assert begin_try(" LIN", HOME).wait == 15 * 60
    assert begin_try("ｌｉｎ", HOME).wait == 15 * 60
    assert begin_try("lin", AWAY).wait == 0
    assert begin_try("ma", HOME).wait == 0


def test_what_was_not_allowed_does_not_prolong_the_wait(clock: FrozenClock) -> None:
    tries(PER_PAIR)
    clock.move_to(clock.now_us() + WINDOW - 1_000_000)
    assert [one.wait for one in tries(3)] == [1, 1, 1]
    clock.move_to(clock.now_us() + 1_000_000)
    assert begin_try("lin", HOME).wait == 0


def test_one_name_from_everywhere_and_one_address_with_every_name() -> None:
    for number in range(PER_NAME):
        assert begin_try("lin", f"10.0.1.{number}").wait == 0
    assert begin_try("lin", "10.9.9.9").wait > 0
    for number in range(PER_ADDRESS):
        assert begin_try(f"name{number}", AWAY).wait == 0
    assert begin_try("somebody else", AWAY).wait > 0


def test_a_name_that_others_guess_at_stays_open_where_its_owner_signed_in_before() -> None:
    forgive(begin_try("lin", HOME))
    for number in range(PER_NAME):
        begin_try("lin", f"10.0.1.{number}")
    assert begin_try("lin", "10.9.9.9").wait > 0
    assert begin_try("lin", HOME).wait == 0


def test_a_known_address_is_guessed_from_no_faster_and_forgotten_after_half_a_year(clock: FrozenClock) -> None:
    forgive(begin_try("lin", HOME))
    assert [one.wait > 0 for one in tries(PER_PAIR + 1)] == [False] * 5 + [True]
    clock.move_to(clock.now_us() + KNOWN_FOR)
    forgive(begin_try("ma", AWAY))
    for number in range(PER_NAME):
        begin_try("lin", f"10.0.1.{number}")
    assert begin_try("lin", HOME).wait > 0


def test_a_right_password_takes_back_the_pairs_tries_and_nobody_elses() -> None:
    for number in range(PER_ADDRESS - 1):
        begin_try(f"name{number}", HOME)
    made = begin_try("lin", HOME)
    assert begin_try("lin", HOME).wait > 0
    forgive(made)
    assert begin_try("lin", HOME).wait == 0
    assert begin_try("lin", HOME).wait > 0


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "\ud800", "x" * 100_000, "\N{GRINNING FACE}"])
def test_any_name_can_be_counted(name: str) -> None:
    assert [one.wait > 0 for one in tries(6, name)] == [False] * 5 + [True]


def test_forty_at_once_are_five() -> None:
    with ThreadPoolExecutor(40) as pool:
        made = list(pool.map(lambda _: begin_try("lin", HOME), range(40)))
    assert sum(one.wait == 0 for one in made) == PER_PAIR


def test_four_processes_at_once_are_five_too() -> None:
    code = "from huitou.admin.tries import begin_try; print(sum(begin_try('lin', '203.0.113.9').wait == 0 for _ in range(10)))"
    told = {"HUITOU_DATA": str(settings().data), "DATABASE_URL": str(settings().database_url)}
    path = os.pathsep.join([str(Path(__file__).parents[2] / "src"), *sys.path])
    command = (sys.executable, "-c", code)
    running = [
        subprocess.Popen(
            command, env={"PATH": os.defpath, "PYTHONPATH": path, **told}, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert sum(int(one.communicate(timeout=60)[0]) for one in running) == PER_PAIR
