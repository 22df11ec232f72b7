"""Liquid as the house speaks it: the field's template language, strict where a person would notice.

A variable that has no value may steer a condition or take a `default`, but printing it is an error: a mail that
reads "Hello ," is worse than none. Templates are bounded (loops, size, nesting), for an operator's slip must not
take the sender down (template_limits.py: within an expression, too). Conformance: golden-liquid, 1,054 public cases (tests/delivery/test_templating.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import BlockNode, Node
from liquid.builtin.expressions.logical import EqExpression, NeExpression
from liquid.builtin.expressions.primitive import Blank
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoNode, EchoTag
from liquid.exceptions import LiquidError, ResourceLimitError, UndefinedError
from liquid.expression import Expression
from liquid.stringify import to_liquid_string
from liquid.undefined import Undefined, is_undefined

from huitou.campaigns.template_size import refuse_size
from huitou.delivery import template_limits
from huitou.delivery.template_limits import BoundedBlock, BoundedContext
from huitou.kit.errors import Rejected

LARGEST_OUTPUT = 500_000  # bytes


class TemplateRefused(Rejected):
    """The template cannot be parsed, or asks for more than the limits allow."""

    code = "template_refused"


class MissingVariable(Rejected):
    """The template prints something this person's data does not have; the message must not go."""

    code = "missing_variable"


class _Unset(Undefined):
    """A variable without a value: false in conditions, replaced by `default`, an error wherever it is used."""

    __slots__ = ()
    force_liquid_default = True

    def __str__(self) -> str:
        raise UndefinedError(self.hint or f"{self.name} is undefined", token=self.token)

    def __int__(self) -> int:
        raise UndefinedError(self.hint or f"{self.name} is undefined", token=self.token)


def _print_value(node: OutputNode, context: RenderContext, buffer: TextIO) -> int:
    value = node.expression.evaluate(context)
    if value is None or is_undefined(value) or _swallowed(node.expression, context):
        raise UndefinedError(getattr(value, "hint", None) or f"{node.expression} has no value", token=node.token)
    return buffer.write(to_liquid_string(value, context.autoescape))


def _swallowed(expression: Expression, context: RenderContext) -> bool:
    """Some filters turn a missing value into '' or 0 (date, plus, size); only `default` may do so."""
    filters = getattr(expression, "filters", None)
    if not filters or filters[0].name == "default":
        return False
    value = expression.left.evaluate(context)  # type: ignore[attr-defined]  # those with filters have a left side
    return value is None or is_undefined(value)


class _StrictOutputNode(OutputNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return _print_value(self, context, buffer)


class _StrictEchoNode(EchoNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return _print_value(self, context, buffer)


class _StrictOutput(Output):
    node_class = _StrictOutputNode


class _StrictEcho(EchoTag):
    node_class = _StrictEchoNode


def _replace(value: object, old: object = "", new: object = "") -> str:
    """Liquid's replace, refused before it multiplies two long texts."""
    text, before, after = str(value), str(old), str(new)
    times = text.count(before)
    if len(text) + times * len(after) > LARGEST_OUTPUT:
        raise ResourceLimitError("replace would exceed the output limit", token=None)
    return text.replace(before, after)


def _equals_blank(left: object, right: object) -> bool:
    value = left if isinstance(right, Blank) else right
    return value is None or value is False or is_undefined(value) or Blank.__eq__(_BLANK, value)


class _BlankEq(EqExpression):
    """`x == blank` as Shopify means it: also nil, false and what is not there (python-liquid 2.3 says no)."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> object:
        return _equals_blank(self.left.evaluate(context), self.right.evaluate(context))


class _BlankNe(NeExpression):
    __slots__ = ()

    def evaluate(self, context: RenderContext) -> object:
        return not _equals_blank(self.left.evaluate(context), self.right.evaluate(context))


_BLANK = Blank(None)  # type: ignore[arg-type]
_WITH_BLANK: dict[type[Expression], type[Expression]] = {EqExpression: _BlankEq, NeExpression: _BlankNe}


def _mend_blank(expressions: Iterable[Expression]) -> None:
    for expression in expressions:
        mended = _WITH_BLANK.get(type(expression))
        if mended and any(isinstance(side, Blank) for side in expression.children()):
            expression.__class__ = mended
        _mend_blank(expression.children())


class HouseTemplate(BoundTemplate):
    """A parsed template whose comparisons with `blank` are mended, and which ends (template_limits)."""

    context_class = BoundedContext

    def __init__(self, env: Environment, nodes: list[Node], **options: Any) -> None:
        super().__init__(env, nodes, **options)
        self._mend(nodes, RenderContext(self))

    def _mend(self, nodes: Iterable[Node], context: RenderContext) -> None:
        for node in nodes:
            if type(node) is BlockNode:
                node.__class__ = BoundedBlock
            _mend_blank(node.expressions())
            self._mend(node.children(context, include_partials=False), context)


class _HouseEnvironment(Environment):
    template_class = HouseTemplate
    block_nesting_limit = 20
    loop_iteration_limit = 5_000
    local_namespace_limit = 100_000
    output_stream_limit = LARGEST_OUTPUT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.add_tag(_StrictOutput)
        self.add_tag(_StrictEcho)
        self.add_filter("replace", _replace)
        for name in ("join", "date", "strip_html"):
            self.add_filter(name, getattr(template_limits, name))


HTML = _HouseEnvironment(undefined=_Unset, autoescape=True)
TEXT = _HouseEnvironment(undefined=_Unset)


def compile_template(source: str, field: str, *, html: bool) -> BoundTemplate:
    """Parse once; TemplateRefused names the field and what is wrong with it."""
    refusal = refuse_size(source)
    if refusal is not None:
        raise TemplateRefused(field, refusal)
    try:
        return (HTML if html else TEXT).from_string(source)
    except (LiquidError, RecursionError) as error:
        why = _first_line(error)
        raise TemplateRefused(field, {"zh": f"模板写错了：{why}", "en": f"the template is wrong: {why}"}) from error


def render_template(template: BoundTemplate, field: str, values: Mapping[str, Any]) -> str:
    """MissingVariable where a person's data lacks what is printed; TemplateRefused at the limits."""
    try:
        return template.render(values)
    except UndefinedError as error:
        why = _first_line(error)
        raise MissingVariable(field, {"zh": f"缺少数据：{why}", "en": f"data is missing: {why}"}) from error
    except (LiquidError, RecursionError, OverflowError, ValueError, TypeError) as error:
        why = _first_line(error)
        raise TemplateRefused(field, {"zh": f"模板出错：{why}", "en": f"the template failed: {why}"}) from error


def _first_line(error: BaseException) -> str:
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(message).strip().splitlines()[0][:200] if str(message).strip() else type(error).__name__


class Absent(Mapping[str, str]):
    """Something the message does not carry (no offer): false in a condition, and prints as nothing.

    So `{% if offer %}` skips it, and a text that prints `{{ offer.text }}` regardless stays sendable.
    """

    def __liquid__(self) -> None:
        return None

    def __getitem__(self, key: str) -> str:
        return ""

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __str__(self) -> str:
        return ""


ABSENT = Absent()


def present(value: Any) -> Any:
    """The value without its empty parts, so that an empty name counts as missing and takes its `default`."""
    if isinstance(value, dict):
        kept = {}
        for key, part in value.items():
            if part is not None and part != "":
                kept[key] = present(part) if isinstance(part, dict | list) else part
        return kept
    if isinstance(value, list):
        return [present(part) for part in value]
    return value
