"""The mutants as data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("mutants.toml")


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` in `file` (below src/huitou); `tests`, as pytest takes them, must notice."""

    id: str
    breaks: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def apply(self, package: Path) -> None:
        """Write it into this copy of the package. ValueError where the place is not there, or not the only one."""
        path = package / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.id}: {self.file} has {self.old!r} {text.count(self.old)} times")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


def read_mutants() -> list[Mutant]:
    return [
        Mutant(one["id"], one["breaks"], one["file"], one["from"], one["to"], tuple(one["tests"]))
        for one in tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"]
    ]
