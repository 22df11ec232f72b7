"""Decide, once for each candidate of a broadcast and campaign, what to do: write, hold out, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast, find_broadcast
from huitou.decisions.features import write_features
from huitou.decisions.inputs import Inputs
from huitou.decisions.lake_tables import DECISION_FEATURES, DECISIONS
from huitou.decisions.learning import LakeModels, Models
from huitou.decisions.plan import make_plan
from huitou.decisions.policies import open_with_evidence
from huitou.decisions.reading import open_lake, read_inputs
from huitou.decisions.rows import write_rows
from huitou.decisions.seen import gather
from huitou.kit.clock import MINUTE, now_us
from huitou.kit.errors import Refused
from huitou.kit.text import Text
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake, equals
from huitou.stores.ledger import Connection, connect, lock

PLANNING = "plan"
KEEP_DRAWN = "INSERT INTO drawn_node (node) SELECT unnest(%(nodes)b::text[]) ON CONFLICT DO NOTHING"


@dataclass(frozen=True)
class Decisions:
    """Decisions taken before and those taken now, with what the new ones were made from."""

    kept: pa.Table
    new: pa.Table
    features: pa.Table

    @property
    def all(self) -> pa.Table:
        """By customer and step."""
        if not self.kept.num_rows:
            return self.new
        return sort_rows(pa.concat_tables([self.kept, self.new]))


def plan_from(inputs: Inputs, campaign: Campaign, now: int) -> pa.Table:
    """All decisions: those taken before, unchanged, and one for each candidate that had none; by customer and step.

    A function of its arguments alone: the same inputs, their rows in any order, give the same bytes within a minute.
    Refused while the broadcast is live.
    """
    return plan_new(inputs, campaign, now).all


def plan_new(inputs: Inputs, campaign: Campaign, now: int, run: int = 0, models: Models | None = None) -> Decisions:
    """The same, told apart; `run` numbers the plannings of a campaign and occasion."""
    refuse_live(inputs.broadcast)
    policy, evidence = open_with_evidence(campaign, models)
    seen = gather(inputs, campaign, now)
    if not len(seen.people):
        return Decisions(inputs.existing, DECISIONS.schema.empty_table(), DECISION_FEATURES.schema.empty_table())
    rows = write_rows(make_plan(seen, campaign, policy, evidence), campaign, inputs.broadcast, policy)
    return Decisions(inputs.existing, rows, write_features(seen, campaign, run))


def decide(
    broadcast: str,
    campaign: Campaign,
    now: int | None = None,
    *,
    dry_run: bool = False,
    went: pa.Table | None = None,
) -> Decisions:
    """Decide for everybody who watched the broadcast and did not order in it.

    Unless it is a dry run the new decisions are in the lake when this returns, exactly once: one plan at a time,
    of whatever campaign, each adding only people who have no decision. `went`: see `read_inputs`.
    NotFound for an unknown broadcast, Refused for a live one.
    """
    now = now_us() if now is None else now
    with connect() as connection:
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        if not dry_run:  # one plan after another: each sees what the others decided, so that caps hold among them
            lock(connection, PLANNING)
        lock(connection, f"plan:{campaign.name}:{broadcast}")
        with Engine() as engine:
            open_lake(engine)
            show = find_broadcast(engine, broadcast, now)
            refuse_live(show)
            inputs = read_inputs(engine, connection, show, campaign, now, went)
            lake, app = engine.lake, f"plan:{campaign.name}:{broadcast}"
        decided = plan_new(inputs, campaign, now, lake.loaded_version(DECISIONS, app) + 1, LakeModels(lake))
        if not dry_run and decided.new.num_rows:
            connection.execute(
                KEEP_DRAWN, {"nodes": decided.features.column("nodes").combine_chunks().flatten().to_pylist()}
            )
            write_decisions(lake, connection, decided, app)
    return decided


def write_decisions(lake: Lake, connection: Connection, decided: Decisions, app: str) -> None:
    """Append what is new, and before it what it was made from. The caller holds the plan's lock.

    Killed in between, the next run writes its features under the same number: those without decisions give way.
    """
    run = int(decided.features.column("run")[0].as_py())
    lock(connection, f"lake:{DECISION_FEATURES.name}")
    if lake.loaded_version(DECISION_FEATURES, app) >= run:
        lake.delete(DECISION_FEATURES, " AND ".join(equals(*pair) for pair in _run_of(decided.features)))
        lake.append(DECISION_FEATURES, decided.features)
    else:
        lake.append(DECISION_FEATURES, decided.features, app=app, version=run)
    lock(connection, f"lake:{DECISIONS.name}")
    lake.append(DECISIONS, decided.new, app=app, version=run)


def _run_of(features: pa.Table) -> list[tuple[str, str | int]]:
    return [(name, features.column(name)[0].as_py()) for name in ("campaign", "occasion", "run")]


def refuse_live(broadcast: Broadcast) -> None:
    if broadcast.ended_at is None:
        raise Refused(
            {"zh": f"场次 {broadcast.broadcast} 还没有结束，不能制定召回方案。",
             "en": f"the broadcast {broadcast.broadcast} has not ended yet"},
            code="still_live",
        )  # fmt: skip


def warn_unsettled(broadcast: Broadcast, now: int) -> Text | None:
    """What to say when a plan is made before late orders had time to arrive; None afterwards."""
    if broadcast.settled_at is None or now >= broadcast.settled_at:
        return None
    minutes = -(-(broadcast.settled_at - now) // MINUTE)
    return {
        "zh": f"直播刚结束：{minutes} 分钟内还可能有迟到的订单。晚到的订单仍会拦下未发的消息。",
        "en": f"the broadcast has just ended: orders may still come in for {minutes} min; they stop what is not sent yet",
    }


def sort_rows(table: pa.Table) -> pa.Table:
    order = pc.sort_indices(table, [("customer", "ascending"), ("step", "ascending")])
    return table.take(order).combine_chunks()
