"""What a policy is: an opinion about every arm for every person. Reach, chance and limits are not its affair.

A policy is one file of this folder, found by its name, with `open_policy(version, campaign, model)`; one that learns has
`learn(log)` too. To make another, copy one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.campaigns.definition import INTENTS, Campaign
from huitou.decisions.arms import Arms
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.learning import Model
from huitou.decisions.people import People
from huitou.decisions.products import ProductChoice

Floats = NDArray[np.float64]

REASONS = ["high_intent", "considering", "drifting"]
assert len(REASONS) == len(INTENTS)


@dataclass(frozen=True)
class Estimate:
    """(r, arms) each, for r people: `value` is the expected profit against doing nothing, `offer_cost` what the offer
    is expected to cost, both minor units; `message_cost` in micro-minor units."""

    value: Floats
    offer_cost: Floats
    message_cost: Ints


class Policy(ABC):
    """What it estimates is what budgets are kept by, what is logged as expected, and what the plan is counted by."""

    name: str
    version: str

    @abstractmethod
    def estimate(self, arms: Arms, people: People, products: ProductChoice, rows: slice) -> Estimate:
        """Of every arm for the people of these rows, also of arms they cannot get."""

    def rank(self, arms: Arms, people: People, rows: slice, feasible: Bools, expected: Estimate) -> Floats:
        """(r, arms) what the policy chooses by, -inf for what is not to be chosen; within the budgets the most in sum is
        chosen, and what is 0 or less loses to doing nothing."""
        return np.where(feasible, expected.value, -np.inf)

    def explored_share(self, campaign: Campaign, evidence: Model | None) -> float:
        """The share of the reachable whose arm is drawn at random, at most what the campaign allows; `evidence` is what the
        policy learned from, None where it learned nothing."""
        return campaign.explore

    def reasons(self, people: People) -> tuple[Ints, list[str]]:
        """(n,) positions in the list of codes: why each person is written to, if they are."""
        return people.intent, REASONS
