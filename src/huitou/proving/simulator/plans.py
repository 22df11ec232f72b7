"""Plans: what is sent to whom and when, as arrays; the arms of a campaign file; the best choice under a budget."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from huitou.kit.clock import HOUR

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHANNELS = ("email", "sms", "push", "wecom")
NO_STEP = -1


@dataclass(frozen=True)
class Offer:
    """What may be added to a message. `rate` of the price, or `off_minor` from `threshold_minor` on."""

    name: str
    rate: float = 0.0
    off_minor: int = 0
    threshold_minor: int = 0
    expires_hours: float = 72.0


@dataclass(frozen=True)
class Terms:
    """What messages and coupons cost in a campaign; the first offer is no offer."""

    offers: tuple[Offer, ...]
    message_minor: Floats  # by channel, in the order of CHANNELS

    @property
    def expires_hours(self) -> Floats:
        return np.array([offer.expires_hours for offer in self.offers])

    def coupon_minor(self, offer: Ints, price: Ints) -> Floats:
        """What a redeemed coupon costs on an order of that price; never more than the price."""
        rate = np.array([one.rate for one in self.offers])[offer]
        off = np.array([one.off_minor for one in self.offers])[offer]
        threshold = np.array([one.threshold_minor for one in self.offers])[offer]
        result: Floats = np.minimum(price * rate + np.where(price >= threshold, off, 0), price)
        return result

    def number(self, offer: str) -> int:
        for number, one in enumerate(self.offers):
            if one.name == offer:
                return number
        raise ValueError(f"no offer {offer!r}")


@dataclass(frozen=True)
class Step:
    """One message of one viewer's plan; `send_at` in epoch microseconds."""

    send_at: int
    channel: str
    offer: str = "none"


@dataclass(frozen=True)
class Plans:
    """Plans of n viewers with at most K steps: three (n, K) arrays; a step that is not there has send_at -1."""

    send_at: Ints
    channel: Ints
    offer: Ints

    @property
    def width(self) -> int:
        return int(self.send_at.shape[1])

    def __len__(self) -> int:
        return int(self.send_at.shape[0])

    def step(self, k: int, ended_at: int) -> tuple[Floats, Ints, Ints]:
        """(hours after the broadcast or NaN, channel, offer) of everybody's k-th step."""
        absent = self.send_at[:, k] == NO_STEP
        hours: Floats = np.where(absent, np.nan, (self.send_at[:, k] - ended_at) / HOUR)
        return hours, self.channel[:, k], self.offer[:, k]

    def take(self, rows: NDArray[np.generic]) -> Plans:
        return Plans(self.send_at[rows], self.channel[rows], self.offer[rows])

    @staticmethod
    def nothing(n: int) -> Plans:
        return Plans(np.zeros((n, 0), np.int64), np.zeros((n, 0), np.int64), np.zeros((n, 0), np.int64))

    @staticmethod
    def same(n: int, send_at: Ints, channel: int, offer: int) -> Plans:
        steps = len(send_at)
        return Plans(
            np.tile(np.asarray(send_at, np.int64), (n, 1)),
            np.full((n, steps), channel, np.int64),
            np.full((n, steps), offer, np.int64),
        )

    @staticmethod
    def of(lists: Sequence[Sequence[Step]], terms: Terms) -> Plans:
        """From one list of steps a viewer, e.g. read from the rows of a decisions file; steps are put in order."""
        width = max((len(steps) for steps in lists), default=0)
        send_at = np.full((len(lists), width), NO_STEP, np.int64)
        channel, offer = np.zeros_like(send_at), np.zeros_like(send_at)
        for row, steps in enumerate(lists):
            for k, step in enumerate(sorted(steps, key=lambda one: one.send_at)):
                send_at[row, k] = step.send_at
                channel[row, k] = CHANNELS.index(step.channel)
                offer[row, k] = terms.number(step.offer)
        return Plans(send_at, channel, offer)


@dataclass(frozen=True)
class Arm:
    """One plan of a campaign: a timing, a channel, an offer."""

    timing: str
    channel: str
    offer: str

    @property
    def name(self) -> str:
        return f"{self.timing}/{self.channel}/{self.offer}"


@dataclass(frozen=True)
class Timing:
    """`hours` after the broadcast, or the person's own hour each k-th time it comes round."""

    name: str
    hours: tuple[float, ...] = ()
    active: tuple[int, ...] = ()


@dataclass(frozen=True)
class CampaignTerms:
    """The part of a campaign file that the world has to know."""

    terms: Terms
    timings: tuple[Timing, ...]
    channels: tuple[str, ...]
    quiet: tuple[float, float]  # local hours, from and to
    budget_offers_minor: float
    budget_messages_minor: float

    def arms(self) -> list[Arm]:
        return [
            Arm(timing.name, channel, offer.name)
            for timing in self.timings
            for channel in self.channels
            for offer in self.terms.offers
        ]


def read_terms(text: str) -> CampaignTerms:
    """Read a campaign file (TOML, keys as in `examples/follow-up.toml`)."""
    raw = tomllib.loads(text)
    offers = tuple(_read_offer(one) for one in raw.get("offer", []))
    if not offers or offers[0].name != "none":
        offers = (Offer("none"), *offers)
    costs = {one["name"]: float(one.get("cost_minor", 0)) for one in raw.get("channel", [])}
    timings = tuple(
        Timing(one["name"], tuple(float(hour) for hour in _several(one, "hours")), tuple(_several(one, "active")))
        for one in raw.get("timing", [])
    )
    budget: Mapping[str, Any] = raw.get("budget", {})
    quiet: Mapping[str, Any] = raw.get("quiet", {"from": "22:00", "to": "08:00"})
    return CampaignTerms(
        terms=Terms(offers, np.array([costs.get(name, 0.0) for name in CHANNELS])),
        timings=timings,
        channels=tuple(name for name in costs if name in CHANNELS),
        quiet=(_hour(quiet["from"]), _hour(quiet["to"])),
        budget_offers_minor=float(budget.get("offers_minor", np.inf)),
        budget_messages_minor=float(budget.get("messages_minor", np.inf)),
    )


def _read_offer(raw: Mapping[str, Any]) -> Offer:
    return Offer(
        name=raw["name"],
        rate=float(raw.get("rate", 0.0)),
        off_minor=int(raw.get("off_minor", 0)),
        threshold_minor=int(raw.get("threshold_minor", 0)),
        expires_hours=float(raw.get("expires_hours", 72)),
    )


def _several(raw: Mapping[str, Any], key: str) -> list[Any]:
    value = raw.get(key, [])
    return value if isinstance(value, list) else [value]


def _hour(text: str) -> float:
    hour, minute = text.split(":")
    return int(hour) + int(minute) / 60


def arm_plans(campaign: CampaignTerms, arm: Arm, ended_at: int, clock_at_end: Floats, active_hour: Floats) -> Plans:
    """The arm's steps for every viewer: hours moved out of the viewer's own quiet hours, then kept an hour apart."""
    timing = next(one for one in campaign.timings if one.name == arm.timing)
    n = len(clock_at_end)
    if timing.active:
        first = np.mod(active_hour - clock_at_end, 24.0)
        hours = first[:, None] + 24.0 * (np.array(timing.active) - 1)
    else:
        hours = np.tile(np.asarray(timing.hours), (n, 1))
    hours = _leave_quiet(hours, clock_at_end, campaign.quiet)
    for k in range(1, hours.shape[1]):
        hours[:, k] = np.maximum(hours[:, k], np.ceil(hours[:, k - 1]) + 1.0)
    send_at = ended_at + np.rint(hours * HOUR).astype(np.int64)
    channel = np.full(send_at.shape, CHANNELS.index(arm.channel), np.int64)
    return Plans(send_at, channel, np.full(send_at.shape, campaign.terms.number(arm.offer), np.int64))


def _leave_quiet(hours: Floats, clock_at_end: Floats, quiet: tuple[float, float]) -> Floats:
    start, end = quiet
    local = np.mod(clock_at_end[:, None] + hours, 24.0)
    within = (local >= start) | (local < end) if start > end else (local >= start) & (local < end)
    result: Floats = hours + np.where(within, np.mod(end - local, 24.0), 0.0)
    return result


@dataclass(frozen=True)
class Choice:
    """Which plan each viewer gets (a column of the value matrix), what that is worth and uses of each budget.

    `bound` is what no choice within the budgets can exceed (the Lagrangian dual): value <= optimum <= bound.
    """

    plan: Ints
    value: float
    used: tuple[float, ...]
    bound: float


def choose_best(value: Floats, costs: Sequence[Floats], budgets: Sequence[float], rounds: int = 40) -> Choice:
    """The oracle: the best column for each row under money budgets, in expectation.

    value (n, J) and each of costs (n, J) in minor units, column 0 being "nothing" with cost 0. Multiple-choice
    knapsack by its Lagrangian dual: coordinate-wise bisection on one price a budget, then the cheapest losses are
    given up until every budget holds.
    """
    prices = np.zeros(len(costs))
    for _ in range(1 if len(costs) == 1 else 6):
        for b in range(len(costs)):
            prices[b] = _bisect_price(value, costs, budgets, prices, b, rounds)
    reduced = _reduce(value, costs, prices)
    plan = np.argmax(reduced, axis=1)
    finite = [price * budget if price > 0 else 0.0 for price, budget in zip(prices, budgets, strict=True)]
    bound = float(reduced.max(axis=1).sum() + sum(finite))
    plan = _keep_within(value, costs, budgets, plan)
    rows = np.arange(len(plan))
    used = tuple(float(cost[rows, plan].sum()) for cost in costs)
    return Choice(plan, float(value[rows, plan].sum()), used, bound)


def _reduce(value: Floats, costs: Sequence[Floats], prices: Floats) -> Floats:
    reduced = value.copy()
    for cost, price in zip(costs, prices, strict=True):
        if price > 0:
            reduced -= price * cost
    return reduced


def _bisect_price(
    value: Floats, costs: Sequence[Floats], budgets: Sequence[float], prices: Floats, b: int, rounds: int
) -> float:
    rows = np.arange(len(value))

    def overspends(price: float) -> bool:
        trial = prices.copy()
        trial[b] = price
        plan = np.argmax(_reduce(value, costs, trial), axis=1)
        return float(costs[b][rows, plan].sum()) > budgets[b]

    if not overspends(0.0):
        return 0.0
    low, high = 0.0, 1.0
    while overspends(high):
        low, high = high, high * 4
    for _ in range(rounds):
        middle = (low + high) / 2
        low, high = (middle, high) if overspends(middle) else (low, middle)
    return high


def _keep_within(value: Floats, costs: Sequence[Floats], budgets: Sequence[float], plan: Ints) -> Ints:
    """Give up the plans that lose least per unit of the budget they overspend, until it holds."""
    rows = np.arange(len(plan))
    for cost, budget in zip(costs, budgets, strict=True):
        spent = cost[rows, plan]
        excess = float(spent.sum()) - budget
        if excess <= 0:
            continue
        order = np.argsort(np.where(spent > 0, value[rows, plan] / np.maximum(spent, 1e-12), np.inf))
        freed = np.cumsum(spent[order])
        plan = plan.copy()
        plan[order[: int(np.searchsorted(freed, excess)) + 1]] = 0
    return plan
