"""Who lives in a world, and who comes to a broadcast.

People differ for good (`People`) and from one evening to the next (`draw_visit`). What a shop sees of them is noisy:
watch seconds, clicks, comments, carts and past orders grow with the latent intent, answered messages with potency.

Potency is negatively correlated with intent: whoever is about to buy anyway does not need a reminder, whoever is very
keen and loyal is irritated by one (Ascarza, JMR 2018: those at highest risk are not those who respond).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from huitou.proving.simulator.plans import CHANNELS
from huitou.proving.simulator.response import Bools, Floats, Ints, Viewers

if TYPE_CHECKING:
    from huitou.proving.simulator.world import Kind


@dataclass(frozen=True)
class Product:
    """Money in minor units; `margin_rate` of the price is left after all costs but marketing."""

    product_id: str
    name: str
    category: str
    price: int
    margin_rate: float
    stock: int
    appeal: float = 1.0


@dataclass(frozen=True)
class People:
    """The lasting latents of everybody, one row a person."""

    loyalty: Floats
    forgetful: Floats  # how much a reminder helps at all
    deal: Floats
    peak: Floats
    sharpness: Floats
    affinity: Floats  # (n, channels)
    fatigue_effect: Floats
    reactance: Floats
    opt_out: Floats
    reach: Bools
    orders_before: Ints
    money_before: Ints
    days_since_order: Floats  # NaN: never
    coupons_used: Ints
    messages_before: Ints  # (n, channels)
    clicks_before: Ints  # (n, channels)
    coupons_claimed: Ints
    usual_hour: Floats
    offset_hours: Floats  # of the person's clock from UTC

    def __len__(self) -> int:
        return len(self.loyalty)


@dataclass(frozen=True)
class State:
    """What earlier campaigns left behind in people; rows as in People."""

    fatigue: Floats
    fatigue_at: int
    opted_out: Bools  # (n, channels)
    sated: Floats  # 0..1: bought lately, so buys less for a while
    spoiled: Floats  # 0..1: learned to wait for a coupon

    @staticmethod
    def fresh(n: int, at: int) -> State:
        return State(np.zeros(n), at, np.zeros((n, len(CHANNELS)), np.bool_), np.zeros(n), np.zeros(n))

    def fatigue_now(self, at: int, fatigue_hours: float) -> Floats:
        hours = (at - self.fatigue_at) / 3_600_000_000
        result: Floats = self.fatigue * np.exp(-hours / fatigue_hours)
        return result


def draw_people(kind: Kind, n: int, rng: np.random.Generator) -> People:
    loyalty = rng.normal(size=n)
    forgetful = rng.normal(size=n)
    deal = rng.beta(1.8, 2.2, size=n)
    peak = _draw_peaks(n, rng)
    orders = rng.poisson(np.exp(kind.past_orders + 0.75 * loyalty))
    since = np.where(orders > 0, rng.exponential(60 + 45 * np.exp(0.5 * forgetful), size=n) + 1, np.nan)
    affinity = _draw_affinity(kind, n, rng)
    messages = rng.poisson(8, size=affinity.shape)
    # Past answers tell of potency and of channels: the forgetful clicked when they were reminded.
    warmth = (1.1 * forgetful - 0.3 * loyalty)[:, None] + 1.5 * np.log(affinity)
    clicks = rng.binomial(messages, _logistic(-1.2 + warmth))
    return People(
        loyalty=loyalty,
        forgetful=forgetful,
        deal=deal,
        peak=peak,
        sharpness=rng.uniform(1.5, 4.0, size=n),
        affinity=affinity,
        fatigue_effect=kind.fatigue_effect * rng.gamma(4.0, 0.25, size=n),
        reactance=np.minimum(0.9, kind.reactance * rng.beta(3, 3, size=n) * 2),
        opt_out=kind.opt_out * np.exp(0.5 * rng.normal(size=n) - 0.35 * forgetful - 0.125),
        reach=rng.random((n, len(CHANNELS))) < np.asarray(kind.reach),
        orders_before=orders,
        money_before=np.rint(orders * np.exp(rng.normal(9.4, 0.5, size=n))).astype(np.int64),
        days_since_order=since,
        coupons_used=rng.binomial(orders, 0.15 + 0.7 * deal),
        messages_before=messages,
        clicks_before=clicks,
        coupons_claimed=rng.binomial(6, deal),
        usual_hour=np.mod(peak + rng.normal(0, 0.8, size=n), 24.0),
        offset_hours=np.full(n, 8.0),
    )


def _draw_peaks(n: int, rng: np.random.Generator) -> Floats:
    """Most shop in the evening, some at noon, some in the morning (hours of one's own clock)."""
    which = rng.choice(3, size=n, p=[0.45, 0.3, 0.25])
    centre = np.array([20.5, 12.5, 9.0])[which]
    result: Floats = np.mod(centre + rng.normal(0, 1.2, size=n), 24.0)
    return result


def _draw_affinity(kind: Kind, n: int, rng: np.random.Generator) -> Floats:
    base = np.array([1.0, 0.9, 0.75, 1.1])
    result: Floats = base * np.exp(
        kind.affinity_spread * rng.normal(size=(n, len(CHANNELS))) - kind.affinity_spread**2 / 2
    )
    return result


def _logistic(x: Floats) -> Floats:
    result: Floats = 1.0 / (1.0 + np.exp(-x))
    return result


def draw_visit(
    kind: Kind,
    people: People,
    state: State,
    person: Ints,
    products: tuple[Product, ...],
    ended_at: int,
    rng: np.random.Generator,
) -> Viewers:
    """The evening of these persons at one broadcast that ended at `ended_at`."""
    n = len(person)
    loyalty, forgetful = people.loyalty[person], people.forgetful[person]
    intent = 0.6 * loyalty + 0.8 * rng.normal(size=n)
    cart = rng.random(n) < _logistic(-2.5 + 0.9 * intent)
    product = _draw_products(products, n, rng)
    price = np.array([one.price for one in products], np.int64)[product]
    margin = price * np.array([one.margin_rate for one in products])[product]
    lapsed = np.nan_to_num(people.days_since_order[person], nan=45.0) / 90.0
    noise = rng.normal(size=n)
    wish = kind.potency_mean + 0.62 * forgetful - 0.62 * intent + 0.35 * np.minimum(lapsed, 2.0) + 0.15 * noise
    potency = kind.potency * np.where(wish > 0, wish, 0.55 * wish)
    sated = state.sated[person]
    organic = kind.organic * np.exp(kind.organic_slope * intent) * np.where(cart, kind.cart_multiplier, 1.0)
    viewers = Viewers(
        person=person,
        ended_at=ended_at,
        clock_at_end=np.mod(ended_at / 3_600_000_000 + people.offset_hours[person], 24.0),
        intent=intent,
        organic=organic * (1.0 - 0.7 * sated),
        peak=people.peak[person],
        sharpness=people.sharpness[person],
        potency=potency,
        affinity=people.affinity[person],
        deal=people.deal[person],
        cart=cart,
        fatigue_effect=people.fatigue_effect[person],
        reactance=people.reactance[person],
        opt_out=people.opt_out[person],
        fatigue=state.fatigue_now(ended_at, 72.0)[person] + kind.fatigue_before,
        spoiled=state.spoiled[person],
        redeem=0.55 + 0.4 * people.deal[person],
        price=price,
        margin=margin,
        opt_out_cost=kind.opt_out_cost_minor * np.exp(0.35 * loyalty - 0.06),
        reach=people.reach[person] & ~state.opted_out[person],
    )
    return replace(viewers, observed=observe(people, viewers, product, rng))


def _draw_products(products: tuple[Product, ...], n: int, rng: np.random.Generator) -> Ints:
    appeal = np.array([one.appeal for one in products])
    return rng.choice(len(products), size=n, p=appeal / appeal.sum()).astype(np.int64)


def observe(
    people: People, viewers: Viewers, product: Ints, rng: np.random.Generator
) -> dict[str, NDArray[np.generic]]:
    """What a shop sees of the visit and of the past: noisy proxies of the latents."""
    n, person, intent = len(viewers), viewers.person, viewers.intent
    watch = np.exp(5.6 + 0.8 * intent + 0.45 * rng.normal(size=n))
    return {
        "product": product,
        "price": viewers.price,
        "watch_seconds": np.clip(watch, 5, 3 * 3600).astype(np.int64),
        "clicks": rng.poisson(np.exp(-0.35 + 0.55 * intent)) + viewers.cart,
        "comments": rng.poisson(np.exp(-1.9 + 0.55 * intent)),
        "asked_price": rng.random(n) < _logistic(-3.2 + 0.6 * intent + 1.6 * viewers.deal),
        "likes": rng.poisson(np.exp(-0.8 + 0.5 * people.loyalty[person])),
        "cart": viewers.cart,
        "orders_before": people.orders_before[person],
        "money_before": people.money_before[person],
        "days_since_order": people.days_since_order[person],
        "coupons_used": people.coupons_used[person],
        "coupons_claimed": people.coupons_claimed[person],
        **{f"{name}_messages": people.messages_before[person, c] for c, name in enumerate(CHANNELS)},
        **{f"{name}_clicks": people.clicks_before[person, c] for c, name in enumerate(CHANNELS)},
        "usual_hour": people.usual_hour[person],
        "reach": viewers.reach,
    }
