"""What policies learn, and where it is kept: the table `policy_models`, a row for each model ever learned.

Nothing is learned by default. A model is never changed: the newest of its policy decides, unless the campaign names a
version (`policy = "name@3"`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import pyarrow as pa

from huitou.decisions.lake_tables import POLICY_MODELS
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake
from huitou.stores.ledger import Connection, lock


@dataclass(frozen=True)
class Learned:
    """What `learn` gives: the model as bytes that `open_policy` reads, and how well it did on what it had not seen (more is
    better; what it is measured in is the policy's affair)."""

    content: bytes
    score: float


@dataclass(frozen=True)
class Model:
    """`learned_from` and `learned_to` are the first and the last decision it learned from, of `decisions` in all."""

    policy: str
    version: int
    learned_from: int
    learned_to: int
    decisions: int
    score: float
    learned_at: int
    content: bytes


class Models(Protocol):
    def find(self, policy: str, version: int | None) -> Model | None:
        """Of that version, else the newest; None where there is none."""


class NoModels:
    def find(self, policy: str, version: int | None) -> Model | None:
        return None


class LakeModels:
    """The models of one house."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def find(self, policy: str, version: int | None) -> Model | None:
        if self.lake.version(POLICY_MODELS) < 0:
            return None
        with Engine(self.lake) as engine:
            engine.attach(POLICY_MODELS)
            rows = engine.run("decisions", "models", policy=policy).to_pylist()
        found = [row for row in rows if version in (None, row["version"])]
        return Model(**found[-1]) if found else None

    def save(self, connection: Connection, model: Model) -> None:
        """The connection is in a transaction."""
        lock(connection, f"lake:{POLICY_MODELS.name}")
        self.lake.append(POLICY_MODELS, pa.Table.from_pylist([asdict(model)], schema=POLICY_MODELS.schema))


def read_log(engine: Engine, outcomes: pa.Table) -> pa.Table:
    """What there is to learn from: one row a plan that was decided, with what was seen, the chance it had and what came of
    it; held-out people are what doing nothing brings (queries/log.sql has the columns).

    `outcomes` has `campaign`, `occasion`, `customer` (as decided) and `profit_minor`; decisions without one are left out.
    The engine is one of `reading.open_lake`.
    """
    engine.register("outcomes", outcomes)
    return engine.run("decisions", "log")


def learn(connection: Connection, models: LakeModels, policy: str, log: pa.Table, now: int) -> Model:
    """Let the policy learn from the log, and keep what it learned as its next version."""
    from huitou.decisions.policies import find_learner

    learned: Learned = find_learner(policy)(log)
    moments: list[Any] = log.column("decided_at").to_pylist()
    lock(connection, f"learn:{policy}")
    before = models.find(policy, None)
    version = 1 if before is None else before.version + 1
    span = (min(moments, default=0), max(moments, default=0), log.num_rows)
    model = Model(policy, version, *span, learned.score, now, learned.content)
    models.save(connection, model)
    return model
