"""One word, one idea: no two classes of what works share a name. The wing that proves has words of its own, and a table's
class may have the name of the value that is read from its row: they are one idea."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import huitou

SOURCE = Path(huitou.__file__).parent


def test_no_class_name_exists_twice() -> None:
    found = defaultdict[str, list[str]](list)
    for path in SOURCE.rglob("*.py"):
        room = path.relative_to(SOURCE)
        if room.parts[0] in ("proving", "migrations") or room.name == "models.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(room))
    assert {name: rooms for name, rooms in found.items() if len(rooms) > 1} == {}
