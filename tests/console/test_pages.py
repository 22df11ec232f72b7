"""What each page says, in both languages, is what the data say."""

from __future__ import annotations

import re
from typing import Any

import pytest

from huitou.kit.clock import MINUTE

from .conftest import STARTED, Shop, evening, json_in, numbers_in, read_csv, text_of

PAGES = ("/", "/customers", "/campaigns", "/campaigns/follow-up", "/messages", "/intake")
WIDGETS = (
    "funnel", "takings", "unseen", "unseen-count", "non-buyers", "reach", "plan", "sending", "results", "people", "verdict",
)  # fmt: skip


LANGUAGES = {"zh-hans": "zh-Hans", "en": "en"}


def test_every_page_answers_with_data_and_without(browser: Any, empty_shop: Shop) -> None:
    every_page_answers(browser)
    evening(empty_shop, "B1", "冬茶专场")
    empty_shop.put()
    every_page_answers(browser)


def every_page_answers(browser: Any) -> None:
    for language, marked in LANGUAGES.items():
        browser.cookies["django_language"] = language
        for page in PAGES:
            answer = browser.get(page)
            assert answer.status_code == 200, page
            assert f'<html lang="{marked}"' in text_of(answer), page


def test_every_widget_answers(browser: Any, planned: Any) -> None:
    for language in LANGUAGES:
        browser.cookies["django_language"] = language
        for widget in WIDGETS:
            answer = browser.get(f"/widgets/{widget}/B1")
            assert answer.status_code == 200, widget
            assert "widget-error" not in text_of(answer), widget


def test_an_empty_house_teaches_the_first_import(english: Any, empty_shop: Shop) -> None:
    page = text_of(english.get("/"))
    assert "No broadcast yet" in page
    assert 'href="/intake"' in page


def test_list_shows_viewers_buyers_conversion_and_money(english: Any, shop: Shop) -> None:
    page = text_of(english.get("/"))
    assert numbers_in(page) == ["2 h 00 min", "12", "2", "16.67%", "¥398.00"]
    assert "No follow-up" in page


def test_list_shows_how_far_the_follow_up_is(english: Any, planned: Any) -> None:
    assert re.search(r"tone-info\">Planned<", text_of(english.get("/")))


def test_funnel_counts_people_a_step(english: Any, shop: Shop) -> None:
    page = text_of(english.get("/widgets/funnel/B1"))
    data = json_in(page, "funnel-data")
    assert data["people"] == [12, 12, 8, 4, 2]
    assert [cell for cell in numbers_in(page) if "%" not in cell] == ["12", "–", "12", "8", "4", "2"]


def test_a_share_of_the_step_before_counts_who_took_both(english: Any, shop: Shop) -> None:
    """An order without a cart before it is none of those who carted."""
    shop.tell("live_entered", STARTED + MINUTE, "u20", broadcast_id="B1")
    shop.tell(
        "order_paid", STARTED + 3 * MINUTE, "u20", broadcast_id="B1", order_id="B1-20", shop_id="S1", total=100,
        currency="CNY", products=[{"product_id": "P1", "price": 100, "quantity": 1}],
    )  # fmt: skip
    shop.put()
    assert numbers_in(text_of(english.get("/widgets/funnel/B1")))[-3:] == ["3", "23.1%", "50.0%"]


def test_non_buyers_by_intent_and_by_product(english: Any, shop: Shop) -> None:
    page = text_of(english.get("/widgets/non-buyers/B1"))
    assert re.findall(r"<strong>(\d+)</strong><progress", page) == ["2", "4", "4"]
    assert numbers_in(page) == ["6", "12", "8", "4", "2"]


def test_reach_says_who_can_be_written_to(english: Any, shop: Shop) -> None:
    page = text_of(english.get("/widgets/reach/B1"))
    assert re.findall(r"<dd>(\d+)", page) == ["12", "12", "11", "10", "9"]
    assert "90.0% of who did not order" in page
    assert "as of <time" in page


def test_plan_shows_people_by_action_and_the_money(english: Any, planned: Any) -> None:
    decided = planned.decisions.to_pylist()
    people = {
        action: len({row["customer"] for row in decided if row["action"] == action})
        for action in ("send", "holdout", "nothing")
    }
    page = text_of(english.get("/widgets/plan/B1"))
    shown = [int(number) for number in re.findall(r"<dd>(\d+)(?:</dd>| <small>)", page)]
    assert shown == [*people.values(), planned.queued]


def test_sending_shows_what_waits(english: Any, planned: Any) -> None:
    page = text_of(english.get("/widgets/sending/B1"))
    assert f"{planned.queued} still to go" in page


def test_results_say_cannot_tell_before_anybody_ordered(english: Any, planned: Any) -> None:
    page = text_of(english.get("/widgets/results/B1"))
    assert "Cannot tell yet" in page
    assert "Observational: what was seen, not what was caused" in page


def test_people_are_filtered(english: Any, planned: Any) -> None:
    held = sum(1 for row in planned.decisions.to_pylist() if row["action"] == "holdout")
    page = text_of(english.get("/widgets/people/B1?action=holdout"))
    assert len(re.findall(r'href="/customers/c', page)) == held
    assert f"{held} row" in page
    ordered = text_of(english.get("/widgets/people/B1?action=ordered"))
    assert "2 rows" in ordered
    assert ordered.count("ordered ¥199.00") == 2


def test_who_ordered_although_decided_on_is_said_to_have(english: Any, planned: Any, shop: Shop) -> None:
    written = next(row for row in planned.decisions.to_pylist() if row["action"] == "send")
    shop.tell(
        "order_paid", STARTED + 60 * MINUTE, written["user_id"], broadcast_id="B1", order_id="late", shop_id="S1",
        total=4200, currency="CNY", products=[{"product_id": "P1", "price": 4200, "quantity": 1}],
    )  # fmt: skip
    shop.put()
    page = text_of(english.get("/widgets/people/B1?action=send"))
    assert "1 of them had ordered in the show, which was known only later" in page
    assert re.search(r"ordered ¥42.00</strong><br>Written to · ", page)
    assert "ordered ¥42.00" not in text_of(english.get("/widgets/people/B1"))
    assert "ordered ¥42.00" in text_of(english.get("/widgets/people/B1?action=ordered"))


def test_people_are_sorted(english: Any, planned: Any) -> None:
    page = text_of(english.get("/widgets/people/B1?action=ordered&sort=spent"))
    assert '<option value="spent" selected>' in page
    carts = [row[2] for row in _people_rows(english, "?sort=carts")]
    assert carts == sorted(carts, reverse=True)


def _people_rows(browser: Any, query: str) -> list[list[str]]:
    cells = numbers_in(text_of(browser.get(f"/widgets/people/B1{query}")))
    return [cells[start : start + 5] for start in range(0, len(cells), 5)]


def test_filters_of_the_people_stand_in_the_address(english: Any, planned: Any) -> None:
    part = text_of(english.get("/widgets/people/B1?action=ordered&page=1&sort="))
    assert 'data-address="/broadcasts/B1?action=ordered&amp;page=1#people"' in part
    whole = text_of(english.get("/broadcasts/B1?action=ordered&page=1"))
    assert 'hx-get="/widgets/people/B1?action=ordered&amp;page=1"' in whole


def test_unknown_things_are_said_to_be_unknown(english: Any, shop: Shop) -> None:
    for page in ("/broadcasts/B99", "/customers/c99", "/campaigns/none", "/messages/m99", "/nowhere"):
        assert english.get(page).status_code == 404, page


def test_a_broken_part_leaves_the_page_standing(english: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from huitou.console.reads import show

    def fail(*_: object) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(show, "products_of", fail)
    answer = english.get("/widgets/non-buyers/B1")
    assert answer.status_code == 200
    assert "This part could not be shown" in text_of(answer)
    assert "disk on fire" not in text_of(answer)
    assert english.get("/broadcasts/B1").status_code == 200


def test_lists_ask_as_many_questions_for_three_rows_as_for_one(
    english: Any, empty_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huitou.stores.engine import Engine

    asked: list[str] = []
    run = Engine.run_text

    def counted(self: Engine, text: str, **params: Any) -> Any:
        asked.append(text)
        return run(self, text, **params)

    monkeypatch.setattr(Engine, "run_text", counted)
    counts = {}
    for shows in (1, 3):
        for number in range(shows):
            evening(empty_shop, f"B{number}", "专场", started=STARTED - number * 86_400_000_000)
        empty_shop.put()
        for page in ("/", "/customers", "/messages", "/intake"):
            asked.clear()
            assert english.get(page).status_code == 200
            counts.setdefault(page, []).append(len(asked))
        empty_shop.told += 1000
    assert {page: one == three for page, (one, three) in counts.items()} == dict.fromkeys(counts, True)


def test_orders_of_people_not_seen_watching_stand_beside_the_buyers(shop: Shop, english: Any) -> None:
    """zhao, who is on no list of viewers, pays 88 yuan in the show: in words, in the list of shows, as a list, as CSV."""
    shop.introduce("u99", name="=赵", phone="13912345678")
    shop.tell("order_paid", STARTED + 30 * MINUTE, "u99", order_id="O-99", total=8800, currency="CNY")
    shop.put()
    part = text_of(english.get("/widgets/takings/B1"))
    assert "1 order, ¥88.00, of people not seen watching" in part
    assert "¥88.00" in text_of(english.get("/widgets/unseen-count/B1"))
    listed = text_of(english.get("/widgets/unseen/B1"))
    assert "O-99" in listed
    assert "No id in common with any viewer" in listed
    assert "139****5678" in listed
    assert "13912345678" not in listed
    answer = english.get("/unseen-orders/B1")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert read_csv(answer)[1][3:] == [
        "88.00", "0.00", "CNY", "", "no_shared_id", "No id in common with any viewer", "'=赵", "'+86139****5678",
    ]  # fmt: skip
