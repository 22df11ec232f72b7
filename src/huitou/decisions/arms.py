"""Everything that could be done for everybody: the arms (timing x channel x offer) and who could get which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from huitou.campaigns.channel_facts import Minutes
from huitou.campaigns.definition import Campaign, Channel, Timing
from huitou.campaigns.quiet import union_of
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.people import People
from huitou.decisions.schedule import Schedule, allowed_steps, lay_out
from huitou.rewards.offers import Offer


@dataclass(frozen=True)
class Arms:
    """The arms, numbered timing-major, and the schedules they follow.

    `reach` (n, channels): the person may be written to there. `open_arms` (intents, arms): the operator's table lets
    people of that intent have the arm, and its offer is not given out.
    """

    campaign: Campaign
    ended_at: int
    decided_at: int
    timing: Ints
    channel: Ints
    offer: Ints
    schedules: dict[tuple[int, tuple[Minutes, ...]], Schedule]
    reach: Bools
    open_arms: Bools

    def __len__(self) -> int:
        return len(self.timing)

    def parts(self, arm: int) -> tuple[Timing, Channel, Offer]:
        campaign = self.campaign
        return (
            campaign.timings[self.timing[arm]],
            campaign.channels[self.channel[arm]],
            campaign.offers[self.offer[arm]],
        )

    def schedule(self, arm: int) -> Schedule:
        channel = self.campaign.channels[self.channel[arm]]
        return self.schedules[int(self.timing[arm]), union_of(self.campaign.windows(channel.name))]

    def feasible(self, people: People, rows: slice) -> Bools:
        """(r, arms) which arms these people can get: reachable, allowed, and at least one step goes."""
        result = np.empty((len(people.intent[rows]), len(self)), dtype=np.bool_)
        for arm in range(len(self)):
            kept = self.schedule(arm).kept(self.parts(arm)[2])[rows].any(axis=1)
            result[:, arm] = kept & self.reach[rows, self.channel[arm]]
        return result & self.open_arms[people.intent[rows]]


def list_arms(
    campaign: Campaign, people: People, reach: Bools, stock_left: dict[str, int], ended_at: int, decided_at: int
) -> Arms:
    """`stock_left` has the offers that are limited, and how many may still be given."""
    timing, channel, offer = (
        part.ravel()
        for part in np.meshgrid(
            np.arange(len(campaign.timings)),
            np.arange(len(campaign.channels)),
            np.arange(len(campaign.offers)),
            indexing="ij",
        )
    )
    schedules = {
        (index, windows): lay_out(campaign.timings[index], windows, people, campaign, ended_at, decided_at)
        for index in range(len(campaign.timings))
        for windows in _distinct_windows(campaign)
    }
    given_out = np.array([stock_left.get(one.name, 1) <= 0 for one in campaign.offers], dtype=np.bool_)
    open_arms = _open_arms(campaign, timing, offer) & ~given_out[offer]
    return Arms(campaign, ended_at, decided_at, timing, channel, offer, schedules, reach, open_arms)


def _distinct_windows(campaign: Campaign) -> Iterator[tuple[Minutes, ...]]:
    yield from dict.fromkeys(union_of(campaign.windows(channel.name)) for channel in campaign.channels)


def _open_arms(campaign: Campaign, timing: Ints, offer: Ints) -> Bools:
    """(intents, arms) by the operator's table: timings that fit whole where there are any, else cut to its measure."""
    rules = campaign.intents.rules()
    fits = np.array([allowed_steps(one, rules).all(axis=1) for one in campaign.timings]).T
    named = np.array([[not rule.timings or one.name in rule.timings for one in campaign.timings] for rule in rules])
    whole = fits & named
    timings = np.where(whole.any(axis=1, keepdims=True), whole, named)
    offers = np.array([[not rule.offers or one.name in rule.offers for one in campaign.offers] for rule in rules])
    writes = np.array([rule.reminders > 0 for rule in rules])
    result: Bools = timings[:, timing] & offers[:, offer] & writes[:, None]
    return result
