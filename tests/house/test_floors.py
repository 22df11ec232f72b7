"""The floors hold: imports (lint-imports), foreign keys (they are names in strings, which import-linter cannot see)."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "huitou"
FLOORS = [
    {"kit", "science"},
    {"stores"},
    {"admin"},
    {"events"},
    {"catalog", "customers"},
    {"rewards", "campaigns"},
    {"decisions"},
    {"delivery"},
    {"measurement"},
    {"flows"},
    {"edge", "console"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def test_a_room_imports_only_rooms_below_it() -> None:
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=SOURCE.parents[1], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def tables() -> dict[str, str]:
    """Class of every table -> its room."""
    return {
        node.name: file.parent.name
        for file in SOURCE.glob("*/models.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef)
    }


def foreign_keys() -> list[tuple[str, str, str]]:
    """(room, class, target class) of every ForeignKey and OneToOneField, the target given by name or as a string."""
    found = []
    for file in SOURCE.glob("*/models.py"):
        for cls in (node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)):
            for call in (node for node in ast.walk(cls) if isinstance(node, ast.Call)):
                name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                if name in ("ForeignKey", "OneToOneField", "ManyToManyField"):
                    to = call.args[0] if call.args else next(k.value for k in call.keywords if k.arg == "to")
                    target = to.value if isinstance(to, ast.Constant) else to.id  # type: ignore[attr-defined]
                    if str(target).startswith("auth."):  # Django's own, below all of ours
                        continue
                    found.append((file.parent.name, cls.name, str(target).rpartition(".")[2]))
    return found


def test_there_are_foreign_keys_to_look_at() -> None:
    assert ("events", "Identifier", "Customer") in foreign_keys()


@pytest.mark.parametrize(("room", "table", "target"), foreign_keys())
def test_a_foreign_key_points_no_higher_than_its_owner(room: str, table: str, target: str) -> None:
    owner_of_target = room if target == "self" else tables()[target]
    assert FLOOR_OF[owner_of_target] <= FLOOR_OF[room]


def test_every_table_is_gathered_for_django() -> None:
    """Without its import in huitou/models.py a table has no migration, and nobody says so."""
    gathered = ast.parse((SOURCE / "models.py").read_text())
    names = {alias.name for node in gathered.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(tables()) <= names


def test_every_room_is_on_a_floor() -> None:
    rooms = {folder.name for folder in SOURCE.iterdir() if (folder / "__init__.py").exists()}
    others = {"migrations", "cli", "asgi", "proving", "examples"}
    assert rooms - others == set(FLOOR_OF)
