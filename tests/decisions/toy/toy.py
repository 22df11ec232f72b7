"""A policy made by copying a file: each channel and offer is worth what it brought on average, weighed by its chance."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa

from huitou.campaigns.definition import Campaign
from huitou.decisions.arms import Arms
from huitou.decisions.learning import Learned, Model
from huitou.decisions.people import People
from huitou.decisions.policies.base import Estimate, Policy
from huitou.decisions.products import ProductChoice


class Toy(Policy):
    name = "toy"

    def __init__(self, model: Model) -> None:
        self.version = str(model.version)
        self.worth: dict[str, float] = json.loads(model.content)

    def estimate(self, arms: Arms, people: People, products: ProductChoice, rows: slice) -> Estimate:
        names = ["/".join(part.name for part in arms.parts(arm)[1:]) for arm in range(len(arms))]
        size = (len(people.intent[rows]), len(arms))
        value = np.broadcast_to([self.worth.get(name, -1.0) for name in names], size)
        return Estimate(value, np.full(size, 7.0), np.full(size, 1_000, dtype=np.int64))

    def explored_share(self, campaign: Campaign, evidence: Model | None) -> float:
        return campaign.explore if evidence is None or evidence.score <= 0 else campaign.explore / 2


def open_policy(campaign: Campaign, model: Model | None) -> Toy:
    if model is None:
        raise ValueError("toy")
    return Toy(model)


def learn(log: pa.Table) -> Learned:
    sums: dict[str, list[float]] = {}
    for row in log.to_pylist():
        if row["action"] == "send" and row["reason"] == "explored":
            sums.setdefault(f"{row['channel']}/{row['offer']}", []).append(row["profit_minor"] / row["propensity"])
    means = {name: sum(found) / log.num_rows for name, found in sums.items()}
    return Learned(json.dumps(means).encode(), max(means.values(), default=0.0))
