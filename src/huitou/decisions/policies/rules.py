"""The rules an operator would write down: how keen somebody was says how often to remind them.

- High intent, considering, drifting: by what the person did in the room, thresholds in the campaign file.
- As many reminders as the operator's table gives that intent, as far apart as it says; among timings of equally many
  steps, the one that the prior expects most of. That is never half an hour after the show unless nothing else is left.
- The channel by what it costs and brings, the offer where it pays for itself (so not for those who buy anyway).
- Nothing where the prior expects no profit of anything.
"""

from __future__ import annotations

import numpy as np

from huitou.campaigns.definition import Campaign
from huitou.decisions.arms import Arms
from huitou.decisions.columns import Bools
from huitou.decisions.learning import Model
from huitou.decisions.people import People
from huitou.decisions.policies import prior
from huitou.decisions.policies.base import Estimate, Floats, Policy
from huitou.decisions.products import ProductChoice


class Rules(Policy):
    name = "rules"
    version = "1"

    def estimate(self, arms: Arms, people: People, products: ProductChoice, rows: slice) -> Estimate:
        return prior.estimate(arms, people, products, rows)

    def rank(self, arms: Arms, people: People, rows: slice, feasible: Bools, expected: Estimate) -> Floats:
        """The expected value, but fewer reminders than the table allows only where more of them do not pay."""
        value = np.where(feasible, expected.value, -np.inf)
        steps = np.stack([arms.schedule(arm).kept(arms.parts(arm)[2])[rows].sum(axis=1) for arm in range(len(arms))], 1)
        pays = value > 0
        most = np.where(pays, steps, 0).max(axis=1, keepdims=True, initial=0)
        return np.where((steps == most) & pays, value, -np.inf)


def open_policy(campaign: Campaign, model: Model | None) -> Rules:
    return Rules()
