"""A broadcast is put right on its page: who set what, what is asked before, and how it is taken back."""

from __future__ import annotations

from typing import Any

from huitou.kit.clock import HOUR, FrozenClock

from .conftest import ENDED, STARTED, Shop, evening, text_of


def post(browser: Any, broadcast: str, **fields: str) -> Any:
    return browser.post(f"/edit/broadcasts/{broadcast}", fields, follow=True)


def test_a_title_is_changed_and_the_change_taken_back(shop: Shop, english: Any, clock: FrozenClock) -> None:
    page = text_of(post(english, "B1", act="rename", title="周五茶会"))
    assert "<h1>周五茶会</h1>" in page
    assert "1 change</a>" in page
    form = text_of(english.get("/edit/broadcasts/B1"))
    assert "B1: title “周五茶会”" in form
    change = form.split('name="change" value="')[1].split('"')[0]
    assert "<h1>冬茶专场</h1>" in text_of(post(english, "B1", act="undo", change=change))


def test_the_page_says_which_time_is_which_and_who_told_it(shop: Shop, english: Any, clock: FrozenClock) -> None:
    page = text_of(english.get("/broadcasts/B1"))
    assert "2026-11-20 17:00" in page.split("Start time ")[1][:120]
    assert "2026-11-20 19:00" in page.split("End time ")[1][:120]
    assert "inferred" not in page
    post(english, "B1", act="time", started_at="2026-11-20T16:30", ended_at="2026-11-20T19:00")
    form = text_of(english.get("/edit/broadcasts/B1"))
    assert "set by lin, " in form
    assert "told by: " in form  # the end, which was left as it was
    assert "16:30" in text_of(english.get("/"))
    assert "17:00" in text_of(post(english, "B1", act="time_as_told"))


def test_a_time_that_is_only_inferred_is_marked_where_one_looks(shop: Shop, english: Any, clock: FrozenClock) -> None:
    shop.tell("live_liked", STARTED - 20 * HOUR, "u1", broadcast_id="B0", room_id="R5")
    shop.tell("live_liked", STARTED - 19 * HOUR, "u2", broadcast_id="B0", room_id="R5")
    shop.put()
    assert 'href="/edit/broadcasts/B0#times"' in text_of(english.get("/"))
    assert "inferred</a>" in text_of(english.get("/broadcasts/B0"))
    assert "inferred: the last sign" in text_of(english.get("/edit/broadcasts/B0"))
    post(english, "B0", act="time", started_at="2026-11-19T21:00", ended_at="2026-11-19T22:00")
    assert "inferred" not in text_of(english.get("/broadcasts/B0"))


def test_what_cannot_be_is_said_with_what_was_typed(shop: Shop, english: Any, clock: FrozenClock) -> None:
    refused = post(english, "B1", act="time", started_at="2026-11-20T19:30", ended_at="2026-11-20T19:00")
    assert refused.status_code == 422
    assert "must come after the start" in text_of(refused)
    assert 'value="2026-11-20T19:30"' in text_of(refused)
    for fields in ({"act": "time", "started_at": "noon"}, {"act": "nonsense"}, {}, {"act": "undo", "change": "x"}):
        assert post(english, "B1", **fields).status_code in (404, 422)
    asked = text_of(post(english, "B1", act="time", started_at="2026-11-18T19:00", ended_at="2026-11-20T19:00"))
    assert "more than 24" in asked
    assert 'name="confirmed"' in asked


def test_deleting_asks_first_cancels_what_is_queued_and_can_be_taken_back(
    planned: Any, english: Any, clock: FrozenClock
) -> None:
    asked = text_of(post(english, "B1", act="delete"))
    assert f"{planned.queued} message" in asked
    assert "冬茶专场" in text_of(english.get("/"))
    done = text_of(post(english, "B1", act="delete", confirmed="1"))
    assert f"{planned.queued} queued messages were cancelled" in done
    assert "冬茶专场" not in text_of(english.get("/"))
    assert "冬茶专场" in text_of(english.get("/?deleted=1"))
    assert "was deleted" in text_of(english.get("/broadcasts/B1", follow=True))
    assert "<h1>冬茶专场</h1>" in text_of(post(english, "B1", act="restore"))


def test_a_changed_time_asks_what_becomes_of_queued_messages(planned: Any, english: Any, clock: FrozenClock) -> None:
    times = {"act": "time", "started_at": "2026-11-20T17:00", "ended_at": "2026-11-20T18:50"}
    assert 'name="queued" value="keep"' in text_of(post(english, "B1", **times))
    assert (
        post(english, "B1", **times, confirmed="1").status_code == 422
    )  # confirmed, but not said what becomes of them
    kept = text_of(post(english, "B1", **times, confirmed="1", queued="keep"))
    assert "cancelled" not in kept.split('role="status"')[1][:200]


def test_a_twin_is_offered_first_and_merged(shop: Shop, english: Any, clock: FrozenClock) -> None:
    evening(shop, "B0", "秋茶", started=STARTED - 48 * HOUR, people=3)
    shop.tell("live_liked", STARTED + HOUR, "u77", broadcast_id="W9", room_id="R9")
    shop.tell("live_liked", ENDED - HOUR // 2, "u78", broadcast_id="W9", room_id="R9")
    shop.put()
    form = text_of(english.get("/edit/broadcasts/W9"))
    likely = form.split("Probably the same show")[1].split("</optgroup>")[0]
    assert 'value="B1"' in likely
    assert 'value="B0"' not in likely
    page = text_of(post(english, "W9", act="merge", other="B1", confirmed="1"))
    assert "<h1>冬茶专场</h1>" in page
    assert english.get("/broadcasts/W9").headers["Location"] == "/broadcasts/B1"
    assert "merged into B1" in text_of(english.get("/edit/broadcasts/W9"))
    assert ">14<" in page.split("Viewers")[1][:120]


def test_the_list_is_searched_by_title_and_id(shop: Shop, english: Any, clock: FrozenClock) -> None:
    evening(shop, "B0", "秋茶", started=STARTED - 48 * HOUR, people=3)
    shop.put()
    assert "秋茶" not in text_of(english.get("/?q=冬茶"))
    assert "秋茶" in text_of(english.get("/?q=b0"))
    assert "No broadcast's title or id holds" in text_of(english.get("/?q=咖啡")).replace("&#x27;", "'")
