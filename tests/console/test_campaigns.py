"""Campaigns: read in words, changed as a file, refused with the key that is wrong, paused and resumed."""

from __future__ import annotations

from typing import Any

import pytest

from huitou.campaigns.versions import list_campaigns, load_campaign
from huitou.stores.ledger import transaction

from .conftest import CAMPAIGN, text_of


@pytest.fixture
def campaign(django: None) -> str:
    from huitou.campaigns.versions import save_version

    with transaction() as connection:
        return save_version(connection, CAMPAIGN).name


def listed() -> list[tuple[str, int, str, bool]]:
    with transaction() as connection:
        return list_campaigns(connection)


def test_the_file_is_said_in_words(english: Any, campaign: str) -> None:
    page = text_of(english.get("/campaigns/winter-tea"))
    for told in ("50%, left alone on purpose", "24 h after the end", "at most 3 in 7 days", "¥5,000.00"):
        assert told in page


def test_a_change_is_a_new_version_by_somebody(english: Any, campaign: str) -> None:
    changed = CAMPAIGN.replace("holdout = 0.5", "holdout = 0.2").replace("\n", "\r\n")  # as browsers send it
    answer = english.post("/campaigns/winter-tea", {"body": changed})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/campaigns/winter-tea")
    with transaction() as connection:
        saved = load_campaign(connection, "winter-tea")
    assert (saved.version, saved.holdout) == (2, 0.2)
    page = text_of(english.get("/campaigns/winter-tea"))
    assert "Saved as version 2" in page
    assert "+holdout = 0.2" in page
    assert ">lin<" in page


def test_saving_what_was_there_makes_no_version(english: Any, campaign: str) -> None:
    english.post("/campaigns/winter-tea", {"body": CAMPAIGN})
    assert listed() == [("winter-tea", 1, "active", False)]


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ("holdout = 2.0", "holdout"),
        ('[[timing]]\nname = "never"\nhours = [-3]', "timing[2].hours"),
        ("holdout = ", ""),
        ('name = "another"', "name"),
    ],
)
def test_what_is_wrong_is_named_and_what_was_typed_stays(english: Any, campaign: str, wrong: str, key: str) -> None:
    text = wrong if "name" in wrong and "timing" not in wrong else CAMPAIGN.replace("holdout = 0.5", "") + wrong
    if wrong.startswith("holdout"):
        text = CAMPAIGN.replace("holdout = 0.5", wrong)
    answer = english.post("/campaigns/winter-tea", {"body": text})
    page = text_of(answer)
    assert answer.status_code == 422
    assert f"<code>{key}" in page if key else 'role="alert"' in page
    assert 'aria-invalid="true"' in page
    assert listed() == [("winter-tea", 1, "active", False)]


def test_a_complaint_names_its_key_once(browser: Any, campaign: str) -> None:
    page = text_of(browser.post("/campaigns/winter-tea", {"body": CAMPAIGN.replace("holdout = 0.5", "holdout = 20")}))
    assert "<code>holdout</code> 写的是 20，应当" in page


def test_an_older_version_is_looked_at_and_taken_up_again(english: Any, campaign: str) -> None:
    english.post("/campaigns/winter-tea", {"body": CAMPAIGN.replace("holdout = 0.5", "holdout = 0.2")})
    page = text_of(english.get("/campaigns/winter-tea?version=1"))
    assert "This is version 1; version 2 is in force." in page
    assert "holdout = 0.5" in page
    english.post("/campaigns/winter-tea?version=1", {"body": CAMPAIGN})
    assert listed() == [("winter-tea", 3, "active", False)]


def test_the_file_says_whose_clock_and_what_a_message_costs(browser: Any, campaign: str) -> None:
    page = text_of(browser.get("/campaigns/winter-tea"))
    assert "按客户所在时区，未知时按 Asia/Shanghai" in page
    assert "每条 ¥0.001" in page
    assert "<dd>群发</dd>" in page
    assert "<dd>中文</dd>" in page


def test_pause_and_resume(english: Any, campaign: str) -> None:
    assert english.get("/pause/winter-tea").status_code == 405
    english.post("/pause/winter-tea")
    assert listed()[0][2] == "paused"
    english.post("/resume/winter-tea", {"broadcast": "B1"})
    assert listed()[0][2] == "active"
    assert english.post("/pause/unknown").status_code == 404
    assert english.post("/pause/winter-tea", {"broadcast": "no\nsuch"}).status_code == 302  # no address holds that
    english.post("/resume/winter-tea")
