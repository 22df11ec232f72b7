"""Lists as files: what spreadsheets open, without those to be left alone, contacts in full only on purpose."""

from __future__ import annotations

from typing import Any

from huitou.console.csv_file import csv_response
from huitou.customers.profile import find_customer
from huitou.kit import clock as house_clock

from .conftest import Shop, read_csv


def test_formulas_are_text_and_chinese_is_chinese() -> None:
    answer = csv_response("名单", ["名字"], ([cell] for cell in ("=1+1", "@SUM(1)", "+1-2", "小李", -5)))
    assert read_csv(answer) == [["名字"], ["'=1+1"], ["'@SUM(1)"], ["'+1-2"], ["小李"], ["-5"]]
    assert "filename*=UTF-8''%E5%90%8D%E5%8D%95.csv" in answer.headers["Content-Disposition"]


def test_long_lists_are_written_as_they_are_read() -> None:
    rows = ([n] for n in range(5_001))
    assert len(read_csv(csv_response("n", ["n"], rows))) == 5_002


def test_the_held_out_and_the_opted_out_are_left_out_unless_asked_for(english: Any, planned: Any, shop: Shop) -> None:
    shop.tell("unsubscribed", house_clock.now_us(), "u4", channel="email")
    shop.put()
    plain = read_csv(english.get("/files/people/B1"))
    asked = read_csv(english.get("/files/people/B1?held_out=1&opted_out=1"))
    assert {row[0] for row in plain[1:]} == {""}
    states = {row[1]: row[0] for row in asked[1:]}
    assert states[find_customer("lin4@example.com")] == "opted out: do not write"
    held_out = [who for who, state in states.items() if state == "control group: leave alone"]
    assert held_out
    assert not {row[1] for row in plain[1:]} & {*held_out, find_customer("lin4@example.com")}
    name = english.get("/files/people/B1?held_out=1").headers["Content-Disposition"]
    assert "with-control-group" in name
    assert "with-opted-out" not in name


def test_contacts_are_masked_unless_the_form_for_them_is_sent(english: Any, planned: Any) -> None:
    masked = read_csv(english.get("/files/customers?held_out=1&opted_out=1"))
    full = read_csv(english.post("/files/customers", {"held_out": "1", "opted_out": "1"}))
    at = masked[0].index("E-mail")
    assert {row[at] for row in masked[1:]} == {"l***@example.com"}
    assert "lin3@example.com" in {row[at] for row in full[1:]}


def test_filters_and_messages_go_out_as_they_are_seen(english: Any, planned: Any) -> None:
    every = read_csv(english.get("/files/messages"))
    assert len(every) > 1
    assert read_csv(english.get("/files/messages?group=failed"))[1:] == []
    assert len(read_csv(english.get("/files/people/B1?action=ordered"))) < len(
        read_csv(english.get("/files/people/B1?opted_out=1&held_out=1"))
    )
