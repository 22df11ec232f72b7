"""What the rules believe before anything is measured: a small model of what a message does to a person.

NOT MEASURED. These are the orders of magnitude that the literature and operators' experience suggest; a report's lift
against the holdout is what tells. One place, one table, so that they can be read, doubted and changed.

- Most orders after a broadcast come by themselves; the keener the visit, the more (ORGANIC).
- Who is about to buy anyway is helped least, relative to what they would do anyway (Ascarza, JMR 2018): RESPONSE grows
  far less with intent than ORGANIC does, and is halved for loyal customers of high intent.
- About nothing is gained in the first hour, most after a day, little after four (Li, Luo, Lu, Moriguchi, J. Marketing
  2021), and a message in the first hours spoils some of what would have come by itself (REACTANCE).
- Each message wears off the next (fatigue over 72 h) and some people leave (OPT_OUT, by channel).
- A discount works where there is a cart or a question about the price (Luo et al., in science.md §1), and everybody
  who buys redeems it, also those who would have bought anyway.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huitou.decisions.arms import Arms
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.people import HIGH, People
from huitou.decisions.policies.base import Estimate
from huitou.decisions.products import ProductChoice
from huitou.decisions.schedule import Schedule, known_hours
from huitou.kit.clock import DAY, HOUR
from huitou.kit.money import MICRO
from huitou.kit.zones import offsets_of

Floats = NDArray[np.float64]

ORGANIC = np.array([0.030, 0.012, 0.004])  # chance to order within the window by oneself: high, considering, drifting
RESPONSE = np.array([0.010, 0.008, 0.003])  # orders that one well-timed mail adds
CART_ORGANIC, BUYER_ORGANIC = 1.5, 1.3  # with something in the cart; with earlier orders
LOYAL_ORDERS, LOYAL_RESPONSE = 3, 0.5
LAPSED, LAPSED_RESPONSE = 60 * DAY, 1.3  # bought before, but not for so long
PEAK_HOURS = 24.0
REACTANCE, REACTANCE_HOURS = 0.3, 2.0
HOUR_FLOOR, HOUR_UNKNOWN = 0.5, 0.75
FATIGUE, FATIGUE_HOURS = 0.35, 72.0
AFFINITY = {"email": 1.0, "sms": 1.2, "push": 0.8, "wecom": 1.3}
OPT_OUT = {"email": 0.003, "sms": 0.006, "push": 0.004, "wecom": 0.006}
OTHER_AFFINITY, OTHER_OPT_OUT = 0.8, 0.005
PULL, PULL_WITH_CART = 4.0, 12.0  # how much a discount of depth d multiplies the response: 1 + PULL x d
MOST_PULL = 3.0


def estimate(arms: Arms, people: People, products: ProductChoice, rows: slice) -> Estimate:
    """What the prior expects of every arm for the people of these rows; reach and limits are left aside."""
    size = (len(people.intent[rows]), len(arms))
    value, offer_cost = np.zeros(size), np.zeros(size)
    message_cost = np.zeros(size, dtype=np.int64)
    anyway, response = organic_chance(people)[rows], _response(people, arms.decided_at)[rows]
    price, margin, cart = products.price[rows], products.margin[rows], (people.carts + people.asked)[rows] > 0
    tired = _tiredness(people, arms.ended_at)[rows]
    memory: dict[int, tuple[Floats, Floats]] = {}
    for arm in range(len(arms)):
        _, channel, offer = arms.parts(arm)
        schedule = arms.schedule(arm)
        if id(schedule) not in memory:
            memory[id(schedule)] = _strength(schedule, people, arms.ended_at, rows)
        strength, early = memory[id(schedule)]
        kept = schedule.kept(offer)[rows]
        fatigue = _fatigue(schedule.send_at[rows], kept, tired, arms.ended_at)
        works = (kept * strength * np.exp(-FATIGUE * fatigue)).sum(axis=1)
        lever = np.where(cart, PULL_WITH_CART, PULL)
        pull = np.minimum(1.0 + lever * offer.depth(price), MOST_PULL)
        extra = response * AFFINITY.get(channel.name, OTHER_AFFINITY) * works * pull
        spoiled = anyway * (kept * early).sum(axis=1)
        leaving = OPT_OUT.get(channel.name, OTHER_OPT_OUT) * (kept * (1.0 + fatigue)).sum(axis=1)
        messages = kept.sum(axis=1)
        offer_cost[:, arm] = offer.expected_cost(price, anyway, extra)
        message_cost[:, arm] = messages * channel.cost_micro
        value[:, arm] = (
            (extra - spoiled) * margin
            - offer_cost[:, arm]
            - message_cost[:, arm] / MICRO
            - leaving * arms.campaign.opt_out_cost_minor
        )
    return Estimate(value, offer_cost, message_cost)


def organic_chance(people: People) -> Floats:
    """(n,) the chance that the person orders within the window without being written to."""
    chance = ORGANIC[people.intent]
    chance = chance * np.where(people.carts > 0, CART_ORGANIC, 1.0)
    return np.asarray(chance * np.where(people.orders > 0, BUYER_ORGANIC, 1.0))


def _response(people: People, now: int) -> Floats:
    response = RESPONSE[people.intent]
    loyal = (people.intent == HIGH) & (people.orders >= LOYAL_ORDERS)
    lapsed = (people.orders > 0) & (people.last_order_at < now - LAPSED)
    return np.asarray(response * np.where(loyal, LOYAL_RESPONSE, 1.0) * np.where(lapsed, LAPSED_RESPONSE, 1.0))


def _strength(schedule: Schedule, people: People, ended_at: int, rows: slice) -> tuple[Floats, Floats]:
    """(r, k) how well a message at that moment works, and how much of the own buying it spoils."""
    send_at = schedule.send_at[rows]
    hours = np.maximum(send_at - ended_at, 0) / HOUR
    delay = hours / PEAK_HOURS * np.exp(1.0 - hours / PEAK_HOURS)
    early = REACTANCE * np.exp(-hours / REACTANCE_HOURS)
    return delay * _hour_fit(send_at, people, rows), early


def _hour_fit(send_at: Ints, people: People, rows: slice) -> Floats:
    """(r, k) 1 at the person's own hour, HOUR_FLOOR twelve hours from it."""
    zones, own = people.zones[rows], known_hours(people)[rows]
    clock = np.empty(send_at.shape, dtype=np.int64)
    for zone, name in enumerate(people.zone_names):
        here = zones == zone
        if here.any():
            moments = send_at[here]
            clock[here] = moments + offsets_of(name, int(moments.min()), int(moments.max())).at(moments)
    apart = (clock % DAY) / HOUR - (own[:, None] + 0.5)
    fit = HOUR_FLOOR + (1.0 - HOUR_FLOOR) * (1.0 + np.cos(2.0 * np.pi * apart / 24.0)) / 2.0
    known: Bools = people.active_hour[rows] >= 0
    return np.where(known[:, None], fit, HOUR_UNKNOWN)


def _tiredness(people: People, ended_at: int) -> Floats:
    """(n,) fatigue from earlier messages, as of the end of the broadcast."""
    moments = people.history.moments
    hours = (ended_at - moments) / HOUR
    recent = (hours >= 0) & (hours < 30 * 24)
    return np.asarray(np.where(recent, np.exp(-np.where(recent, hours, 0.0) / FATIGUE_HOURS), 0.0).sum(axis=1))


def _fatigue(send_at: Ints, kept: Bools, before: Floats, ended_at: int) -> Floats:
    """(r, k) the sum of earlier messages at each step, each decayed since it went."""
    result = np.empty(send_at.shape)
    level, at = before.copy(), np.full(len(send_at), ended_at, dtype=np.int64)
    for step in range(send_at.shape[1]):
        now = np.where(kept[:, step], send_at[:, step], at)
        level *= np.exp(-np.maximum(now - at, 0) / (FATIGUE_HOURS * HOUR))
        result[:, step] = level
        level += kept[:, step]
        at = now
    return result
