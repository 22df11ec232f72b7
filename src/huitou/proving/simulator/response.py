"""How viewers respond to messages: the equations of a world, and the exact expected profit of a plan.

Time is hours since the broadcast ended, in cells t = 0..167 (a week). Inside a cell every hazard is constant, and
what a message does begins with the first whole hour after it was sent, so a purchase never precedes its cause and
survival has a closed form: no Monte Carlo, no outcome noise in the regret against the oracle.

Buying by oneself. Most purchases after a broadcast are organic, and interest dies within tens of hours:
    o_i(t) = b_i * exp(-t/TAU) * (1 + SWING * cos(2 pi (clock_i(t) - peak_i) / 24))
with b_i growing in the latent intent and in the cart.

A message k, sent at s on channel c with offer f, takes effect from cell c_k = ceil(s):
    x_k = potency_i * affinity_i,c * D(s) * H_i(clock_i(s)) * F_i(f) * exp(-phi_i A_k)
  where potency > 0 it adds the hazard x_k (1-g) g^(t-c_k), g = exp(-1/TAU_M), integrating to x_k purchases;
  where potency < 0 (the "sleeping dogs": Ascarza, JMR 2018) it lowers what they would have bought by themselves, for
  the rest of the week, to the fraction exp(-ANNOY * |potency_i|).
    D(s) = (s/PEAK)^A exp(A (1 - s/PEAK))     about zero at once, greatest after a day, fading over days
                                             (Li, Luo, Lu, Moriguchi, J. Marketing 2021: 0.5-1 h after abandonment the
                                             purchase rate is below control, 1-3 days after it is above)
    early(s) = 1 - rho_i exp(-max(s,0)/TAU_R)   reactance: multiplies the remaining organic hazard (same source)
    H_i(h) = FLOOR + (1-FLOOR) exp(kappa_i (cos(2 pi (h - peak_i)/24) - 1))      a personal peak hour
    F_i(f) = 1 + GAIN * deal_i * rate * (WITH_CART or WITHOUT_CART) with a coupon, 1 - SPOILED * spoiled_i without
                                             (coupons work with a cart: Luo et al., in reference/science.md;
                                             spoiled: whoever got coupons before waits for the next one)
    A_k = fatigue_i exp(-s/72) + sum_{j<k} exp(-(s_k - s_j)/72)
The message is read as an opt-out with chance q_k = min(MAX, omega_i w_c (1 + PSI A_k)): it then sells nothing, carries
no coupon, still irritates, ends the plan, and costs what the person was worth on the channel.
A coupon is redeemed with chance redeem_i by EVERY buyer it reaches while valid, also by those who would have bought
anyway: that is cannibalisation. A plan stops at the purchase.

Profit of a viewer = margin P(buy) - coupons redeemed - messages sent - opt-outs. `expected_profit` is its expectation
for the week, in (fractional) minor units.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from huitou.kit.clock import HOUR
from huitou.proving.simulator.plans import CHANNELS, Plans, Terms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

WEEK_HOURS = 168


@dataclass(frozen=True)
class Response:
    """The constants of a kind of world; see the module's equations."""

    organic_hours: float = 40.0  # TAU
    organic_swing: float = 0.6  # SWING
    message_hours: float = 9.0  # TAU_M: how long a message stays on somebody's mind
    delay_peak: float = 26.0  # PEAK, hours
    delay_shape: float = 0.9  # A
    reactance_hours: float = 2.5  # TAU_R
    hour_floor: float = 0.2  # FLOOR
    annoy: float = 10.0  # ANNOY
    offer_gain: float = 12.0  # GAIN
    offer_with_cart: float = 1.5
    offer_without_cart: float = 0.6
    spoiled: float = 0.4  # SPOILED
    fatigue_hours: float = 72.0
    opt_out_psi: float = 1.2  # PSI
    opt_out_max: float = 0.5
    opt_out_weight: tuple[float, ...] = (0.8, 1.2, 1.0, 1.3)  # by channel, in the order of CHANNELS

    def delay(self, sent_h: Floats) -> Floats:
        relative = np.maximum(sent_h, 0.0) / self.delay_peak
        result: Floats = relative**self.delay_shape * np.exp(self.delay_shape * (1.0 - relative))
        return result

    @property
    def keep(self) -> float:
        """g: what is left of a message's hazard one hour later."""
        return float(np.exp(-1.0 / self.message_hours))


@dataclass(frozen=True)
class Viewers:
    """n viewers of one broadcast who did not order in it; every array has n rows.

    The latents are what nobody outside the world sees; `observed` holds the noisy traces a shop sees of them.
    Money is in minor units, hours are of the viewer's own clock (0..24).
    """

    person: Ints
    ended_at: int
    clock_at_end: Floats  # the viewer's local hour when the broadcast ended
    intent: Floats
    organic: Floats  # b_i
    peak: Floats
    sharpness: Floats  # kappa_i
    potency: Floats
    affinity: Floats  # (n, channels)
    deal: Floats
    cart: Bools
    fatigue_effect: Floats  # phi_i
    reactance: Floats  # rho_i
    opt_out: Floats  # omega_i
    fatigue: Floats  # A carried over from earlier campaigns, at the end of the broadcast
    spoiled: Floats
    redeem: Floats
    price: Ints
    margin: Floats
    opt_out_cost: Floats
    reach: Bools  # (n, channels): has an address there and may be written to
    observed: dict[str, NDArray[np.generic]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: NDArray[np.generic]) -> Viewers:
        """The viewers of these rows (indices or a mask)."""
        picked = {
            name: value[rows] if isinstance(value, np.ndarray) else value
            for name, value in self.__dict__.items()
            if name != "observed"
        }
        return Viewers(**picked, observed={name: value[rows] for name, value in self.observed.items()})

    def clock(self, hours: Floats) -> Floats:
        result: Floats = np.mod(self.clock_at_end + hours, 24.0)
        return result


def organic_hazard(response: Response, viewers: Viewers) -> Floats:
    """(n, 168): o_i(t), purchases an hour without any message."""
    t = np.arange(WEEK_HOURS, dtype=np.float64)
    phase = 2 * np.pi * (viewers.clock_at_end[:, None] + t + 0.5 - viewers.peak[:, None]) / 24.0
    decay = np.exp(-t / response.organic_hours)
    hazard: Floats = viewers.organic[:, None] * decay * (1.0 + response.organic_swing * np.cos(phase))
    return hazard


def hour_response(response: Response, viewers: Viewers, hour: Floats) -> Floats:
    """H_i of the local hour of sending: 1 at the viewer's peak, FLOOR far from it."""
    bump = np.exp(viewers.sharpness * (np.cos(2 * np.pi * (hour - viewers.peak) / 24.0) - 1.0))
    result: Floats = response.hour_floor + (1.0 - response.hour_floor) * bump
    return result


def offer_response(response: Response, viewers: Viewers, offer: Ints, terms: Terms) -> Floats:
    rate = terms.coupon_minor(offer, viewers.price) / viewers.price
    lever = np.where(viewers.cart, response.offer_with_cart, response.offer_without_cart)
    with_coupon = 1.0 + response.offer_gain * viewers.deal * rate * lever
    result: Floats = np.where(rate > 0, with_coupon, 1.0 - response.spoiled * viewers.spoiled)
    return result


def message_effect(
    response: Response, viewers: Viewers, sent_h: Floats, channel: Ints, offer: Ints, fatigue: Floats, terms: Terms
) -> tuple[Floats, Floats, Floats]:
    """What a message sent now does, each (n,): purchases added, factor on the organic hazard, chance of an opt-out."""
    rows = np.arange(len(viewers))
    strength = (
        viewers.affinity[rows, channel]
        * response.delay(sent_h)
        * hour_response(response, viewers, viewers.clock(sent_h))
        * offer_response(response, viewers, offer, terms)
        * np.exp(-viewers.fatigue_effect * fatigue)
    )
    added = np.maximum(viewers.potency, 0.0) * strength
    early = 1.0 - viewers.reactance * np.exp(-np.maximum(sent_h, 0.0) / response.reactance_hours)
    factor = early * np.exp(-response.annoy * np.maximum(-viewers.potency, 0.0))
    weight = np.asarray(response.opt_out_weight)[channel]
    chance = np.minimum(response.opt_out_max, viewers.opt_out * weight * (1.0 + response.opt_out_psi * fatigue))
    return added, factor, chance


@dataclass(frozen=True)
class Expectation:
    """Exact expectations for the week, each (n,): money in minor units, the rest in persons or messages."""

    profit: Floats
    buys: Floats
    coupons: Floats
    messages: Floats
    sent: Floats
    opt_outs: Floats


def expect(
    response: Response, viewers: Viewers, plans: Plans, terms: Terms, organic: Floats | None = None
) -> Expectation:
    """The exact expectations of giving each viewer the plan in the same row.

    `organic` is `cumulate(organic_hazard(...))` where the caller evaluates many plans for the same viewers.
    """
    walk = _Walk(response, viewers, terms, cumulate(organic_hazard(response, viewers)) if organic is None else organic)
    for k in range(plans.width):
        walk.take_step(*plans.step(k, viewers.ended_at))
    return walk.finish()


def expected_profit(response: Response, viewers: Viewers, plans: Plans, terms: Terms) -> Floats:
    """(n,) minor units; see `expect`."""
    return expect(response, viewers, plans, terms).profit


def cumulate(hazard: Floats) -> Floats:
    """(n, 169): the hazard summed up to the beginning of each cell."""
    result = np.zeros((hazard.shape[0], hazard.shape[1] + 1))
    np.cumsum(hazard, axis=1, out=result[:, 1:])
    return result


class _Walk:
    """Goes along the branch on which nobody bought or opted out, and settles every branch that leaves it.

    State, each (n,): the mass still on the branch at hour `at`, the factor on the organic hazard, the messages in
    effect (their sum is one geometric series: `effect` is its rate in cell ceil(at)), the coupon in hand.
    """

    def __init__(self, response: Response, viewers: Viewers, terms: Terms, organic: Floats) -> None:
        n = len(viewers)
        self.response, self.viewers, self.terms, self.organic = response, viewers, terms, organic
        self.rows = np.arange(n)
        self.at = np.zeros(n)
        self.mass = np.ones(n)
        self.factor = np.ones(n)
        self.effect = np.zeros(n)
        self.coupon = np.zeros(n)
        self.coupon_until = np.zeros(n)
        self.fatigue = viewers.fatigue.copy()
        self.fatigue_at = np.zeros(n)
        self.last_sent = np.full(n, -np.inf)
        self.buys, self.coupons, self.messages = np.zeros(n), np.zeros(n), np.zeros(n)
        self.sent, self.opt_outs = np.zeros(n), np.zeros(n)

    def take_step(self, sent_h: Floats, channel: Ints, offer: Ints) -> None:
        """Send the next message to those whose hour is not NaN and lies within the week."""
        going = ~np.isnan(sent_h) & (sent_h < WEEK_HOURS)
        hour = np.where(going, sent_h, self.at)
        if np.any(going & ((hour < self.last_sent) | ((hour < self.at) & (self.last_sent > -np.inf)))):
            raise ValueError("a step of a plan comes before the next whole hour after the step before it")
        start = np.where(going, np.maximum(np.ceil(hour), 0.0), self.at)
        mass_at_send = self.mass * np.exp(-self._hazard(self.at, np.maximum(hour, self.at), self.factor))
        self._walk_to(start)
        self._decay_fatigue(hour, going)
        added, factor, chance = message_effect(
            self.response, self.viewers, hour, channel, offer, self.fatigue, self.terms
        )
        chance, factor = np.where(going, chance, 0.0), np.where(going, factor, 1.0)
        self._pay(mass_at_send, channel, chance, going)
        self._settle_opt_outs(self.mass * chance, self.factor * factor)
        self.mass *= 1.0 - chance
        self.factor *= factor
        self.effect += np.where(going, added, 0.0) * (1.0 - self.response.keep)
        self._hand_out_coupon(hour, offer, going)
        self.fatigue += going
        self.last_sent = np.where(going, hour, self.last_sent)

    def finish(self) -> Expectation:
        self._walk_to(np.full(len(self.rows), float(WEEK_HOURS)))
        viewers = self.viewers
        profit = viewers.margin * self.buys - self.coupons - self.messages - viewers.opt_out_cost * self.opt_outs
        return Expectation(profit, self.buys, self.coupons, self.messages, self.sent, self.opt_outs)

    def _walk_to(self, end: Floats) -> None:
        self._count_purchases(self.mass, self.at, end, self.factor)
        self.mass = self.mass * np.exp(-self._hazard(self.at, end, self.factor))
        self.effect *= self.response.keep ** (end - self.at)
        self.at = end

    def _count_purchases(self, mass: Floats, start: Floats, end: Floats, factor: Floats) -> None:
        bought = mass * -np.expm1(-self._hazard(start, end, factor))
        with_coupon = mass * -np.expm1(-self._hazard(start, np.clip(self.coupon_until, start, end), factor))
        self.buys += bought
        self.coupons += with_coupon * self.coupon * self.viewers.redeem

    def _settle_opt_outs(self, mass: Floats, factor: Floats) -> None:
        self._count_purchases(mass, self.at, np.full_like(self.at, WEEK_HOURS), factor)

    def _pay(self, mass: Floats, channel: Ints, chance: Floats, going: Bools) -> None:
        sent = mass * going
        self.sent += sent
        self.messages += sent * self.terms.message_minor[channel]
        self.opt_outs += sent * chance

    def _decay_fatigue(self, hour: Floats, going: Bools) -> None:
        hours = np.where(going, np.maximum(hour, 0.0) - self.fatigue_at, 0.0)
        self.fatigue *= np.exp(-hours / self.response.fatigue_hours)
        self.fatigue_at += hours

    def _hand_out_coupon(self, hour: Floats, offer: Ints, going: Bools) -> None:
        value = self.terms.coupon_minor(offer, self.viewers.price)
        new = going & (value > 0)
        self.coupon = np.where(new, value, self.coupon)
        self.coupon_until = np.where(new, hour + self.terms.expires_hours[offer], self.coupon_until)

    def _hazard(self, start: Floats, end: Floats, factor: Floats) -> Floats:
        """The hazard summed over [start, end), with the messages now in effect; start is a whole hour."""
        organic = factor * (self._organic_until(end) - self._organic_until(start))
        keep = self.response.keep
        span = end - start
        whole = np.floor(span)
        past = keep**whole
        messages = self.effect * ((1.0 - past) / (1.0 - keep) + (span - whole) * past)
        result: Floats = organic + messages
        return result

    def _organic_until(self, hour: Floats) -> Floats:
        cell = np.minimum(np.floor(hour), WEEK_HOURS - 1).astype(np.int64)
        below = self.organic[self.rows, cell]
        result: Floats = below + (hour - cell) * (self.organic[self.rows, cell + 1] - below)
        return result


def whole_plan(viewers: Viewers, hours: list[float], channel: str, offer: int = 0) -> Plans:
    """The same plan for every viewer: hours after the end, one channel, one offer (its number in the terms)."""
    n = len(viewers)
    sent = np.array([viewers.ended_at + round(hour * HOUR) for hour in hours], dtype=np.int64)
    return Plans.same(n, sent, CHANNELS.index(channel), offer)
