"""Named queries are found, and whatever two engines could read differently is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from huitou.stores.dialect import RULES, lint, violations
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake
from huitou.stores.spark import to_spark
from huitou.stores.sql import Query, all_queries, load_query

# One violation each: rule, SQL, what the message must say.
REFUSED = [
    ("select_only", "DELETE FROM people", "one SELECT"),
    ("select_only", "SELECT 1 AS a; SELECT 2 AS a", "one SELECT"),
    ("select_only", "CREATE TABLE x AS SELECT 1 AS a", "one SELECT"),
    ("syntax", "SELECT (a FROM people", "Expecting )"),
    ("whitelist", "SELECT avg(score) AS a FROM people", "CAST(sum(x) AS BIGINT) / nullif(count(x), 0)"),
    ("whitelist", "SELECT date_diff('day', a, b) AS d FROM people", "counts boundaries"),
    ("whitelist", "SELECT now() AS a", "$now_us"),
    ("whitelist", "SELECT current_timestamp AS a", "$now_us"),
    ("whitelist", "SELECT random() AS a", "draw in Python"),
    ("whitelist", "SELECT any_value(note) AS a FROM people", "takes any row"),
    ("whitelist", "SELECT first(note) AS a FROM people", "takes any row"),
    ("whitelist", "SELECT median(score) AS a FROM people", "middle row"),
    ("whitelist", "SELECT quantile_cont(score, 0.5) AS a FROM people", "middle row"),
    ("whitelist", "SELECT lower(note) AS a FROM people", "translate"),
    ("whitelist", "SELECT note ILIKE 'a%' AS a FROM people", "not in the common dialect"),
    ("whitelist", "SELECT regexp_matches(note, 'a') AS a FROM people", "not in the common dialect"),
    ("whitelist", "SELECT hash(note) AS a FROM people", "not in the common dialect"),
    ("whitelist", "SELECT ln(score) AS a FROM people", "last bit"),
    ("whitelist", "SELECT stddev_samp(score) AS a FROM people", "not in the common dialect"),
    ("whitelist", "SELECT epoch(x) AS a FROM people", "not in the common dialect"),
    ("whitelist", "SELECT isodow(x) AS a FROM people", "Monday is 0"),
    ("whitelist", "SELECT extract(dow FROM x) AS a FROM people", "weekdays"),
    ("whitelist", "SELECT approx_count_distinct(id) AS a FROM people", "not in the common dialect"),
    ("whitelist", "SELECT count_if(vip) AS a FROM people", "not in the common dialect"),
    ("whitelist", "SELECT my_own(note) AS a FROM people", "my_own is not in the common dialect"),
    ("whitelist", "SELECT a FROM people USING SAMPLE 3", "not in the common dialect"),
    ("whitelist", "SELECT list_distinct(tags) AS a FROM people", "not in the common dialect"),
    ("whitelist", "SELECT DATE '2024-01-01' - INTERVAL 1 DAY AS a", "interval"),
    ("names", "SELECT id AS at FROM people", "'at' is no name"),
    ("names", "SELECT id AS Name FROM people", "lower snake case"),
    ("names", 'SELECT id AS "a b" FROM people', "lower snake case"),
    ("plain_tables", "SELECT id FROM other.people", "bare name"),
    ("plain_tables", "SELECT a FROM read_csv('x.csv')", "bare name"),
    ("names", "SELECT a FROM 'x.parquet'", "'x.parquet' is no name"),
    ("plain_joins", "SELECT a.id FROM a NATURAL JOIN b", "ON or USING"),
    ("plain_joins", "SELECT a.id FROM a ASOF JOIN b ON a.t >= b.t", "ON or USING"),
    ("plain_joins", "SELECT u.x FROM a, unnest(a.l) WITH ORDINALITY AS u(x, n)", "counts from 1"),
    ("plain_clauses", "SELECT * EXCLUDE (id) FROM people", "name the columns"),
    ("plain_clauses", "SELECT * REPLACE (1 AS id) FROM people", "name the columns"),
    ("plain_clauses", "SELECT city, count(*) AS n FROM people GROUP BY ALL", "name the columns"),
    ("whitelist", "SELECT city, count(*) AS n FROM people GROUP BY ROLLUP (city)", "rollup is not"),
    ("plain_clauses", "WITH RECURSIVE r AS (SELECT 1 AS i) SELECT i FROM r", "no recursion"),
    ("plain_clauses", "SELECT DISTINCT ON (city) id FROM people", "takes any row"),
    ("plain_clauses", "SELECT * FROM people QUALIFY row_number() OVER (ORDER BY id) = 1", "name the columns"),
    ("parameters", "SELECT id FROM people WHERE id = ?", "$name"),
    ("parameters", "SELECT id FROM people WHERE id = $1", "$name"),
    ("parameters", "SELECT id FROM people WHERE id IN $ids", "list_contains"),
    ("casts", "SELECT CAST(id AS TIMESTAMP) AS a FROM people", "TIMESTAMP is not one of"),
    ("casts", "SELECT CAST(id AS FLOAT) AS a FROM people", "is not one of"),
    ("casts", "SELECT id::HUGEINT AS a FROM people", "is not one of"),
    ("casts", "SELECT CAST(score / 2 AS BIGINT) AS a FROM people", "floor() or ceil()"),
    ("casts", "SELECT CAST(score * 1.5 AS BIGINT) AS a FROM people", "floor() or ceil()"),
    ("casts", "SELECT CAST(coalesce(CAST(score AS DOUBLE), 0) AS INT) AS a FROM people", "floor() or ceil()"),
    ("casts", "SELECT floor(score / 2) AS a FROM people", "CAST(floor(x) AS BIGINT)"),
    ("casts", "SELECT round(score / 2, 1) AS a FROM people", "round a DECIMAL only"),
    ("divisions", "SELECT score / amount AS a FROM people", "/ needs nullif"),
    ("divisions", "SELECT score // amount AS a FROM people", "// needs nullif"),
    ("divisions", "SELECT score % (amount + 1) AS a FROM people", "% needs nullif"),
    ("divisions", "SELECT score // 0 AS a FROM people", "// needs nullif"),
    ("divisions", "SELECT score // nullif(amount, 1) AS a FROM people", "// needs nullif"),
    ("exact_sums", "SELECT sum(score / 2) AS a FROM people", "sum integers or DECIMAL"),
    ("exact_sums", "SELECT sum(CAST(score AS DOUBLE)) AS a FROM people", "sum integers or DECIMAL"),
    ("exact_sums", "SELECT sum(score * 1e3) OVER (ORDER BY id) AS a FROM people", "sum integers or DECIMAL"),
    ("total_order", "SELECT id FROM people LIMIT 3", "LIMIT needs ORDER BY"),
    ("total_order", "SELECT x.id FROM (SELECT id FROM people LIMIT 3) AS x", "LIMIT needs ORDER BY"),
    ("total_order", "SELECT row_number() OVER (PARTITION BY city) AS n FROM people", "needs ORDER BY"),
    ("total_order", "SELECT last_value(id IGNORE NULLS) OVER () AS n FROM people", "needs ORDER BY"),
    ("total_order", "SELECT arg_max(note, joined_at) AS n FROM people", "struct with a tie-break"),
    ("total_order", "SELECT arg_min(note, {'t': joined_at}, 3) AS n FROM people", "struct with a tie-break"),
    ("total_order", "SELECT max({'t': joined_at}) AS n FROM people", "arg_max"),
    ("sorted_lists", "SELECT list(note) AS n FROM people", "list_sort(list("),
    ("sorted_lists", "SELECT list_sort(list({'n': note} ORDER BY id)) AS n FROM people", "list_sort(list("),
    ("sorted_lists", "SELECT list_sort(list(note)) AS n FROM people", "FILTER (WHERE x IS NOT NULL)"),
    ("sorted_lists", "SELECT list_sort(list(note) FILTER (WHERE id IS NOT NULL)) AS n FROM people", "FILTER"),
    ("sorted_lists", "SELECT list_sort(tags, 'desc') AS n FROM people", "upwards only"),
    ("sorted_lists", "SELECT string_agg(note, ',') AS n FROM people", "ORDER BY x"),
    ("sorted_lists", "SELECT string_agg(note, ',' ORDER BY id) AS n FROM people", "ORDER BY x"),
    ("list_indexes", "SELECT tags[score] AS n FROM people", "positive number"),
    ("list_indexes", "SELECT tags[-1] AS n FROM people", "positive number"),
    ("list_indexes", "SELECT tags[2:] AS n FROM people", "positive number"),
    ("patterns", "SELECT note LIKE 'a\\%' AS n FROM people", "without a backslash"),
    ("patterns", "SELECT note LIKE city AS n FROM people", "without a backslash"),
]


@pytest.mark.parametrize(("rule", "text", "message"), REFUSED)
def test_each_rule_refuses_with_a_reason(rule, text, message):
    found = [violation for violation in violations(text) if violation.rule == rule]
    assert found, f"not refused: {text}"
    assert message in "\n".join(str(violation) for violation in found)


def test_every_rule_has_its_reason_and_its_case():
    assert {rule.__name__ for rule in RULES} <= {rule for rule, _, _ in REFUSED}
    assert all(rule.__doc__ for rule in RULES)


def test_a_violation_names_file_line_and_rule():
    text = "-- Who came.\nSELECT\n  id,\n  avg(score) AS mean\nFROM people\nGROUP BY id\nLIMIT 3\n"
    assert [str(violation) for violation in lint(Query("shop", "came", text))] == [
        "shop/queries/came.sql:4: whitelist: AVG(score): avg is not in the common dialect; the engines round "
        "differently; write CAST(sum(x) AS BIGINT) / nullif(count(x), 0)",
        "shop/queries/came.sql:7: total_order: LIMIT 3: LIMIT needs ORDER BY",
    ]


def test_a_file_says_what_it_is_for():
    assert str(lint(Query("shop", "came", "SELECT id FROM people"))[0]).startswith("shop/queries/came.sql:1: purpose")
    query = Query("shop", "came", "-- Who came,\n-- and when.\nSELECT id FROM people")
    assert (query.purpose, lint(query)) == ("Who came, and when.", [])


def test_queries_are_found_by_room_and_name_without_the_ledgers(tmp_path: Path):
    for path in ("shop/queries/a.sql", "shop/queries/tags/b.sql", "shop/queries/ledger/c.sql", "x/y/queries/d.sql"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f"-- {path}\nSELECT '茶' AS a", encoding="utf-8")
    (tmp_path / "shop/queries/notes.txt").write_text("no query")
    found = all_queries(tmp_path)
    assert [(query.room, query.name) for query in found] == [("shop", "a"), ("shop", "tags/b"), ("x/y", "d")]
    assert found[1].purpose == "shop/queries/tags/b.sql"


def test_a_query_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"nothing\.sql"):
        load_query("events", "nothing")


def test_what_spark_reads_for_the_idioms():
    assert to_spark("SELECT a // 2 AS x, b / nullif(c, 0) AS y FROM t") == (
        "SELECT a DIV 2 AS x, CAST(b AS DOUBLE) / CAST(NULLIF(c, 0) AS DOUBLE) AS y FROM t"
    )
    assert to_spark("SELECT list_contains($ids, id) AS x, tags[1] AS y FROM t", {"ids": ["a"]}) == (
        "SELECT CASE WHEN CAST(ARRAY('a') AS ARRAY<STRING>) IS NULL OR id IS NULL THEN NULL "
        "ELSE COALESCE(ARRAY_CONTAINS(CAST(ARRAY('a') AS ARRAY<STRING>), id), FALSE) END AS x, "
        "TRY_ELEMENT_AT(tags, 1) AS y FROM t"
    )
    with pytest.raises(KeyError, match="ids"):
        to_spark("SELECT list_contains($ids, id) AS x FROM t")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12))
@hypothesis_settings(max_examples=200, deadline=None)
def test_a_text_parameter_is_one_literal_for_spark(text):
    rendered = to_spark("SELECT $text AS a", {"text": text})
    assert sqlglot.parse_one(rendered, read="spark").expressions[0].this == sqlglot.exp.Literal.string(text)


@given(st.text(max_size=12), st.integers(-(2**63), 2**63 - 1), st.booleans(), st.lists(st.text(max_size=4), max_size=3))
@hypothesis_settings(max_examples=100, deadline=None)
def test_parameters_reach_duckdb_as_they_are(tmp_path_factory, text, number, flag, texts):
    with Engine(Lake(tmp_path_factory.getbasetemp()), spill=tmp_path_factory.getbasetemp() / "spill") as engine:
        row = engine.run_text("SELECT $t AS t, $n AS n, $f AS f, $l AS l", t=text, n=number, f=flag, l=texts)
        assert row.to_pylist() == [{"t": text, "n": number, "f": flag, "l": texts}]
