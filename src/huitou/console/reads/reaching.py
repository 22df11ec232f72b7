"""Who of a broadcast's watchers can be written to, counted once for each state of the data."""

from __future__ import annotations

from huitou.campaigns.definition import Campaign
from huitou.console.reads import memory
from huitou.decisions.reach import Reach, reach
from huitou.kit import clock


def reach_of(broadcast: str, campaign: Campaign) -> tuple[Reach, int]:
    """The reach, and when it was counted."""
    now = clock.now_us()
    key = ("reach", broadcast, campaign.channels, now // clock.HOUR)
    return memory.keep(key, lambda: (reach(broadcast, campaign, now), now))
