"""Reading before sending: what is looked at is what goes, a test reaches oneself alone, and nothing counts it."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from pathlib import Path

import pytest

from huitou.campaigns.definition import Campaign
from huitou.campaigns.reading import read_campaign
from huitou.customers.profile import find_customer
from huitou.delivery.compose import read_body
from huitou.flows.follow_up import plan_follow_up, run_due
from huitou.flows.preview import KINDS, Wanted, last_broadcast, preview_message, try_on
from huitou.flows.refresh import catch_up
from huitou.kit.clock import DAY, FrozenClock
from huitou.kit.errors import NotFound, Refused
from huitou.kit.settings import settings, use_settings
from huitou.proving.sink import read_index
from huitou.stores.ledger import transaction

from .evening import ENDED
from .test_follow_up import campaign, shop  # noqa: F401 - fixtures

Shop = Path


def test_before_any_plan_a_chosen_customer_is_shown_what_they_would_get(shop: Shop, campaign: Campaign) -> None:  # noqa: F811
    catch_up()
    assert last_broadcast() == "B1"
    seen = preview_message(campaign, Wanted("B1", find_customer("u7@example.com")))
    assert (seen.source, seen.name, seen.product, seen.why, seen.offer) == (
        "as_if",
        "客人7",
        "普洱茶饼",
        "carted",
        "none",
    )
    assert seen.rendered
    assert seen.rendered.subject == "（广告）冬茶专场里你看过的 普洱茶饼"
    assert "客人7" in seen.preview_line
    assert preview_message(campaign, Wanted("B1", find_customer("u8@example.com"))).why == "clicked"
    with transaction() as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (0,)


def test_who_ordered_is_shown_nothing(shop: Shop, campaign: Campaign) -> None:  # noqa: F811
    catch_up()
    with pytest.raises(NotFound, match="none of those who watched"):
        preview_message(campaign, Wanted("B1", find_customer("u1@example.com")))


def test_a_queued_message_is_shown_exactly_as_it_goes(shop: Shop, campaign: Campaign, clock: FrozenClock) -> None:  # noqa: F811
    plan_follow_up("B1", campaign)
    with transaction() as connection:
        rows = connection.execute("SELECT id, customer FROM message ORDER BY id LIMIT 5").fetchall()
    seen = {message: preview_message(campaign, Wanted("B1", customer)) for message, customer in rows}
    clock.move_to(ENDED + DAY)
    run_due()
    with transaction() as connection:
        for message, one in seen.items():
            assert one.source == "queued"
            assert one.rendered
            body = read_body(connection, message)
            assert body["subject"] == one.rendered.subject
            assert body["html"].partition("<a href")[0] == one.rendered.html.partition("<a href")[0]


def test_links_of_a_preview_are_not_live(shop: Shop, campaign: Campaign) -> None:  # noqa: F811
    catch_up()
    seen = preview_message(campaign, Wanted("B1", find_customer("u7@example.com")))
    assert seen.rendered
    assert "/t/" not in seen.rendered.html + seen.rendered.text
    assert "/u/" not in seen.rendered.html + seen.rendered.text
    assert "https://shop.example.com/p/P1" in seen.rendered.html


def test_a_draft_is_looked_at_with_its_own_words(shop: Shop, campaign: Campaign) -> None:  # noqa: F811
    plan_follow_up("B1", campaign)
    with transaction() as connection:
        (customer,) = connection.execute("SELECT customer FROM message ORDER BY id LIMIT 1").fetchone() or ("",)
    draft = read_campaign('name = "tea"\n[content.email.zh]\nsubject = "新的"\nbody = "<p>{{ product.name }}</p>"\n')
    seen = preview_message(draft, Wanted("B1", customer))
    assert seen.rendered
    assert (seen.source, seen.rendered.subject) == ("queued", "（广告）新的")


def test_what_no_message_can_be_made_of_says_why(shop: Shop, campaign: Campaign) -> None:  # noqa: F811
    catch_up()
    draft = read_campaign('name = "tea"\n[content.email.zh]\nsubject = "茶"\nbody = "{{ sender.postal_address }}"\n')
    seen = preview_message(draft, Wanted("B1"))
    assert seen.rendered is None
    assert seen.problem
    assert "postal_address" in seen.problem["en"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stage", ["urgency", "value"])
def test_there_is_an_example_of_each_kind_even_in_an_empty_house(ledger: object, kind: str, stage: str) -> None:
    shipped = read_campaign(
        'name = "follow-up"\n[[offer]]\nname = "none"\n[[offer]]\nname = "five"\nkind = "no_threshold"\noff_minor = 500\n'
    )
    seen = preview_message(shipped, Wanted(kind=kind, stage=stage, offer="five"))
    assert (seen.source, seen.stage, seen.offer) == ("made_up", stage, "five")
    assert seen.language == ("en" if kind == "en" else "zh")
    assert bool(seen.name) == (kind != "no_name")
    assert seen.rendered
    assert ("立减¥5" in seen.rendered.html) or ("¥5 off" in seen.rendered.html)


def test_a_test_mail_reaches_oneself_alone_and_counts_nowhere(shop: Shop, campaign: Campaign) -> None:  # noqa: F811
    plan_follow_up("B1", campaign)
    with transaction() as connection:
        before = connection.execute("SELECT id, state FROM message ORDER BY id").fetchall()
        (customer,) = connection.execute("SELECT customer FROM message ORDER BY id LIMIT 1").fetchone() or ("",)
    seen = preview_message(campaign, Wanted("B1", customer))
    trial = try_on(campaign, seen, "me@example.com")
    assert (trial.ok, trial.code) == (True, "accepted")
    (kept,) = read_index(shop)
    assert kept.recipient == "me@example.com"
    mail = email.message_from_bytes(next((shop / "mails").iterdir()).read_bytes(), policy=email.policy.default)
    assert mail["Subject"] == f"【测试】 {seen.rendered.subject if seen.rendered else ''}"
    assert mail["List-Unsubscribe"] is None
    with transaction() as connection:
        assert connection.execute("SELECT id, state FROM message ORDER BY id").fetchall() == before


def test_without_a_mail_server_a_test_is_refused_in_words(shop: Shop, campaign: Campaign) -> None:  # noqa: F811
    catch_up()
    seen = preview_message(campaign, Wanted("B1"))
    previous = use_settings(replace(settings(), smtp_url=None))
    try:
        with pytest.raises(Refused, match="no mail server is set"):
            try_on(campaign, seen, "me@example.com")
    finally:
        use_settings(previous) if previous else None
