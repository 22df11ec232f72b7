"""The viewers realised hour by hour: who opens, clicks, orders and opts out, and when.

The law is that of `response`, in another form: everybody draws a threshold from Exp(1) once and buys when the hazard
accumulated so far reaches it. Hence the same people buy by themselves whatever is sent (common random numbers), and
what a message changes can be followed person by person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.kit.clock import HOUR
from huitou.proving.simulator.plans import CHANNELS, Plans, Terms
from huitou.proving.simulator.response import (
    WEEK_HOURS,
    Bools,
    Floats,
    Ints,
    Response,
    Viewers,
    message_effect,
    organic_hazard,
)

MOST_MESSAGES = 16  # whose dice are drawn beforehand, so that the order of arrival changes nobody's luck


@dataclass(frozen=True)
class Outcome:
    """A realised week of n viewers. Hours after the broadcast, NaN where it did not happen; money in minor units."""

    ordered_h: Floats
    by_message: Ints  # which message the order came from, -1 for an organic one
    coupon_minor: Floats  # redeemed with the order
    messages: Ints
    message_minor: Floats
    opted_out: Bools  # (n, channels)
    opted_out_h: Floats
    opened_h: Floats  # (n, K)
    clicked_h: Floats  # (n, K)
    coupons_got: Ints
    fatigue: Floats  # left at the end of the week
    profit: Floats


@dataclass(frozen=True)
class Reaction:
    """What one delivered message set off at once, each (m,): hours after the broadcast, NaN for nothing."""

    opened_h: Floats
    clicked_h: Floats
    opted_out_h: Floats


class Crowd:
    """The week of one broadcast's viewers. Call `live_hour` for hours 0, 1, 2… and `receive` in between.

    Within an hour the orders come first: whoever ordered before a message's moment does not get it (`has_ordered`).
    """

    def __init__(self, response: Response, viewers: Viewers, terms: Terms, rng: np.random.Generator) -> None:
        n = len(viewers)
        self.response, self.viewers, self.terms = response, viewers, terms
        self.hazard = organic_hazard(response, viewers)
        self.threshold = rng.exponential(size=n)
        self.dice = rng.random((n, MOST_MESSAGES, 4))
        self.order_dice = rng.random((n, 3))
        self.spent, self.factor, self.effect = np.zeros(n), np.ones(n), np.zeros(n)
        self.next_factor, self.next_effect = np.ones(n), np.zeros(n)
        self.fatigue, self.fatigue_at = viewers.fatigue.copy(), np.zeros(n)
        self.coupon, self.coupon_until = np.zeros(n), np.full(n, -np.inf)
        self.coupon_message = np.full(n, -1)
        self.ordered_h = np.full(n, np.nan)
        self.by_message = np.full(n, -1)
        self.coupon_minor = np.zeros(n)
        self.got = np.zeros(n, np.int64)
        self.message_minor = np.zeros(n)
        self.opted_out = np.zeros((n, len(CHANNELS)), np.bool_)
        self.opted_out_h = np.full(n, np.nan)
        self.coupons_got = np.zeros(n, np.int64)
        self.last_message = np.full(n, -1)

    def live_hour(self, cell: int) -> Ints:
        """Let hour `cell` of the week pass; the rows of those who ordered in it."""
        self._begin_cell()
        rate = self.hazard[:, cell] * self.factor + self.effect
        need = self.threshold - self.spent
        bought = np.flatnonzero((need <= rate) & np.isnan(self.ordered_h))
        self.ordered_h[bought] = cell + need[bought] / rate[bought]
        self._take_orders(bought, rate[bought])
        self.spent += rate
        self.effect *= self.response.keep
        return bought

    def receive(self, rows: Ints, sent_h: Floats, channel: Ints, offer: Ints) -> Reaction:
        """Messages reach these rows (each at most once a call) at these hours of the current cell."""
        viewers = self.viewers.take(rows)
        hours = np.maximum(sent_h, 0.0) - self.fatigue_at[rows]
        self.fatigue[rows] *= np.exp(-np.maximum(hours, 0.0) / self.response.fatigue_hours)
        self.fatigue_at[rows] += np.maximum(hours, 0.0)
        added, factor, chance = message_effect(
            self.response, viewers, sent_h, channel, offer, self.fatigue[rows], self.terms
        )
        number = np.minimum(self.got[rows], MOST_MESSAGES - 1)
        dice = self.dice[rows, number]
        leaves = dice[:, 0] < chance
        self.next_factor[rows] *= factor
        self.next_effect[rows] += np.where(leaves, 0.0, added) * (1.0 - self.response.keep)
        self._hand_out_coupon(rows, viewers, sent_h, offer, leaves)
        self.fatigue[rows] += 1.0
        self.last_message[rows] = np.where(leaves, self.last_message[rows], self.got[rows])
        self.got[rows] += 1
        self.message_minor[rows] += self.terms.message_minor[channel]
        self.opted_out[rows[leaves], channel[leaves]] = True
        return self._react(rows, viewers, sent_h, channel, dice, leaves)

    def has_ordered(self, rows: Ints, before_h: Floats) -> Bools:
        result: Bools = self.ordered_h[rows] <= before_h
        return result

    def has_left(self, rows: Ints) -> Bools:
        result: Bools = ~np.isnan(self.opted_out_h[rows])
        return result

    def finish(self, opened_h: Floats, clicked_h: Floats) -> Outcome:
        ordered = ~np.isnan(self.ordered_h)
        left = ~np.isnan(self.opted_out_h)
        profit = self.viewers.margin * ordered - self.coupon_minor - self.message_minor
        remaining = np.exp(-(WEEK_HOURS - self.fatigue_at) / self.response.fatigue_hours)
        return Outcome(
            self.ordered_h, self.by_message, self.coupon_minor, self.got, self.message_minor, self.opted_out,
            self.opted_out_h, opened_h, clicked_h, self.coupons_got, self.fatigue * remaining,
            profit - self.viewers.opt_out_cost * left,
        )  # fmt: skip

    def _begin_cell(self) -> None:
        self.factor *= self.next_factor
        self.effect += self.next_effect
        self.next_factor[:] = 1.0
        self.next_effect[:] = 0.0

    def _take_orders(self, rows: Ints, rate: Floats) -> None:
        dice = self.order_dice[rows]
        from_message = dice[:, 0] < self.effect[rows] / rate
        self.by_message[rows] = np.where(from_message, self.last_message[rows], -1)
        valid = (self.coupon[rows] > 0) & (self.ordered_h[rows] < self.coupon_until[rows])
        redeems = valid & (dice[:, 1] < self.viewers.redeem[rows])
        self.coupon_minor[rows] = np.where(redeems, self.coupon[rows], 0.0)
        self.coupon_message[rows] = np.where(redeems, self.coupon_message[rows], -1)

    def _hand_out_coupon(self, rows: Ints, viewers: Viewers, sent_h: Floats, offer: Ints, leaves: Bools) -> None:
        value = self.terms.coupon_minor(offer, viewers.price)
        new = (value > 0) & ~leaves
        lucky = rows[new]
        self.coupon[lucky] = value[new]
        self.coupon_until[lucky] = (sent_h + self.terms.expires_hours[offer])[new]
        self.coupon_message[lucky] = self.got[lucky]
        self.coupons_got[lucky] += 1

    def _react(
        self, rows: Ints, viewers: Viewers, sent_h: Floats, channel: Ints, dice: Floats, leaves: Bools
    ) -> Reaction:
        """Opens and clicks: warmer the larger affinity and potency; they explain, they do not cause."""
        liking = viewers.affinity[np.arange(len(rows)), channel]
        opens = leaves | (dice[:, 1] < np.clip(0.32 * liking, 0.02, 0.9))
        warm = np.clip(0.06 + 2.2 * np.maximum(viewers.potency, 0.0) + 0.15 * viewers.cart, 0.0, 0.8)
        clicks = opens & ~leaves & (dice[:, 2] < warm)
        # Read within hours; whoever leaves does so within the hour, before the next message can be due.
        wait = np.where(leaves, 0.02 + 0.5 * dice[:, 3], 0.05 + 5.0 * dice[:, 3] ** 2)
        opened_h = np.where(opens, sent_h + wait, np.nan)
        clicked_h = np.where(clicks, opened_h + 0.01 + 0.1 * dice[:, 2], np.nan)
        left_h = np.where(leaves, opened_h + 0.01, np.nan)
        first = leaves & np.isnan(self.opted_out_h[rows])
        self.opted_out_h[rows[first]] = left_h[first]
        return Reaction(opened_h, clicked_h, left_h)


def run_week(response: Response, viewers: Viewers, plans: Plans, terms: Terms, rng: np.random.Generator) -> Outcome:
    """Carry the plans out: a step is left out once the viewer has ordered or opted out."""
    crowd = Crowd(response, viewers, terms, rng)
    hours = np.where(plans.send_at < 0, np.nan, (plans.send_at - viewers.ended_at) / HOUR)
    opened, clicked = np.full(hours.shape, np.nan), np.full(hours.shape, np.nan)
    for cell in range(-1, WEEK_HOURS):
        if cell >= 0:
            crowd.live_hour(cell)
        for k in range(plans.width):
            due = np.maximum(np.floor(hours[:, k]), -1) == cell
            rows = np.flatnonzero(due)
            rows = rows[~crowd.has_ordered(rows, hours[rows, k]) & ~crowd.has_left(rows)]
            if len(rows):
                reaction = crowd.receive(rows, hours[rows, k], plans.channel[rows, k], plans.offer[rows, k])
                opened[rows, k], clicked[rows, k] = reaction.opened_h, reaction.clicked_h
    return crowd.finish(opened, clicked)
