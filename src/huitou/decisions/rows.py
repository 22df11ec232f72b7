"""A plan as rows of the decisions table: one per candidate and step, in the order of customer and step."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.decisions.assign import NOTHING
from huitou.decisions.columns import Ints, money, pick_texts, texts
from huitou.decisions.context import write_contexts
from huitou.decisions.lake_tables import DECISIONS
from huitou.decisions.people import hash_features
from huitou.decisions.plan import ACTIONS, SEND, Plan
from huitou.decisions.policies.base import Policy
from huitou.kit.money import MICRO


def write_rows(plan: Plan, campaign: Campaign, broadcast: Broadcast, policy: Policy) -> pa.Table:
    person, step, send_at, start = _steps(plan)
    rows = len(person)
    sends = plan.action[person] == ACTIONS.index(SEND)
    arm = np.where(sends, plan.arm[person], NOTHING)
    at = np.maximum(arm, 0)
    menu, people = plan.menu, plan.people
    customer = people.customer.take(pa.array(person))
    prices = np.array([channel.cost_micro for channel in campaign.channels])[menu.channel[at]]
    columns: dict[str, pa.Array] = {
        "decision_id": _ids(campaign, broadcast, customer, step),
        "campaign": pa.repeat(campaign.name, rows),
        "broadcast": pa.repeat(broadcast.broadcast, rows),
        "customer": customer,
        "user_id": texts(people.table, "user_id").take(pa.array(person)),
        "decided_at": pa.repeat(pa.scalar(menu.decided_at, pa.int64()), rows),
        "action": pick_texts(ACTIONS, plan.action[person]),
        "reason": pa.array(plan.reason[person], pa.string()),
        "policy": pa.repeat(policy.name, rows),
        "policy_version": pa.repeat(policy.version, rows),
        "timing": pick_texts([one.name for one in campaign.timings], np.where(sends, menu.timing[at], -1)),
        "step": pa.array(step),
        "send_at": pa.array(send_at, mask=~sends),
        "channel": pick_texts([one.name for one in campaign.channels], np.where(sends, menu.channel[at], -1)),
        "offer": pick_texts([one.name for one in campaign.offers], np.where(sends, menu.offer[at], -1)),
        "products": _products(plan, person, sends),
        "propensity": pa.array(plan.propensity[person]),
        "expected_profit_minor": money(np.where(sends, np.round(plan.profit[person] * MICRO), 0).astype(np.int64)),
        "cost_minor": money(np.where(sends, prices, 0)),
        "features_hash": _features(plan).take(pa.array(person)),
        "seed": pa.repeat(plan.draws.seed, rows),
        "context": write_contexts(plan, broadcast, person, send_at, start),
    }
    return pa.table(columns).select(DECISIONS.schema.names).cast(DECISIONS.schema)


def _steps(plan: Plan) -> tuple[Ints, Ints, Ints, Ints]:
    """(person, step, send_at, start) of every row; step, send_at and start are 0 where nothing is sent."""
    sends = plan.action == ACTIONS.index(SEND)
    alone = np.flatnonzero(~sends)
    zeros = np.zeros(len(alone), dtype=np.int64)
    parts = [(alone, zeros, zeros, zeros)]
    for arm in np.unique(plan.arm[sends]):
        people = np.flatnonzero(sends & (plan.arm == arm))
        schedule = plan.menu.schedule(arm)
        row, step = np.nonzero(schedule.kept(plan.menu.parts(arm)[2])[people])
        parts.append((people[row], step + 1, schedule.send_at[people[row], step], schedule.start[people[row]]))
    person, step, send_at, start = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((step, person))
    return person[order], step[order], send_at[order], start[order]


def _ids(campaign: Campaign, broadcast: Broadcast, customer: pa.Array, step: Ints) -> pa.Array:
    """'d' + a hash of (campaign, broadcast, customer, step), each after its length; the first two are hashed once."""
    begun = hashlib.blake2b(_framed(campaign.name) + _framed(broadcast.broadcast), digest_size=12)
    ends = [_framed(str(number)) for number in range(int(step.max(initial=0)) + 1)]
    ids = []
    for who, number in zip(customer.to_pylist(), step.tolist(), strict=True):
        digest = begun.copy()
        digest.update(_framed(who) + ends[number])
        ids.append("d" + digest.hexdigest())
    return pa.array(ids, pa.string())


def _framed(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return len(data).to_bytes(4, "big") + data


def _products(plan: Plan, person: Ints, sends: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pa.Array:
    """The products the message names; none where nothing is sent."""
    top = np.where(sends[:, None], plan.goods.top[person], -1)
    has = top >= 0
    ends = np.concatenate([[0], np.cumsum(has.sum(axis=1))]).astype(np.int32)
    ids = texts(plan.goods.products, "product").take(pa.array(top[has]))
    return pa.ListArray.from_arrays(pa.array(ends), ids)


def _features(plan: Plan) -> pa.Array:
    """What was known of each person and entered the decision, as one hash."""
    history = plan.people.history.moments
    extra = [plan.goods.price, plan.goods.margin, (history > 0).sum(axis=1), history.max(axis=1, initial=0)]
    return pa.array(hash_features(plan.people, np.column_stack([*extra, plan.eligibility.state])), pa.string())
