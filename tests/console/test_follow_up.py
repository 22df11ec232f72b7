"""Starting a follow-up: never after its window, seen before it counts, told by which version and when it was decided."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from huitou.campaigns.versions import save_version
from huitou.console.reads import plans
from huitou.flows.follow_up import choose_campaign, plan_follow_up
from huitou.kit.clock import DAY, HOUR, FrozenClock
from huitou.kit.errors import Refused
from huitou.stores.ledger import transaction

from .conftest import CAMPAIGN, ENDED, Shop, text_of


@pytest.fixture
def saved(shop: Shop) -> str:
    with transaction() as connection:
        return save_version(connection, CAMPAIGN).name


def test_nothing_is_started_after_the_window(english: Any, shop: Shop, saved: str, clock: FrozenClock) -> None:
    clock.move_to(ENDED + 8 * DAY)
    widget = text_of(english.get("/widgets/plan/B1"))
    assert "start-dialog" not in widget
    assert "The window ended" in widget
    answer = english.post("/follow-up/start/B1", {"campaign": saved}, follow=True)
    assert "it is too late to follow up" in text_of(answer)
    assert plans.plan_of("B1", saved) is None


def test_the_command_line_refuses_too(shop: Shop, saved: str, clock: FrozenClock) -> None:
    clock.move_to(ENDED + 8 * DAY)
    with pytest.raises(Refused) as refused:
        plan_follow_up("B1", choose_campaign(name=saved))
    assert refused.value.code == "window_over"
    assert "2026-11-27 19:00" in refused.value.message["zh"]
    assert plan_follow_up("B1", choose_campaign(name=saved), dry_run=True).queued == 0


def test_an_old_broadcast_is_open_to_a_campaign_with_a_longer_window(english: Any, planned: Any, clock: Any) -> None:
    longer = CAMPAIGN.replace('"winter-tea"', '"long-winter"\nwindow_hours = 720')
    with transaction() as connection:
        save_version(connection, longer)
    clock.move_to(ENDED + 8 * DAY)
    widget = text_of(english.get("/widgets/plan/B1"))
    assert '<option value="long-winter">long-winter</option>' in widget
    assert '<option value="winter-tea">' not in widget


def test_a_preview_counts_who_is_new_and_the_others_stay(english: Any, planned: Any, shop: Shop) -> None:
    page = text_of(english.post("/follow-up/preview/B1", {"campaign": "winter-tea"}))
    assert "New people: 0, new messages: 0. The 10 decided before stay as they are." in page
    assert "<dd>" not in page
    late = ENDED - HOUR
    shop.introduce("u77", name="林77", email="lin77@example.com", consents={"email": True})
    shop.tell("live_entered", late, "u77", broadcast_id="B1")
    shop.tell("live_left", late + 1, "u77", broadcast_id="B1", watch_seconds=120)
    shop.put()
    page = text_of(english.post("/follow-up/preview/B1", {"campaign": "winter-tea"}))
    assert "New people: 1," in page
    assert re.search(r"Previewed with “winter-tea”: people written to \d, messages \d", page)


def test_a_plan_says_by_which_version_and_when_it_was_decided(browser: Any, planned: Any, clock: FrozenClock) -> None:
    assert "按第 1 版决策<" in text_of(browser.get("/widgets/plan/B1"))
    clock.move_to(clock.at_us + 2 * HOUR)
    changed = CAMPAIGN.replace("holdout = 0.5", "holdout = 0.2").replace("offers_minor = 500000", "offers_minor = 7")
    changed += "\n[intents.high]\nclicks = 9\n"
    with transaction() as connection:
        save_version(connection, changed)
    page = text_of(browser.get("/widgets/plan/B1"))
    assert "按第 1 版决策（现为第 2 版）" in page
    assert re.search(r'决策于 <time datetime="2026-11-20T\d\d:\d\d:00', page)
    assert "预算 ¥5,000.00" in page  # of the version that decided
    assert "9 次" not in text_of(browser.get("/widgets/non-buyers/B1"))


def test_names_of_timings_and_offers_are_said_in_words(browser: Any, planned: Any, tmp_path: Path) -> None:
    page = text_of(browser.get("/widgets/plan/B1"))
    assert '<th scope="row" title="next_day">下播后 24 小时</th>' in page
    assert ">无优惠<" in page


def test_a_start_is_seen_before_it_counts(english: Any, shop: Shop, saved: str) -> None:
    """Who, when, what it costs and what stops it; without a mail server nothing is started."""
    page = text_of(english.get(f"/follow-up/start/B1?campaign={saved}"))
    for said in ("Expected control group", "Readiness check", "No mail server is set", "Stops the start", "By hour"):
        assert said in page
    answer = english.post("/follow-up/start/B1", {"campaign": saved, "confirmed": "sending"}, follow=True)
    assert "It cannot be started: No mail server is set" in text_of(answer)
    assert plans.plan_of("B1", saved) is None


def test_cancelling_asks_and_says_who_did_it(english: Any, planned: Any) -> None:
    assert f"{planned.queued} queued message" in text_of(english.get("/follow-up/cancel/B1"))
    answer = text_of(english.post("/follow-up/cancel/B1", {"campaign": "winter-tea"}, follow=True))
    assert f"Cancelled: {planned.queued} queued message" in answer
    sending = text_of(english.get("/widgets/sending/B1"))
    assert "cancelled by an operator" in sending
    assert re.search(rf"lin cancelled {planned.queued} queued messages?", sending)


def test_what_keeps_messages_from_going_stands_on_every_page_until_it_is_gone(english: Any, planned: Any) -> None:
    for path in ("/", "/customers", "/messages", "/broadcasts/B1"):
        assert "HUITOU_SMTP_URL is not set" in text_of(english.get(path))
    english.post("/follow-up/cancel/B1", {"campaign": "winter-tea"})
    assert "HUITOU_SMTP_URL is not set" not in text_of(english.get("/"))
