"""When each step goes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from huitou.campaigns.definition import Campaign, IntentRule, Timing
from huitou.decisions.people import People, gather_people
from huitou.decisions.schedule import DROPPED, KEPT, Schedule, allowed_steps, lay_out
from huitou.kit.clock import DAY, HOUR, MINUTE, parse_time
from huitou.rewards.offers import Offer

from .show import ENDED, NOW, campaign, inputs, person

NIGHT = ((22 * 60, 8 * 60),)


def local(text: str, zone: str = "Asia/Shanghai") -> int:
    return parse_time(text, zone)


def people(*rows: dict[str, Any], **tables: Any) -> People:
    return gather_people(inputs(list(rows), **tables), campaign())


def laid(timing: Timing, who: People, chosen: Campaign | None = None, now: int = NOW, **options: Any) -> Schedule:
    return lay_out(timing, options.get("windows", NIGHT), who, chosen or campaign(), ENDED, now)


def why(schedule: Schedule) -> list[str]:
    return [DROPPED[code] for code in schedule.dropped[0]]


@pytest.mark.parametrize(
    ("hour", "k", "moment"),
    [
        (20, 1, "2026-11-21T20:00"),  # planned at 22:05: tomorrow
        (23, 1, "2026-11-21T08:00"),  # tonight at 23:00, which is quiet
        (22, 1, "2026-11-22T08:00"),  # 22:00 has just passed; tomorrow's 22:00 is quiet
        (20, 3, "2026-11-23T20:00"),
    ],
)
def test_the_persons_own_hour(hour: int, k: int, moment: str) -> None:
    schedule = laid(Timing("own", active=(k,)), people(person("c1", active_hour=hour)))
    assert schedule.send_at.tolist() == [[local(moment)]]


def test_the_own_hour_is_of_the_own_clock() -> None:
    who = people(person("c1", active_hour=9, timezone="America/New_York"))
    assert laid(Timing("own", active=(1,)), who).send_at[0, 0] == local("2026-11-21T09:00", "America/New_York")


def test_unknown_hours_are_taken_from_the_others() -> None:
    who = people(*(person(f"c{i}", active_hour=12) for i in range(3)), person("c9", active_hour=None))
    assert laid(Timing("own", active=(1,)), who).send_at[3, 0] == local("2026-11-21T12:00")


def test_hours_may_count_from_when_the_person_left() -> None:
    who = people(person("c1", left_at=ENDED - HOUR, carts=1), person("c2", left_at=None, carts=1))
    schedule = laid(Timing("t", (24.0,), start="left"), who)
    assert schedule.send_at[:, 0].tolist() == [ENDED - HOUR + DAY, ENDED + DAY]


def test_what_has_just_passed_goes_now_and_what_is_long_past_is_dropped() -> None:
    who, timing = people(person("c1", carts=1)), Timing("t", (1.0, 25.0))
    just, long = (
        laid(timing, who, now=ENDED + 90 * MINUTE, windows=()),
        laid(timing, who, now=ENDED + 3 * HOUR, windows=()),
    )
    assert (just.send_at[0, 0], why(just)) == (ENDED + 90 * MINUTE, ["", "cap"])  # 23.5 hours apart
    assert why(long) == ["past", ""]


def test_the_window_is_half_open() -> None:
    chosen = campaign("window_hours = 48\n")
    assert why(laid(Timing("t", (24.0, 48.0)), people(person("c1", carts=1)), chosen)) == ["", "window"]


def test_steps_pushed_together_are_one() -> None:
    chosen = campaign("caps.per_days = []\nintents.high.every_hours = 0\n")
    schedule = laid(Timing("t", (25.0, 27.0, 49.0)), people(person("c1", carts=1)), chosen)
    assert schedule.send_at[0].tolist() == [local("2026-11-22T08:00")] * 2 + [local("2026-11-23T08:00")]
    assert why(schedule) == ["", "too_close", ""]


def test_an_offers_end_cuts_the_rest() -> None:
    schedule = laid(Timing("t", (24.0, 48.0, 72.0)), people(person("c1", carts=1)))
    assert schedule.kept(Offer("x", "discount", expires_hours=24.0)).tolist() == [[True, False, False]]
    assert schedule.kept(Offer("x", "discount", expires_hours=24.01)).tolist() == [[True, True, False]]
    assert schedule.kept(Offer("none")).all()
    assert schedule.start.tolist() == [ENDED + DAY]


def test_the_operators_table_by_number_and_distance() -> None:
    rules = [IntentRule("high", 3, 24), IntentRule("considering", 2, 48), IntentRule("drifting", 0, 72)]
    allowed = allowed_steps(Timing("t", (24.0, 48.0, 72.0, 96.0, 200.0)), rules)
    assert allowed.tolist() == [
        [True, True, True, False, True],  # the fifth is in another week
        [True, False, True, False, True],
        [False] * 5,
    ]


def test_nobody_is_asked_for_more_than_there_is() -> None:
    schedule = laid(Timing("t", (24.0, 48.0)), people())
    assert schedule.send_at.shape == (0, 2)
    assert np.count_nonzero(schedule.dropped == KEPT) == 0
