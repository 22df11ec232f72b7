"""Service is not marketing: what a campaign file of that purpose may say, and what it is without saying it."""

from __future__ import annotations

import pytest

from huitou.campaigns.keys import CampaignError
from huitou.campaigns.reading import read_campaign

SERVICE = 'name = "shipped"\npurpose = "service"\n'


def test_marketing_is_what_a_file_means_that_does_not_say() -> None:
    campaign = read_campaign('name = "spring-tea"')
    assert (campaign.purpose, campaign.holdout, campaign.explore, campaign.caps) == (
        "marketing", 0.10, 0.10, ((1, 1), (7, 3)),
    )  # fmt: skip
    assert campaign.quiet == ((22 * 60, 8 * 60),)


def test_service_goes_to_everybody_at_its_own_hours_and_is_no_advertising() -> None:
    campaign = read_campaign(SERVICE + '[[channel]]\nname = "sms"\n[channel.quiet]\nfrom = "12:00"\nto = "13:00"\n')
    assert (campaign.holdout, campaign.explore, campaign.caps) == (0, 0, ())
    assert [offer.kind for offer in campaign.offers] == ["none"]
    assert campaign.windows("sms") == ((23 * 60, 7 * 60), (12 * 60, 13 * 60))
    assert campaign.sender.mark == {"zh": ""}


def test_a_service_message_by_the_shipped_channels_keeps_no_hours_of_promotion() -> None:
    campaign = read_campaign(SERVICE)
    assert {channel.name: campaign.windows(channel.name) for channel in campaign.channels} == {
        channel.name: ((23 * 60, 7 * 60),) for channel in campaign.channels
    }


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('[[offer]]\nname = "ten"\nkind = "discount"\nrate = 0.1\n', "offer[1].kind"),
        ("holdout = 0.1\n", "holdout"),
        ("explore = 0.2\n", "explore"),
        ("[caps]\nper_days = [[1, 1]]\n", "caps"),
    ],
)
def test_what_only_marketing_has_is_refused(more: str, key: str) -> None:
    with pytest.raises(CampaignError) as error:
        read_campaign(SERVICE + more)
    assert error.value.key == key


def test_another_purpose_is_refused() -> None:
    with pytest.raises(CampaignError) as error:
        read_campaign('purpose = "servise"')
    assert "service" in error.value.message["en"]
