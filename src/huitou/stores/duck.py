"""DuckDB as the house opens it, and how a lake table is spelled for it."""

from __future__ import annotations

# ruff: noqa: S608  # what goes into SQL here are declared names, their types and quoted paths
import os
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb import sqltypes

from huitou.stores.lake import LakeTable
from huitou.stores.sql import Param

TYPES = {
    pa.string(): "VARCHAR",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.binary(): "BLOB",
}


def open_duckdb(memory: str, threads: int | None, spill: Path) -> duckdb.DuckDBPyConnection:
    """An empty in-memory database that keeps at most `memory` before it spills, and fetches nothing from a network.

    Its tables are what was put in, never a Python variable that happens to have the name.
    """
    spill.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": memory,
            "temp_directory": str(spill),
            "threads": str(threads or os.cpu_count() or 1),
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def select_files(connection: duckdb.DuckDBPyConnection, table: LakeTable, files: list[str]) -> str:
    """The SELECT that reads a lake table's files, in the declared columns and types; empty where there are no files."""
    kinds = {field.name: duckdb_type(field.type) for field in table.schema}
    nulls = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in kinds.items())
    nothing = f"SELECT {nulls} WHERE false"
    if not files:
        return nothing
    columns = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in kinds.items())
    source = f"read_parquet([{', '.join(map(quote, files))}], union_by_name = true)"
    plain = f"SELECT {columns} FROM {source}"
    try:
        connection.sql(plain)  # binds only: reads the files' schemas, not their rows
    except duckdb.BinderException:  # no file has a column that was declared later: it is NULL
        return f"SELECT {columns} FROM ({nothing} UNION ALL BY NAME SELECT * FROM {source})"
    return plain


def duckdb_type(kind: pa.DataType) -> str:
    """The DuckDB type of a lake column's type."""
    if pa.types.is_list(kind):
        return f"{duckdb_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        fields = (f"{kind.field(i).name} {duckdb_type(kind.field(i).type)}" for i in range(kind.num_fields))
        return f"STRUCT({', '.join(fields)})"
    if pa.types.is_decimal128(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return TYPES[kind]


def bound(params: dict[str, Param]) -> dict[str, object]:
    """Integers are BIGINT whatever their size, as Spark is told too; DuckDB would make 5 an INTEGER that overflows."""
    return {name: _bind(value) for name, value in params.items()}


def _bind(value: Param) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return duckdb.Value(value, sqltypes.BIGINT)
    if isinstance(value, list | tuple):
        element = sqltypes.BIGINT if value and isinstance(value[0], int) else sqltypes.VARCHAR
        return duckdb.Value(list(value), duckdb.list_type(element))
    return value


def narrow(result: pa.Table) -> pa.Table:
    """The result without HUGEINT columns: DuckDB's sum() of integers is 128 bits wide, Spark's and the lake's 64.

    Raises pyarrow.ArrowInvalid where a number does not fit.
    """
    for index, field in enumerate(result.schema):
        if field.type == pa.decimal128(38, 0):
            result = result.set_column(index, field.name, result.column(index).cast(pa.int64()))
    return result


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
