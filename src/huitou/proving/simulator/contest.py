"""A contest of policies in one world: everybody's plans, judged by their exact expected profit.

Money is what the world expects, not what one week happened to bring, so there is no outcome noise in a comparison.
With several broadcasts the people carry over what each policy did to them; a policy's profit is then its total over
the broadcasts against the total of a world in which nothing was ever sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from huitou.kit.clock import DAY, HOUR
from huitou.proving.simulator.baselines import every_plan, is_baseline, plan_baseline
from huitou.proving.simulator.contest_campaign import write_campaign
from huitou.proving.simulator.doors import House, read_decisions
from huitou.proving.simulator.house_files import PLANNED_AFTER, broadcast_id, evening_files, shop_files, week_files
from huitou.proving.simulator.plans import CampaignTerms, Plans, read_terms
from huitou.proving.simulator.response import Expectation, Viewers
from huitou.proving.simulator.world import World, pick_plans

ORACLE = "oracle"
PRODUCTS = ("auto", "rules", "random", "blast")  # the product's own policies
OTHERS = ("nothing", "operator", "propensity")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Terms:
    """What a contest is about."""

    viewers: int = 4_000
    broadcasts: int = 1
    holdout: float = 0.0
    explore: float = 0.0
    attend: float = 0.6  # of the people, where there are several broadcasts


@dataclass(frozen=True)
class Score:
    """One policy in one world. Money in minor units, in expectation; `profit_minor` is over doing nothing, `of_oracle`
    its share of the oracle's (None where the oracle gains nothing), `contacts` the share of viewers written to at all."""

    world: str
    seed: int
    policy: str
    viewers: int
    profit_minor: float
    of_oracle: float | None
    contacts: float
    messages: float
    messages_minor: float
    messages_budget_minor: float
    offers_minor: float
    offers_budget_minor: float
    orders: float  # over doing nothing
    opt_outs: float


@dataclass
class _Total:
    """Sums over the broadcasts of one policy."""

    viewers: int = 0
    profit: float = 0.0
    written_to: int = 0
    sent: float = 0.0
    messages: float = 0.0
    messages_budget: float = 0.0
    coupons: float = 0.0
    offers_budget: float = 0.0
    buys: float = 0.0
    opt_outs: float = 0.0

    def add(self, viewers: Viewers, plans: Plans, expected: Expectation, campaign: CampaignTerms) -> None:
        self.viewers += len(viewers)
        self.profit += float(expected.profit.sum())
        self.written_to += int((plans.send_at >= 0).any(axis=1).sum())
        self.sent += float(expected.sent.sum())
        self.messages += float(expected.messages.sum())
        self.messages_budget += campaign.budget_messages_minor
        self.coupons += float(expected.coupons.sum())
        self.offers_budget += campaign.budget_offers_minor
        self.buys += float(expected.buys.sum())
        self.opt_outs += float(expected.opt_outs.sum())


class _Shop:
    """The shop's installation of the product, opened when a policy of the product is first asked."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        self.is_open = False
        self.told: set[int] = set()

    def hear(self, world: World, viewers: Viewers, number: int) -> None:
        """What the shop knows when broadcast `number` has ended."""
        files = evening_files(world, viewers, number)
        if not self.is_open:
            files = shop_files(world, world.broadcast()) | files
        if number not in self.told:
            self.house.bring(files, viewers.ended_at + PLANNED_AFTER)
        self.is_open = True
        self.told.add(number)


def compete(kind: str, seed: int, policies: Sequence[str], terms: Terms, folder: Path, say: Say) -> list[Score]:
    """Every policy in the world (kind, seed), and the oracle. ValueError for a policy that is none; DoorShut."""
    name_policies(policies)
    shared = _Shop(folder / "house") if terms.broadcasts == 1 else None
    total = {}
    for number, policy in enumerate(dict.fromkeys(("nothing", ORACLE, *policies))):
        say(f"{kind} {seed}: {policy}")
        shop = shared or _Shop(folder / f"house-{number}")
        total[policy] = _live(World(kind, seed, terms.viewers), policy, terms, shop)
    return [
        _score(kind, seed, policy, total[policy], total["nothing"], total[ORACLE])
        for policy in dict.fromkeys((ORACLE, *policies))
    ]


def name_policies(policies: Sequence[str]) -> None:
    """ValueError for a name that is none. The product's own are judged by the product."""
    for policy in policies:
        if policy != ORACLE and not is_baseline(policy) and policy.partition(":")[0] not in PRODUCTS:
            raise ValueError(f"no policy {policy!r}; there are {', '.join((*PRODUCTS, *OTHERS))}")


def _live(world: World, policy: str, terms: Terms, shop: _Shop) -> _Total:
    """All broadcasts with one policy; between them the week passes as chance will have it, the same for all."""
    total = _Total()
    for number in range(terms.broadcasts):
        viewers = world.broadcast(number, 1.0 if terms.broadcasts == 1 else terms.attend)
        text = write_campaign(_spell_out(policy), len(viewers), _name(policy), terms.holdout, terms.explore)
        campaign = read_terms(text)
        plans = _choose(world, viewers, number, policy, campaign, text, terms, shop)
        total.add(viewers, plans, world.evaluate(viewers, [plans], campaign.terms)[0], campaign)
        if number + 1 < terms.broadcasts:
            outcome = world.simulate(viewers, plans, campaign.terms, world.rng("week", number))
            world.carry_over(viewers, outcome)
            if shop.is_open:
                files = week_files(viewers, plans, outcome, world.products, number)
                shop.house.bring(files, viewers.ended_at + 7 * DAY - HOUR)
    return total


def _choose(
    world: World,
    viewers: Viewers,
    number: int,
    policy: str,
    campaign: CampaignTerms,
    text: str,
    terms: Terms,
    shop: _Shop,
) -> Plans:
    if policy == ORACLE:
        plans = every_plan(campaign, viewers)
        budgets = campaign.budget_offers_minor, campaign.budget_messages_minor
        choice, _ = world.oracle(viewers, plans, campaign.terms, *budgets)
        return pick_plans(plans, choice.plan, len(viewers))
    if is_baseline(policy):
        return plan_baseline(policy, campaign, viewers)
    shop.hear(world, viewers, number)
    now = viewers.ended_at + PLANNED_AFTER
    file = shop.house.plan(broadcast_id(number), text, _name(policy), now, keep=terms.broadcasts > 1)
    return read_decisions(file, viewers, campaign.terms)


def _spell_out(policy: str) -> str:
    """`blast:TIMING` means without an offer; the product would add the first it finds."""
    kind, *parts = policy.split(":")
    return f"{policy}:none" if kind == "blast" and len(parts) == 1 else policy


def _name(policy: str) -> str:
    return "contest-" + policy.replace(":", "-").replace("_", "-")


def _score(kind: str, seed: int, policy: str, total: _Total, nothing: _Total, oracle: _Total) -> Score:
    profit, best = total.profit - nothing.profit, oracle.profit - nothing.profit
    return Score(
        world=kind,
        seed=seed,
        policy=policy,
        viewers=total.viewers,
        profit_minor=profit,
        of_oracle=profit / best if best > 0 else None,
        contacts=total.written_to / total.viewers,
        messages=total.sent,
        messages_minor=total.messages,
        messages_budget_minor=total.messages_budget,
        offers_minor=total.coupons,
        offers_budget_minor=total.offers_budget,
        orders=total.buys - nothing.buys,
        opt_outs=total.opt_outs,
    )
