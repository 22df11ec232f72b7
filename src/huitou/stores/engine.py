"""The engine: DuckDB in this process, over one pinned version of each lake table it was given.

The named .sql files it runs are in the common dialect of `stores/dialect.py`, so the same files run on Spark. Each
engine is its own in-memory database: nothing is shared between two of them, nothing is left when one is closed.
"""

from __future__ import annotations

import os
import shutil
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from huitou.kit.settings import settings
from huitou.stores.duck import bound, narrow, open_duckdb, select_files
from huitou.stores.lake import NAME, Lake, LakeTable
from huitou.stores.readonly import Given, Limits, ask
from huitou.stores.spark import bind
from huitou.stores.sql import Param, load_query

_numbers = count()


class Engine:
    """Used as a context: `with Engine() as engine: …`. One thread at a time.

    `memory` bounds what DuckDB keeps before it spills into `spill` (default: a folder inside the data folder).
    `versions` tells which version of each attached table it reads (-1: the table does not exist yet, reads as empty).
    A name given twice means the later thing.
    """

    def __init__(
        self,
        lake: Lake | None = None,
        *,
        memory: str = "4GB",
        threads: int | None = None,
        spill: Path | None = None,
    ) -> None:
        self.lake = lake or Lake(settings().lake)
        self.versions: dict[str, int] = {}
        self._files: list[str] = []
        self._views: dict[str, str] = {}
        self._tables: set[str] = set()
        self._arrow: dict[str, pa.Table] = {}
        home = spill or settings().data / "spill"
        _clear_abandoned(home)
        self._spill = home / f"engine-{os.getpid()}-{next(_numbers)}"
        self.connection = open_duckdb(memory, threads, self._spill)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def attach(self, *tables: LakeTable) -> None:
        """Make each table readable under its name, as it is now: later commits do not show in this engine."""
        for table in tables:
            self.attach_as(table.name, table)

    def attach_as(self, name: str, table: LakeTable) -> None:
        """Like `attach`, under another name (where a view shall have the table's own)."""
        version, files = self.lake.snapshot(table)
        self._put_view(name, select_files(self.connection, table, files))
        self.versions[table.name] = version
        self._files += files

    def register(self, name: str, data: pa.Table) -> None:
        """Make an Arrow table readable under that name; the engine keeps it until it is closed."""
        self._make_room(name)
        self.connection.register(name, data)
        self._arrow[name] = data

    def has(self, name: str) -> bool:
        """Whether something is readable under the name."""
        return name in self._views or name in self._tables or name in self._arrow

    def run(self, room: str, query: str, **params: Param) -> pa.Table:
        """The result of the named query; rows in its ORDER BY, in no particular order without one."""
        return self.run_text(load_query(room, query), **params)

    def create(self, name: str, room: str, query: str, **params: Param) -> None:
        """Keep the result of the named query under `name`, for later queries."""
        self.create_text(name, load_query(room, query), **params)

    def view(self, name: str, room: str, query: str, **params: Param) -> None:
        """The named query under `name`, computed anew in every query that reads it: for large tables read in part."""
        text = load_query(room, query)
        self._put_view(name, bind(text, params).sql(dialect="duckdb") if params else text)

    def run_text(self, text: str, **params: Param) -> pa.Table:
        """Like `run`, for SQL that a program wrote, such as an audience's rule."""
        return narrow(self.connection.sql(text, params=bound(params)).to_arrow_table())

    def create_text(self, name: str, text: str, **params: Param) -> None:
        """Like `create`, for SQL that a program wrote; the text may read what `name` has meant so far."""
        _check(name)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE new__{name} AS {text}", bound(params))
        self._make_room(name)
        self.connection.execute(f"ALTER TABLE new__{name} RENAME TO {name}")
        self._tables.add(name)

    def query_readonly(
        self, text: str, *, limit_rows: int = 10_000, timeout_s: float = 30.0, memory: str = "1GB"
    ) -> pa.Table:
        """The answer to a question that a person typed: one SELECT over this engine's tables, and nothing else.

        At most `limit_rows` rows (`is_cut` of the answer tells whether there were more), `timeout_s` seconds and
        `memory`. Raises Refused where it is not one SELECT, reaches outside, fails, or is too large.
        """
        held = sorted(self._tables | self._arrow.keys())
        given = Given(self._views, self._files, held, self._load, self._spill.parent)
        answer = ask(text, given, Limits(limit_rows, timeout_s, memory))
        try:
            return narrow(answer)
        except pa.ArrowInvalid:  # a sum beyond 64 bits is an answer all the same
            return answer

    def _load(self, name: str, whole: bool) -> pa.Table:
        table = self.connection.table(name)
        return (table if whole else table.limit(0)).to_arrow_table()

    def _put_view(self, name: str, text: str) -> None:
        self._make_room(name)
        self.connection.execute(f"CREATE TEMP VIEW {name} AS {text}")
        self._views[name] = text

    def _make_room(self, name: str) -> None:
        """Drop what has the name: DuckDB replaces a view by a view and a table by a table only."""
        _check(name)
        if name in self._arrow:
            self.connection.unregister(name)
        if name in self._views:
            self.connection.execute(f"DROP VIEW {name}")
        if name in self._tables:
            self.connection.execute(f"DROP TABLE {name}")
        self._arrow.pop(name, None)
        self._views.pop(name, None)
        self._tables.discard(name)


def _clear_abandoned(home: Path) -> None:
    """What engines of killed processes spilled; the folders of living ones stay."""
    for folder in home.glob("engine-*"):
        pid = int(folder.name.split("-")[1])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except PermissionError:
            pass  # alive, and another user's


def _check(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a table")
