"""CSV that a spreadsheet opens: text stays text, whoever wrote it (OWASP: CSV injection). Every CSV goes through here."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

# What begins a formula, or is skipped before one; full-width signs are typed by Chinese keyboards and taken alike.
FORMULA = "=+-@\t\r\n＝＋－＠"
# Where a cell may begin: a spreadsheet may take these for the end of the one before, whatever quotes stand around it.
SEPARATORS = ";\t\r\n"
BEGINS = rf"(?=[^\S{SEPARATORS}]*[{re.escape(FORMULA)}].)"  # a sign alone is none
UNGUARDED = re.compile(rf"(\A|[{SEPARATORS}])('*){BEGINS}", re.DOTALL)
GUARDED = re.compile(rf"(\A|[{SEPARATORS}])'('*){BEGINS}", re.DOTALL)


def write_csv(file: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """The header and the rows. Numbers are numbers, negative ones too; text that would run as a formula is guarded."""
    writer = csv.writer(file)
    writer.writerow([guarded(name) for name in columns])
    writer.writerows([guarded(cell) for cell in row] for row in rows)


def guarded(cell: Any, *, numbers_are_text: bool = False) -> Any:
    """A text with a quote before each part that a spreadsheet would run as a formula; anything else as it is.

    Cells that were read from a file are text all of them: with `numbers_are_text`, '-5' is the number that it says.
    """
    if not isinstance(cell, str) or (numbers_are_text and _is_number(cell)):
        return cell
    return UNGUARDED.sub(r"\1'\2", cell)  # one more where it is guarded already, so that its own comes back


def unguarded(cell: Any) -> Any:
    """What `guarded` was given with `numbers_are_text`."""
    if not isinstance(cell, str):
        return cell
    bare = GUARDED.sub(r"\1\2", cell)
    return cell if _is_number(bare) else bare


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True
