from __future__ import annotations

import json

import pytest

from huitou.customers.lake_tables import PORTRAITS
from huitou.customers.tags import read_rules, rules, tag_name

from .conftest import Drawn
from .tea_shop import PEOPLE, evening


def test_tags_say_what_the_portrait_says(drawn: Drawn) -> None:
    people = drawn(evening(), PEOPLE)

    assert {who: json.loads(row["tags"]) for who, row in people.items()} == {
        "c_chen": ["lifecycle.prospect", "hours.evening", "live.asks", "category.黑茶"],
        "c_he": ["lifecycle.prospect"],
        "c_lin": [
            "rfm.HHH", "lifecycle.new", "buyer.once", "price.high", "hours.evening", "live.asks", "category.黑茶",
        ],
        "c_old": ["rfm.LHL", "lifecycle.lost", "buyer.once", "price.mid", "hours.noon", "category.白茶"],
        "c_wang": [
            "rfm.HHH", "lifecycle.new", "buyer.once", "price.mid", "hours.evening", "live.gives",
            "live.buys_there", "category.白茶",
        ],
        "c_zhao": ["lifecycle.prospect", "hours.evening", "category.乌龙"],
    }  # fmt: skip


def test_every_rule_reads_a_column_and_has_its_names() -> None:
    assert {condition.column for rule in rules() for condition in rule.when} <= set(PORTRAITS.schema.names)
    assert [rule.tag for rule in rules() if not (rule.name["zh"] and rule.name["en"])] == []


def test_tags_in_words() -> None:
    assert tag_name("rfm.HHH") == {"zh": "重要价值客户", "en": "Champions"}
    assert tag_name("category.黑茶") == {"zh": "偏好品类：黑茶", "en": "Favours 黑茶"}
    assert tag_name("made.up") == {"zh": "made.up", "en": "made.up"}


def test_a_bad_rule_is_named() -> None:
    text = '[[tag]]\nname = "x"\nwhen = ["orders is 3"]\nzh = "x"\nen = "x"\n'
    with pytest.raises(ValueError, match="tag x: 'orders is 3' is not COLUMN OPERATOR VALUE"):
        read_rules(text)


def test_a_category_with_quotes_stays_json(drawn: Drawn) -> None:
    events = evening()
    for event in events:
        event["properties"] = event["properties"].replace("黑茶", '黑\\"茶')

    assert json.loads(drawn(events)["c_lin"]["tags"])[-1] == 'category.黑"茶'
