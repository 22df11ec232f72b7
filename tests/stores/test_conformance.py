"""Every lake query means the same on DuckDB and on Spark, row by row, and the same twice on DuckDB.

A room declares what its queries read in `tests/<room>/conformance_tables.py`:

    def tables() -> dict[str, pa.Table]: …        # every table its queries name; `stores.nasty` makes nasty rows
    PARAMS = {"query": {"name": value, …}}        # for queries with parameters
    MADE = {"stays": "customers/stays"}           # optional: tables that are results of queries, in order
"""

from __future__ import annotations

import importlib.util
import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from huitou.stores import dialect
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake
from huitou.stores.spark import bind, to_spark
from huitou.stores.sql import Param, Query, all_queries, load_query

TESTS = Path(__file__).parents[1]
SAMPLES = [query for query in all_queries(Path(__file__).parent) if query.room == "samples"]
QUERIES = [*SAMPLES, *all_queries()]


def declared(room: str) -> Path:
    folder = Path(__file__).parent / "samples" if room == "samples" else TESTS / room
    return folder / "conformance_tables.py"


# Those of other rooms fail once, in `test_a_query_declares_what_it_reads`.
RUN = [query for query in QUERIES if declared(query.room).exists()]
every_query = pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.path)
every_declared_query = pytest.mark.parametrize("query", RUN, ids=lambda query: query.path)


@dataclass
class Inputs:
    """What a query reads and is told."""

    tables: dict[str, pa.Table]
    params: dict[str, Param]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One session for all queries; code generation off, since compiling costs more than these few rows."""
    session_of = pytest.importorskip("pyspark.sql", reason="NO CONFORMANCE TEST: pyspark is not installed")
    if shutil.which("java") is None:
        pytest.skip("NO CONFORMANCE TEST: Spark needs java, which is not here")
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        "spark.sql.leafNodeDefaultParallelism": "1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto",
        "spark.log.level": "OFF",
    }
    builder = session_of.SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="module")
def stored(spark: Any) -> Any:
    """Gives each table to Spark once."""
    known: dict[int, tuple[pa.Table, Any]] = {}

    def frame(table: pa.Table) -> Any:
        if id(table) not in known:
            known[id(table)] = (table, spark.createDataFrame(table))
        return known[id(table)][1]

    return frame


@every_query
def test_a_query_keeps_to_the_common_dialect(query):
    assert [str(violation) for violation in dialect.lint(query)] == []


@every_query
def test_a_query_declares_what_it_reads(query):
    inputs_of(query)


@every_declared_query
@pytest.mark.parametrize("rows", ["some", "none"])
def test_a_query_means_the_same_on_both_engines(query, rows, spark, stored):
    inputs = inputs_of(query) if rows == "some" else emptied(inputs_of(query))
    for name, table in inputs.tables.items():
        stored(table).createOrReplaceTempView(name)
    there, answers = ask_spark(spark, query, inputs)
    here = run_on_duckdb(query, inputs)
    kinds = {field.name: spark_kind(field.dataType) for field in there.schema.fields}
    assert {field.name: arrow_kind(field.type) for field in here.schema} == kinds
    assert sorted(rows_of(here)) == sorted(answers)


@every_declared_query
def test_a_query_gives_the_same_rows_whatever_the_order_and_the_threads(query):
    """Where ties are left to chance, the shuffled input shows it."""
    inputs = inputs_of(query)
    first = rows_of(run_on_duckdb(query, inputs, threads=1))
    ordered = sqlglot.parse_one(query.text, read="duckdb").args.get("order") is not None
    for seed in (1, 2):
        again = rows_of(run_on_duckdb(query, shuffled(inputs, seed), threads=2))
        assert sorted(again) == sorted(first)
        assert not ordered or again == first, "its ORDER BY leaves ties"


@every_declared_query
def test_a_query_sums_no_floats(query):
    inputs = inputs_of(query)
    with engine_with(inputs) as engine:
        for name in inputs.tables:
            engine.create_text(name, f"SELECT * FROM {name}")  # a plan over Arrow cannot be written down
        text = bind(query.text, inputs.params).sql(dialect="duckdb")
        row = engine.connection.execute("SELECT json_serialize_plan($text)", {"text": text}).fetchone()
    plan = json.loads(row[0])
    assert not plan["error"], plan
    assert list(float_sums(plan)) == []


def test_every_admitted_function_is_in_a_sample():
    """The whitelist is what was tried: a function enters it together with a sample query."""
    used = {type(node) for query in SAMPLES for node in sqlglot.parse_one(query.text, read="duckdb").walk()}
    assert dialect.ALLOWED - used == set()


def test_the_comparison_sees_a_difference(spark, stored):
    """A guard on the guard: what is known to differ is found to differ."""
    people = {"people": pa.table({"tags": pa.array([["a", None], ["b"]], pa.list_(pa.string()))})}
    stored(people["people"]).createOrReplaceTempView("people")
    text = "SELECT list_contains(tags, 'b') AS b FROM people"
    naive = sqlglot.parse_one(text, read="duckdb").sql(dialect="spark")
    here = sorted(rows_of(run_on_duckdb(Query("x", "y", text), Inputs(people, {}))))
    assert here != sorted(rows_of_spark(spark.sql(naive)))
    assert here == sorted(rows_of_spark(spark.sql(to_spark(text))))


def test_a_query_without_declared_inputs_is_told_what_to_do():
    with pytest.raises(pytest.fail.Exception, match=r"write tests/nowhere/conformance_tables\.py"):
        inputs_of(Query("nowhere", "new", "-- x\nSELECT 1 AS a"))
    with pytest.raises(pytest.fail.Exception, match=r"reads strangers.*tables\(\) of tests/stores/samples"):
        inputs_of(Query("samples", "new", "-- x\nSELECT 1 AS a FROM strangers"))
    with pytest.raises(pytest.fail.Exception, match=r"takes \$x.*PARAMS\['new'\]"):
        inputs_of(Query("samples", "new", "-- x\nSELECT $x AS a FROM people"))


def test_queries_are_found_in_every_room():
    found = {query.path for query in all_queries()}
    on_disk = {
        str(path.relative_to(TESTS.parent / "src" / "huitou"))
        for path in (TESTS.parent / "src" / "huitou").rglob("queries/**/*.sql")
        if "ledger" not in path.parts
    }
    assert found == on_disk
    assert all(load_query(query.room, query.name) == query.text for query in all_queries())


@cache
def room_module(room: str) -> ModuleType:
    path = declared(room)
    spec = importlib.util.spec_from_file_location(f"conformance_{room.replace('/', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def room_tables(room: str) -> dict[str, pa.Table]:
    """The room's tables, then those that its queries make of them."""
    module = room_module(room)
    tables = dict(module.tables())
    for name, path in getattr(module, "MADE", {}).items():
        of, _, query = path.partition("/")
        inputs = Inputs(tables, getattr(module, "PARAMS", {}).get(query, {}))
        tables[name] = run_on_duckdb(Query(of, query, load_query(of, query)), inputs)
    return tables


def inputs_of(query: Query) -> Inputs:
    where = declared(query.room).relative_to(TESTS.parent)
    if not declared(query.room).exists():
        pytest.fail(f"{query.path} has no test tables: write {where} as test_conformance.py's docstring tells")
    tree = sqlglot.parse_one(query.text, read="duckdb")
    made = {cte.alias for cte in tree.find_all(exp.CTE)}
    named = {table.name for table in tree.find_all(exp.Table)} - made
    tables = room_tables(query.room)
    if missing := sorted(named - tables.keys()):
        pytest.fail(f"{query.path} reads {', '.join(missing)}: add to tables() of {where}")
    given = getattr(room_module(query.room), "PARAMS", {}).get(query.name, {})
    wanted = {node.name for node in tree.find_all(exp.Placeholder)}
    if missing := sorted(wanted - given.keys()):
        pytest.fail(f"{query.path} takes ${', $'.join(missing)}: add to PARAMS['{query.name}'] of {where}")
    return Inputs({name: tables[name] for name in sorted(named)}, {name: given[name] for name in sorted(wanted)})


def emptied(inputs: Inputs) -> Inputs:
    return Inputs({name: table.schema.empty_table() for name, table in inputs.tables.items()}, inputs.params)


def shuffled(inputs: Inputs, seed: int) -> Inputs:
    def mix(table: pa.Table) -> pa.Table:
        return table.take(random.Random(seed).sample(range(table.num_rows), table.num_rows))

    return Inputs({name: mix(table) for name, table in inputs.tables.items()}, inputs.params)


def engine_with(inputs: Inputs, threads: int = 1) -> Engine:
    engine = Engine(Lake(Path("/nonexistent")), memory="500MB", threads=threads, spill=Path(tempfile.gettempdir()))
    for name, table in inputs.tables.items():
        engine.register(name, table)
    return engine


def run_on_duckdb(query: Query, inputs: Inputs, threads: int = 1) -> pa.Table:
    with engine_with(inputs, threads) as engine:
        return engine.run_text(query.text, **inputs.params)


def ask_spark(spark: Any, query: Query, inputs: Inputs) -> tuple[Any, list[str]]:
    text, reason = to_spark(query.text, inputs.params), ""
    try:
        frame = spark.sql(text)
        return frame, rows_of_spark(frame)
    except Exception as error:  # Spark's own story is hundreds of lines of Java
        reason = " ".join(line.strip() for line in str(error).strip().splitlines()[:3])
    return pytest.fail(f"{query.path} fails on Spark: {reason}\n{text}", pytrace=False)


def rows_of(table: pa.Table) -> list[str]:
    return [repr([plain(cell) for cell in row]) for row in zip(*table.to_pydict().values(), strict=True)]


def rows_of_spark(frame: Any) -> list[str]:
    return [repr([plain(cell) for cell in row]) for row in frame.collect()]


def plain(cell: Any) -> Any:
    """A value of either engine as plain Python, decimals by value."""
    if hasattr(cell, "asDict"):
        cell = cell.asDict()
    if isinstance(cell, dict):
        return {name: plain(part) for name, part in cell.items()}
    if isinstance(cell, list):
        return [plain(part) for part in cell]
    return cell.normalize() if isinstance(cell, Decimal) else cell


def arrow_kind(kind: pa.DataType) -> str:
    """The type as far as it must agree: widths of integers and scales of decimals are the engines' own."""
    if pa.types.is_list(kind):
        return f"list<{arrow_kind(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return "struct<" + ", ".join(f"{part.name} {arrow_kind(part.type)}" for part in kind) + ">"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_decimal(kind):
        return "decimal"
    return {pa.string(): "text", pa.bool_(): "boolean", pa.float64(): "double", pa.null(): "null"}.get(kind, str(kind))


def spark_kind(kind: Any) -> str:
    name = kind.typeName()
    if name == "array":
        return f"list<{spark_kind(kind.elementType)}>"
    if name == "struct":
        return "struct<" + ", ".join(f"{part.name} {spark_kind(part.dataType)}" for part in kind.fields) + ">"
    kinds = {"string": "text", "void": "null", "byte": "integer", "short": "integer", "long": "integer"}
    return str(kinds.get(name, name))


def float_sums(node: Any) -> Iterator[str]:
    """The sums and averages of DOUBLE in DuckDB's plan."""
    if isinstance(node, dict):
        name = (node.get("qname") or {}).get("path", [""])[-1]
        kinds = [kind.get("id") for kind in node.get("arguments") or [] if isinstance(kind, dict)]
        if name in ("sum", "avg", "sum_no_overflow") and {"DOUBLE", "FLOAT"} & set(kinds):
            yield f"{name}({', '.join(kinds)})"
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from float_sums(part)
