"""Mistakes in a campaign's words, found before anybody gets them: names, filters and tags that do not exist, names that
may be empty where they are printed, words about looking for whoever looked at nothing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.case_tag import CaseNode
from liquid.builtin.tags.echo_tag import EchoNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.tablerow_tag import TablerowNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LiquidError
from liquid.expression import Expression

from huitou.campaigns.definition import Campaign, Words
from huitou.campaigns.template_names import KNOWN, NAMES, ROOTS
from huitou.campaigns.template_size import refuse_size
from huitou.kit.text import Text

ENVIRONMENT = Environment()
LOOPS = frozenset({"forloop", "tablerowloop"})
OF_ANYTHING = frozenset({"size", "first", "last"})  # Liquid's own, on lists and texts
ITEMS_STAY = frozenset({"reverse", "sort", "sort_natural", "where", "reject", "compact", "uniq", "slice", "concat"})
ANY = ""
LOOKING = re.compile(
    r"(?:看|逛|点|浏览|瞧|收藏|加购)(?:过|了)|你(?:当时|刚才|那天|之前)?看的|购物车|还在想|心仪"
    r"|\byou\s+(?:\w+\s+)?(?:looked|viewed|saw|browsed|clicked|visited|were\s+looking)\b|\b(?:your|the)\s+(?:cart|basket)\b"
    r"|still thinking about|caught your eye",
    re.IGNORECASE,
)
WHY = re.compile(r"\bwhy\b")


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a template. `needle` is the text it stands in, to find its line by."""

    about: Text
    needle: str


def find_mistakes(source: str) -> list[Mistake]:
    """What would keep every message from being written; [] where the template can be used."""
    refusal = refuse_size(source)
    if refusal is not None:
        return [Mistake(refusal, "")]
    try:
        template = ENVIRONMENT.from_string(source)
    except RecursionError:
        return [Mistake({"zh": "模板嵌套太深", "en": "the template is nested too deeply"}, "")]
    except LiquidError as error:
        return [_syntax(error, source)]
    found = template.analyze(include_partials=False)
    return [
        *(_unknown_filter(name, source, spans[0].index) for name, spans in found.filters.items()
          if name not in ENVIRONMENT.filters),
        *_unknown_names(template, source),
    ]  # fmt: skip


def _syntax(error: LiquidError, source: str) -> Mistake:
    said = str(error).splitlines()[0]
    token = error.token
    tag = re.fullmatch(r"unexpected tag '(.*)'", said)
    needle = _line_at(source, token.start_index) if token is not None else ""
    if tag is None:
        return Mistake({"zh": f"模板有误：{said}", "en": f"the template is wrong: {said}"}, needle)
    tags = [name for name in ENVIRONMENT.tags if not name.startswith("#")]
    return Mistake(_no_such("标签", "tag", tag[1], tags, tags), needle)


def _unknown_filter(name: str, source: str, index: int) -> Mistake:
    return Mistake(_no_such("过滤器", "filter", name, ENVIRONMENT.filters, []), _line_at(source, index))


def _unknown_names(template: BoundTemplate, source: str) -> Iterator[Mistake]:
    aliases = _aliases(template)
    told: set[str] = set()
    for variables in template.analyze(include_partials=False).variables.values():
        for variable in variables:
            path = _path_of(variable.segments, aliases)
            if path and not _is_known(path) and str(variable) not in told:
                told.add(str(variable))
                yield Mistake(_no_such_name(str(variable), path), _line_at(source, variable.span.index))


def _no_such_name(written: str, path: str) -> Text:
    root, _, key = path.partition(".")
    whole = root in ROOTS | {"products[]"} and bool(key)
    own = [name.path for name in NAMES if name.path.partition(".")[0] == root]
    offered = [name.path for name in NAMES if not name.internal]
    if whole:  # the nearest of its own kind, whatever it is called elsewhere
        close = difflib.get_close_matches(f"{root}.{key}", own, 1, 0.0) or difflib.get_close_matches(
            path, KNOWN, 1, 0.5
        )
    else:
        close = difflib.get_close_matches(path, [*KNOWN, *ROOTS], 1, 0.5)
    shown = [one for one in own if not KNOWN[one].internal or root == "products[]"] if whole else offered
    return _no_such("变量", "name", written, [], shown, close[0] if close else "")


def _no_such(
    zh: str, en: str, name: str, known: Iterable[str], shown: Iterable[str], nearest: str | None = None
) -> Text:
    if nearest is None:
        nearest = next(iter(difflib.get_close_matches(name, list(known), 1, 0.5)), "")
    listed = list(shown)
    return {
        "zh": f"没有{zh} {name}。"
        + (f"是不是想写 {nearest}？" if nearest else "")
        + (f"可用的有：{'、'.join(listed)}。" if listed else ""),
        "en": f"there is no {en} {name}"
        + (f"; did you mean {nearest}?" if nearest else "")
        + (f"{'' if nearest else ';'} There are: {', '.join(listed)}" if listed else ""),
    }


def _is_known(path: str) -> bool:
    if path in KNOWN or path in ROOTS or path in ("products[]", "facts"):
        return True
    owner, _, last = path.rpartition(".")
    return last in OF_ANYTHING and bool(owner) and _is_known(owner)


def _path_of(segments: Iterable[Any], aliases: Mapping[str, str]) -> str:
    """['products', 0, 'name'] as 'products[].name', a loop's own name as what it runs over; ANY where it cannot be told."""
    first, *rest = segments
    root = str(first)
    if root in LOOPS:
        return ANY
    path = aliases.get(root, root)
    for part in rest if path else []:
        if isinstance(part, list):
            return f"{path}[]" if path == "products" else ANY
        if path == "products" and (isinstance(part, int) or part in ("first", "last")):
            path = "products[]"
        elif isinstance(part, int):
            return ANY
        else:
            path = f"{path}.{part}"
    return path


def _aliases(template: BoundTemplate) -> dict[str, str]:
    """Names that the template makes itself, and what they stand for; ANY where that cannot be told."""
    aliases = dict.fromkeys(template.analyze(include_partials=False).locals, ANY)
    for node in _walk(template.nodes, RenderContext(template)):
        if isinstance(node, ForNode | TablerowNode):
            of = _read_path(node.expression.iterable, aliases)
            aliases[str(node.expression.identifier)] = "products[]" if of == "products" else ANY
        elif isinstance(node, AssignNode):
            aliases[str(node.name)] = _read_path(node.expression, aliases)
    return aliases


def _read_path(expression: Expression, aliases: Mapping[str, str]) -> str:
    if isinstance(expression, FilteredExpression):
        kept = all(one.name in ITEMS_STAY for one in expression.filters or [])
        return _read_path(expression.left, aliases) if kept else ANY
    return _path_of(expression.path, aliases) if isinstance(expression, Path) else ANY


def _walk(nodes: Iterable[Node], context: RenderContext) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _walk(node.children(context, include_partials=False), context)


def find_empties(source: str) -> list[str]:
    """Names that may be empty for somebody, printed without a `default` and outside a condition on them: whoever has none
    gets no message. Sorted; [] for a template that cannot be read."""
    if refuse_size(source) is not None:
        return []
    try:
        template = ENVIRONMENT.from_string(source)
    except (LiquidError, RecursionError):
        return []
    aliases = _aliases(template)
    printed = _printed(template.nodes, frozenset(), RenderContext(template), aliases)
    return sorted({path for path in printed if path in KNOWN and not KNOWN[path].sure and not _is_item(path)})


def _is_item(path: str) -> bool:
    return path.startswith("products[]")


def _printed(
    nodes: Iterable[Node], safe: frozenset[str], context: RenderContext, aliases: Mapping[str, str]
) -> Iterator[str]:
    """Paths printed bare; `safe` are those that a condition around has asked for."""
    for node in nodes:
        if isinstance(node, OutputNode | EchoNode):
            path = _bare(node.expression, aliases)
            if path and path not in safe:
                yield path
        elif isinstance(node, IfNode):
            asked = safe | _paths_in(node.condition, aliases)
            yield from _printed([node.consequence], asked, context, aliases)
            for other in node.alternatives:
                yield from _printed([other.block], safe | _paths_in(other.expression, aliases), context, aliases)
            yield from _printed([node.default] if node.default else [], safe, context, aliases)
        elif isinstance(node, UnlessNode):
            asked = safe | _paths_in(node.condition, aliases)
            yield from _printed([node.consequence], safe, context, aliases)
            yield from _printed([node.default] if node.default else [], asked, context, aliases)
        elif isinstance(node, CaseNode):
            inner = node.children(context, include_partials=False)
            yield from _printed(inner, safe | _paths_in(node.expression, aliases), context, aliases)
        else:
            yield from _printed(node.children(context, include_partials=False), safe, context, aliases)


def _bare(expression: Expression, aliases: Mapping[str, str]) -> str:
    """The path that is printed, '' where a `default` stands by."""
    if not isinstance(expression, FilteredExpression):
        return ""
    if any(one.name == "default" for one in expression.filters or []):
        return ""
    left = expression.left
    return _path_of(left.path, aliases) if isinstance(left, Path) else ""


def _paths_in(expression: Expression, aliases: Mapping[str, str]) -> frozenset[str]:
    own = {_path_of(expression.path, aliases)} if isinstance(expression, Path) else set()
    return frozenset(own.union(*(_paths_in(child, aliases) for child in expression.children())))


def words_about_looking(template: str) -> bool:
    """Whether the words say that the reader looked at something, or put it into their cart, without asking `product.why`:
    they go to people who did not, too. Only common ways to say it are known."""
    return bool(LOOKING.search(template)) and not WHY.search(template)


def check_words(campaign: Campaign) -> list[tuple[str, Text]]:
    """What is odd about a campaign's words without being refused: (key, sentence). Of a version that was saved before
    a rule came also what the rule would refuse."""
    found: dict[tuple[str, str], Text] = {}
    for key, template in templates_of(campaign):
        for text in _oddities(template):
            found.setdefault((key, text["en"]), text)
    return [(key, text) for (key, _), text in found.items()]


def templates_of(campaign: Campaign) -> Iterator[tuple[str, str]]:
    """(key, template) of every text that some message is made from."""
    for channel, languages in campaign.content.items():
        for language, content in languages.items():
            for where, words in (("", content.words), *((f".stages.{name}", w) for name, w in content.stages.items())):
                for part in _parts(words):
                    yield f"content.{channel}.{language}{where}.{part[0]}", part[1]


def _parts(words: Words) -> Iterator[tuple[str, str]]:
    for name, template in (("subject", words.subject), ("body", words.body), ("text", words.text)):
        if template:
            yield name, template


def _oddities(template: str) -> Iterator[Text]:
    for mistake in find_mistakes(template):
        yield mistake.about
    for path in find_empties(template):
        yield {
            "zh": f"{path} 可能为空，为空的人收不到这条消息；可以写 {{{{ {path} | default: '…' }}}}。",
            "en": f"{path} may be empty, and whoever has none gets no message; write {{{{ {path} | default: '…' }}}}",
        }
    if words_about_looking(template):
        yield {
            "zh": "文案说对方看过或加购过，但没看过的人也会收到；可以按 product.why 分开写。",
            "en": "the words say that the reader looked at something or has it in the cart, but others get them too;"
            " tell them apart by product.why",
        }


def _line_at(source: str, index: int) -> str:
    start = source.rfind("\n", 0, index) + 1
    end = source.find("\n", index)
    return source[start : end if end >= 0 else len(source)]
