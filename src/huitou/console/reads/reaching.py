"""Who of a broadcast's watchers can be written to, counted once for each state of the data."""

from __future__ import annotations

from huitou.campaigns.definition import Campaign
from huitou.console.reads import memory
from huitou.decisions.reach import Reach, reach
from huitou.kit import clock


def reach_of(broadcast: str, campaign: Campaign) -> Reach:
    key = ("reach", broadcast, campaign.channels, clock.now_us() // clock.HOUR)
    return memory.keep(key, lambda: reach(broadcast, campaign))
