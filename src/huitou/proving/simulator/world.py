"""Worlds: kinds that differ in how people respond, several broadcasts in a row, and logs of past campaigns.

Kinds. `base`; `null`: messages change nothing but still cost; `fatigue`: people tire and leave soon, and were written
to a lot before; `confounded`: like base, but the log was made by operators who wrote to those who looked hot.

Carry-over. After a broadcast's week `carry_over` keeps in the people what the campaign left: opt-outs, fatigue,
satiation (purchases pulled forward: whoever bought buys less for a while) and the habit of waiting for a coupon.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from huitou.kit.clock import DAY, HOUR, parse_time
from huitou.proving.simulator.crowd import Outcome, run_week
from huitou.proving.simulator.people import People, Product, State, draw_people, draw_visit
from huitou.proving.simulator.plans import Choice, Plans, Terms, choose_best
from huitou.proving.simulator.response import (
    Expectation,
    Floats,
    Ints,
    Response,
    Viewers,
    cumulate,
    expect,
    organic_hazard,
)


@dataclass(frozen=True)
class Kind:
    """How a world differs from others; the constants of the distributions people are drawn from."""

    name: str = "base"
    organic: float = 0.0005  # purchases an hour of a viewer of average intent without a cart, right after the end
    organic_slope: float = 0.75
    cart_multiplier: float = 2.2
    potency: float = 0.08
    potency_mean: float = 0.0
    affinity_spread: float = 0.7
    reactance: float = 0.36
    fatigue_effect: float = 0.35
    fatigue_before: float = 0.0
    opt_out: float = 0.025
    opt_out_cost_minor: float = 1000.0
    reach: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)  # email, sms, push, wecom
    past_orders: float = -0.9  # log of how many orders a person of average loyalty has behind them
    operators_log: bool = False
    response: Response = field(default_factory=Response)


KINDS = {
    "base": Kind(),
    "null": Kind(name="null", potency=0.0, reactance=0.0),
    "fatigue": Kind(name="fatigue", fatigue_effect=1.2, fatigue_before=0.6, opt_out=0.06),
    "confounded": Kind(name="confounded", operators_log=True),
}

TEAS = (
    Product("P1", "普洱茶饼", "黑茶", 19900, 0.45, 600, 1.2),
    Product("P2", "正山小种", "红茶", 12900, 0.50, 800, 1.3),
    Product("P3", "白毫银针", "白茶", 29900, 0.40, 300, 0.7),
    Product("P4", "大红袍礼盒", "乌龙茶", 39900, 0.38, 250, 0.6),
    Product("P5", "茉莉花茶", "花茶", 5900, 0.55, 2000, 1.4),
    Product("P6", "陈皮白茶", "白茶", 16900, 0.45, 500, 1.0),
    Product("P7", "便携茶具", "茶具", 25900, 0.35, 200, 0.6),
    Product("P8", "冬日暖茶组合", "组合", 9900, 0.50, 1500, 1.3),
)


@dataclass(frozen=True)
class Log:
    """A past campaign as the shop has it: who got which plan with what chance, and what came of it."""

    viewers: Viewers
    plan: Ints  # column of the plan list; 0 is nothing
    propensity: Floats
    outcome: Outcome


class World:
    """A synthetic world, the same for the same (kind, seed, people).

    `expected_profit` and `oracle` are exact; `simulate` draws from the very same hazards.
    """

    def __init__(
        self, kind: str | Kind = "base", seed: int = 1, people: int = 20_000, first_end: int | None = None
    ) -> None:
        if isinstance(kind, str) and kind not in KINDS:
            raise ValueError(f"no kind of world {kind!r}; there are {', '.join(KINDS)}")
        self.kind = KINDS[kind] if isinstance(kind, str) else kind
        self.response = self.kind.response
        self.seed = seed
        self.first_end = first_end if first_end is not None else parse_time("2026-11-20T12:00:00Z")
        self.people: People = draw_people(self.kind, people, self.rng("people"))
        self.state = State.fresh(people, self.first_end)
        self.products = TEAS

    def rng(self, *names: str | int) -> np.random.Generator:
        """A stream of its own for every purpose, so that adding one draw does not change all others."""
        words = [int.from_bytes(str(name).encode()[:8], "little") for name in names]
        return np.random.default_rng([self.seed, *words])

    def broadcast(self, number: int = 0, attend: float = 1.0) -> Viewers:
        """Those who watched the number-th broadcast (one a week) and did not order in it."""
        rng = self.rng("broadcast", number)
        n = len(self.people)
        person = np.flatnonzero(rng.random(n) < attend) if attend < 1 else np.arange(n)
        ended_at = self.first_end + number * 7 * DAY
        return draw_visit(self.kind, self.people, self.state, person, self.products, ended_at, rng)

    def expected_profit(self, viewers: Viewers, plans: Plans, terms: Terms) -> Floats:
        """(n,) minor units of the week: margin - coupons - messages - opt-outs, in expectation, exactly."""
        return expect(self.response, viewers, plans, terms).profit

    def evaluate(self, viewers: Viewers, plans: list[Plans], terms: Terms) -> list[Expectation]:
        """The exact expectations of every plan for every viewer; the organic part is computed once."""
        organic = cumulate(organic_hazard(self.response, viewers))
        return [expect(self.response, viewers, one, terms, organic) for one in plans]

    def oracle(
        self,
        viewers: Viewers,
        plans: list[Plans],
        terms: Terms,
        budget_offers: float = np.inf,
        budget_messages: float = np.inf,
    ) -> tuple[Choice, Floats]:
        """The best plan for each viewer within the budgets, and the (n, 1 + J) values over nothing it chose from.

        Column 0 is nothing; a plan on a channel where the viewer cannot be reached is not available.
        """
        nothing, *expected = self.evaluate(viewers, [Plans.nothing(len(viewers)), *plans], terms)
        value = np.zeros((len(viewers), len(plans) + 1))
        coupons, messages = np.zeros_like(value), np.zeros_like(value)
        for column, (plan, one) in enumerate(zip(plans, expected, strict=True), start=1):
            reachable = _reachable(viewers, plan)
            value[:, column] = np.where(reachable, one.profit - nothing.profit, -np.inf)
            coupons[:, column], messages[:, column] = one.coupons, one.messages
        return choose_best(value, [coupons, messages], [budget_offers, budget_messages]), value

    def simulate(self, viewers: Viewers, plans: Plans, terms: Terms, rng: np.random.Generator) -> Outcome:
        """One realised week, consistent with the exact expectations."""
        return run_week(self.response, viewers, plans, terms, rng)

    def draw_log(
        self,
        viewers: Viewers,
        plans: list[Plans],
        terms: Terms,
        rng: np.random.Generator,
        operators: bool | None = None,
    ) -> Log:
        """A past campaign: plans drawn evenly (nothing included), or by operators who write to the hot."""
        n, arms = len(viewers), len(plans) + 1
        if self.kind.operators_log if operators is None else operators:
            heat = observed_heat(viewers)
            chance = np.where(heat >= np.quantile(heat, 0.6), 0.85, 0.1)
        else:
            chance = np.full(n, (arms - 1) / arms)
        written = rng.random(n) < chance
        plan = np.where(written, rng.integers(1, arms, size=n), 0)
        propensity = np.where(plan > 0, chance / (arms - 1), 1 - chance)
        outcome = self.simulate(viewers, pick_plans(plans, plan, n), terms, rng)
        return Log(viewers, plan, propensity, outcome)

    def carry_over(self, viewers: Viewers, outcome: Outcome) -> None:
        """Keep what the week left in the people; the next broadcast meets them as they are then."""
        at = viewers.ended_at + 168 * HOUR
        n = len(self.people)
        fatigue = self.state.fatigue_now(at, self.response.fatigue_hours)
        fatigue[viewers.person] = outcome.fatigue
        opted_out, sated, spoiled = self.state.opted_out.copy(), self.state.sated * 0.6, self.state.spoiled * 0.8
        opted_out[viewers.person] |= outcome.opted_out
        bought, coupon = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        bought[viewers.person] = ~np.isnan(outcome.ordered_h)
        coupon[viewers.person] = outcome.coupons_got > 0
        sated = np.minimum(1.0, sated + 0.6 * bought)
        spoiled = np.minimum(1.0, spoiled + 0.3 * coupon)
        self.state = State(fatigue, at, opted_out, sated, spoiled)


def _reachable(viewers: Viewers, plans: Plans) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    rows = np.arange(len(viewers))
    reachable = np.ones(len(viewers), np.bool_)
    for k in range(plans.width):
        reachable &= viewers.reach[rows, plans.channel[:, k]] | (plans.send_at[:, k] < 0)
    return reachable


def observed_heat(viewers: Viewers) -> Floats:
    """How an operator ranks viewers by what is seen: watched, clicked, asked, in the cart, bought before."""
    seen = viewers.observed
    result: Floats = (
        0.6 * np.log(seen["watch_seconds"].astype(np.float64))
        + 0.5 * np.minimum(seen["clicks"].astype(np.float64), 5)
        + 0.4 * np.minimum(seen["comments"].astype(np.float64), 3)
        + 1.5 * seen["cart"].astype(np.float64)
        + 0.5 * np.minimum(seen["orders_before"].astype(np.float64), 4)
    )
    return result


def pick_plans(plans: list[Plans], chosen: Ints, n: int) -> Plans:
    """One Plans whose i-th row is the i-th row of plans[chosen[i] - 1], or nothing where chosen[i] is 0."""
    width = max((one.width for one in plans), default=0)
    send_at = np.full((n, width), -1, np.int64)
    channel, offer = np.zeros_like(send_at), np.zeros_like(send_at)
    for column, one in enumerate(plans, start=1):
        rows = chosen == column
        send_at[rows, : one.width] = one.send_at[rows]
        channel[rows, : one.width] = one.channel[rows]
        offer[rows, : one.width] = one.offer[rows]
    return Plans(send_at, channel, offer)
