"""CSV that a spreadsheet opens: text stays text, whoever wrote it (OWASP: CSV injection). Every CSV goes through here."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

# What begins a formula, or is skipped before one; full-width signs are typed by Chinese keyboards and taken alike.
FORMULA = "=+-@\t\r\n＝＋－＠"


def write_csv(file: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """The header and the rows. Numbers are numbers, negative ones too; text that would run as a formula is guarded."""
    writer = csv.writer(file)
    writer.writerow([guarded(name) for name in columns])
    writer.writerows([guarded(cell) for cell in row] for row in rows)


def guarded(cell: Any, *, numbers_are_text: bool = False) -> Any:
    """A text that a spreadsheet would run as a formula, behind a quote that makes it text; anything else as it is.

    Cells that were read from a file are text all of them: with `numbers_are_text`, '-5' is the number that it says.
    """
    return "'" + cell if isinstance(cell, str) and _is_formula(cell, numbers_are_text) else cell


def unguarded(cell: Any) -> Any:
    """What `guarded` was given with `numbers_are_text`."""
    return cell[1:] if isinstance(cell, str) and cell[:1] == "'" and _is_formula(cell[1:], True) else cell


def _is_formula(cell: str, numbers_are_text: bool) -> bool:
    """Also one that is guarded already, so that its own quote comes back."""
    bare = cell.lstrip("'")
    is_number = numbers_are_text and bare == cell and _is_number(cell)
    return len(bare) > 1 and bare[0] in FORMULA and not is_number


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True
