"""The house's door to PostgreSQL: connections, transactions, locks and bulk moves, by psycopg 3.

DATABASE_URL names your server; without it the embedded one starts inside the data folder at first use and stops
when this process ends. Queries are plain PostgreSQL with %(name)s parameters.
"""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from huitou.kit.errors import Refused
from huitou.kit.settings import settings
from huitou.stores.postgres import Running, start_postgres
from huitou.stores.trouble import explain_ledger

if TYPE_CHECKING:
    import pyarrow as pa

Row = tuple[Any, ...]
Connection = psycopg.Connection[Row]
AsyncConnection = psycopg.AsyncConnection[Row]
Pool = ConnectionPool[Connection]
AsyncPool = AsyncConnectionPool[AsyncConnection]
Params = Sequence[Any] | Mapping[str, Any]

OLDEST = 140_000  # server_version_num; 14 is the oldest with all that the queries use
POOL_SIZE, ASYNC_POOL_SIZE = 12, 24  # of the 100 connections, shared with Django's threads and other commands

PROOF_MS = 800
PROOF_STATE = "SELECT current_setting('transaction_read_only')::bool, to_regclass('pg_temp.huitou_proof') IS NULL"
PROOF_TABLE = (
    "CREATE TEMPORARY TABLE huitou_proof (filler text) ON COMMIT DELETE ROWS;"
    " ALTER TABLE huitou_proof ALTER filler SET STORAGE PLAIN"
)
# 128 rows of a block each: as much as a batch of events. The word in the log is what the commit then waits for.
PROOF = (
    "WITH word AS (SELECT pg_logical_emit_message(true, 'huitou', 'proof'))"
    " INSERT INTO huitou_proof SELECT repeat('-', 8000) FROM generate_series(1, 128), word"
)


class _State:
    """What this process holds; a forked child starts anew and leaves its parent's connections alone."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.embedded: Running | None = None
        self.url: str | None = None
        self.checked: str | None = None
        self.pool: Pool | None = None
        self.async_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncPool] = WeakKeyDictionary()


_state = _State()


def _mine() -> _State:
    global _state
    if _state.pid != os.getpid():
        _state = _State()
    return _state


def database_url() -> str:
    """Where the ledger is, as libpq takes it. Starts the embedded server where DATABASE_URL names none.

    Raises Unavailable where the server cannot be reached, Refused where it could lose what it promised to keep.
    """
    state = _mine()
    url = settings().database_url
    if url:
        if state.checked != url:
            _check_server(url)
            state.checked = url
        return url
    folder = Path(os.path.realpath(settings().postgres))
    if state.embedded is not None and state.embedded.folder != folder:
        reset()
        state = _mine()
    if state.embedded is None:
        state.embedded = start_postgres(folder)
    return state.embedded.dsn


def connect(autocommit: bool = False) -> Connection:
    """A connection of one's own, outside the pool; the caller closes it (`with connect() as connection:`)."""
    return _open(database_url(), autocommit)


def pool() -> Pool:
    """This process's connections. A dead one (the server restarted) is replaced before it is handed out."""
    state = _mine()
    url = database_url()
    if state.pool is None or state.url != url:
        if state.pool is not None:
            state.pool.close()
        state.url = url
        state.pool = ConnectionPool(
            url, min_size=1, max_size=POOL_SIZE, open=True, name="ledger", check=ConnectionPool.check_connection
        )
    return state.pool


async def async_pool() -> AsyncPool:
    """The running event loop's connections, opened. Close it with the loop: `await (await async_pool()).close()`."""
    pools = _mine().async_pools
    loop = asyncio.get_running_loop()
    found = pools.get(loop)
    if found is None or found.closed:
        url = await asyncio.to_thread(database_url)
        found = pools[loop] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=ASYNC_POOL_SIZE,
            open=False,
            name="ledger-async",
            check=AsyncConnectionPool.check_connection,
        )
        await found.open()
    return found


@contextmanager
def transaction() -> Iterator[Connection]:
    """A pooled connection in a transaction: committed at the end of the block, rolled back by an exception."""
    with pool().connection() as connection:
        yield connection


def prove_writable(connection: Connection) -> None:
    """Prove that the ledger keeps what it is told now: it takes new blocks from the disk and makes a commit durable.

    Give it a connection that is in no transaction. Keeps nothing: a temporary table of that connection is filled,
    and emptied by the commit; the write-ahead log gets one word. No statement takes longer than PROOF_MS.
    Raises Unavailable where the disk is full, the server or its disk is read-only, overloaded or gone.
    """
    try:
        with connection.transaction():
            connection.execute(f"SET LOCAL statement_timeout = {PROOF_MS}")
            read_only, is_new = connection.execute(PROOF_STATE).fetchone() or (True, True)
            if read_only:  # temporary tables may be written all the same
                raise psycopg.errors.ReadOnlySqlTransaction
            if is_new:
                connection.execute(PROOF_TABLE)
            connection.execute(PROOF)
    except psycopg.Error as error:
        raise explain_ledger(error) from error


def lock(connection: Connection, name: str, *, shared: bool = False, wait: bool = True) -> bool:
    """Take the lock of that name until the transaction ends. False only where `wait` is False and it is held."""
    function = f"pg_{'' if wait else 'try_'}advisory_xact_lock{'_shared' if shared else ''}"
    row = connection.execute(
        sql.SQL("SELECT {}(%s)").format(sql.Identifier(function)), (lock_key("name", name),)
    ).fetchone()
    return True if wait else bool(row and row[0])


def lock_customers(connection: Connection, ids: Iterable[str]) -> None:
    """Take these customers' locks until the transaction ends, in one statement and always in the same order.

    Two transactions that lock overlapping sets wait for each other, never deadlock: keys are sorted and distinct,
    and unnest yields them in the array's order. Each lock takes a slot of the server's shared table
    (max_locks_per_transaction x max_connections = 25,600 in the embedded server): lock batches, not audiences.
    """
    keys = sorted({lock_key("customer", customer) for customer in ids})
    if keys:
        connection.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", (keys,))


def lock_key(kind: str, name: str) -> int:
    """64 bits of a hash, signed, as PostgreSQL takes them; the same in every process and version."""
    digest = hashlib.blake2b(f"{kind}\0{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """COPY the rows into the table; returns how many. All or nothing, like any statement."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    with connection.cursor().copy(statement) as copy:
        for count, row in enumerate(rows, 1):  # noqa: B007 - the count is what is returned
            copy.write_row(row)
    return count


def copy_arrow(connection: Connection, table: str, rows: pa.Table) -> int:
    """COPY the Arrow rows (texts and integers) into the table's columns of the same names; returns how many.

    As CSV, in which nothing goes through Python row by row: 100,000 rows of 17 columns in a third of the time.
    """
    import pyarrow as pa
    from pyarrow import csv

    written = pa.BufferOutputStream()
    csv.write_csv(rows, written, csv.WriteOptions(include_header=False))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    )
    with connection.cursor().copy(statement) as copy:
        copy.write(written.getvalue())
    return int(rows.num_rows)


def read_arrow(connection: Connection, query: str, params: Params = ()) -> pa.Table:
    """The rows of one SELECT as an Arrow table; see ledger_arrow for the types."""
    from huitou.stores.ledger_arrow import read_arrow as read

    return read(connection, query, params)


@atexit.register
def reset() -> None:
    """Close the pool and give back the embedded server; the next call starts anew. For tests and at exit."""
    global _state
    state, _state = _mine(), _State()
    if state.pool is not None:
        state.pool.close()
    if state.embedded is not None:
        state.embedded.stop()


def _open(url: str, autocommit: bool = False) -> Connection:
    try:
        return psycopg.connect(url, autocommit=autocommit)
    except psycopg.OperationalError as error:
        if "connection option" in str(error):
            raise _unreadable() from None
        raise explain_ledger(error) from error
    except psycopg.ProgrammingError:
        raise _unreadable() from None


def _unreadable() -> Refused:
    """Without libpq's words: they may hold the password."""
    return Refused(
        {
            "zh": "DATABASE_URL 的写法不对：应为 postgresql://user:password@host:5432/name。",
            "en": "DATABASE_URL cannot be read: write postgresql://user:password@host:port/database",
        },
        code="unfit_database",
    )


def _check_server(url: str) -> None:
    """Refuse a server that cannot keep 'a 2xx means durable'."""
    with _open(url, autocommit=True) as connection:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":  # asked first: without an encoding the answers below come as bytes
            raise _unfit(f"编码是 {encoding}，需要 UTF8", f"its encoding is {encoding}, UTF8 is needed")
        row = connection.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'),"
            " current_setting('fsync'), current_setting('synchronous_commit'), pg_is_in_recovery()"
        ).fetchone()
    assert row is not None
    number, version, fsync, commit, standby = row
    if number < OLDEST:
        raise _unfit(f"版本是 {version}，至少需要 14", f"its version is {version}, 14 or later is needed")
    if fsync != "on":
        raise _unfit("fsync 关闭着，断电会丢数据", "fsync is off: a power cut would lose data")
    if commit == "off":
        raise _unfit(
            "synchronous_commit 关闭着，已确认的事件可能丢失",
            "synchronous_commit is off: confirmed events could be lost",
        )
    if standby:
        raise _unfit("它是只读的备库", "it is a read-only standby")


def _unfit(zh: str, en: str) -> Refused:
    return Refused(
        {"zh": f"不能使用 DATABASE_URL 的数据库：{zh}。", "en": f"the database of DATABASE_URL is unfit: {en}"},
        code="unfit_database",
    )
