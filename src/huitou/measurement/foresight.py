"""What a campaign's lift could be seen from by now, and when more can be seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.measurement.outcomes import Outcomes
from huitou.science.evidence import WISHED, smallest_visible
from huitou.stores.engine import Engine

FEW = 10  # buyers below which a campaign's own rate says less than that of the shows before


@dataclass(frozen=True)
class SmallestVisible:
    """The smallest lift in orders that would be found in 8 of 10 campaigns like this one.

    `effect` a person, `total` of all written to, `relative` to `base`, the orders a person of those left alone, which is
    taken from `base_from`: these_people | shows_before. `more_at` is when the window ends (None: it is over). A lift of
    `wished` of the base could be seen with `people` in all, that is `shows` shows like this one (this one among them).
    """

    effect: float
    total: float
    relative: float
    base: float
    base_from: str
    more_at: int | None
    wished: float
    people: int
    shows: int


def foresee(
    engine: Engine, outcomes: Outcomes, broadcast: Broadcast, campaign: Campaign, now: int, ends_at: int
) -> SmallestVisible | None:
    """None where an arm has fewer than two people, or neither these nor earlier shows give any base to reckon with.

    The engine has visits, broadcasts, merges and events.
    """
    treated = outcomes.treated
    n, control_n = int(treated.sum()), int((~treated).sum())
    base, variance, base_from = float(outcomes.orders.mean()), float(outcomes.orders.var()), "these_people"
    if np.count_nonzero(outcomes.orders) < FEW:
        rate = read_base_rate(engine, broadcast, campaign)
        if rate:
            base, variance, base_from = rate, rate * (1 - rate), "shows_before"
    return _reckon(base, variance, n, control_n, base_from, ends_at if now < ends_at else None)


def foresee_start(
    engine: Engine, broadcast: Broadcast, campaign: Campaign, send: int, holdout: int, ends_at: int
) -> SmallestVisible | None:
    """The same before anything is sent, from the shows before alone; None where they give no base to reckon with."""
    rate = read_base_rate(engine, broadcast, campaign)
    return _reckon(rate, rate * (1 - rate), send, holdout, "shows_before", ends_at) if rate else None


def _reckon(
    base: float, variance: float, n: int, control_n: int, base_from: str, more_at: int | None
) -> SmallestVisible | None:
    found = smallest_visible(base, variance, n, control_n)
    if found is None:
        return None
    return SmallestVisible(
        effect=found.effect,
        total=found.effect * n,
        relative=found.relative,
        base=base,
        base_from=base_from,
        more_at=more_at,
        wished=WISHED,
        people=math.ceil(found.ratio * (n + control_n)),
        shows=max(1, math.ceil(found.ratio)),
    )


def read_base_rate(engine: Engine, broadcast: Broadcast, campaign: Campaign) -> float | None:
    """The share of earlier shows' non-buyers who bought within the window after it; None where there were none."""
    span = {"window_us": campaign.window_us(), "before_at": broadcast.started_at}
    (row,) = engine.run("measurement", "base_rate", broadcast=broadcast.broadcast, **span).to_pylist()
    return row["buyers"] / row["people"] if row["people"] and row["buyers"] else None
