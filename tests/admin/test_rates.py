"""What a user may do only so often is counted for all processes together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest

from huitou.admin.rates import Rate
from huitou.kit.clock import MINUTE, FrozenClock

THREE = Rate("tea", 3, 10 * MINUTE)


@pytest.fixture(autouse=True)
def _ledger(ledger: ModuleType, clock: FrozenClock) -> None:
    """Uses are kept in the ledger and timed by the house's clock."""


def test_so_many_for_each_user_and_each_thing() -> None:
    assert [THREE.take("lin") for _ in range(4)] == [0, 0, 0, 10 * MINUTE]
    assert THREE.take("ma") == 0
    assert Rate("mail", 3, 10 * MINUTE).take("lin") == 0


def test_one_is_free_again_when_the_oldest_is_over(clock: FrozenClock) -> None:
    for _ in range(3):
        THREE.take("lin")
        clock.move_to(clock.now_us() + MINUTE)
    assert THREE.take("lin") == 7 * MINUTE
    clock.move_to(clock.now_us() + 7 * MINUTE)
    assert [THREE.take("lin"), THREE.take("lin")] == [0, MINUTE]


def test_forty_at_once_are_three() -> None:
    with ThreadPoolExecutor(40) as many:
        taken = list(many.map(lambda _: THREE.take("lin"), range(40)))
    assert taken.count(0) == 3
