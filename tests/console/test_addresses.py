"""Every id has an address that a browser leaves as it is, and every address takes the requests it is for."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from huitou.console.addresses import IdConverter
from huitou.kit.text import LANGUAGES

from .conftest import Shop
from .test_hostile import filled, patterns

DOT_SEGMENT = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")


@given(st.text(st.sampled_from("./~ab"), min_size=1))
def test_an_id_comes_back_from_its_address_and_no_part_is_a_folder(name: str) -> None:
    address = IdConverter().to_url(name)
    assert IdConverter().to_python(address) == name
    assert not DOT_SEGMENT.search(address)


def test_most_ids_stand_in_their_address_as_they_are() -> None:
    for name in ("B20", "2026.11.20", "a/b", "~me", "...", "v1..2"):
        assert IdConverter().to_url(name) == name
    assert [IdConverter().to_url(name) for name in (".", "..", "a/../b", "~..")] == ["~.", "~..", "a/~../b", "~~.."]


def test_what_is_only_looked_at_takes_nothing_else(browser: Any, shop: Shop) -> None:
    from huitou.console.urls import urlpatterns

    for one, (_name, pattern) in zip(urlpatterns, patterns(), strict=True):
        takes = one.callback.takes
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - set(takes):
            answer = browser.generic(method, filled(pattern, "B1"))
            assert (answer.status_code, answer["Allow"]) == (405, ", ".join(takes)), (method, pattern)


def test_lists_name_the_broadcast_by_its_title_and_the_shipped_campaign_in_the_readers_language(
    browser: Any, shop: Shop
) -> None:
    for language, word in zip(LANGUAGES, ("未下单召回", "Follow-up"), strict=True):
        shown = browser.get("/campaigns", headers={"accept-language": {"zh": "zh-CN", "en": "en"}[language]})
        assert word in shown.content.decode()
