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
    tree = bind(text, params or {}).transform(_rewrite)
    for select in reversed(list(tree.find_all(exp.Select))):
        outer = _qualified(select)
        tree = outer if select is tree else tree
    return tree.sql(dialect="spark", comments=False)


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
    if isinstance(node, exp.Filter) and isinstance(node.this, exp.GroupConcat):
        return _joined_texts(node.this, node.expression)
    if isinstance(node, exp.GroupConcat):
        return _joined_texts(node, None)
    if isinstance(node, exp.Div):
        return _division(node)
    if isinstance(node, exp.Bracket):
        return _element(node)
    if isinstance(node, exp.TryCast) and node.to.is_type("int", "bigint"):
        return _whole_number(node)
    if isinstance(node, exp.Anonymous) and str(node.this).lower() == "epoch_us":
        return exp.Anonymous(this="UNIX_MICROS", expressions=node.expressions)
    return node


def _qualified(select: exp.Select) -> exp.Select:
    """ORDER BY and LIMIT come after QUALIFY; sqlglot, making a subquery of it, would put them inside.

    Whatever the rows are ordered by goes along under names of its own, since it may not be among the answers.
    """
    order, limit = select.args.get("order"), select.args.get("limit")
    if not select.args.get("qualify") or not (order or limit):
        return select
    outer = exp.Select(expressions=[exp.column(name, table="q") for name in select.named_selects])
    for part, clause in (("order", order), ("limit", limit), ("with_", select.args.get("with_"))):
        select.set(part, None)
        outer.set(part, clause)
    for number, key in enumerate(order.expressions if order else []):
        select.select(exp.alias_(key.this.copy(), f"q__{number}"), copy=False)
        key.set("this", exp.column(f"q__{number}", table="q"))
    if select.parent is not None:
        select.replace(outer)
    return outer.from_(select.subquery("q", copy=False), copy=False)


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
    """list_sort(list(x)): NULL where nothing was gathered, structs in an order in which NULL is the largest."""
    aggregate = node.this.this if isinstance(node.this, exp.Filter) else node.this
    if not isinstance(aggregate, exp.ArrayAgg):
        return node
    distinct = isinstance(aggregate.this, exp.Distinct)
    element = (aggregate.this.expressions[0] if distinct else aggregate.this).transform(_rewrite)
    keyed = isinstance(element, exp.Struct)
    part = exp.Struct(expressions=[_field("k", nulls_last(element)), _field("v", element)]) if keyed else element
    gathered: exp.Expression = exp.Anonymous(this="COLLECT_SET" if distinct else "COLLECT_LIST", expressions=[part])
    if isinstance(node.this, exp.Filter):
        gathered = exp.Filter(this=gathered, expression=node.this.expression.transform(_rewrite))
    upwards = exp.true() if node.args.get("asc") is None else exp.false()
    ordered = exp.Anonymous(this="SORT_ARRAY", expressions=[gathered, upwards])
    if keyed:
        taken = exp.Lambda(this=exp.column("v", table="e"), expressions=[exp.to_identifier("e")])
        ordered = exp.Anonymous(this="TRANSFORM", expressions=[ordered, taken])
    some = exp.GT(this=exp.Anonymous(this="SIZE", expressions=[gathered.copy()]), expression=exp.Literal.number(0))
    return exp.Case(ifs=[exp.If(this=some, true=ordered)])


def _whole_number(node: exp.TryCast) -> exp.Expression:
    """try_cast('1.5' AS BIGINT) is 2 on DuckDB and NULL on Spark."""
    exact = _try_cast(node.this.transform(_rewrite), exp.DataType.build("decimal(38, 10)"))
    return _try_cast(exp.Anonymous(this="ROUND", expressions=[exact]), node.to)


def _try_cast(value: exp.Expression, kind: exp.DataType) -> exp.TryCast:
    return exp.TryCast(this=value, to=kind, safe=True)  # without that word sqlglot writes CAST


def _joined_texts(node: exp.GroupConcat, where: exp.Expression | None) -> exp.Expression:
    """string_agg(x, ',' ORDER BY x). Spark 4.3's own LISTAGG breaks beside a COUNT(DISTINCT …) (ClassCastException)."""

    def only(aggregate: exp.Expression) -> exp.Expression:
        return exp.Filter(this=aggregate, expression=where.copy()) if where else aggregate

    value = node.this.this
    gather = "COLLECT_SET" if isinstance(value, exp.Distinct) else "COLLECT_LIST"
    value = (value.expressions[0] if isinstance(value, exp.Distinct) else value).transform(_rewrite)
    texts = exp.Anonymous(
        this="SORT_ARRAY", expressions=[only(exp.Anonymous(this=gather, expressions=[exp.cast(value, "varchar")]))]
    )
    separator = node.args.get("separator") or exp.Literal.string(",")
    joined = exp.Anonymous(this="ARRAY_JOIN", expressions=[texts, separator])
    some = exp.GT(this=only(exp.Count(this=value.copy())), expression=exp.Literal.number(0))
    return exp.Case(ifs=[exp.If(this=some, true=joined)])


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
