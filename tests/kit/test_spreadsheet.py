"""CSV in a spreadsheet: text never runs, numbers stay numbers."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.kit.spreadsheet import FORMULA, guarded, unguarded, write_csv


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-5", "@SUM(1)", "\tx", "\rx", "\nx", "＝1+1", "＋1", "－1", "＠SUM(1)", "'=1"]
)
def test_text_that_would_run_is_guarded(text: str) -> None:
    assert guarded(text) == "'" + text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("茶;=1+1", "茶;'=1+1"),
        (";=HYPERLINK(0)", ";'=HYPERLINK(0)"),
        ("茶\t＝1+1", "茶\t'＝1+1"),
        ("一行\n@SUM(1)", "一行\n'@SUM(1)"),
        ("茶; =1", "茶;' =1"),
        ("茶;'=1", "茶;''=1"),
        ("\t=1", "'\t'=1"),
        (" =1+1", "' =1+1"),
        ("\u3000＋1", "'\u3000＋1"),
    ],
)
def test_text_that_would_run_behind_a_separator_is_guarded_there(text: str, told: str) -> None:
    """Where a semicolon separates, or a tab or a line's end, the rest of the text is a cell of its own."""
    assert guarded(text) == told


@pytest.mark.parametrize("cell", ["茶;杯", "a-b", "10:30-11:00", "a;-", "a,=1", "tea = good"])
def test_text_that_runs_nowhere_stays_as_it_is(cell: str) -> None:
    assert guarded(cell) == cell


@pytest.mark.parametrize("cell", [-5, -5.5, Decimal("-1.20"), None, True, "", "-", "=", "it's", "龙井", "1=1", b"=1"])
def test_numbers_and_harmless_cells_stay_as_they_are(cell: object) -> None:
    assert guarded(cell) == cell


def test_cells_of_a_file_that_say_numbers_are_numbers() -> None:
    cells = ["-5", "+5", "-1,200.50", "-1+1", "＋5"]
    assert [guarded(cell, numbers_are_text=True) for cell in cells] == ["-5", "+5", "-1,200.50", "'-1+1", "'＋5"]


@given(st.text(st.sampled_from([*FORMULA, "'", "1", ".", "a", " ", ";"]), max_size=8))
def test_what_is_guarded_comes_back(text: str) -> None:
    assert unguarded(guarded(text, numbers_are_text=True)) == text


@given(st.lists(st.lists(st.one_of(st.text(max_size=4), st.integers()), min_size=2, max_size=2), max_size=3))
def test_a_written_file_runs_nothing_and_loses_nothing(rows: list[list[str | int]]) -> None:
    file = io.StringIO(newline="")
    write_csv(file, ["=x", "amount"], rows)
    read = list(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert read[0] == ["'=x", "amount"]
    assert read[1:] == [[str(guarded(cell)) for cell in row] for row in rows]
    for row, told in zip(rows, read[1:], strict=True):
        assert not any(
            isinstance(cell, str) and len(cell) > 1 and text[0] in FORMULA
            for cell, text in zip(row, told, strict=True)
            if text
        )
