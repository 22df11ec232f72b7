"""Decide, once for each candidate of a broadcast and campaign, what to do: write, hold out, or nothing."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast, find_broadcast
from huitou.decisions.budget import Purse
from huitou.decisions.inputs import Inputs
from huitou.decisions.lake_tables import DECISIONS
from huitou.decisions.people import gather_people
from huitou.decisions.plan import SEND, make_plan
from huitou.decisions.policies import find_policy
from huitou.decisions.reading import open_lake, read_inputs
from huitou.decisions.rows import write_rows
from huitou.kit.clock import MINUTE, now_us
from huitou.kit.errors import Refused
from huitou.kit.money import to_micro
from huitou.kit.text import Text
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake
from huitou.stores.ledger import Connection, connect, lock

PLANNING = "plan"
KEEP_DRAWN = "INSERT INTO drawn_node (node) SELECT unnest(%(nodes)b::text[]) ON CONFLICT DO NOTHING"


def plan_from(inputs: Inputs, campaign: Campaign, now: int) -> pa.Table:
    """All decisions: those taken before, unchanged, and one for each candidate that had none; by customer and step.

    A function of its arguments alone: the same inputs, their rows in any order, give the same bytes within a minute.
    Refused while the broadcast is live.
    """
    refuse_live(inputs.broadcast)
    policy = find_policy(campaign)
    people = gather_people(inputs, campaign)
    purse = purse_left(campaign, inputs.existing)
    decided_at = now // MINUTE * MINUTE
    if len(people) == 0:
        return sort_rows(inputs.existing)
    new = write_rows(make_plan(inputs, people, campaign, policy, purse, decided_at), campaign, inputs.broadcast, policy)
    return sort_rows(pa.concat_tables([inputs.existing, new])) if inputs.existing.num_rows else new


def decide(
    broadcast: str,
    campaign: Campaign,
    now: int | None = None,
    *,
    dry_run: bool = False,
    went: pa.Table | None = None,
) -> pa.Table:
    """Decide for everybody who watched the broadcast and did not order in it; the rows of the decisions table.

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
            lake = engine.lake
        table = plan_from(inputs, campaign, now)
        if not dry_run:
            connection.execute(KEEP_DRAWN, {"nodes": inputs.nodes.column("node").to_pylist()})
            write_decisions(lake, connection, table, inputs.existing, f"plan:{campaign.name}:{broadcast}")
    return table


def write_decisions(lake: Lake, connection: Connection, table: pa.Table, existing: pa.Table, app: str) -> int:
    """Append the rows that are not there yet, in one commit; how many. The caller holds the plan's lock."""
    known = pc.is_in(table.column("decision_id"), value_set=existing.column("decision_id").combine_chunks())
    new = table.filter(pc.invert(known))
    if new.num_rows:
        lock(connection, f"lake:{DECISIONS.name}")
        lake.append(DECISIONS, new, app=app, version=lake.loaded_version(DECISIONS, app) + 1)
    return int(new.num_rows)


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


def purse_left(campaign: Campaign, existing: pa.Table) -> Purse:
    """The campaign's money and stock, less what the decisions taken before are expected to spend."""
    sent = existing.filter(pc.equal(existing.column("action"), SEND))
    messages = sum(to_micro(cost) for cost in sent.column("cost_minor").to_pylist())
    spent, given = 0, dict[str, int]()
    for offer, cost in _granted(sent):
        given[offer] = given.get(offer, 0) + 1
        spent += cost
    budget = campaign.budget
    return Purse(
        None if budget.offers_minor is None else round(to_micro(budget.offers_minor) * (1 - budget.reserve)) - spent,
        None if budget.messages_minor is None else to_micro(budget.messages_minor) - messages,
        {one.name: one.stock - given.get(one.name, 0) for one in campaign.offers if one.stock is not None},
    )


def _granted(sent: pa.Table) -> list[tuple[str, int]]:
    """(offer, expected cost in micro-minor units) of each person who was given one."""
    found: dict[str, tuple[str, int]] = {}
    for customer, offer, context in zip(
        *(sent.column(name).to_pylist() for name in ("customer", "offer", "context")), strict=True
    ):
        told = json.loads(context).get("offer") if customer not in found else None
        if told:
            found[customer] = (offer, int(told.get("expected_cost_micro", 0)))
    return list(found.values())
