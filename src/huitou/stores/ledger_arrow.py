"""From the ledger to Arrow: COPY … TO STDOUT as CSV, parsed by Arrow in as many threads as there are cores.

Types follow the query's columns: text and whatever has no Arrow twin (json, uuid, enum, arrays) are strings, so ids
stay strings; bigint, integer, smallint, boolean, double precision, real, date, timestamptz (µs, UTC), bytea and
numeric(p, s) keep theirs. NULL and the empty string stay different (CSV writes the one bare, the other quoted).
"""

from __future__ import annotations

from select import select
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg import ClientCursor, OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn

if TYPE_CHECKING:
    from huitou.stores.ledger import Connection, Params

# pg_type.oid, fixed since PostgreSQL 7
TYPES: dict[int, pa.DataType] = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int16(),
    23: pa.int32(),
    26: pa.int64(),
    700: pa.float32(),
    701: pa.float64(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", "UTC"),
}
BYTEA, NUMERIC = 17, 1700


def read_arrow(connection: Connection, query: str, params: Params) -> pa.Table:
    """Raises ValueError for a numeric column without scale (sum of bigint): cast it to bigint, or say numeric(p, s)."""
    text = ClientCursor(connection).mogrify(query, params) if params else query
    columns = _describe(connection, text)
    return _unhex(_parse(_copy(connection, text), [(name, _csv_type(name, *kind)) for name, kind in columns]), columns)


def _describe(connection: Connection, text: str) -> list[tuple[str, tuple[int, int]]]:
    """Each column's name, type oid and modifier, from the planner: nothing is run."""
    if connection.info.transaction_status == TransactionStatus.IDLE and not connection.autocommit:
        connection.execute("SELECT")  # psycopg begins the transaction; the calls below go around it
    encoding = connection.info.encoding
    for result in (
        connection.pgconn.prepare(b"", text.encode(encoding)),
        described := connection.pgconn.describe_prepared(b""),
    ):
        if result.status != ExecStatus.COMMAND_OK:
            raise error_from_result(result, encoding=encoding)
    return [
        ((described.fname(i) or b"").decode(encoding), (described.ftype(i), described.fmod(i)))
        for i in range(described.nfields)
    ]


def _csv_type(name: str, oid: int, modifier: int) -> pa.DataType:
    if oid != NUMERIC:
        return TYPES.get(oid, pa.string())
    if modifier < 0:
        raise ValueError(f"column {name} is a numeric without scale: cast it to bigint, or to numeric(p, s)")
    return pa.decimal128((modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF)


def _copy(connection: Connection, text: str) -> pa.Buffer:
    """The whole CSV. libpq hands it out row by row; going around psycopg's cursor halves the time of a million."""
    pgconn, encoding = connection.pgconn, connection.info.encoding
    csv = bytearray()
    pgconn.send_query(f"COPY ({text}) TO STDOUT (FORMAT csv)".encode(encoding))
    try:
        while pgconn.flush():  # a query larger than the socket's buffer (a list of ids) takes several writes
            if select([pgconn.socket], [pgconn.socket], [])[0]:
                pgconn.consume_input()
        while pgconn.is_busy():
            _wait(pgconn)
        result = pgconn.get_result()
        while result is not None and result.status == ExecStatus.COPY_OUT:
            size, row = pgconn.get_copy_data(1)
            csv += row
            if size == 0:
                _wait(pgconn)
            elif size < 0:
                result = pgconn.get_result()
    except BaseException:
        pgconn.get_cancel().cancel()
        raise
    finally:
        _read_to_the_end(pgconn)
    if result is None or result.status != ExecStatus.COMMAND_OK:
        raise OperationalError("the connection was lost") if result is None else error_from_result(result, encoding)
    return pa.py_buffer(csv)


def _wait(pgconn: PGconn) -> None:
    """Until something arrives; meanwhile other threads run and Ctrl-C is heard, unlike inside libpq."""
    select([pgconn.socket], [], [])
    pgconn.consume_input()


def _read_to_the_end(pgconn: PGconn) -> None:
    """So that the connection can be used again."""
    while (result := pgconn.get_result()) is not None:
        while result.status == ExecStatus.COPY_OUT and pgconn.get_copy_data(0)[0] > 0:
            pass


def _parse(csv: pa.Buffer, columns: list[tuple[str, pa.DataType]]) -> pa.Table:
    schema = pa.schema(columns)
    if csv.size == 0:
        return schema.empty_table()
    numbered = [str(number) for number in range(len(columns))]  # a query may name two columns alike
    table = pa_csv.read_csv(
        pa.BufferReader(csv),
        read_options=pa_csv.ReadOptions(column_names=numbered, block_size=8 * 1024 * 1024),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict(zip(numbered, schema.types, strict=True)),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
        ),
    )
    return table.rename_columns(schema.names)


def _unhex(table: pa.Table, columns: list[tuple[str, tuple[int, int]]]) -> pa.Table:
    for index, (name, (oid, _)) in enumerate(columns):
        if oid == BYTEA:  # written as \x0123…
            values = [None if text is None else bytes.fromhex(text[2:]) for text in table.column(index).to_pylist()]
            table = table.set_column(index, name, pa.array(values, pa.binary()))
    return table
