"""Caps against a count by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.campaigns.caps import History, admit
from huitou.kit.clock import DAY, HOUR


def admit_naively(wanted: list[int], past: list[int], caps: list[tuple[int, int]]) -> list[bool]:
    busy, result = list(past), []
    for at in wanted:
        trial = [*busy, at]
        fits = all(
            sum(end - days * DAY < other <= end for other in trial) <= most
            for days, most in caps
            for end in trial
            if at <= end < at + days * DAY  # windows that the message is in
        )
        result.append(fits)
        if fits:
            busy.append(at)
    return result


def admit_one(wanted: list[int], past: list[int], caps: list[tuple[int, int]]) -> list[bool]:
    moments = np.array([wanted])
    history = History.of(1, [0] * len(past), past)
    return admit(moments, np.ones_like(moments, dtype=bool), history, caps)[0].tolist()


T = 1_700_000_000_000_000


def test_one_a_day_is_half_open() -> None:
    assert admit_one([T, T + DAY - 1, T + DAY], [], [(1, 1)]) == [True, False, True]
    assert admit_one([T + DAY], [T], [(1, 1)]) == [True]
    assert admit_one([T + DAY - 1], [T], [(1, 1)]) == [False]


def test_a_message_planned_later_counts_too() -> None:
    assert admit_one([T], [T + HOUR], [(1, 1)]) == [False]
    assert admit_one([T], [T + DAY], [(1, 1)]) == [True]
    # three in seven days are planned; a fourth between them would make a window of four
    assert admit_one([T], [T + 2 * DAY, T + 4 * DAY, T + 6 * DAY], [(7, 3)]) == [False]


def test_the_second_cap_holds_as_well() -> None:
    assert admit_one([T, T + DAY, T + 2 * DAY, T + 3 * DAY, T + 7 * DAY], [], [(1, 1), (7, 3)]) == [
        True, True, True, False, True,
    ]  # fmt: skip


def test_what_is_not_wanted_is_not_counted() -> None:
    moments = np.array([[T, T + HOUR]])
    assert admit(moments, np.array([[False, True]]), History.empty(1), [(1, 1)]).tolist() == [[False, True]]
    assert admit(moments, np.array([[True, True]]), History.empty(1), []).tolist() == [[True, True]]


hours = st.integers(0, 24 * 20)


@given(
    st.lists(st.tuples(st.lists(hours, min_size=3, max_size=3), st.lists(hours, max_size=6)), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(1, 8), st.integers(1, 4)), max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_admits_what_a_count_by_hand_admits(
    people: list[tuple[list[int], list[int]]], caps: list[tuple[int, int]]
) -> None:
    wanted = [sorted(T + h * HOUR for h in listed) for listed, _ in people]
    past = [[T + h * HOUR for h in listed] for _, listed in people]
    owners = [person for person, listed in enumerate(past) for _ in listed]
    history = History.of(len(people), owners, [moment for listed in past for moment in listed])
    moments = np.array(wanted)
    admitted = admit(moments, np.ones_like(moments, dtype=bool), history, caps)
    assert admitted.tolist() == [admit_naively(w, p, caps) for w, p in zip(wanted, past, strict=True)]
