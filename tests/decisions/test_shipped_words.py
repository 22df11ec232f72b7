"""The shipped campaign's words, printed by delivery for contexts that decisions write: nothing missing, nothing odd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from huitou.campaigns.content import choose_words
from huitou.campaigns.reading import default_campaign, read_campaign
from huitou.decisions.decide import plan_from
from huitou.delivery.brand import read_brand
from huitou.delivery.render import compile_content, render

from . import show
from .show import NOW, inputs, person

PLAIN = "holdout = 0\nexplore = 0\nmargin = 0.95\n"  # everything else as shipped
OFFERED = PLAIN + '[[offer]]\nname = "ten"\nkind = "discount"\nrate = 0.1\nexpires_hours = 96\n'


def contexts(text: str, **facts: Any) -> Iterator[dict[str, Any]]:
    tea = {"product": "P1", "name": "普洱茶饼", "price_minor": 20_000, "currency": "CNY", "url": "https://x.example/p"}
    for products in ([tea], []):
        people, chosen = [person("c1", carts=1, **facts)], read_campaign(text)
        planned = plan_from(inputs(people, products=products), chosen, NOW)
        yield from show.contexts(planned, people, chosen, products)


@pytest.mark.parametrize("language", ["zh-Hans", "en", None])
@pytest.mark.parametrize("name", ["林晓", None])
@pytest.mark.parametrize("with_offer", [True, False])
def test_every_mail_reads_well(language: str | None, name: str | None, with_offer: bool, data: Path) -> None:
    text = OFFERED if with_offer else PLAIN
    seen = []
    for context in contexts(text, language=language, name=name):
        seen.append(context["stage"])
        assert ("offer" in context) == with_offer
        words = choose_words(default_campaign(), "email", context["language"], context["stage"])
        content = compile_content(words.subject or "", words.body)
        mail = render(content, "m1", context, read_brand(None, {}))
        assert mail.subject
        assert ("10% off" in mail.html or "9折" in mail.html) == with_offer
        assert "{{" not in mail.html + mail.text + mail.subject
        assert name is None or name in mail.text
        assert "None" not in mail.text
    assert set(seen) == {"urgency", "value"}
