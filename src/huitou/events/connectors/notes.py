"""What a reader has to tell about a file as a whole, beside its rows: sheets it left aside, rooms nobody named.

Whoever imports the file collects the notes; where nobody does they are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from huitou.kit.text import Text

_notes: ContextVar[list[Text] | None] = ContextVar("notes", default=None)


def note(text: Text) -> None:
    """Tell it, once a file."""
    notes = _notes.get()
    if notes is not None and text not in notes:
        notes.append(text)


@contextmanager
def collected() -> Iterator[list[Text]]:
    """The notes of everything read within the block."""
    notes: list[Text] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)
