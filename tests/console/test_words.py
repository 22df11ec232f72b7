"""The words for codes in Chinese pages: what is known is said in Chinese, what is not is shown as it is."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from huitou.events.connectors import CONNECTORS
from huitou.events.write_keys import MARK
from huitou.proving.simulator.identities import CONSENT_WAYS


@pytest.fixture
def words(django: None) -> Iterator[ModuleType]:
    from django.utils import translation

    from huitou.console import words

    with translation.override("zh-hans"):
        yield words


def is_chinese(said: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in said)


def test_how_consent_was_given_is_said_in_chinese(words: ModuleType) -> None:
    ways = {*words.CONSENT_WAYS, *CONSENT_WAYS}
    assert [way for way in ways if not is_chinese(words.say("consent_way", way))] == []
    assert words.say("consent_way", "miniprogram_signup") == "小程序注册"


def test_where_something_came_from_is_said_in_chinese(words: ModuleType) -> None:
    sources = {*words.SOURCES, *CONNECTORS} - {"segment"}  # a name of its own
    assert [source for source in sources if not is_chinese(words.say("source", source))] == []


def test_a_page_is_told_by_its_keys_name(words: ModuleType) -> None:
    assert words.say("source", f"{MARK}商城首页") == "浏览器 · 商城首页"


def test_what_nobody_knows_is_shown_as_it_is(words: ModuleType) -> None:
    assert (words.say("consent_way", "展会名片"), words.say("source", "erp")) == ("展会名片", "erp")
