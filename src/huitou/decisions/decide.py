"""Decide, once for each candidate of a broadcast and campaign, what to do: write, hold out, or nothing."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.decisions.budget import Purse
from huitou.decisions.inputs import Inputs
from huitou.decisions.people import gather_people
from huitou.decisions.plan import SEND, make_plan
from huitou.decisions.policies import find_policy
from huitou.decisions.rows import write_rows
from huitou.kit.clock import MINUTE
from huitou.kit.errors import Refused
from huitou.kit.money import to_micro


def plan_from(inputs: Inputs, campaign: Campaign, now: int) -> pa.Table:
    """All decisions: those taken before, unchanged, and one for each candidate that had none; by customer and step.

    A function of its arguments alone: the same inputs, their rows in any order, give the same bytes within a minute.
    Refused while the broadcast is live.
    """
    if inputs.broadcast.ended_at is None:
        raise Refused(
            {"zh": "直播还没有结束,不能制定追播。", "en": "the broadcast has not ended yet"}, code="still_live"
        )
    policy = find_policy(campaign)
    people = gather_people(inputs, campaign)
    purse = purse_left(campaign, inputs.existing)
    decided_at = now // MINUTE * MINUTE
    if len(people) == 0:
        return sort_rows(inputs.existing)
    plan = make_plan(inputs, people, campaign, policy, purse, decided_at)
    return sort_rows(pa.concat_tables([inputs.existing, write_rows(plan, campaign, inputs.broadcast, policy)]))


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
