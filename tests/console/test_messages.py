"""Messages as people received them: the mail in its frame, harmless; addresses masked; receipts and links told."""

from __future__ import annotations

import re
from typing import Any

import pytest

from huitou.console.reads.messages import list_messages, without_links
from huitou.delivery.brand import Brand
from huitou.delivery.channels.base import Outgoing
from huitou.delivery.compose import keep_bodies
from huitou.delivery.links import Link
from huitou.delivery.render import Rendered
from huitou.stores.ledger import transaction

from .conftest import ENDED, text_of

MAIL = """<html><head><link href="https://fonts.example.com/x.css" rel="stylesheet"><style>@import url(https://x.example/a.css);
p{color:red}</style></head><body><p>林3</p><a href="https://t.example.com/t/abc">看看</a><script>alert(1)</script></body></html>"""


@pytest.fixture
def message(planned: Any) -> str:
    """A message that was rendered and handed over."""
    number = str(list_messages(number=1).rows[0]["id"])
    mail = Outgoing(
        message=number,
        address="lin3@example.com",
        campaign="winter-tea",
        occurrence="B1",
        rendered=Rendered(
            "你看过的茶", MAIL, "林3,茶还在", (Link("abc", number, "https://tea.example.com/p/P1", "P1"),)
        ),
        unsubscribe_url="https://t.example.com/u/secret",
        brand=Brand("茶铺", "#b4412f", "#e08a7a", "#ffffff", "", ""),
        sent_at=ENDED,
    )
    with transaction() as connection:
        keep_bodies(connection, [mail])
        connection.execute(
            "UPDATE message SET state = 'clicked', address = 'lin3@example.com', final_at = send_at,"
            " submitted_at = send_at WHERE id = %s",
            (number,),
        )
        connection.execute(
            "INSERT INTO receipt (message, kind, detail, occurred_at) VALUES (%s, 'clicked', 'abc', 1)", (number,)
        )
    return number


def test_a_message_is_shown_with_what_became_of_it(english: Any, message: str) -> None:
    page = text_of(english.get(f"/messages/{message}"))
    for told in (
        "你看过的茶",
        "l***@example.com",
        "Clicked a link",
        "普洱茶饼",
        "https://tea.example.com/p/P1",
        "林3,茶还在",
    ):
        assert told in page
    assert "lin3@example.com" not in page
    assert "/u/secret" not in page
    assert 'sandbox src="' in page


def test_the_mail_stands_in_a_frame_that_can_do_nothing(english: Any, message: str) -> None:
    answer = english.get(f"/messages/{message}/body")
    html = text_of(answer)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "sandbox" in policy
    assert "script" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    for gone in ("t.example.com", "fonts.example.com", "@import"):
        assert gone not in html
    assert 'href="#"' in html


def test_links_are_taken_out_however_they_are_written() -> None:
    for written in (
        '<a href="https://x/t/1">',
        "<a href='https://x/t/1'>",
        "<a HREF=https://x/t/1>",
        "<a\nhref = 'https://x/t/1' >",
    ):
        assert "https://x" not in without_links(written)


def test_list_is_filtered_by_state(english: Any, message: str, planned: Any) -> None:
    def rows(query: str) -> int:
        return text_of(english.get(f"/messages{query}")).count('<a class="row-link"')

    assert rows("") == planned.queued
    assert rows("?group=answered") == 1
    assert rows("?group=waiting&broadcast=B1") == planned.queued - 1
    assert rows("?group=in_doubt") == 0
    assert rows("?broadcast=B9") == 0
    page = text_of(english.get("/messages?group=sent"))
    assert rows("?group=sent") == 1
    assert '<td data-label="Subject">你看过的茶</td>' in page
    nothing = text_of(english.get("/messages?group=failed"))
    assert "No message matches these filters" in nothing
    assert "Messages appear when" not in nothing


def test_times_are_also_told_by_the_customers_own_clock(english: Any, message: str) -> None:
    with transaction() as connection:
        connection.execute(
            "UPDATE message SET context = jsonb_set(context::jsonb, '{timezone}', '\"Europe/London\"') WHERE id = %s",
            (message,),
        )
    page = text_of(english.get(f"/messages/{message}"))
    assert re.search(r"</time> <small>there \d\d-\d\d \d\d:\d\d</small>", page)
    assert "Europe/London" in page


def test_what_is_in_doubt_is_shown_as_such(english: Any, message: str) -> None:
    with transaction() as connection:
        connection.execute("UPDATE message SET state = 'in_doubt' WHERE id = %s", (message,))
    assert "it is never sent again" in text_of(english.get(f"/messages/{message}"))
    assert "1 message may or may not have gone out" in text_of(english.get("/widgets/sending/B1"))
    assert "1 in doubt" in text_of(english.get("/"))
