"""Tags: labelled statements about a portrait, made by rules that are data.

The rules are tags.toml, the RFM cells and the lifecycle stages. A tag whose value is open (the favourite category)
carries it: `category.黑茶`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from importlib import resources
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from huitou.customers.lifecycle import STAGES
from huitou.customers.rfm import CELLS
from huitou.kit.text import Text

OPERATORS: dict[str, Callable[..., pa.ChunkedArray]] = {
    "==": pc.equal,
    "!=": pc.not_equal,
    ">=": pc.greater_equal,
    ">": pc.greater,
    "<=": pc.less_equal,
    "<": pc.less,
}
CONDITION = re.compile(r"(\w+) (==|!=|>=|>|<=|<) (.+)")
OPEN = {"category": "favourite_category"}  # tags that carry the column's own value
OPEN_NAMES: dict[str, Text] = {"category": {"zh": "偏好品类：{}", "en": "Favours {}"}}


@dataclass(frozen=True)
class Condition:
    column: str
    operator: str
    value: str

    def holds(self, portraits: pa.Table) -> pa.ChunkedArray:
        column = portraits.column(self.column)
        return OPERATORS[self.operator](column, pa.scalar(self.value, pa.string()).cast(column.type))


@dataclass(frozen=True)
class TagRule:
    tag: str
    when: tuple[Condition, ...]
    name: Text


@cache
def rules() -> tuple[TagRule, ...]:
    """All rules, in the order in which tags are listed. ValueError where tags.toml is not readable."""
    cells = [TagRule(f"rfm.{cell.rfm}", (Condition("rfm", "==", cell.rfm),), cell.name) for cell in CELLS]
    stages = [
        TagRule(f"lifecycle.{stage.stage}", (Condition("lifecycle", "==", stage.stage),), stage.name)
        for stage in STAGES
    ]
    text = resources.files("huitou.customers").joinpath("tags.toml").read_text(encoding="utf-8")
    return (*cells, *stages, *read_rules(text))


def read_rules(text: str) -> list[TagRule]:
    """The rules of a tags file. ValueError naming the tag where a condition is not one."""
    return [
        TagRule(
            entry["name"],
            tuple(_condition(entry["name"], condition) for condition in entry["when"]),
            {"zh": entry["zh"], "en": entry["en"]},
        )
        for entry in tomllib.loads(text)["tag"]
    ]


def tag_name(tag: str) -> Text:
    """What people read for a tag: 'rfm.HHH' -> {zh: 重要价值客户, en: Champions}; an unknown one names itself."""
    for rule in rules():
        if rule.tag == tag:
            return rule.name
    family, _, value = tag.partition(".")
    if family in OPEN_NAMES and value:
        return {language: pattern.format(value) for language, pattern in OPEN_NAMES[family].items()}
    return {"zh": tag, "en": tag}


def tags_of(portrait: Mapping[str, Any]) -> list[str]:
    """The tag names of one row of PORTRAITS."""
    return list(json.loads(portrait["tags"] or "[]"))


def tag_portraits(portraits: pa.Table) -> pa.Table:
    """The portraits with a last column `tags`: a JSON list of tag names, in the order of the rules."""
    closed = [_marked(rule, portraits) for rule in rules()]
    open_ = [_opened(family, portraits.column(column)) for family, column in OPEN.items()]
    joined = pc.binary_join_element_wise(*closed, *open_, ",", null_handling="skip")
    return portraits.append_column("tags", pc.binary_join_element_wise("[", joined, "]", ""))


def _marked(rule: TagRule, portraits: pa.Table) -> pa.ChunkedArray:
    held: Sequence[pa.ChunkedArray] = [condition.holds(portraits) for condition in rule.when]
    everything = pc.fill_null(reduce(pc.and_kleene, held), False)
    return pc.if_else(everything, pa.scalar(json.dumps(rule.tag)), pa.scalar(None, pa.string()))


def _opened(family: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each value once through JSON, then by index: values are few."""
    encoded = column.combine_chunks().dictionary_encode()
    texts = [json.dumps(f"{family}.{value}", ensure_ascii=False) for value in encoded.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string()).take(encoded.indices)])


def _condition(tag: str, text: str) -> Condition:
    match = CONDITION.fullmatch(text)
    if match is None:
        raise ValueError(f"tag {tag}: {text!r} is not COLUMN OPERATOR VALUE")
    return Condition(*match.groups())
