"""Values one after another: cut where they end, however many of them cannot be read."""

from __future__ import annotations

import time

import pytest

from huitou.events.connectors.json_texts import MOST_DEEP, MOST_OPENED, split_values


def test_what_is_no_value_reaches_to_the_next_line_that_begins_alike() -> None:
    text = '{"a": 1}\n{"a": \n{"b": 2} {"c": 3},\n[4]\n'
    assert list(split_values(text)) == [(1, '{"a": 1}'), (2, '{"a": \n'), (3, '{"b": 2}'), (3, '{"c": 3}'), (4, "[4]")]


@pytest.mark.parametrize("line", ['{"type":"track",\n', '{"a":"' + "x" * 50 + "\n", "{,\n"])
def test_twice_as_many_broken_lines_take_about_twice_the_time(line: str) -> None:
    """Counted in steps of the processor's clock: by the square it would be four times, and hours for a large file."""

    def seconds(lines: int) -> float:
        began = time.process_time()
        assert sum(1 for _ in split_values(line * lines)) == lines
        return time.process_time() - began

    assert min(seconds(80_000) for _ in range(3)) < 3 * min(seconds(40_000) for _ in range(3))


def test_after_many_that_are_nested_too_deep_the_rest_is_one() -> None:
    pieces = list(split_values("[1,\n" * 100_000))
    assert len(pieces) <= MOST_OPENED + MOST_DEEP
    assert sum(len(text) for _, text in pieces) > 390_000
