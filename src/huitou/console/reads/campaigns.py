"""Campaigns as the pages need them: which one speaks for a broadcast, its versions, how it is written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from huitou.campaigns.definition import Campaign
from huitou.campaigns.reading import default_campaign, default_text, read_campaign
from huitou.campaigns.versions import list_campaigns, load_campaign
from huitou.console.reads import ledger
from huitou.kit.errors import NotFound
from huitou.stores.ledger import transaction


@dataclass(frozen=True)
class Version:
    """One saved file of a campaign; the newest is in force."""

    version: int
    state: str
    automatic: bool
    created_at: int
    created_by: str
    body: str


@dataclass(frozen=True)
class ListedCampaign:
    name: str
    version: int
    state: str
    automatic: bool


def all_campaigns() -> list[ListedCampaign]:
    with transaction() as connection:
        return [ListedCampaign(*row) for row in list_campaigns(connection)]


def campaign_named(name: str | None) -> Campaign:
    """The newest version of that name; the shipped campaign where none is named or it was never saved."""
    if not name:
        name = next((one.name for one in all_campaigns() if one.state == "active"), default_campaign().name)
    try:
        with transaction() as connection:
            return load_campaign(connection, name)
    except NotFound:
        return default_campaign() if name == default_campaign().name else replace(default_campaign(), name=name)


def version_named(campaign: Campaign, version: int) -> Campaign:
    """Another version of the same campaign, in the state the campaign is in now."""
    with transaction() as connection:
        return replace(load_campaign(connection, campaign.name, version), state=campaign.state)


def version_at(name: str, at: int) -> int:
    """The version that was in force then; the first one where it was saved later, 0 where none was saved."""
    saved = ledger.rows("campaign_versions", name=name)
    return next((row["version"] for row in saved if row["created_at"] <= at), saved[-1]["version"] if saved else 0)


def versions_of(name: str) -> list[Version]:
    """The newest first; the shipped file as version 0 where it was never saved. NotFound for any other name."""
    found = [Version(**row) for row in ledger.rows("campaign_versions", name=name)]
    if found:
        return found
    shipped = default_campaign()
    if name != shipped.name:
        raise NotFound({"zh": f"没有触达活动 {name}。", "en": f"there is no campaign {name}"})
    return [Version(0, "draft", shipped.automatic, 0, "", default_text())]


def parse(text: str) -> Campaign:
    return read_campaign(text)
