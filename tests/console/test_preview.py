"""Reading a campaign's messages before anything goes, and sending one to oneself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from huitou.admin.rates import TEST_MAILS
from huitou.customers.profile import find_customer
from huitou.kit.clock import HOUR, FrozenClock
from huitou.kit.settings import settings, use_settings
from huitou.proving.sink import read_index, running_sink
from huitou.stores.ledger import transaction

from .conftest import CAMPAIGN, Shop, text_of

PAGE = "/campaigns/winter-tea/preview"


@pytest.fixture
def campaign(shop: Shop) -> str:
    from huitou.campaigns.versions import save_version

    with transaction() as connection:
        return save_version(connection, CAMPAIGN).name


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Path]:
    with running_sink(tmp_path / "sink") as url:
        previous = use_settings(replace(settings(), smtp_url=url))
        yield tmp_path / "sink"
        use_settings(previous) if previous else None


def body_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_chosen_customers_mail_is_shown_before_any_plan(english: Any, campaign: str) -> None:
    customer = find_customer("lin3@example.com")
    page = text_of(english.get(f"{PAGE}?customer={customer}"))
    assert "里你看过的茶" in page
    assert "no message of theirs is queued" in page
    assert "they put it into the cart" in page
    frame = english.get(f"{PAGE}/body?customer={customer}")
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert "还给你留着" in body_of(frame)
    assert not re.search(r'href="https?:', body_of(frame))


def test_an_example_of_each_kind_can_be_looked_at(english: Any, campaign: str) -> None:
    for kind in ("looked", "watched", "best_seller", "no_name", "en"):
        assert english.get(f"{PAGE}?kind={kind}").status_code == 200


def test_a_customer_is_searched_for_without_standing_in_an_address(english: Any, campaign: str) -> None:
    answer = english.post(PAGE, {"who": "lin3@example.com", "stage": "value"})
    assert answer.headers["Location"] == f"{PAGE}?stage=value&customer={find_customer('lin3@example.com')}"
    assert "Nobody was found" in text_of(english.post(PAGE, {"who": "nobody@example.com"}, follow=True))


def test_a_draft_is_looked_at_and_not_saved(english: Any, campaign: str) -> None:
    draft = CAMPAIGN.replace("里你看过的茶", "里的新茶")
    answer = english.post(f"{PAGE}/draft", {"body": draft}, follow=True)
    assert "里的新茶" in text_of(answer)
    assert "not saved yet" in text_of(answer)
    assert "里的新茶" in text_of(english.get("/campaigns/winter-tea?draft=1"))
    with transaction() as connection:
        assert connection.execute("SELECT count(*) FROM campaign").fetchone() == (1,)


def test_a_draft_with_a_mistake_says_which(english: Any, campaign: str) -> None:
    wrong = CAMPAIGN.replace("{{ customer.name }}", "{{ custmer.name }}")
    answer = english.post(f"{PAGE}/draft", {"body": wrong})
    assert answer.status_code == 422
    assert "did you mean customer.name?" in text_of(answer)


def test_a_test_mail_goes_to_the_address_typed_and_is_counted_nowhere(english: Any, campaign: str, sink: Path) -> None:
    customer = find_customer("lin3@example.com")
    told = {"to": "me@example.com", "customer": customer}
    page = text_of(english.post(f"{PAGE}/send", told, follow=True))
    assert "The mail server took the mail for me@example.com" in page
    assert 'value="me@example.com"' in page
    assert [kept.recipient for kept in read_index(sink)] == ["me@example.com"]
    with transaction() as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (0,)


def test_test_mails_are_few_an_hour(english: Any, campaign: str, clock: FrozenClock, sink: Path) -> None:
    for _ in range(TEST_MAILS.most):
        assert TEST_MAILS.take("lin") == 0
    told = {"to": "me@example.com"}
    enough = "Enough test mails for now. Try again in 60 min."
    assert enough in text_of(english.post(f"{PAGE}/send", told, follow=True))
    assert enough in text_of(english.post("/settings/sending/test", told))
    assert enough in text_of(english.post("/welcome/sending", {**told, "then": "test"}))
    assert read_index(sink) == []
    clock.move_to(clock.now_us() + HOUR)
    assert "The mail server took" in text_of(english.post(f"{PAGE}/send", told, follow=True))


def test_without_a_mail_server_that_is_said(english: Any, campaign: str) -> None:
    previous = use_settings(replace(settings(), smtp_url=None))
    try:
        assert "no mail server is set" in text_of(english.post(f"{PAGE}/send", {"to": "me@example.com"}, follow=True))
    finally:
        use_settings(previous) if previous else None
