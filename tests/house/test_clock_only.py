"""Business time comes from the one clock: whoever reads the system's could not be replayed."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "huitou"
READS = {
    ("time", "time"),
    ("time", "time_ns"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
}
# Where the system's time is meant: the clock itself, and processes that record when something really happened.
ALLOWED = {"kit/clock.py", "proving/sink.py"}
BENCHES = "proving/benches/"  # load generators speak to the server as any sender would


def reads(file: Path) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in READS
    ]


def test_nobody_reads_the_systems_clock() -> None:
    found = {
        str(file.relative_to(SOURCE)): lines
        for file in SOURCE.rglob("*.py")
        if "static" not in file.parts and (lines := reads(file))
    }
    assert {file for file in found if not file.startswith(BENCHES)} <= ALLOWED, found
