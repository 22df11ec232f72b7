"""The engine: DuckDB in this process, over one pinned version of each lake table it was given.

The named .sql files it runs are in the common dialect of `stores/dialect.py`, so the same files run on Spark. Each
engine is its own in-memory database: nothing is shared between two of them, nothing is left when one is closed.
"""

from __future__ import annotations

# ruff: noqa: S608  # names and paths go into SQL only after `_check` and `_file`
import os
import shutil
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa
from duckdb import sqltypes

from huitou.kit.settings import settings
from huitou.stores.lake import NAME, Lake, LakeTable
from huitou.stores.sql import Param, load_query

_numbers = count()


class Engine:
    """Used as a context: `with Engine() as engine: …`. One thread at a time.

    `memory` bounds what DuckDB keeps before it spills into `spill` (default: a folder inside the data folder).
    `versions` tells which version of each attached table it reads (-1: the table does not exist yet, reads as empty).
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
        self.files: list[str] = []
        self._spill = (spill or settings().data / "spill") / f"engine-{os.getpid()}-{next(_numbers)}"
        self._spill.parent.mkdir(parents=True, exist_ok=True)
        self.connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": memory,
                "temp_directory": str(self._spill),
                "threads": str(threads or os.cpu_count() or 1),
                # Tables are what was attached or registered, never a Python variable that happens to have the name;
                # nothing is fetched from a network.
                "python_enable_replacements": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        self.connection.execute("SET TimeZone = 'UTC'")

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
            version, files = self.lake.snapshot(table)
            self._view(table, files)
            self.versions[table.name] = version
            self.files += files

    def register(self, name: str, data: pa.Table) -> None:
        """Make an Arrow table readable under that name; the engine keeps it until it is closed."""
        _check(name)
        self.connection.register(name, data)

    def run(self, room: str, query: str, **params: Param) -> pa.Table:
        """The result of the named query; rows in its ORDER BY, in no particular order without one."""
        return self.run_text(load_query(room, query), **params)

    def create(self, name: str, room: str, query: str, **params: Param) -> None:
        """Keep the result of the named query under `name`, for later queries; in place of an earlier one."""
        self.create_text(name, load_query(room, query), **params)

    def run_text(self, text: str, **params: Param) -> pa.Table:
        """Like `run`, for SQL that a program wrote (an audience's rule); `check_sql` it where a person had a say."""
        return narrow(self.connection.sql(text, params=_bound(params)).to_arrow_table())

    def create_text(self, name: str, text: str, **params: Param) -> None:
        _check(name)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {text}", _bound(params))

    def _view(self, table: LakeTable, files: list[str]) -> None:
        kinds = {field.name: duckdb_type(field.type) for field in table.schema}
        nulls = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in kinds.items())
        nothing = f"SELECT {nulls} WHERE false"
        columns = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in kinds.items())
        if not files:
            self._create_view(table.name, nothing)
            return
        source = f"read_parquet([{', '.join(_file(path) for path in files)}], union_by_name = true)"
        try:
            self._create_view(table.name, f"SELECT {columns} FROM {source}")
        except duckdb.BinderException:  # no file has a column that was declared later: it is NULL
            widened = f"({nothing} UNION ALL BY NAME SELECT * FROM {source})"
            self._create_view(table.name, f"SELECT {columns} FROM {widened}")

    def _create_view(self, name: str, text: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {text}")


def duckdb_type(kind: pa.DataType) -> str:
    """The DuckDB type of a lake column's type."""
    if pa.types.is_list(kind):
        return f"{duckdb_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        fields = (f"{kind.field(i).name} {duckdb_type(kind.field(i).type)}" for i in range(kind.num_fields))
        return f"STRUCT({', '.join(fields)})"
    if pa.types.is_decimal128(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return _TYPES[kind]


_TYPES = {
    pa.string(): "VARCHAR",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.binary(): "BLOB",
}


def narrow(result: pa.Table) -> pa.Table:
    """The result without HUGEINT columns: DuckDB's sum() of integers is 128 bits wide, Spark's and the lake's 64.

    Raises pyarrow.ArrowInvalid where a number does not fit.
    """
    for index, field in enumerate(result.schema):
        if field.type == pa.decimal128(38, 0):
            result = result.set_column(index, field.name, result.column(index).cast(pa.int64()))
    return result


def _bound(params: dict[str, Param]) -> dict[str, object]:
    """Integers are BIGINT whatever their size, as Spark is told too; DuckDB would make 5 an INTEGER that overflows."""
    return {name: _bind(value) for name, value in params.items()}


def _bind(value: Param) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return duckdb.Value(value, sqltypes.BIGINT)
    if isinstance(value, list | tuple):
        element = sqltypes.BIGINT if value and isinstance(value[0], int) else sqltypes.VARCHAR
        return duckdb.Value(list(value), duckdb.list_type(element))
    return value


def _file(path: str) -> str:
    """The path as a SQL string in which nothing is a wildcard."""
    plain = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path)
    return "'" + plain.replace("'", "''") + "'"


def _check(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a table")
