"""What a policy is: an opinion about every arm for every person. Budgets, chance and guards are not its affair."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from huitou.campaigns.definition import Campaign
from huitou.decisions.arms import Arms
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.people import People
from huitou.decisions.policies.prior import Estimate

Floats = NDArray[np.float64]


class Policy(Protocol):
    """`rank` gives (r, arms) what each arm is worth for each person, minor units, -inf for what is not to be chosen;
    the budgets then choose the most worth for the money. An arm of worth 0 or less loses to doing nothing."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def explored_share(self, campaign: Campaign) -> float:
        """The share of the reachable whose plan is drawn at random."""
        ...

    def rank(self, arms: Arms, people: People, rows: slice, feasible: Bools, prior: Estimate) -> Floats: ...

    def reasons(self, people: People) -> tuple[Ints, list[str]]:
        """(n,) positions in the list of codes: why each person is written to, if they are."""
        ...
