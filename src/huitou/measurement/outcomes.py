"""Orders, money and history of the people a campaign was randomised over, as columns for the statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.catalog.broadcasts import Broadcast
from huitou.catalog.products import create_products
from huitou.customers.refresh import create_orders
from huitou.stores.engine import Engine

PPM = 1_000_000
COVARIATES = ("past_orders", "past_minor", "watch_seconds", "carts", "clicks", "questions")


@dataclass(frozen=True)
class Outcomes:
    """One row a person of either arm, in the order of their ids. Money in minor units (float, from exact integers)."""

    customers: tuple[str, ...]
    arm: NDArray[np.str_]  # send | holdout
    orders: NDArray[np.float64]
    profit_minor: NDArray[np.float64]  # before the cost of messages
    discount_minor: NDArray[np.float64]
    covariates: NDArray[np.float64]  # (n, p), known before the draw
    mixed: int  # people in neither arm, because a merge brought both together

    @property
    def treated(self) -> NDArray[np.bool_]:
        return self.arm == "send"


def read_outcomes(
    engine: Engine, broadcast: Broadcast, campaign: str, *, until: int, margin: float, now: int
) -> Outcomes:
    """Outcomes from the end of the broadcast up to `until`. The engine has events, order_lines, merges, visits, decisions."""
    everyone = engine.run("measurement", "assigned", broadcast=broadcast.broadcast, campaign=campaign)
    arms = everyone.column("arm").to_pylist()
    keep = pa.array([arm != "mixed" for arm in arms])
    assigned = everyone.filter(keep)
    engine.register("assigned", assigned)
    engine.register("people", assigned.select(["customer"]))
    engine.create("wanted_orders", "customers", "orders_of", now=now)
    create_orders(engine, now)
    create_products(engine, now)
    bought = engine.run(
        "measurement", "outcomes",
        from_at=broadcast.ended_at or now, until_at=until, margin_ppm=round(margin * PPM),
    )  # fmt: skip
    before = engine.run("measurement", "before", broadcast=broadcast.broadcast, started_at=broadcast.started_at)
    return Outcomes(
        customers=tuple(assigned.column("customer").to_pylist()),
        arm=np.array(assigned.column("arm").to_pylist(), dtype=str),
        orders=_floats(bought, "orders"),
        profit_minor=_floats(bought, "profit_micro") / PPM,
        discount_minor=_floats(bought, "discount_minor"),
        covariates=np.column_stack([_floats(before, name) for name in COVARIATES]),
        mixed=len(arms) - assigned.num_rows,
    )


def _floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    return table.column(name).to_numpy().astype(np.float64)
