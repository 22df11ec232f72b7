"""A campaign's message as one person will get it, worked out once while the data stay the same."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from huitou.campaigns.definition import Campaign
from huitou.console.reads import memory
from huitou.flows.preview import Preview, Wanted, preview_message
from huitou.kit import clock


def preview_of(campaign: Campaign, draft: str | None, wanted: Wanted) -> Preview:
    """`draft` is the text of a campaign that is not saved: its words, whatever version the messages were planned by."""
    if draft is not None:
        campaign = replace(campaign, version=0)
    text = hashlib.blake2b((draft or "").encode(), digest_size=8).hexdigest()
    key = ("preview", campaign.name, campaign.version, text, wanted, clock.now_us() // clock.MINUTE)
    return memory.keep(key, lambda: preview_message(campaign, wanted))
