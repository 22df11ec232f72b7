"""Everybody's plan drawn at random: the log that anything learned later learns from, and a line to compare with."""

from __future__ import annotations

import numpy as np

from huitou.campaigns.definition import Campaign
from huitou.decisions.arms import Arms
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.people import People
from huitou.decisions.policies.base import Floats
from huitou.decisions.policies.prior import Estimate


class Random:
    name = "random"
    version = "1"

    def explored_share(self, campaign: Campaign) -> float:
        return 1.0

    def rank(self, arms: Arms, people: People, rows: slice, feasible: Bools, prior: Estimate) -> Floats:
        return np.full(feasible.shape, -np.inf)

    def reasons(self, people: People) -> tuple[Ints, list[str]]:
        return np.zeros(len(people), dtype=np.int64), ["explored"]
