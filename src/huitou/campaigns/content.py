"""Which words a customer gets: their language, and the stage that the message falls into."""

from __future__ import annotations

from huitou.campaigns.definition import Campaign, Words
from huitou.kit.text import language_of


def choose_words(campaign: Campaign, channel: str, language: str | None, stage: str) -> Words:
    """The templates for this channel. A language the campaign lacks falls back to the campaign's own, then to any."""
    contents = campaign.content[channel]
    chosen = choose_language(campaign, channel, language)
    content = contents[chosen]
    return content.stages.get(stage, content.words)


def choose_language(campaign: Campaign, channel: str, language: str | None) -> str:
    contents = campaign.content[channel]
    wanted = (language or campaign.language, language_of(language or campaign.language), language_of(campaign.language))
    return next((name for name in wanted if name in contents), next(iter(contents)))
