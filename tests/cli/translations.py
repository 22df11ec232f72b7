"""The command line's help, paragraph by paragraph, and what its library says by itself: kept in cli/locale.

python -m tests.cli.translations      brings messages.po up to date with the commands and writes messages.mo
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
import polib
import typer
from typer.main import get_command

from huitou.cli.app import app
from huitou.cli.language import EXAMPLE, LOCALE, paragraphs
from tests.console.translations import in_code

PO = LOCALE / "zh_Hans" / "LC_MESSAGES" / "messages.po"
MO = PO.with_suffix(".mo")


def help_paragraphs() -> list[str]:
    """Every paragraph of help that the commands print, in the order one meets them, once each."""
    with patch.dict(os.environ, HUITOU_LANG="en"):  # as they are written
        commands = get_command(app)
    found = dict.fromkeys(part for text in _texts(commands) for part in paragraphs(text))
    return [part for part in found if not EXAMPLE.match(part)]


def library_messages() -> list[tuple[str, str]]:
    """(message, plural) of what click and typer look up in the catalogue."""
    modules = [
        path for library in (click, typer) for path in sorted(Path(inspect.getfile(library)).parent.rglob("*.py"))
    ]
    return list(
        dict.fromkeys((one.id, one.plural) for path in modules for one in in_code(path.read_text(encoding="utf-8")))
    )


def _texts(command: Any) -> Iterator[str]:
    yield from (
        text
        for text in (
            "Show this message and exit.",
            command.help,
            *(getattr(one, "help", None) for one in command.params),
        )
        if text
    )
    for below in getattr(command, "commands", {}).values():
        yield from _texts(below)


def update() -> list[str]:
    """Bring the .po up to date; what of our own is still to be translated."""
    known = {entry.msgid: entry for entry in polib.pofile(str(PO))} if PO.exists() else {}
    po = polib.POFile(wrapwidth=110)
    po.metadata = {
        "Language": "zh_Hans",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    ours = help_paragraphs()
    for text in ours:
        po.append(polib.POEntry(msgid=text, msgstr=known[text].msgstr if text in known else ""))
    for text, plural in library_messages():
        if (old := known.get(text)) is not None and text not in ours and (old.msgstr or old.msgstr_plural.get(0)):
            entry = polib.POEntry(msgid=text, comment="of the library")
            if plural:
                entry.msgid_plural, entry.msgstr_plural = plural, {0: old.msgstr_plural.get(0) or old.msgstr}
            else:
                entry.msgstr = old.msgstr
            po.append(entry)
    po.save(str(PO))
    po.save_as_mofile(str(MO))
    return [entry.msgid for entry in po.untranslated_entries()]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{text}\n" for text in update()))
