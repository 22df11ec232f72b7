"""Everybody the same: one timing, one offer, the first channel they can be reached on. What most shops do today.

`policy = "blast"` takes the first timing of one message and the first offer that is not none; `blast:TIMING:OFFER`
names them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.campaigns.definition import Campaign
from huitou.decisions.arms import Arms
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.learning import Model
from huitou.decisions.people import People
from huitou.decisions.policies import prior
from huitou.decisions.policies.base import Estimate, Floats, Policy
from huitou.decisions.products import ProductChoice


@dataclass(frozen=True)
class Blast(Policy):
    timing: str
    offer: str
    name: str = "blast"
    version: str = "1"

    def estimate(self, arms: Arms, people: People, products: ProductChoice, rows: slice) -> Estimate:
        return prior.estimate(arms, people, products, rows)

    def explored_share(self, campaign: Campaign, evidence: Model | None) -> float:
        return 0.0

    def rank(self, arms: Arms, people: People, rows: slice, feasible: Bools, expected: Estimate) -> Floats:
        """1 for the first channel in the file's order that reaches the person, less for the next ones."""
        worth = np.full(feasible.shape, -np.inf)
        for arm in range(len(arms)):
            timing, _, offer = arms.parts(arm)
            if (timing.name, offer.name) == (self.timing, self.offer):
                worth[:, arm] = np.where(feasible[:, arm], 1.0 / (1.0 + arms.channel[arm]), -np.inf)
        return worth

    def reasons(self, people: People) -> tuple[Ints, list[str]]:
        return np.zeros(len(people), dtype=np.int64), ["blast"]


def open_policy(campaign: Campaign, model: Model | None) -> Blast:
    """ValueError names what the campaign does not have."""
    _, _, rest = campaign.policy.partition("@")[0].partition(":")
    timing, _, offer = rest.partition(":")
    single = [one.name for one in campaign.timings if one.steps == 1] or [campaign.timings[0].name]
    paid = [one.name for one in campaign.offers if not one.is_none] or [campaign.offers[0].name]
    for name, known in ((timing, [t.name for t in campaign.timings]), (offer, [o.name for o in campaign.offers])):
        if name and name not in known:
            raise ValueError(f"{name}: {', '.join(known)}")
    return Blast(timing or single[0], offer or paid[0])
