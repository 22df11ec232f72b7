"""Whatever the shipped words claim is true of the person who reads it: from what was seen to what arrives.

Small random evenings are planned and every message is rendered on every channel, in both languages and stages; each
claim may stand in it only where its fact is among what the plan was made from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.campaigns.content import choose_words
from huitou.campaigns.reading import default_campaign, read_campaign
from huitou.decisions.decide import plan_from
from huitou.delivery.brand import read_brand
from huitou.delivery.render import Rendered, compile_content, render

from .show import NOW, TEAS, contexts, inputs, person

CAMPAIGN = read_campaign(
    'holdout = 0\nexplore = 1\nmargin = 0.95\n[[offer]]\nname = "none"\n'
    '[[offer]]\nname = "ten"\nkind = "discount"\nrate = 0.1\nexpires_hours = 96\n'
)
LOOKING = r"你看过|你当时看|看过的|looked at|点过"
CARTING = r"购物车|加购|your cart|into your cart"
SHOWING = r"讲过|shown live|We showed"
SELLING = r"买得最多|best-seller|More people bought"
STOCKED = r"还有货|还在|留着|still available|still here"
WATCHING = r"看过我们的直播|谢谢你来看|watched|watching"
OFFERING = r"9折|10% off"
REPLYING = r"回复这封|reply to this"


@dataclass(frozen=True)
class Truth:
    """What is so of one reader and the product that heads their message."""

    looked: bool = False
    carted: bool = False
    shown: bool = False
    most_bought: bool = False
    in_stock: bool = False
    offered: bool = False
    answers: bool = False


def claims(mail: Rendered, truth: Truth) -> list[str]:
    """The claims of the message that are not true."""
    text = "\n".join((mail.subject, mail.html, mail.text))
    allowed = {
        LOOKING: truth.looked, CARTING: truth.carted, SHOWING: truth.shown, SELLING: truth.most_bought,
        STOCKED: truth.in_stock, WATCHING: False, OFFERING: truth.offered, REPLYING: truth.answers,
    }  # fmt: skip
    return [claim for claim, so in allowed.items() if not so and re.search(claim, text)]


counts = st.integers(0, 2)
acts = st.fixed_dictionaries(
    {"seen_seconds": st.sampled_from([0, 0, 40]), "clicks": counts, "carts": counts, "asked": counts}
)
goods = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["普洱茶饼", None]),
        "stock": st.sampled_from([None, 0, 3]),
        "price_minor": st.sampled_from([None, 19_900]),
        "currency": st.sampled_from(["CNY", "USD", None]),
        "url": st.sampled_from([None, "https://shop.example.com/p"]),
    }
)


@pytest.mark.usefixtures("data")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    products=st.lists(goods, min_size=0, max_size=3),
    own=st.dictionaries(st.integers(0, 2), acts, max_size=3),
    buyers=st.lists(st.integers(0, 2), max_size=4),
    name=st.sampled_from(["林晓", None]),
    reply_to=st.sampled_from(["", "care@example.com"]),
)
def test_every_claim_is_true_of_its_reader(
    products: list[dict[str, Any]],
    own: dict[int, dict[str, int]],
    buyers: list[int],
    name: str | None,
    reply_to: str,
) -> None:
    table = [{**TEAS[0], **facts, "product": f"P{number}"} for number, facts in enumerate(products)]
    nothing = {"seen_seconds": 0, "clicks": 0, "carts": 0, "asked": 0}
    seen = [{"customer": "c1", "product": f"P{number}", "ordered": False, **did} for number, did in own.items()]
    seen += [
        {"customer": f"buyer{n}", "product": f"P{number}", "ordered": True, **nothing}
        for n, number in enumerate(buyers)
    ]
    people = [person("c1", name=name, carts=1)]
    planned = plan_from(inputs(people, products=table, seen=seen), CAMPAIGN, NOW)
    for context in contexts(planned, people, CAMPAIGN, table):
        truth = _truth(context, table, own, buyers, answers=bool(reply_to))
        for told, mail in _every_message(context, reply_to):
            assert claims(mail, truth) == [], (told, mail.subject, mail.text)
            assert "%" not in mail.text.replace("10% off", "")
        _check_prices(context, table)


def _truth(
    context: dict[str, Any],
    table: list[dict[str, Any]],
    own: dict[int, dict[str, int]],
    buyers: list[int],
    *,
    answers: bool,
) -> Truth:
    if not context["products"]:
        return Truth(offered="offer" in context, answers=answers)
    number = int(context["products"][0]["id"][1:])
    did = own.get(number, {"seen_seconds": 0, "clicks": 0, "carts": 0})
    sold = [buyers.count(other) for other in range(3)]
    return Truth(
        looked=did["clicks"] > 0,
        carted=did["carts"] > 0,
        shown=did["seen_seconds"] > 0,
        most_bought=sold[number] > max(sold[:number] + sold[number + 1 :]),
        in_stock=number < len(table) and (table[number]["stock"] or 0) > 0,
        offered="offer" in context,
        answers=answers,
    )


def _every_message(context: dict[str, Any], reply_to: str) -> Any:
    brand = read_brand(read_campaign(f'[sender]\nname = "茶铺"\nreply_to = "{reply_to}"\n').sender, {})
    for channel in default_campaign().content:
        for language in ("zh", "en"):
            for stage in ("urgency", "value"):
                words = choose_words(default_campaign(), channel, language, stage)
                content = compile_content(words.subject or "", words.body, words.text or "", is_html=channel == "email")
                yield (channel, language, stage), render(content, "m1", {**context, "language": language}, brand)


def _check_prices(context: dict[str, Any], table: list[dict[str, Any]]) -> None:
    """What an offer leaves is said only of a price that is known in the offer's currency."""
    if "offer_price_minor" in context.get("offer", {}):
        product = table[int(context["products"][0]["id"][1:])]
        assert product["price_minor"]
        assert product["currency"] in ("CNY", None)


@pytest.mark.usefixtures("data")
def test_a_message_queued_before_reasons_were_kept_makes_no_claim() -> None:
    context = {"broadcast": {"id": "B20", "title": "冬茶专场"}, "products": [{"id": "P1", "name": "普洱茶饼"}]}
    for told, mail in _every_message(context, ""):
        assert claims(mail, Truth()) == [], told
        assert "普洱茶饼" in mail.text


def test_each_reason_has_its_own_words(data: Path) -> None:
    said = {}
    for why in ("carted", "clicked", "watched", "best_seller"):
        context = {"broadcast": {"title": "冬茶专场"}, "products": [{"id": "P1", "name": "普洱茶饼", "why": why}]}
        said[why] = {told: mail.text for told, mail in _every_message(context, "")}
    assert "你加进购物车的普洱茶饼" in said["carted"]["email", "zh", "urgency"]
    assert "你看过的普洱茶饼" in said["clicked"]["email", "zh", "urgency"]
    assert "直播里讲过的普洱茶饼" in said["watched"]["email", "zh", "urgency"]
    assert "这场大家买得最多的普洱茶饼" in said["best_seller"]["email", "zh", "urgency"]
    assert all(len({said[why][told] for why in said}) == 4 for told in said["carted"])


@pytest.mark.parametrize(("sold", "why"), [({"P1": 2, "P3": 5}, None), ({"P1": 6, "P3": 5}, "best_seller")])
def test_what_sold_most_counts_buyers_not_seen_watching_too(sold: dict[str, int], why: str | None) -> None:
    """P3 was never shown, so that nobody is reminded of it; where it sold more than P1, P1 is no best-seller."""
    nothing = {"seen_seconds": 0, "clicks": 0, "carts": 0, "asked": 0}
    seen = [{"customer": f"buyer{n}", "product": "P1", "ordered": True, **nothing} for n in range(2)]
    bought = [{"product": product, "buyers": people} for product, people in sold.items()]
    planned = plan_from(
        inputs([person("c1", carts=1)], products=TEAS[:1], seen=seen, sold=bought), CAMPAIGN, NOW
    ).to_pylist()
    assert planned[0]["action"] == "send"
    assert planned[0]["why"] == [why or ""]
