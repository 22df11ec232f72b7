"""What a campaign file may say, and how it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from huitou.campaigns.content import choose_language, choose_words
from huitou.campaigns.definition import Channel, Timing
from huitou.campaigns.keys import CampaignError
from huitou.campaigns.reading import default_campaign, read_campaign


def test_the_shared_example_loads_as_it_is(shared: Path) -> None:
    campaign = read_campaign((shared / "examples" / "follow-up.toml").read_text(encoding="utf-8"))
    assert (campaign.name, campaign.window_hours, campaign.holdout, campaign.explore) == ("follow-up", 168, 0.1, 0.1)
    assert (campaign.budget.offers_minor, campaign.budget.messages_minor) == (500_000, 100_000)
    assert campaign.caps == ((1, 1), (7, 3))
    assert campaign.quiet == ((22 * 60, 8 * 60),)
    assert [timing.name for timing in campaign.timings] == [
        "at_once", "next_day", "active_hour", "daily_3", "every_3_days",
    ]  # fmt: skip
    assert campaign.timings[2] == Timing("active_hour", active=(1,))
    assert campaign.channel("sms") == Channel("sms", 5_000_000, "phone", ((20 * 60, 8 * 60),))
    assert campaign.channel("push").cost_micro == 200_000
    ten = campaign.offer("ten")
    assert (ten.rate_ppm, ten.expires_hours, ten.stock) == (100_000, 72, 2000)
    assert campaign.offer("twenty").stock is None
    assert (
        choose_words(campaign, "email", "en", "value").subject == "{{ broadcast.title }}里你看过的 {{ product.name }}"
    )


def test_three_lines_are_a_campaign() -> None:
    campaign = read_campaign('name = "short"\nholdout = 0.2\nautomatic = true\n')
    shipped = default_campaign()
    assert (campaign.name, campaign.holdout, campaign.automatic) == ("short", 0.2, True)
    assert (campaign.timings, campaign.channels, campaign.offers) == (
        shipped.timings, shipped.channels, shipped.offers,
    )  # fmt: skip
    assert campaign.content["email"] == shipped.content["email"]


def test_an_empty_file_is_the_shipped_campaign_without_budget() -> None:
    assert read_campaign("").name == "follow-up"
    assert read_campaign("").budget.offers_minor is None


def test_the_table_of_reminders_can_be_changed_row_by_row() -> None:
    campaign = read_campaign('[intents.high]\nreminders = 5\nevery_hours = 12\ntimings = ["every_day"]\n')
    assert [rule.reminders for rule in campaign.intents.rules()] == [5, 2, 1]
    assert campaign.intents.high.timings == ("every_day",)
    assert campaign.intents.high_from == default_campaign().intents.high_from


def test_words_by_language_and_stage() -> None:
    campaign = default_campaign()
    assert choose_language(campaign, "email", "zh-Hans") == "zh"
    assert choose_language(campaign, "email", "en-GB") == "en"
    assert choose_language(campaign, "email", None) == "zh"
    urgency, value = (choose_words(campaign, "email", "en", stage) for stage in ("urgency", "value"))
    assert urgency.subject != value.subject
    assert [campaign.stage_at(hours) for hours in (0.5, 47.9, 48, 96)] == ["urgency", "urgency", "value", "value"]


def test_a_stage_keeps_what_it_does_not_say() -> None:
    campaign = read_campaign(
        '[content.email.zh]\nsubject = "s"\nbody = "b"\ntext = "t"\n'
        '[content.email.zh.stages.value]\nsubject = "later"\n'
    )
    words = campaign.content["email"]["zh"].stages["value"]
    assert (words.subject, words.body, words.text) == ("later", "b", "t")


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("holdut = 0.1", "holdut", "did you mean holdout?"),
        ("holdout = 1.5", "holdout", "1.5 must be a number from 0 to 0.9"),
        ("holdout = nan", "holdout", "nan must be a number from 0 to 0.9"),
        ("holdout = true", "holdout", "true must be a number"),
        ('policy = "lerned"', "policy", "did you mean learned?"),
        ('timezone = "Asia/Shangai"', "timezone", "must be a time zone"),
        ('[quiet]\nfrom = "25:00"', "quiet.from", "must be a time of day"),
        ('[quiet]\nfrom = "00:00"\nto = "23:59"\n[[channel]]\nname = "sms"\nquiet = [{from = "23:00", to = "01:00"}]',
         "quiet", "fill the whole day"),
        ("[caps]\nper_days = [[1, 0]]", "caps.per_days", "positive integers"),
        ('[[timing]]\nname = "a"\nhours = [3, 1]', "timing[1].hours", "rising list"),
        ('[[timing]]\nname = "a"\nhours = 1\n[[timing]]\nname = "a"\nhours = 2', "timing[2].name", "is there twice"),
        ('[[timing]]\nname = "a"', "timing[1]", "needs either hours or active"),
        ('[[timing]]\nname = "a"\nactive = 1.5', "timing[1].active", "whole numbers"),
        ('[[timing]]\nname = "a"\nhours = 1\nform = "left"', "timing[1].form", "did you mean from?"),
        ('[[channel]]\nname = "emial"', "channel[1].name", "did you mean email?"),
        ('[[channel]]\nname = "line"\naddress = "line_id"', "content.line", "has nothing to say"),
        ('[[offer]]\nname = "ten"\nkind = "discount"', "offer[1].rate", "is missing"),
        ('[[offer]]\nname = "x"\nkind = "spend_and_save"\nthreshold_minor = 5\noff_minor = 9', "offer[1].off_minor",
         "must not exceed"),
        ('[content.email.zh]\nbody = "{% if %}"', "content.email.zh.body", "the template is wrong"),
        ('[content.email.zh]\nsubject = "s"', "content.email.zh.body", "is missing"),
        ('[content.email.zh.stages.vaule]\nbody = "b"\n[content.email.zh]\nbody = "b"', "content.email.zh.stages.vaule",
         "did you mean value?"),
        ('[intents.hihg]\nreminders = 3', "intents.hihg", "did you mean high?"),
        ('[intents.high]\ntimings = ["every_dya"]', "intents.high.timings", "did you mean every_day?"),
        ('[links]\nhosts = ["https://x.com/"]', "links.hosts", "a host name alone"),
        ("name = ", "", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_by_key_and_reason(text: str, key: str, said: str) -> None:
    with pytest.raises(CampaignError) as caught:
        read_campaign(text)
    assert caught.value.key == key
    assert said in str(caught.value)
    assert caught.value.message["zh"].startswith("触达活动文件")


@pytest.mark.parametrize("said", ["follow_up", "未下单召回", "追播提醒", "追播"])
def test_a_follow_up_goes_by_its_words_too(said: str) -> None:
    assert read_campaign(f'name = "tea"\nkind = "{said}"').kind == "follow_up"
