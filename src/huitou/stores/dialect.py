"""The common dialect: the SQL that means the same on DuckDB and on Spark, as rules with reasons.

Whatever is not listed here is refused, because most differences make no noise (`date_diff` counts boundaries on one
engine and whole days on the other). To admit a function: try it on both engines with NULLs, ties, negative numbers and
emoji (tests/stores/test_conformance.py shows how), then list it, or teach `stores/spark.py` the idiom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from huitou.stores.lake import NAME
from huitou.stores.sql import Query

Found = Iterator[tuple[exp.Expr, str]]
Rule = Callable[[exp.Expr], Found]

STRUCTURE = {
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Qualify, exp.With, exp.CTE, exp.Union,
    exp.Except, exp.Intersect, exp.Subquery, exp.Order, exp.Ordered, exp.Limit, exp.Window, exp.WindowSpec,
    exp.Distinct, exp.Values, exp.Tuple, exp.Unnest, exp.Table, exp.TableAlias, exp.Alias, exp.Star, exp.Column,
    exp.Identifier, exp.Dot, exp.Paren, exp.Literal, exp.Boolean, exp.Null, exp.Placeholder, exp.DataType,
    exp.DataTypeParam, exp.Filter, exp.IgnoreNulls, exp.Lambda, exp.Var, exp.Exists,
}  # fmt: skip
OPERATORS = {
    exp.And, exp.Or, exp.Not, exp.Neg, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ,
    exp.NullSafeNEQ, exp.Is, exp.In, exp.Between, exp.Like, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod,
    exp.DPipe, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.Struct, exp.PropertyEQ, exp.Array, exp.Bracket, exp.Slice,
}  # fmt: skip
FUNCTIONS = {
    # aggregates
    exp.Count, exp.Sum, exp.Min, exp.Max, exp.LogicalOr, exp.LogicalAnd, exp.ArgMax, exp.ArgMin, exp.ArrayAgg,
    exp.GroupConcat,
    # windows
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile, exp.Lag, exp.Lead,
    exp.FirstValue, exp.LastValue,
    # numbers
    exp.Abs, exp.Floor, exp.Ceil, exp.Round, exp.Sqrt, exp.Greatest, exp.Least, exp.Coalesce, exp.Nullif,
    # text
    exp.Length, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.StartsWith, exp.Contains, exp.Replace,
    exp.Translate, exp.SplitPart, exp.StrPosition, exp.Concat, exp.MD5, exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathRoot,
    exp.JSONPathKey, exp.JSONPathSubscript,
    # lists
    exp.ArraySize, exp.ArrayContains, exp.ArrayOverlaps, exp.ArraySort, exp.ArrayToString, exp.ArrayFilter,
    exp.Transform, exp.Explode,
    # time, for texts and weeks: make_timestamp, strftime, date_trunc
    exp.UnixToTime, exp.TimeToStr, exp.TimestampTrunc,
}  # fmt: skip
ANONYMOUS = {"epoch_us"}
ALLOWED = STRUCTURE | OPERATORS | FUNCTIONS

# What people reach for first, and what to write instead.
INSTEAD = {
    "avg": "the engines round differently; write CAST(sum(x) AS BIGINT) / nullif(count(x), 0)",
    "first": "it takes any row; write arg_min(x, {'t': …, 'id': …})",
    "any_value": "it takes any row; write min(x) or arg_min(x, {'t': …, 'id': …})",
    "median": "write row_number() and count() over the same order and take the middle row",
    "datediff": "DuckDB counts boundaries, Spark whole units; subtract epoch microseconds and divide with //",
    "current_timestamp": "the clock is a parameter: $now_us",
    "extract": "DuckDB and Spark number weekdays differently; compute with // and % on epoch microseconds",
    "lower": "'İ' differs; normalise text before it is stored, or translate(x, 'ABC…', 'abc…')",
    "upper": "'ß' differs; normalise text before it is stored, or translate(x, 'abc…', 'ABC…')",
    "ln": "the last bit differs; compute it in Python",
    "exp": "the last bit differs; compute it in Python",
    "power": "the last bit differs; compute it in Python",
    "rand": "a query gives the same answer every time; draw in Python, from a seed",
    "now": "the clock is a parameter: $now_us",
    "percentile_cont": "write row_number() and count() over the same order and take the middle row",
    "dayofweek_iso": "the engines number weekdays differently; Monday is 0 in (t // 86400000000 + 3) % 7",
    "stddev": "a float sum differs from run to run; keep count, sum and sum of squares as integers",
}


@dataclass(frozen=True)
class Violation:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


def lint(query: Query) -> list[Violation]:
    """What is wrong with a query file, in order of line."""
    found = violations(query.text, query.path)
    if not query.purpose:
        found.insert(0, Violation(query.path, 1, "purpose", "begin the file with a comment: -- what it is for"))
    return found


def violations(text: str, path: str = "<sql>") -> list[Violation]:
    """What in this SQL is outside the common dialect, in order of line; empty where it is all within."""
    try:
        statements = [tree for tree in sqlglot.parse(text, read="duckdb") if tree is not None]
    except sqlglot.errors.SqlglotError as error:
        return [Violation(path, _line_of(error), "syntax", str(error).split("\n")[0])]
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        return [Violation(path, 1, "select_only", "a file is one SELECT (WITH … SELECT counts), nothing else")]
    found = {
        Violation(path, _line(node), rule.__name__, f"{_shown(node)}: {message}")
        for rule in RULES
        for node, message in rule(statements[0])
    }
    return sorted(found, key=lambda violation: (violation.line, violation.rule, violation.message))


def _line_of(error: sqlglot.errors.SqlglotError) -> int:
    places = error.errors if isinstance(error, sqlglot.errors.ParseError) else []
    return int(places[0].get("line") or 1) if places else 1


def _line(node: exp.Expr) -> int:
    """The line a node stands on; sqlglot keeps it for names and literals only, so the nearest of those."""
    around: exp.Expr | None = node
    while around is not None:
        lines = [int(part.meta["line"]) for part in around.walk() if "line" in part.meta]
        if lines:
            return min(lines)
        around = around.parent
    return 1


def _shown(node: exp.Expr) -> str:
    text = node.sql(dialect="duckdb")
    return text if len(text) <= 60 else f"{text[:59]}…"


def name_of(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else node.key


def is_integer(kind: exp.DataType) -> bool:
    return bool(kind.is_type("int", "bigint"))


def is_fractional(node: exp.Expr | None) -> bool:
    """Whether the value is, by its looks, no integer."""
    if isinstance(node, exp.Div | exp.Sqrt | exp.PercentRank | exp.CumeDist):
        return True
    if isinstance(node, exp.Literal):
        return not node.is_string and not node.is_int
    if isinstance(node, exp.Cast):
        return bool(node.to.is_type("double", "decimal"))
    if isinstance(node, exp.Round):
        return node.args.get("decimals") is not None and is_fractional(node.this)
    inner = exp.Paren | exp.Neg | exp.Abs | exp.Add | exp.Sub | exp.Mul | exp.Mod | exp.Greatest | exp.Least
    if isinstance(node, inner | exp.Coalesce | exp.Nullif | exp.Case | exp.If):
        return any(is_fractional(child) for child in node.iter_expressions())
    return False


def is_floating(node: exp.Expr) -> bool:
    """Whether the value is, by its looks, a DOUBLE, whose sum depends on the order of the rows."""
    for part in node.walk():
        if isinstance(part, exp.Div | exp.Sqrt | exp.PercentRank | exp.CumeDist):
            return not _is_floored(part, node)
        if isinstance(part, exp.Cast) and part.to.is_type("double"):
            return True
        if isinstance(part, exp.Literal) and not part.is_string and "e" in part.name.lower():
            return True
    return False


def _is_floored(part: exp.Expr, within: exp.Expr) -> bool:
    around = part.parent
    while around is not None and around is not within.parent:
        if isinstance(around, exp.Floor | exp.Ceil):
            return True
        around = around.parent
    return False


def is_never_zero(node: exp.Expr | None) -> bool:
    if isinstance(node, exp.Literal):
        return not node.is_string and float(node.name) != 0
    if isinstance(node, exp.Paren | exp.Neg | exp.Cast):
        return is_never_zero(node.this)
    if isinstance(node, exp.Mul):
        return is_never_zero(node.left) and is_never_zero(node.right)
    if isinstance(node, exp.Nullif):
        return isinstance(node.expression, exp.Literal) and float(node.expression.name) == 0
    if isinstance(node, exp.Greatest):
        return any(isinstance(part, exp.Literal) and float(part.name) > 0 for part in node.iter_expressions())
    return isinstance(node, exp.Placeholder)


def whitelist(tree: exp.Expr) -> Found:
    """Only functions and constructs that were tried on both engines; silence is the usual way to differ."""
    for node in tree.walk():
        known = name_of(node) in ANONYMOUS if isinstance(node, exp.Anonymous) else type(node) in ALLOWED
        if not known:
            name = name_of(node)
            yield node, f"{name} is not in the common dialect" + (f"; {INSTEAD[name]}" if name in INSTEAD else "")


def names(tree: exp.Expr) -> Found:
    """Lower snake case, which no engine quotes or folds; `at` is a reserved word in DuckDB 2."""
    for node in tree.find_all(exp.Identifier):
        if not NAME.fullmatch(node.name) or node.name == "at":
            yield node, f"{node.name!r} is no name (lower snake case; for a time: occurred_at)"


def plain_tables(tree: exp.Expr) -> Found:
    """Tables are what the engine attached, by bare name: no files, no schemas, no table functions."""
    for node in tree.find_all(exp.Table):
        if not isinstance(node.this, exp.Identifier) or node.args.get("db") is not None:
            yield node, "a table is a bare name"


def plain_joins(tree: exp.Expr) -> Found:
    """NATURAL joins on whatever columns there are; ASOF and POSITIONAL exist on one engine only."""
    for node in tree.find_all(exp.Join):
        if node.args.get("method") or node.args.get("kind") in ("STRAIGHT", "LATERAL"):
            yield node, "write an inner, left, full, cross, semi or anti join with ON or USING"
    for unnest in tree.find_all(exp.Unnest):
        if unnest.args.get("offset"):
            yield unnest, "WITH ORDINALITY counts from 1 on DuckDB and from 0 on Spark"


def plain_clauses(tree: exp.Expr) -> Found:
    """Spark has no EXCLUDE or REPLACE; GROUP BY ALL hides the key from the reader; recursion may not end."""
    for star in tree.find_all(exp.Star):
        if any(star.args.values()):
            yield star, "name the columns in place of EXCLUDE or REPLACE"
    for group in tree.find_all(exp.Group):
        if group.args.get("all"):
            yield group, "name the columns to group by"
    for part in tree.find_all(exp.With):
        if part.args.get("recursive"):
            yield part, "no recursion"
    for select in tree.find_all(exp.Select):
        if select.args.get("qualify") and select.is_star:
            yield select, "name the columns where there is a QUALIFY: Spark has none, a subquery takes its place"
    for distinct in tree.find_all(exp.Distinct):
        if distinct.args.get("on"):
            yield distinct, "DISTINCT ON takes any row: write QUALIFY row_number() OVER (…) = 1"


def parameters(tree: exp.Expr) -> Found:
    """Parameters are named, and lists go through list_contains, because Spark has no IN over an array."""
    for node in tree.find_all(exp.Placeholder):
        if not NAME.fullmatch(str(node.this or "")):
            yield node, "write $name in place of ? and $1"
    for among in tree.find_all(exp.In):
        if isinstance(among.args.get("field"), exp.Placeholder):
            yield among, "write list_contains($list, x) in place of x IN $list"


def casts(tree: exp.Expr) -> Found:
    """2.5 becomes 3 on DuckDB and 2 on Spark; TIMESTAMP has a zone on one engine only; FLOAT and HUGEINT are rare."""
    allowed = ("bigint", "int", "varchar", "text", "boolean", "double", "decimal", "array", "list", "struct")
    for node in tree.find_all(exp.Cast):
        if not all(kind.is_type(*allowed) for kind in node.to.find_all(exp.DataType)):
            yield node, f"{node.to.sql('duckdb')} is not one of BIGINT, INT, VARCHAR, BOOLEAN, DOUBLE, DECIMAL(p, s)"
        elif is_integer(node.to) and is_fractional(node.this):
            yield node, "a fraction to an integer needs floor() or ceil()"
    for floor in tree.find_all(exp.Floor, exp.Ceil):
        if not isinstance(floor.parent, exp.Cast) or not is_integer(floor.parent.to):
            yield floor, f"write CAST({name_of(floor)}(x) AS BIGINT): its type differs"
    for rounded in tree.find_all(exp.Round):
        if not (isinstance(rounded.this, exp.Cast) and rounded.this.to.is_type("decimal")):
            yield rounded, "round a DECIMAL only: round(CAST(x AS DECIMAL(18, 4)), 2); doubles round differently"


def divisions(tree: exp.Expr) -> Found:
    """x / 0 is a value on one engine and an error on the other."""
    for node in tree.find_all(exp.Div, exp.IntDiv, exp.Mod):
        if not is_never_zero(node.expression):
            sign = {exp.Div: "/", exp.IntDiv: "//", exp.Mod: "%"}[type(node)]
            yield node, f"{sign} needs nullif(x, 0), a number or a parameter on its right; whole numbers divide by //"


def exact_sums(tree: exp.Expr) -> Found:
    """The sum of floats depends on the order of rows, so on the number of threads."""
    for node in tree.find_all(exp.Sum):
        if is_floating(node.this):
            yield node, "sum integers or DECIMAL, then divide"


def total_order(tree: exp.Expr) -> Found:
    """Whatever takes one row of many must say which, or two runs differ."""
    for select in tree.find_all(exp.Query):
        if select.args.get("limit") and not select.args.get("order"):
            yield select.args["limit"], "LIMIT needs ORDER BY"
    for window in tree.find_all(exp.Window):
        inner = window.this.this if isinstance(window.this, exp.IgnoreNulls) else window.this
        if isinstance(inner, ORDERED) and not window.args.get("order"):
            yield window, f"{name_of(inner)} needs ORDER BY in its window"
    for node in tree.find_all(exp.ArgMax, exp.ArgMin):
        if not isinstance(node.expression, exp.Struct) or node.args.get("count"):
            yield node, "give the order as a struct with a tie-break: arg_max(x, {'t': occurred_at, 'id': event_id})"
    for node in tree.find_all(exp.Max, exp.Min):
        if isinstance(node.this, exp.Struct) or node.args.get("count"):
            yield node, "NULL fields order differently: write arg_max(x, {…}) or arg_min(x, {…})"


ORDERED = (
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile, exp.Lag, exp.Lead,
    exp.FirstValue, exp.LastValue,
)  # fmt: skip


def sorted_lists(tree: exp.Expr) -> Found:
    """A list's order is lost on the way to Spark, and Spark drops NULLs from it."""
    for node in tree.find_all(exp.ArrayAgg):
        outer = node.parent if isinstance(node.parent, exp.Filter) else node
        if not isinstance(outer.parent, exp.ArraySort) or isinstance(node.this, exp.Order):
            yield node, "write list_sort(list({'t': occurred_at, …})): the order comes from the struct"
        elif not isinstance(_element(node), exp.Struct) and not _drops_nulls(outer, _element(node)):
            yield node, "add FILTER (WHERE x IS NOT NULL): Spark drops NULLs"
    for ordered in tree.find_all(exp.ArraySort):
        if ordered.args.get("asc") is not None and not isinstance(ordered.this, exp.ArrayAgg | exp.Filter):
            yield ordered, "a stored list is sorted upwards only: NULLs come first on one engine"
    for joined in tree.find_all(exp.GroupConcat):
        order = joined.this if isinstance(joined.this, exp.Order) else None
        parts = [] if order is None else order.expressions
        if len(parts) != 1 or parts[0].args.get("desc") or parts[0].this != _value(joined.this.this):
            yield joined, "write string_agg(x, ',' ORDER BY x)"


def list_indexes(tree: exp.Expr) -> Found:
    """Outside a list DuckDB answers NULL and Spark raises; the rewriting needs to see the number."""
    for node in tree.find_all(exp.Bracket):
        ends = [
            end
            for part in node.expressions
            for end in ((part.this, part.expression) if isinstance(part, exp.Slice) else (part,))
        ]
        if not all(isinstance(end, exp.Literal) and end.is_int for end in ends):
            yield node, "index a list by a positive number: list[1], list[1:3]"


def _value(node: exp.Expr) -> exp.Expr:
    return node.expressions[0] if isinstance(node, exp.Distinct) else node


def _element(aggregate: exp.ArrayAgg) -> exp.Expr:
    return _value(aggregate.this)


def _drops_nulls(outer: exp.Expr, element: exp.Expr) -> bool:
    if not isinstance(outer, exp.Filter):
        return False
    kept = exp.Not(this=exp.Is(this=element.copy(), expression=exp.Null()))
    return any(part == kept for part in outer.expression.find_all(exp.Not))


def patterns(tree: exp.Expr) -> Found:
    """Spark reads a backslash in a LIKE pattern as an escape, DuckDB as itself."""
    for node in tree.find_all(exp.Like):
        if not isinstance(node.expression, exp.Literal | exp.Placeholder) or "\\" in node.expression.name:
            yield node, "a pattern is a literal without a backslash; else use starts_with or contains"


RULES: tuple[Rule, ...] = (
    whitelist, names, plain_tables, plain_joins, plain_clauses, parameters, casts, divisions, exact_sums, total_order,
    sorted_lists, list_indexes, patterns,
)  # fmt: skip
