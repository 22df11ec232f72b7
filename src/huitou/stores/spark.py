"""The same SQL for Apache Spark (4.x, ANSI mode, session time zone UTC), rendered by sqlglot.

Parameters become literals, and the idioms whose plain translation would silently mean something else are rewritten.
The text is expected to be within the common dialect (`stores/dialect.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import exp

from huitou.stores.sql import Param


def to_spark(text: str, params: Mapping[str, Param] | None = None) -> str:
    """Spark SQL for a query in the common dialect. KeyError where a parameter is missing."""
    return bind(text, params or {}).transform(_rewrite).sql(dialect="spark")


def bind(text: str, params: Mapping[str, Param]) -> exp.Expression:
    """The parsed query with its parameters as literals: integers BIGINT, as the engine binds them."""

    def fill(node: exp.Expression) -> exp.Expression:
        return _literal(params[node.name]) if isinstance(node, exp.Placeholder) else node

    return sqlglot.parse_one(text, read="duckdb").transform(fill)


def _literal(value: Param) -> exp.Expression:
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return exp.cast(exp.Literal.number(value), "bigint")
    if isinstance(value, float):
        return exp.cast(exp.Literal.string(repr(value)), "double")
    if isinstance(value, str):
        return exp.Literal.string(value)
    kind = "bigint" if value and isinstance(value[0], int) else "varchar"
    return exp.cast(exp.Array(expressions=[_literal(part) for part in value]), f"{kind}[]", dialect="duckdb")


def _rewrite(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.ArrayContains):
        return _known(node, "ARRAY_CONTAINS")
    if isinstance(node, exp.ArrayOverlaps):
        return _known(node, "ARRAYS_OVERLAP")
    if isinstance(node, exp.ArraySort):
        return _sorted_list(node)
    if isinstance(node, exp.Filter) and isinstance(node.this, exp.ArgMax | exp.ArgMin):
        return _best(node.this, node.expression.this)
    if isinstance(node, exp.ArgMax | exp.ArgMin):
        return _best(node, None)
    if isinstance(node, exp.Div):
        return _division(node)
    if isinstance(node, exp.Bracket):
        return _element(node)
    if isinstance(node, exp.Anonymous) and str(node.this).lower() == "epoch_us":
        return exp.Anonymous(this="UNIX_MICROS", expressions=node.expressions)
    return node


def _known(node: exp.Expression, function: str) -> exp.Expression:
    """Spark answers NULL where the list holds a NULL and no match; DuckDB answers false."""
    ends = [node.this.transform(_rewrite), node.expression.transform(_rewrite)]
    answer = exp.Anonymous(this=function, expressions=ends)
    unknown = exp.or_(*(exp.Is(this=end.copy(), expression=exp.Null()) for end in ends))
    return exp.Case(ifs=[exp.If(this=unknown, true=exp.Null())], default=exp.func("coalesce", answer, exp.false()))


def _best(node: exp.ArgMax | exp.ArgMin, where: exp.Expression | None) -> exp.Expression:
    """arg_max skips rows whose value is NULL, and orders NULL keys last; max_by does neither."""
    name = "MAX_BY" if isinstance(node, exp.ArgMax) else "MIN_BY"
    value = node.this.transform(_rewrite)
    best = exp.Anonymous(this=name, expressions=[value, nulls_last(node.expression.transform(_rewrite))])
    keep = None if isinstance(node.this, exp.Struct) else exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))
    conditions = [part for part in (where.transform(_rewrite) if where else None, keep) if part is not None]
    return exp.Filter(this=best, expression=exp.Where(this=exp.and_(*conditions))) if conditions else best


def nulls_last(key: exp.Expression) -> exp.Expression:
    """A struct that orders on Spark as `key` does on DuckDB, where NULL is above every value."""
    fields = []
    for number, field in enumerate(key.expressions):
        value = field.expression if isinstance(field, exp.PropertyEQ) else field
        missing = exp.Paren(this=exp.Is(this=value.copy(), expression=exp.Null()))
        fields += [_field(f"n{number}", missing), _field(f"f{number}", value.copy())]
    return exp.Struct(expressions=fields)


def _field(name: str, value: exp.Expression) -> exp.PropertyEQ:
    return exp.PropertyEQ(this=exp.to_identifier(name), expression=value)


def _sorted_list(node: exp.ArraySort) -> exp.Expression:
    """list_sort(list({…})): sorted by a key in which NULL is the largest, then the key is taken off."""
    aggregate = node.this.this if isinstance(node.this, exp.Filter) else node.this
    if not isinstance(aggregate, exp.ArrayAgg) or not isinstance(aggregate.this, exp.Struct):
        return node
    element = aggregate.this.transform(_rewrite)
    pair = exp.Struct(expressions=[_field("k", nulls_last(element)), _field("v", element)])
    gathered: exp.Expression = exp.Anonymous(this="COLLECT_LIST", expressions=[pair])
    if isinstance(node.this, exp.Filter):
        gathered = exp.Filter(this=gathered, expression=node.this.expression.transform(_rewrite))
    upwards = exp.false() if "asc" in node.args else exp.true()
    ordered = exp.Anonymous(this="SORT_ARRAY", expressions=[gathered, upwards])
    taken = exp.Lambda(this=exp.column("v", table="e"), expressions=[exp.to_identifier("e")])
    return exp.Anonymous(this="TRANSFORM", expressions=[ordered, taken])


def _division(node: exp.Div) -> exp.Expression:
    """DuckDB divides as DOUBLE, Spark keeps DECIMAL."""
    left, right = (exp.cast(end.transform(_rewrite), "double") for end in (node.left, node.right))
    return exp.Div(this=left, expression=right, typed=False, safe=False)


def _element(node: exp.Bracket) -> exp.Expression:
    """l[1] outside the list is NULL on DuckDB and an error on Spark; sqlglot has counted the index from 0."""
    part = node.expressions[0]
    values = node.this.transform(_rewrite)
    if isinstance(part, exp.Slice):
        first, last = int(part.this.name), int(part.expression.name)
        length = exp.Literal.number(max(last - first + 1, 0))
        return exp.Anonymous(this="SLICE", expressions=[values, exp.Literal.number(first), length])
    return exp.Anonymous(this="TRY_ELEMENT_AT", expressions=[values, exp.Literal.number(int(part.name) + 1)])
