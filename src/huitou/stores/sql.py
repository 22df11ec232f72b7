"""Named SQL: one query, one file, in the `queries/` folder of the room that asks.

A file begins with a comment that says what it is for. Parameters are written `$name`. Lake queries keep to the common
dialect (`stores/dialect.py`), so that DuckDB and Spark read the same meaning; `queries/ledger/` is PostgreSQL's and
not listed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

Param = str | int | bool | float | None | Sequence[str] | Sequence[int]

LEDGER = "ledger"


@dataclass(frozen=True)
class Query:
    """A lake query: `room` is its folder under the package ('customers'), `name` its file without '.sql'."""

    room: str
    name: str
    text: str

    @property
    def path(self) -> str:
        return f"{self.room}/queries/{self.name}.sql"

    @property
    def purpose(self) -> str:
        """The comment at the head of the file, in one line; '' where there is none."""
        lines = []
        for line in self.text.splitlines():
            if not line.startswith("--"):
                break
            lines.append(line.lstrip("-").strip())
        return " ".join(lines)


@cache
def load_query(room: str, name: str, package: str = "huitou") -> str:
    """The text of `<room>/queries/<name>.sql`; works from an installed wheel. FileNotFoundError where it is missing."""
    folder = resources.files(package)
    return folder.joinpath(*room.split("/"), "queries", *f"{name}.sql".split("/")).read_text(encoding="utf-8")


def all_queries(root: Traversable | None = None) -> list[Query]:
    """Every lake query of every room, in order of path."""
    top = root or resources.files("huitou")
    return sorted(_walk(top, ""), key=lambda query: query.path)


def _walk(folder: Traversable, room: str) -> Iterator[Query]:
    for entry in folder.iterdir():
        if not entry.is_dir():
            continue
        if entry.name == "queries":
            yield from _read(entry, room, "")
        else:
            yield from _walk(entry, f"{room}/{entry.name}".lstrip("/"))


def _read(folder: Traversable, room: str, prefix: str) -> Iterator[Query]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != LEDGER:
            yield from _read(entry, room, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".sql"):
            yield Query(room, prefix + entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"))
