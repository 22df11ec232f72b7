"""The ledger's door, against a real server."""

from __future__ import annotations

import datetime
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as thorough
from hypothesis import strategies as st
from psycopg import sql

from huitou.kit.errors import Refused, Unavailable
from huitou.kit.settings import settings, use_settings
from huitou.stores import ledger as house_ledger
from huitou.stores.ledger import Connection, copy_rows, lock, lock_customers, lock_key, read_arrow, transaction
from huitou.stores.postgres import Running

ONE_TEST_AT_A_TIME = thorough(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@contextmanager
def database_at(url: str) -> Iterator[None]:
    previous = use_settings(replace(settings(), database_url=url))
    try:
        yield
    finally:
        house_ledger.reset()
        if previous is not None:
            use_settings(previous)


@contextmanager
def other_database(server: Running, options: str = "") -> Iterator[str]:
    name = f"other_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with psycopg.connect(server.dsn_for("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} " + options).format(sql.Identifier(name)))
        yield server.dsn_for(name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def tea(ledger: ModuleType) -> Iterator[Connection]:
    """A connection with a table of its own that nobody else sees."""
    with house_ledger.connect(autocommit=True) as connection:
        connection.execute("CREATE TEMPORARY TABLE tea (id text, name text, grams bigint, leaf bytea)")
        yield connection


def held_locks(connection: Connection) -> list[int]:
    rows = connection.execute(
        "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ).fetchall()
    return sorted(key for (key,) in rows)


def test_without_a_database_url_the_embedded_server_starts_in_the_data_folder(data: Path) -> None:
    house_ledger.reset()
    with house_ledger.connect() as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("huitou",)
    url = house_ledger.database_url()
    assert house_ledger.database_url() == url
    assert (data / "postgres" / "data" / "PG_VERSION").exists()
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute("ALTER SYSTEM SET fsync = off")
        administrator.execute("SELECT pg_reload_conf(), pg_sleep(0.2)")
    use_settings(replace(settings(), database_url=url))
    with pytest.raises(Refused, match=r"^the database of DATABASE_URL is unfit: fsync is off: a power cut would lose"):
        house_ledger.connect()
    house_ledger.reset()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_a_server_that_forgets_commits_is_refused(ledger: ModuleType, server: Running) -> None:
    with other_database(server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(connection.info.dbname))
            )
        with database_at(url), pytest.raises(Refused) as refusal:
            house_ledger.connect()
    assert refusal.value.code == "unfit_database"
    assert refusal.value.message == {
        "zh": "不能使用 DATABASE_URL 的数据库：synchronous_commit 关闭着，已确认的事件可能丢失。",
        "en": "the database of DATABASE_URL is unfit: synchronous_commit is off: confirmed events could be lost",
    }


def test_a_database_of_another_encoding_is_refused(ledger: ModuleType, server: Running) -> None:
    latin = "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
    unfit = pytest.raises(Refused, match="its encoding is SQL_ASCII, UTF8 is needed")
    with other_database(server, latin) as url, database_at(url), unfit:
        house_ledger.connect()


def test_a_server_older_than_the_oldest_is_refused(
    ledger: ModuleType, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house_ledger, "OLDEST", 190_000)
    with database_at(server.dsn_for("postgres")), pytest.raises(Refused, match=r"its version is 18\.\d+, 14 or later"):
        house_ledger.connect()


def test_a_server_out_of_reach_is_said_without_its_password(ledger: ModuleType) -> None:
    url = "postgresql://shop:s3cret@127.0.0.1:1/huitou"
    with database_at(url), pytest.raises(Unavailable, match=r"^cannot reach the database: ") as trouble:
        house_ledger.connect()
    assert "s3cret" not in str(trouble.value.message)
    assert not trouble.value.permanent


def test_a_transaction_commits_at_its_end_and_rolls_back_on_error(ledger: ModuleType) -> None:
    with transaction() as connection:
        connection.execute("INSERT INTO django_session VALUES ('kept', '', now())")
    with pytest.raises(psycopg.errors.UniqueViolation), transaction() as connection:
        connection.execute("INSERT INTO django_session VALUES ('lost', '', now()), ('kept', '', now())")
    with transaction() as connection:
        assert connection.execute("SELECT session_key FROM django_session").fetchall() == [("kept",)]


def test_the_pool_replaces_connections_that_died(ledger: ModuleType) -> None:
    with transaction() as connection:
        before = connection.info.backend_pid
    with house_ledger.connect(autocommit=True) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with transaction() as connection:
        assert connection.info.backend_pid != before


async def test_the_async_pool_belongs_to_its_loop(ledger: ModuleType) -> None:
    pool = await house_ledger.async_pool()
    assert await house_ledger.async_pool() is pool
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT current_database()")
        assert await cursor.fetchone() == (connection.info.dbname,)
    await pool.close()
    again = await house_ledger.async_pool()
    assert again is not pool
    await again.close()


def test_a_forked_child_opens_its_own_connections(ledger: ModuleType) -> None:
    with transaction() as connection:
        mine = connection.info.backend_pid
    pool = house_ledger.pool()
    child = os.fork()
    if child == 0:
        with transaction() as connection:
            os._exit(0 if connection.info.backend_pid != mine and house_ledger.pool() is not pool else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert house_ledger.pool() is pool
    with transaction() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_lock_is_held_until_the_transaction_ends(ledger: ModuleType) -> None:
    with house_ledger.connect() as one, house_ledger.connect() as two:
        assert lock(one, "loader")
        assert not lock(two, "loader", wait=False)
        assert not lock(two, "loader", shared=True, wait=False)
        assert lock(two, "nightly", wait=False)
        one.commit()
        assert lock(two, "loader", wait=False)


def test_shared_locks_let_each_other_in(ledger: ModuleType) -> None:
    with house_ledger.connect() as one, house_ledger.connect() as two:
        assert lock(one, "journal", shared=True)
        assert lock(two, "journal", shared=True, wait=False)
        one.commit()
        assert not lock(one, "journal", wait=False)
        two.commit()
        assert lock(one, "journal", wait=False)


def test_keys_are_the_same_in_every_version() -> None:
    assert (lock_key("name", "loader"), lock_key("customer", "c1")) == (-6717961514491498452, -179780063683926496)


@ONE_TEST_AT_A_TIME
@given(ids=st.lists(st.text(max_size=3), max_size=40))
def test_customers_are_locked_once_each(ledger: ModuleType, ids: list[str]) -> None:
    with transaction() as connection:
        lock_customers(connection, ids)
        assert held_locks(connection) == sorted({lock_key("customer", name) % 2**64 - _wrap(name) for name in ids})
        connection.rollback()


def _wrap(name: str) -> int:
    """PostgreSQL shows a key's halves unsigned, and glues them as a signed bigint."""
    return 2**64 if lock_key("customer", name) < 0 else 0


def test_overlapping_batches_wait_and_never_deadlock(ledger: ModuleType) -> None:
    ids = [f"c{number}" for number in range(60)]
    failures: list[Exception] = []

    def lock_often(order: Sequence[str]) -> None:
        try:
            for _ in range(40):
                with house_ledger.connect() as connection:
                    lock_customers(connection, order)
        except psycopg.Error as error:
            failures.append(error)

    threads = [threading.Thread(target=lock_often, args=(order,)) for order in (ids, ids[::-1], ids[30:] + ids[:30])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_as_many_customers_as_the_docstring_says(ledger: ModuleType) -> None:
    with transaction() as connection:
        lock_customers(connection, (f"c{number}" for number in range(20_000)))
        assert len(held_locks(connection)) == 20_000


def test_copied_rows_come_back_from_arrow(tea: Connection) -> None:
    rows = [
        ("007", '龙井\t"西湖"\n特级, \\N', 250, b"\x00\xff,\n"),
        ("", "", 0, b""),
        ("13085", None, None, None),
        ("\\.", "NULL", -(2**63), b"\\x"),
    ]
    assert copy_rows(tea, "tea", ["id", "name", "grams", "leaf"], rows) == 4
    table = read_arrow(tea, "SELECT id, name, grams, leaf FROM tea")
    assert table.schema == pa.schema(
        [("id", pa.string()), ("name", pa.string()), ("grams", pa.int64()), ("leaf", pa.binary())]
    )
    assert [tuple(row.values()) for row in table.to_pylist()] == rows


written = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@ONE_TEST_AT_A_TIME
@given(rows=st.lists(st.tuples(st.none() | written, st.none() | written, st.none() | st.integers(-(2**63), 2**63 - 1))))
def test_any_text_survives_the_way_to_arrow(tea: Connection, rows: list[tuple[Any, ...]]) -> None:
    tea.execute("TRUNCATE tea")
    assert copy_rows(tea, "tea", ["id", "name", "grams"], rows) == len(rows)
    table = read_arrow(tea, "SELECT id, name, grams FROM tea")
    assert [tuple(row.values()) for row in table.to_pylist()] == rows


def test_a_failed_copy_leaves_nothing(tea: Connection) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        copy_rows(tea, "tea", ["id", "grams"], [("1", 1), ("2", "much")])
    assert read_arrow(tea, "SELECT * FROM tea").num_rows == 0


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("true", pa.bool_(), True),
        ("7::smallint", pa.int16(), 7),
        ("7", pa.int32(), 7),
        ("9007199254740993::bigint", pa.int64(), 9007199254740993),
        ("0.1::double precision", pa.float64(), 0.1),
        ("'-Infinity'::double precision", pa.float64(), float("-inf")),
        ("12.30::numeric(10, 2)", pa.decimal128(10, 2), Decimal("12.30")),
        ("date '2026-11-20'", pa.date32(), datetime.date(2026, 11, 20)),
        (
            "timestamptz '2026-11-20 20:00:00.000001+08'",
            pa.timestamp("us", "UTC"),
            datetime.datetime(2026, 11, 20, 12, 0, 0, 1, datetime.UTC),
        ),
        ("timestamp '2026-11-20 20:00'", pa.timestamp("us"), datetime.datetime(2026, 11, 20, 20, 0)),  # noqa: DTZ001
        ("'00000000-0000-0000-0000-00000000000a'::uuid", pa.string(), "00000000-0000-0000-0000-00000000000a"),
        ("""'{"a": "b"}'::jsonb""", pa.string(), '{"a": "b"}'),
        ("'20'::text", pa.string(), "20"),
    ],
)
def test_types_on_the_way_to_arrow(tea: Connection, expression: str, kind: pa.DataType, value: object) -> None:
    table = read_arrow(tea, f"SELECT {expression} AS it")
    assert (table.schema.field("it").type, table.column("it").to_pylist()) == (kind, [value])


def test_a_sum_without_scale_is_refused_by_name(tea: Connection) -> None:
    with pytest.raises(ValueError, match=r"^column total is a numeric without scale: cast it to bigint"):
        read_arrow(tea, "SELECT sum(grams) AS total FROM tea")


def test_arrow_takes_parameters_and_per_cent_signs(tea: Connection) -> None:
    copy_rows(tea, "tea", ["id", "grams"], [("a%b", 1), ("it's", 2)])
    assert read_arrow(tea, "SELECT id FROM tea WHERE id LIKE '%b'").to_pydict() == {"id": ["a%b"]}
    assert read_arrow(tea, "SELECT grams FROM tea WHERE id = %(id)s", {"id": "it's"}).to_pydict() == {"grams": [2]}


def test_a_query_larger_than_a_sockets_buffer_arrives_whole(tea: Connection) -> None:
    ids = [f"c{number:024}" for number in range(200_000)]
    table = read_arrow(tea, "SELECT count(*) AS n, max(id) AS last FROM unnest(%(ids)s::text[]) AS id", {"ids": ids})
    assert table.to_pylist() == [{"n": 200_000, "last": ids[-1]}]


def test_arrow_reads_inside_the_callers_transaction(ledger: ModuleType) -> None:
    with transaction() as connection:
        connection.execute("INSERT INTO django_session VALUES ('mine', '', now())")
        assert read_arrow(connection, "SELECT session_key FROM django_session").to_pydict() == {"session_key": ["mine"]}
        with pytest.raises(psycopg.errors.UndefinedColumn):
            read_arrow(connection, "SELECT nothing FROM django_session")
        connection.rollback()
        assert read_arrow(connection, "SELECT session_key FROM django_session").num_rows == 0


def test_an_error_in_the_middle_leaves_the_connection_usable(tea: Connection) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        read_arrow(tea, "SELECT 1 / (n - 50000) AS it FROM generate_series(1, 100000) AS n")
    assert read_arrow(tea, "SELECT 1 AS it").to_pydict() == {"it": [1]}


def test_ctrl_c_ends_a_long_read_at_once(tea: Connection) -> None:
    alarm = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    alarm.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        read_arrow(tea, "SELECT pg_sleep(30)::text AS it")
    alarm.join()
    assert time.monotonic() - began < 10
    assert read_arrow(tea, "SELECT 1 AS it").to_pydict() == {"it": [1]}
