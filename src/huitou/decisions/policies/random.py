"""Everybody's arm drawn at random: the log that anything learned later learns from, and a line to compare with."""

from __future__ import annotations

import numpy as np

from huitou.campaigns.definition import Campaign
from huitou.decisions.arms import Arms
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.learning import Model
from huitou.decisions.people import People
from huitou.decisions.policies import prior
from huitou.decisions.policies.base import Estimate, Floats, Policy
from huitou.decisions.products import ProductChoice


class Random(Policy):
    name = "random"
    version = "1"

    def estimate(self, arms: Arms, people: People, products: ProductChoice, rows: slice) -> Estimate:
        return prior.estimate(arms, people, products, rows)

    def rank(self, arms: Arms, people: People, rows: slice, feasible: Bools, expected: Estimate) -> Floats:
        return np.full(feasible.shape, -np.inf)

    def explored_share(self, campaign: Campaign, evidence: Model | None) -> float:
        return 1.0

    def reasons(self, people: People) -> tuple[Ints, list[str]]:
        return np.zeros(len(people), dtype=np.int64), ["explored"]


def open_policy(campaign: Campaign, model: Model | None) -> Random:
    return Random()
