"""The engine reads pinned versions, gives exact types, and the same answer whatever the number of threads."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from huitou.stores.engine import Engine
from huitou.stores.lake import Lake, LakeTable, equals

ORDERS = LakeTable(
    "orders",
    pa.schema(
        [
            ("customer", pa.string()),
            ("paid_at", pa.int64()),
            ("amount", pa.int64()),
            ("share", pa.decimal128(9, 4)),
            ("lines", pa.list_(pa.struct([("sku", pa.string()), ("n", pa.int32())]))),
        ]
    ),
    stats=("paid_at",),
)
WITH_SHOP = LakeTable("orders", ORDERS.schema.append(pa.field("shop", pa.string())))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "it's a lake")


def engine_on(lake: Lake, **options) -> Engine:
    return Engine(lake, spill=lake.root.parent / "spill", **options)


def test_a_missing_table_reads_as_empty_with_its_types(lake):
    with engine_on(lake) as engine:
        engine.attach(ORDERS)
        result = engine.run_text("SELECT * FROM orders")
        assert engine.versions == {"orders": -1}
    assert result.num_rows == 0
    assert result.cast(ORDERS.schema).schema == ORDERS.schema


def test_an_attached_table_stays_at_its_version(lake):
    lake.append(ORDERS, pa.table({"customer": ["c1"], "amount": [100]}))
    with engine_on(lake) as engine:
        engine.attach(ORDERS)
        lake.replace(ORDERS, pa.table({"customer": ["c1"], "amount": [1]}), where=equals("customer", "c1"))
        lake.append(ORDERS, pa.table({"customer": ["c2"], "amount": [900]}))
        assert engine.run_text("SELECT sum(amount) AS total FROM orders").to_pylist() == [{"total": 100}]
        assert engine.versions == {"orders": 1}
        engine.attach(ORDERS)
        assert engine.run_text("SELECT sum(amount) AS total FROM orders").to_pylist() == [{"total": 901}]
        assert engine.versions == {"orders": 3}


def test_a_column_no_file_has_yet_is_null_and_keeps_its_type(lake):
    lake.append(ORDERS, pa.table({"customer": ["c1"]}))
    with engine_on(lake) as engine:
        engine.attach(WITH_SHOP)
        assert engine.run_text("SELECT customer, shop, shop || 'x' AS y FROM orders").to_pylist() == [
            {"customer": "c1", "shop": None, "y": None}
        ]
    lake.append(WITH_SHOP, pa.table({"customer": ["c2"], "shop": ["7"]}))
    with engine_on(lake) as engine:
        engine.attach(WITH_SHOP)
        result = engine.run_text("SELECT customer, shop FROM orders ORDER BY customer")
        assert result.to_pylist() == [{"customer": "c1", "shop": None}, {"customer": "c2", "shop": "7"}]
        assert result.schema.field("shop").type == pa.string()


def test_ids_and_nested_values_come_back_as_they_were(lake):
    rows = pa.table(
        {"customer": ["0007", "会员"], "lines": [[{"sku": "1", "n": 2}], None], "share": [None, "1.5"]},
    )
    lake.append(ORDERS, rows)
    with engine_on(lake) as engine:
        engine.attach(ORDERS)
        result = engine.run_text("SELECT * FROM orders ORDER BY customer").cast(ORDERS.schema)
    assert [row["customer"] for row in result.to_pylist()] == ["0007", "会员"]
    assert result.column("lines").to_pylist() == [[{"sku": "1", "n": 2}], None]
    assert str(result.column("share").to_pylist()[1]) == "1.5000"


def test_parameters_are_values_and_integers_are_wide(lake):
    with engine_on(lake) as engine:
        nasty = "'; DROP TABLE orders; --"
        result = engine.run_text(
            "SELECT $name AS name, $days * 86400 * 1000000 AS us, list_contains($ids, 'b') AS found, "
            "$none IS NULL AS nil",
            name=nasty,
            days=1,
            ids=["a", "b"],
            none=None,
        )
        assert result.to_pylist() == [{"name": nasty, "us": 86_400_000_000, "found": True, "nil": True}]
        assert engine.run_text("SELECT list_contains($ids, 'b') AS found", ids=[]).to_pylist() == [{"found": False}]
        with pytest.raises(duckdb.Error, match="count mismatch"):
            engine.run_text("SELECT 1", unused=1)


def test_created_and_registered_tables_feed_later_queries(lake):
    with engine_on(lake) as engine:
        engine.register("people", pa.table({"customer": ["c1", "c2"]}))
        engine.create_text("first", "SELECT customer FROM people WHERE customer = $who", who="c2")
        engine.create_text("first", "SELECT customer || '!' AS customer FROM first")
        assert engine.run_text("SELECT * FROM first").to_pylist() == [{"customer": "c2!"}]
        for name in ("a b", "Upper", "x; DROP TABLE first"):
            with pytest.raises(ValueError, match="no name"):
                engine.register(name, pa.table({"a": [1]}))
            with pytest.raises(ValueError, match="no name"):
                engine.create_text(name, "SELECT 1")


def test_a_python_variable_is_no_table(lake):
    people = pa.table({"customer": ["c1"]})
    with engine_on(lake) as engine, pytest.raises(duckdb.CatalogException):
        engine.run_text("SELECT * FROM people")
    assert people.num_rows == 1


def test_a_sum_of_integers_is_64_bits_or_an_error(lake):
    with engine_on(lake) as engine:
        engine.register("big", pa.table({"n": pa.array([2**62, 2**62, 2**62], pa.int64())}))
        result = engine.run_text("SELECT sum(n) AS total FROM (SELECT n FROM big LIMIT 1)")
        assert result.schema.field("total").type == pa.int64()
        with pytest.raises(pa.ArrowInvalid):
            engine.run_text("SELECT sum(n) AS total FROM big")


def test_the_number_of_threads_does_not_change_the_answer(lake):
    for start in range(0, 200_000, 50_000):
        numbers = range(start, start + 50_000)
        data = {"customer": [f"c{n * 7919 % 997}" for n in numbers], "amount": [n * n % 1009 for n in numbers]}
        lake.append(ORDERS, pa.table({**data, "paid_at": [n % 17 for n in numbers]}))
    answers = []
    for threads in (1, 2, 4):
        with engine_on(lake, threads=threads) as engine:
            engine.attach(ORDERS)
            answers.append(
                engine.run_text(
                    "SELECT customer, sum(amount) AS total, arg_max({'a': amount}, {'t': paid_at, 'a': amount}).a "
                    "AS last "
                    "FROM orders GROUP BY customer ORDER BY customer"
                )
            )
    assert answers[0].num_rows == 997
    assert answers[0].equals(answers[1])
    assert answers[0].equals(answers[2])


def test_little_memory_spills_and_leaves_nothing_behind(lake):
    with engine_on(lake, memory="60MB", threads=2) as engine:
        result = engine.run_text(
            "SELECT count(*) AS n FROM (SELECT md5(CAST(i AS VARCHAR)) AS h FROM range(2000000) AS r(i) ORDER BY h)"
        )
        assert result.to_pylist() == [{"n": 2_000_000}]
    assert list((lake.root.parent / "spill").glob("*")) == []


def test_a_name_given_twice_means_the_later_thing(lake):
    lake.append(ORDERS, pa.table({"customer": ["lake"]}))
    with engine_on(lake) as engine:

        def customers() -> list[str]:
            return engine.run_text("SELECT customer FROM orders").column("customer").to_pylist()

        engine.attach(ORDERS)
        assert customers() == ["lake"]
        engine.register("orders", pa.table({"customer": ["arrow"]}))
        assert customers() == ["arrow"]
        engine.create_text("orders", "SELECT customer || ' made' AS customer FROM orders")
        assert customers() == ["arrow made"]
        engine.create_text("orders", "SELECT 'made' AS customer")
        engine.register("orders", pa.table({"customer": ["arrow"]}))
        engine.register("orders", pa.table({"customer": ["arrow again"]}))
        assert customers() == ["arrow again"]
        engine.attach(ORDERS)
        assert customers() == ["lake"]


def test_a_view_is_computed_when_it_is_read(lake, monkeypatch):
    lake.append(ORDERS, pa.table({"customer": ["c1", "it's"], "amount": [1, 5]}))
    texts = {"large": "-- over $least\nSELECT customer FROM stored_orders WHERE amount >= $least AND customer <> $not"}
    monkeypatch.setattr("huitou.stores.engine.load_query", lambda room, name: texts[name])
    with engine_on(lake) as engine:
        engine.attach_as("stored_orders", ORDERS)
        engine.view("orders", "shop", "large", least=1, **{"not": "it's"})
        assert engine.run_text("SELECT * FROM orders").to_pylist() == [{"customer": "c1"}]
        lake.append(ORDERS, pa.table({"customer": ["c3"], "amount": [9]}))
        engine.attach_as("stored_orders", ORDERS)
        assert engine.run_text("SELECT * FROM orders ORDER BY 1").column("customer").to_pylist() == ["c1", "c3"]
        assert engine.query_readonly("SELECT count(*) AS n FROM orders").to_pylist() == [{"n": 2}]
        assert engine.versions == {"orders": 2}


def test_what_a_killed_process_spilled_is_cleared_away(lake):
    spill = lake.root.parent / "spill"
    gone = subprocess.Popen(["true"])
    gone.wait()
    for pid in (gone.pid, os.getppid()):
        (spill / f"engine-{pid}-0").mkdir(parents=True)
    with engine_on(lake):
        assert [folder.name for folder in spill.glob("engine-*")] == [f"engine-{os.getppid()}-0"]


def test_a_reader_sees_the_old_rows_or_the_new_ones(lake):
    """One thread replaces the table over and over; every read is of one whole version."""
    lake.append(ORDERS, pa.table({"customer": ["v0"] * 100}))
    done = threading.Event()

    def rewrite() -> None:
        for number in range(1, 30):
            lake.replace(ORDERS, pa.table({"customer": [f"v{number}"] * (100 + number)}))
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = []
    while not done.is_set():
        with engine_on(lake) as engine:
            engine.attach(ORDERS)
            seen += engine.run_text("SELECT customer, count(*) AS n FROM orders GROUP BY customer").to_pylist()
    writer.join()
    assert seen
    assert {row["n"] for row in seen if row["n"] != 100 + int(row["customer"][1:])} == set()
