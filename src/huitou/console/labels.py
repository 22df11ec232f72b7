"""What a campaign's own names for its timings and offers mean: 'two_reminders' is '24, 72 h after the end'."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from huitou.campaigns.definition import Timing
from huitou.campaigns.reading import default_campaign, read_campaign
from huitou.console.page import speaks
from huitou.console.reads.campaigns import versions_of
from huitou.kit.errors import NotFound, Refused
from huitou.rewards.offers import Offer


@dataclass(frozen=True)
class Labels:
    """What a campaign's own names for its timings and offers mean, in the reader's language."""

    timings: dict[str, str]
    offers: dict[str, str]


def labels_of(name: str) -> Labels:
    """Of all its versions: a name that the newest does not know any more stands in an older one."""
    labels = Labels({}, {"none": _("no offer")})
    try:
        versions = versions_of(name)
    except NotFound:
        return labels
    for saved in versions:
        try:
            campaign = read_campaign(saved.body, strict=False)
        except Refused:  # written for an older house
            continue
        for timing in campaign.timings:
            labels.timings.setdefault(timing.name, when(timing))
        for offer in campaign.offers:
            labels.offers.setdefault(offer.name, offer_text(offer, campaign.currency))
    return labels


def campaign_title(name: str) -> str:
    return pgettext("campaign", "Follow-up") if name == default_campaign().name else name


def when(timing: Timing) -> str:
    """'24, 72 h after the end'."""
    if timing.active:
        times = len(timing.active)
        return ngettext(
            "at the customer's own active hour, %(times)d time",
            "at the customer's own active hour, %(times)d times",
            times,
        ) % {"times": times}
    hours = ("、" if speaks() == "zh" else ", ").join(f"{hour:g}" for hour in timing.hours)
    if timing.start == "left":
        return _("%(hours)s h after the person left") % {"hours": hours}
    return _("%(hours)s h after the end") % {"hours": hours}


def offer_text(offer: Offer, currency: str) -> str:
    return _("no offer") if offer.is_none else offer.text(speaks(), currency)
