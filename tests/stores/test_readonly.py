"""A typed question is answered from the given tables, in bounds, and reaches nothing else."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pyarrow as pa
import pytest

from huitou.kit.errors import Refused
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake, LakeTable
from huitou.stores.readonly import is_cut

ORDERS = LakeTable("orders", pa.schema([("customer", pa.string()), ("amount", pa.int64())]))


@pytest.fixture
def engine(tmp_path: Path):
    lake = Lake(tmp_path / "it's a lake?")
    lake.append(ORDERS, pa.table({"customer": ["c1", "c2"] * 500, "amount": range(1000)}))
    with Engine(lake, spill=tmp_path / "spill") as engine:
        engine.attach(ORDERS)
        engine.register("people", pa.table({"customer": ["c1"], "name": ["老王"]}))
        engine.create_text("totals", "SELECT customer, sum(amount) AS total FROM orders GROUP BY customer")
        yield engine


def test_a_select_reads_lake_ledger_and_made_tables(engine):
    answer = engine.query_readonly("SELECT name, total FROM people JOIN totals USING (customer)")
    assert answer.to_pylist() == [{"name": "老王", "total": 249_500}]
    assert engine.query_readonly("FROM orders SELECT count(*) AS n").to_pylist() == [{"n": 1000}]
    assert engine.query_readonly("SHOW TABLES").column("name").to_pylist() == ["orders", "people", "totals"]
    assert engine.query_readonly("DESCRIBE totals").num_rows == 2
    assert engine.query_readonly("SELECT 9223372036854775807::HUGEINT + 1 AS n").to_pylist() == [{"n": 2**63}]
    assert list((engine._spill.parent).glob("ask-*")) == []


def test_an_answer_is_cut_at_its_limit_and_says_so(engine):
    whole = engine.query_readonly("SELECT * FROM orders ORDER BY amount", limit_rows=1000)
    assert (whole.num_rows, is_cut(whole)) == (1000, False)
    cut = engine.query_readonly("SELECT * FROM orders ORDER BY amount", limit_rows=7)
    assert (cut.column("amount").to_pylist(), is_cut(cut)) == (list(range(7)), True)


def test_a_mistake_is_explained(engine):
    with pytest.raises(Refused, match='column "nope" not found'):
        engine.query_readonly("SELECT nope FROM orders")
    with pytest.raises(Refused, match="not a SELECT: syntax error"):
        engine.query_readonly("SELECT FROM WHERE")


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT 1; SELECT 2",
        "",
        "ATTACH 'x.db'",
        "COPY orders TO 'x.csv'",
        "COPY (SELECT 1) TO '/tmp/x'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "SET memory_limit = '20GB'",
        "CALL pragma_version()",
        "CREATE TABLE x AS SELECT 1",
        "DROP VIEW orders",
        "EXPLAIN ANALYZE SELECT 1",
        "SELECT 1 -- " + "x" * 100_000,
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT (SELECT count(*) FROM read_text('/etc/passwd'))",
        "WITH x AS (SELECT * FROM read_blob('/etc/passwd')) SELECT * FROM x",
        "SELECT * FROM orders WHERE amount IN (SELECT 1 FROM read_json('/etc/passwd'))",
        "SELECT * FROM orders, LATERAL (SELECT * FROM parquet_metadata('x'))",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM arrow_scan(1, 2, 3)",
        "SELECT * FROM pandas_scan(1)",
        "SELECT * FROM enable_logging()",
        "SELECT * FROM orders UNION ALL SELECT * FROM read_csv('x')",
        "(SELECT * FROM read_csv('x')) ORDER BY 1",
        "SELECT list(x) FROM sniff_csv('/etc/passwd') AS t(x)",
    ],
)
def test_what_is_no_plain_select_is_refused_before_anything_runs(engine, attack, monkeypatch):
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **more: started.append(words))
    with pytest.raises(Refused):
        engine.query_readonly(attack)
    assert started == []


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        ("SELECT * FROM '/etc/passwd'", "does not exist"),
        ("SELECT * FROM '/etc/hosts.parquet'", "file system operations are disabled"),
        ("SELECT * FROM 'http://127.0.0.1:9/x.parquet'", "file system operations are disabled"),
        ("SELECT getenv('HOME')", "does not exist"),
        ("WITH x AS (INSERT INTO totals VALUES ('c3', 1) RETURNING *) SELECT * FROM x", "totals"),
    ],
)
def test_nothing_outside_is_reached(engine, attack, reason):
    with pytest.raises(Refused, match=reason):
        engine.query_readonly(attack)
    assert engine.run_text("SELECT count(*) AS n FROM totals").to_pylist() == [{"n": 2}]


@pytest.mark.parametrize(
    ("bomb", "reason"),
    [
        ("SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b", "more than 200MB|longer than 1 s"),
        ("SELECT range(1000000000)", "more than 200MB"),
        ("SELECT repeat('x', 4000000000)", "more than 200MB"),
        ("SELECT list(range) FROM range(1000000000)", "more than 200MB"),
        ("WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r", "longer than 1 s"),
        ("SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))", "longer than 1 s"),
        ("SELECT max(md5(CAST(a.range * b.range AS VARCHAR))) FROM range(100000) AS a, range(100000) AS b", "longer"),
    ],
)
def test_a_bomb_is_bounded_in_memory_and_time(engine, bomb, reason):
    begun = time.monotonic()
    with pytest.raises(Refused, match=reason):
        engine.query_readonly(bomb, timeout_s=1, memory="200MB")
    assert time.monotonic() - begun < 15
