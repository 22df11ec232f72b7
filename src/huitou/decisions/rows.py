"""A plan as rows of the decisions table: one per candidate and step, in the order of customer and step."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.campaigns.content import choose_language
from huitou.campaigns.definition import INTENTS, Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.decisions.assign import NOTHING
from huitou.decisions.columns import Bools, Ints, codes, list_texts, money, pick_texts, texts
from huitou.decisions.lake_tables import ACTIONS, DECISIONS, SEND
from huitou.decisions.people import hash_features
from huitou.decisions.plan import Plan
from huitou.decisions.policies.base import Policy
from huitou.decisions.products import WHY
from huitou.decisions.schedule import DROPPED, KEPT
from huitou.kit.clock import HOUR
from huitou.kit.money import MICRO
from huitou.rewards.offers import Offer

PRICED = ("discount", "no_threshold")  # offers that leave a price to name


@dataclass(frozen=True)
class Steps:
    """(rows,) each: the position in people, the step, when it goes, the moment the offer's validity counts from (all 0
    where nothing is planned), and the arm (NOTHING for none)."""

    person: Ints
    step: Ints
    send_at: Ints
    start: Ints
    arm: Ints

    @property
    def planned(self) -> Bools:
        return self.arm != NOTHING


def write_rows(plan: Plan, campaign: Campaign, broadcast: Broadcast, policy: Policy) -> pa.Table:
    steps = _lay_out_steps(plan)
    columns = {**_about_plan(plan, steps, campaign, broadcast, policy), **_about_message(plan, steps, broadcast)}
    return pa.table(columns).select(DECISIONS.schema.names).cast(DECISIONS.schema)


def _about_plan(
    plan: Plan, steps: Steps, campaign: Campaign, broadcast: Broadcast, policy: Policy
) -> dict[str, pa.Array]:
    person, rows, people = steps.person, len(steps.person), plan.people
    sends = plan.action[person] == ACTIONS.index(SEND)
    customer = people.customer.take(pa.array(person))
    occasion = broadcast.broadcast
    return {
        "decision_id": write_ids(campaign.name, occasion, customer, steps.step),
        "campaign": pa.repeat(campaign.name, rows),
        "campaign_version": pa.repeat(pa.scalar(campaign.version, pa.int64()), rows),
        "occasion": pa.repeat(occasion, rows),
        "broadcast": pa.repeat(broadcast.broadcast, rows),
        "customer": customer,
        "user_id": texts(people.table, "user_id").take(pa.array(person)),
        "decided_at": pa.repeat(pa.scalar(plan.arms.decided_at, pa.int64()), rows),
        "action": pick_texts(ACTIONS, plan.action[person]),
        "reason": pa.array(plan.reason, pa.string()).take(pa.array(person)),
        "policy": pa.repeat(policy.name, rows),
        "policy_version": pa.repeat(policy.version, rows),
        "propensity": pa.array(plan.propensity[person]),
        "expected_profit_minor": money(_micro(sends, np.round(plan.profit * MICRO)[person])),
        "offer_cost": money(_micro(sends & steps.planned, plan.offer_cost[person])),
        "intent": pick_texts(INTENTS, people.intent[person]),
        "holdout_chance": pa.array(np.round(plan.draws.holdout.chance, 6)[person]),
        "features_hash": _features(plan).take(pa.array(person)),
        "seed": pa.repeat(plan.draws.seed, rows),
    }


def _about_message(plan: Plan, steps: Steps, broadcast: Broadcast) -> dict[str, pa.Array]:
    """Of every planned step, also of those who are held out; null, empty or 0 where nothing is planned."""
    arms, campaign, person, planned = plan.arms, plan.arms.campaign, steps.person, steps.planned
    at = np.maximum(steps.arm, 0)
    timing, channel, offer = (np.where(planned, part[at], -1) for part in (arms.timing, arms.channel, arms.offer))
    sends = planned & (plan.action[person] == ACTIONS.index(SEND))
    prices = np.array([one.cost_micro for one in campaign.channels])[np.maximum(channel, 0)]
    dropped_steps, dropped_reasons = _dropped(plan)
    products, why = _products(plan, np.where(planned, person, -1))
    stop_since, expires_at = broadcast.started_at, arms.ended_at + campaign.window_us()
    return {
        "timing": pick_texts([one.name for one in campaign.timings], timing),
        "step": pa.array(steps.step),
        "send_at": pa.array(steps.send_at, mask=~planned),
        "channel": pick_texts([one.name for one in campaign.channels], channel),
        "offer": pick_texts([one.name for one in campaign.offers], offer),
        "products": products,
        "why": why,
        "cost_minor": money(_micro(sends, prices)),
        **_offer_terms(plan, steps),
        "stage": _stages(campaign, steps, arms.ended_at),
        "language": _languages(plan, person, channel),
        "timezone": pick_texts(plan.people.zone_names, np.where(planned, plan.people.zones[person], -1)),
        "dropped_steps": dropped_steps.take(pa.array(person)),
        "dropped_reasons": dropped_reasons.take(pa.array(person)),
        "stop_since": pa.array(np.full(len(person), stop_since), mask=~planned),
        "expires_at": pa.array(np.full(len(person), expires_at), mask=~planned),
    }


def _micro(where: Bools, amounts: NDArray[np.int64] | NDArray[np.float64]) -> Ints:
    return np.where(where, amounts, 0).astype(np.int64)


def _lay_out_steps(plan: Plan) -> Steps:
    alone = np.flatnonzero(plan.arm == NOTHING)
    zeros = np.zeros(len(alone), dtype=np.int64)
    parts = [(alone, zeros, zeros, zeros)]
    for arm in np.unique(plan.arm[plan.arm != NOTHING]):
        people = np.flatnonzero(plan.arm == arm)
        schedule = plan.arms.schedule(arm)
        row, step = np.nonzero(schedule.kept(plan.arms.parts(arm)[2])[people])
        parts.append((people[row], step + 1, schedule.send_at[people[row], step], schedule.start[people[row]]))
    person, step, send_at, start = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((step, person))
    return Steps(person[order], step[order], send_at[order], start[order], plan.arm[person[order]])


def write_ids(campaign: str, occasion: str, customer: pa.Array, step: Ints) -> pa.Array:
    """'d' + a hash of (campaign, occasion, customer, step), each after its length; the first two are hashed once."""
    begun = hashlib.blake2b(_framed(campaign) + _framed(occasion), digest_size=12)
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


def _products(plan: Plan, person: Ints) -> tuple[pa.Array, pa.Array]:
    """The products a message names, and why each stands there; none where `person` is -1."""
    chosen = plan.products
    top = np.where((person < 0)[:, None], -1, chosen.top[person])
    ids = texts(chosen.catalogue, "product")
    return list_texts(ids, top), list_texts(pa.array(WHY), np.where(top < 0, -1, chosen.why[person]))


def _offer_terms(plan: Plan, steps: Steps) -> dict[str, pa.Array]:
    """When the offer ends, and the price it leaves; null without an offer."""
    n = len(steps.person)
    ends, left = np.zeros(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    for index, offer in enumerate(plan.arms.campaign.offers):
        rows = np.flatnonzero(steps.planned & (plan.arms.offer[np.maximum(steps.arm, 0)] == index))
        if offer.is_none or len(rows) == 0:
            continue
        ends[rows] = _ends(plan, offer, steps.start[rows])
        left[rows] = _price_left(plan, offer, steps.person[rows])
    return {"offer_expires_at": pa.array(ends, mask=ends == 0), "offer_price_minor": pa.array(left, mask=left < 0)}


def _ends(plan: Plan, offer: Offer, start: Ints) -> Ints:
    window = np.full(len(start), plan.arms.ended_at + plan.arms.campaign.window_us())
    return window if offer.expires_hours is None else np.minimum(window, start + round(offer.expires_hours * HOUR))


def _price_left(plan: Plan, offer: Offer, person: Ints) -> Ints:
    """-1 where it is no price that can be named: the product's is not known, or the offer is on the basket."""
    price = plan.products.price[person]
    return np.where(plan.products.priced[person] & (offer.kind in PRICED), price - offer.cost_minor(price), -1)


def _languages(plan: Plan, person: Ints, channel: Ints) -> pa.Array:
    """The language of the words that will be used: what the campaign has for this channel, nearest to the person's."""
    campaign = plan.arms.campaign
    spoken, names = codes(texts(plan.people.table, "language"))
    channels = [one.name for one in campaign.channels]
    words = [choose_language(campaign, one, name) for name in names or [None] for one in channels]
    return pick_texts(words, np.where(channel < 0, -1, spoken[person] * len(channels) + channel))


def _stages(campaign: Campaign, steps: Steps, ended_at: int) -> pa.Array:
    begins = sorted(set(campaign.stages.values()))
    names = [campaign.stage_at(begin) for begin in begins]
    hours = (steps.send_at - ended_at) / HOUR
    index = np.maximum(np.searchsorted(np.array(begins), hours, side="right") - 1, 0)
    return pick_texts(names, np.where(steps.planned, index, -1))


def _dropped(plan: Plan) -> tuple[pa.Array, pa.Array]:
    """(n,) the steps that each person's plan lost, and why; empty lists for the others."""
    which = np.zeros(len(plan.people), dtype=np.int64)
    lost: list[Sequence[int]] = [()]
    reasons: list[Sequence[str]] = [()]
    for arm in np.unique(plan.arm[plan.arm != NOTHING]):
        rows = np.flatnonzero(plan.arm == arm)
        schedule, offer = plan.arms.schedule(arm), plan.arms.parts(arm)[2]
        why = schedule.dropped[rows].copy()
        why[(why == KEPT) & ~schedule.kept(offer)[rows]] = len(DROPPED) - 1
        patterns, pattern = np.unique(why, axis=0, return_inverse=True)
        which[rows] = pattern.ravel() + len(lost)
        for found in patterns:
            steps = np.flatnonzero(found != KEPT)
            lost.append((steps + 1).tolist())
            reasons.append([DROPPED[code] for code in found[steps]])
    at = pa.array(which)
    return pa.array(lost, pa.list_(pa.int64())).take(at), pa.array(reasons, pa.list_(pa.string())).take(at)


def _features(plan: Plan) -> pa.Array:
    """What was known of each person and entered the decision, as one hash."""
    history, products = plan.people.history.moments, plan.products
    extra = [products.price, products.margin, (history > 0).sum(axis=1), history.max(axis=1, initial=0)]
    return pa.array(hash_features(plan.people, np.column_stack([*extra, plan.eligibility.state])), pa.string())
