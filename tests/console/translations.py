"""The interface's words: found in code and templates, kept in locale/zh_Hans, compiled without gettext's programs.

python tests/console/translations.py      brings django.po up to date with the sources and writes django.mo
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polib

CONSOLE = Path(__file__).parents[2] / "src" / "huitou" / "console"
PO = CONSOLE / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")

PLAIN = {"_", "gettext", "gettext_lazy"}
PLURAL = {"ngettext", "ngettext_lazy"}
CONTEXT = {"pgettext", "pgettext_lazy"}


class Message(NamedTuple):
    id: str
    plural: str
    context: str | None


def in_sources() -> dict[Message, list[str]]:
    """Every message of the console with the files that say it."""
    found: dict[Message, list[str]] = {}
    for path in sorted(CONSOLE.rglob("*.py")):
        for message in in_code(path.read_text(encoding="utf-8")):
            found.setdefault(message, []).append(str(path.relative_to(CONSOLE)))
    for path in sorted(CONSOLE.rglob("templates/**/*.html")):
        for message in in_template(path.read_text(encoding="utf-8")):
            found.setdefault(message, []).append(str(path.relative_to(CONSOLE)))
    return found


def in_code(text: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if node.func.id in PLAIN and texts:
            yield Message(texts[0], "", None)
        elif node.func.id in PLURAL and len(texts) >= 2:
            yield Message(texts[0], texts[1], None)
        elif node.func.id in CONTEXT and len(texts) >= 2:
            yield Message(texts[1], "", texts[0])


TAG = re.compile(r"""\{%\s*translate\s+(?:"([^"]*)"|'([^']*)')(?:\s+as\s+\w+)?\s*%\}""")
BLOCK = re.compile(r"\{%\s*blocktranslate\b[^%]*%\}(.*?)\{%\s*endblocktranslate\s*%\}", re.DOTALL)
SPLIT = re.compile(r"\{%\s*plural\s*%\}")
VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def in_template(text: str) -> Iterator[Message]:
    for double, single in TAG.findall(text):
        yield Message(double or single, "", None)
    for body in BLOCK.findall(text):
        parts = [VARIABLE.sub(r"%(\1)s", part.replace("%", "%%")) for part in SPLIT.split(body)]
        yield Message(parts[0], parts[1] if len(parts) > 1 else "", None)


def update() -> list[str]:
    """Bring the .po up to date; what is still to be translated."""
    old = {(entry.msgid, entry.msgctxt): entry for entry in polib.pofile(str(PO))} if PO.exists() else {}
    po = polib.POFile(wrapwidth=110)
    po.metadata = {
        "Project-Id-Version": "huitou",
        "Language": "zh_Hans",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    for message, places in sorted(in_sources().items(), key=lambda item: (item[0].id, item[0].context or "")):
        known = old.get((message.id, message.context))
        entry = polib.POEntry(msgid=message.id, msgctxt=message.context, occurrences=[(place, "") for place in places])
        if message.plural:
            entry.msgid_plural = message.plural
            entry.msgstr_plural = {0: known.msgstr_plural.get(0, "") if known and known.msgid_plural else ""}
        elif known:
            entry.msgstr = known.msgstr
        if "%(" in message.id:
            entry.flags.append("python-format")
        po.append(entry)
    PO.parent.mkdir(parents=True, exist_ok=True)
    po.save(str(PO))
    po.save_as_mofile(str(MO))
    return [entry.msgid for entry in po.untranslated_entries()]


if __name__ == "__main__":
    import sys

    sys.stdout.write("".join(f"{text}\n" for text in update()))
