"""What holds for every plan, over a hundred thousand decisions about a crowd with everything real shops have."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from huitou.campaigns.quiet import is_quiet
from huitou.campaigns.reading import read_campaign
from huitou.decisions.arms import Arms, list_arms
from huitou.decisions.assign import find_patterns, levels_of, random_chances
from huitou.decisions.columns import rows_of
from huitou.decisions.decide import plan_from
from huitou.decisions.eligibility import check_eligibility
from huitou.decisions.inputs import Inputs
from huitou.decisions.lake_tables import DECISIONS
from huitou.decisions.people import gather_people
from huitou.decisions.reasons import REASONS, explain
from huitou.kit.clock import DAY, HOUR
from huitou.science.chance import uniform

from .show import CAMPAIGN, ENDED, NOW, campaign, crowd

N = 66_000  # people; with their steps over 100,000 decisions


@cache
def evening() -> tuple[Inputs, pa.Table]:
    given = crowd(N)
    return given, plan_from(given, campaign(), NOW)


def sends() -> pa.Table:
    return evening()[1].filter(pc.equal(evening()[1].column("action"), "send"))


def column(table: pa.Table, name: str) -> np.ndarray:
    return table.column(name).to_numpy()


def test_there_are_a_hundred_thousand_and_one_reason_each() -> None:
    given, plan = evening()
    assert plan.num_rows > 100_000
    assert set(plan.column("customer").to_pylist()) == set(given.candidates.column("customer").to_pylist())
    assert set(pc.unique(plan.column("reason")).to_pylist()) <= set(REASONS)
    assert plan.column("decision_id").to_pylist() == list(dict.fromkeys(plan.column("decision_id").to_pylist()))
    for row in plan.slice(0, 2000).to_pylist():
        assert explain(row, "zh")
        assert explain(row, "en")


def test_nothing_in_quiet_hours() -> None:
    given, _ = evening()
    chosen, rows = campaign(), sends()
    people = gather_people(given, chosen)
    zones = people.zones[rows_of(rows.column("customer").combine_chunks(), people.customer)]
    for channel in chosen.channels:
        here = column(rows, "channel") == channel.name
        moments = column(rows, "send_at")[here]
        assert here.any()
        assert not is_quiet(moments, zones[here], people.zone_names, chosen.windows(channel.name)).any()


def test_nothing_over_the_caps() -> None:
    given, _ = evening()
    planned, before = defaultdict(list), defaultdict(list)
    for customer, at in zip(*(sends().column(name).to_pylist() for name in ("customer", "send_at")), strict=True):
        planned[customer].append(at)
    for customer, at in zip(*(given.contacts.column(i).to_pylist() for i in range(2)), strict=True):
        before[customer].append(at)
    caps = campaign().caps
    for customer, moments in planned.items():
        everything, ours = sorted(moments + before[customer]), set(moments)
        for days, most in caps:
            # every window of the cap that holds one message more than it may, begun by the first of them
            for first, last in zip(everything, everything[most:], strict=False):
                if last - first < days * DAY:
                    # what was there before may already break a cap; we may not be part of it
                    assert not ours.intersection(everything[everything.index(first) : everything.index(last) + 1])


def test_nothing_without_consent_address_or_against_a_stop() -> None:
    given, _ = evening()
    has = {"push": "push_token", "sms": "phone", "email": "email"}
    address = set(zip(*(given.addresses.column(i).to_pylist() for i in range(2)), strict=True))
    granted = {(row["customer"], row["channel"]) for row in given.permissions.to_pylist() if row["granted"]}
    started = given.broadcast.started_at
    stopped = {
        row["customer"] for row in given.stops.to_pylist()
        if row["kind"] == "complaint" or row["occurred_at"] >= started
    }  # fmt: skip
    for customer, channel in zip(*(sends().column(name).to_pylist() for name in ("customer", "channel")), strict=True):
        assert (customer, has[channel]) in address
        assert (customer, channel) in granted
        assert customer not in stopped


def test_nothing_over_the_budgets_or_the_stock() -> None:
    chosen, rows = campaign(), sends()
    assert pc.sum(rows.column("cost_minor")).as_py() <= chosen.budget.messages_minor
    granted, cost = grants(rows)
    assert granted["ten"] <= 2000
    assert granted.total() > 100
    assert 0 < cost <= chosen.budget.offers_minor


def grants(rows: pa.Table) -> tuple[Counter[str], Decimal]:
    """(people by offer, what the offers are expected to cost in minor units), of messages to be sent."""
    granted, cost, seen = Counter[str](), Decimal(0), set()
    for customer, offer, expected in zip(
        *(rows.column(c).to_pylist() for c in ("customer", "offer", "offer_cost")), strict=True
    ):
        if offer != "none" and customer not in seen:
            seen.add(customer)
            granted[offer] += 1
            cost += expected
    return granted, cost


def test_nothing_outside_the_window_or_after_the_offers_end() -> None:
    rows = sends()
    assert (column(rows, "send_at") >= NOW).all()
    assert (column(rows, "send_at") < ENDED + 168 * HOUR).all()
    assert rows.filter(pc.less(rows.column("send_at"), rows.column("offer_expires_at"))).num_rows > 100
    assert not rows.filter(pc.greater_equal(rows.column("send_at"), rows.column("offer_expires_at"))).num_rows


def test_products_are_in_stock_and_not_bought() -> None:
    given, _ = evening()
    bought = {(row["customer"], row["product"]) for row in given.seen.to_pylist() if row["ordered"]}
    for customer, products in zip(*(sends().column(c).to_pylist() for c in ("customer", "products")), strict=True):
        assert 1 <= len(products) <= 3
        assert "P2" not in products
        assert products[0] is not None
        assert not {(customer, product) for product in products} & bought


def test_the_holdout_is_persistent_and_never_written_to() -> None:
    given, plan = evening()
    nodes = given.nodes.column("node").to_pylist()
    held_nodes = uniform("huitou", nodes, "holdout") < 0.1
    owners = given.nodes.column("customer").to_pylist()
    held = {owner for owner, is_held in zip(owners, held_nodes, strict=True) if is_held}
    action = dict(zip(plan.column("customer").to_pylist(), plan.column("action").to_pylist(), strict=True))
    assert {customer for customer in held if action[customer] == "send"} == set()
    assert {customer for customer, what in action.items() if what == "holdout"} <= held
    written, left = Counter(action.values())["send"], Counter(action.values())["holdout"]
    assert abs(left / (written + left) - 0.1048) < 0.005  # a twentieth have two nodes: 0.1 x 0.95 + 0.19 x 0.05


def test_planning_twice_or_from_rows_in_another_order_gives_the_same_bytes() -> None:
    given, plan = crowd(4000), None
    rng = np.random.default_rng(7)
    for _ in range(3):
        shuffled = replace(
            given,
            **{
                name: table.take(pa.array(rng.permutation(table.num_rows)))
                for name in ("candidates", "seen", "products", "nodes", "addresses", "permissions", "stops", "contacts")
                for table in [getattr(given, name)]
            },
        )
        again = plan_from(shuffled, campaign(), NOW)
        assert plan is None or _bytes(again) == _bytes(plan)
        plan = again


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def test_candidates_added_later_leave_the_earlier_rows_as_they_are() -> None:
    given = crowd(6000)
    early = replace(given, candidates=given.candidates.slice(0, 4000))
    first = plan_from(early, campaign(), NOW)
    second = plan_from(replace(given, existing=first, decided=first.column("customer")), campaign(), NOW + HOUR)
    known = pa.array(set(first.column("customer").to_pylist()))
    kept = second.filter(pc.is_in(second.column("customer"), value_set=known))
    assert kept.equals(first)
    assert len(set(second.column("customer").to_pylist())) == 6000
    assert plan_from(replace(given, existing=second, decided=second.column("customer")), campaign(), NOW + DAY).equals(
        second
    )
    spent = pc.sum(second.column("cost_minor")).as_py()
    assert spent <= campaign().budget.messages_minor


def test_what_an_earlier_plan_spends_later_plans_do_not_have() -> None:
    given, scarce = crowd(3000), campaign("explore = 0.2\n", offers=30_000)
    first = plan_from(replace(given, candidates=given.candidates.slice(0, 1500)), scarce, NOW)
    both = plan_from(replace(given, existing=first, decided=first.column("customer")), scarce, NOW + HOUR)
    alone = plan_from(replace(given, candidates=given.candidates.slice(1500)), scarce, NOW)
    cost = {
        name: grants(plan.filter(pc.equal(plan.column("action"), "send")))[1]
        for name, plan in {"first": first, "both": both, "alone": alone}.items()
    }
    limit = scarce.budget.offers_minor
    assert cost["first"] <= cost["both"] <= limit
    assert cost["first"] + cost["alone"] > limit  # had the second forgotten the first, there would be too little


def test_messages_money_and_stock_are_one_for_all_plans() -> None:
    given = crowd(3000)
    text = CAMPAIGN.replace("stock = 2000", "stock = 20").replace("messages_minor = 100000", "messages_minor = 400")
    scarce = read_campaign("explore = 0.2\n" + text)
    first = plan_from(replace(given, candidates=given.candidates.slice(0, 1500)), scarce, NOW)
    both = plan_from(replace(given, existing=first, decided=first.column("customer")), scarce, NOW + HOUR)
    alone = plan_from(replace(given, candidates=given.candidates.slice(1500)), scarce, NOW)
    sent = {
        name: plan.filter(pc.equal(plan.column("action"), "send"))
        for name, plan in {"first": first, "both": both, "alone": alone}.items()
    }
    money = {name: pc.sum(rows.column("cost_minor")).as_py() or 0 for name, rows in sent.items()}
    assert money["both"] <= 400 < money["first"] + money["alone"]
    given_out = {name: grants(rows)[0]["ten"] for name, rows in sent.items()}
    assert given_out["both"] <= 20 < given_out["first"] + given_out["alone"]


def arms_of(n: int, seed: int = 1, stock: int = 5) -> tuple[Arms, np.ndarray]:
    given, chosen = crowd(n, seed), campaign()
    people = gather_people(given, chosen)
    arms = list_arms(chosen, people, check_eligibility(given, people, chosen).reach, {"ten": stock}, ENDED, NOW)
    return arms, arms.feasible(people, slice(0, n))


def test_every_level_a_person_can_get_keeps_two_percent_of_the_explored() -> None:
    arms, feasible = arms_of(3000)
    patterns = find_patterns([feasible[:1000], feasible[1000:]], len(arms))
    chances, pattern = random_chances(arms, patterns), patterns.kind
    assert (patterns.can[pattern] == feasible).all()
    assert np.allclose(chances.sum(axis=1), 1)
    eligible = np.concatenate([feasible, np.ones((len(feasible), 1), dtype=bool)], axis=1)
    assert (chances[pattern][~eligible] == 0).all()
    levels = levels_of(arms)
    shares, possible = chances[pattern] @ levels, eligible.astype(float) @ levels > 0
    assert shares[possible].min() >= 0.02 - 1e-9


def test_among_many_arms_doing_nothing_keeps_its_two_percent_too() -> None:
    head, _, rest = CAMPAIGN.partition("[[timing]]")
    timings = "".join(f'[[timing]]\nname = "t{hour}"\nhours = [{hour}]\n' for hour in range(20, 60))
    chosen = read_campaign(head + timings + "[[channel]]" + rest.partition("[[channel]]")[2])
    given = crowd(500)
    people = gather_people(given, chosen)
    arms = list_arms(chosen, people, check_eligibility(given, people, chosen).reach, {"ten": 5}, ENDED, NOW)
    patterns = find_patterns([arms.feasible(people, slice(0, 500))], len(arms))
    chances = random_chances(arms, patterns)
    assert len(arms) >= 80
    assert chances[:, -1].min() >= min(0.02, 0.5 / levels_of(arms).shape[1]) - 1e-9


def test_propensities_are_how_often_it_happens() -> None:
    """Over many seeds the logged chance of being held out must equal the observed frequency."""
    given, lots, n = crowd(400), 60, 400
    happened, promised = Counter[str](), dict[str, float]()
    for lot in range(lots):
        plan = plan_from(given, campaign(f'seed = "{lot}"\nexplore = 0.3\nholdout = 0.2\n', offers=10**8), NOW)
        held = plan.filter(pc.equal(plan.column("action"), "holdout"))
        chances = dict(zip(*(held.column(c).to_pylist() for c in ("customer", "propensity")), strict=True))
        happened.update(chances.keys())
        promised |= chances
    observed = np.array([happened[customer] / lots for customer in promised])
    assert len(promised) > n / 3
    assert abs(observed.mean() - np.mean(list(promised.values()))) < 0.01


def test_weighed_by_its_propensity_every_plan_counts_everybody_who_could_get_it() -> None:
    """Horvitz & Thompson (1952): over many seeds the weights 1 / propensity of a timing, channel or offer must add up
    to the number of people who can get it. A wrong joint chance shows here."""
    given, lots = crowd(300), 120
    chosen = 'policy = "random"\nholdout = 0.2\n'
    totals = Counter[tuple[str, str]]()
    for lot in range(lots):
        plan = plan_from(given, campaign(f'seed = "{lot}"\n' + chosen, offers=10**9, messages=10**9), NOW)
        rows = plan.select(["customer", "action", "propensity", "timing", "channel"]).to_pylist()
        first = {row["customer"]: row for row in reversed(rows)}
        for row in first.values():
            if row["action"] == "send":
                totals[row["timing"], row["channel"]] += 1 / row["propensity"] / 3  # three offers, each once a person
    arms, feasible = arms_of(300, stock=2000)
    for timing, channel in totals:
        same = [
            arm for arm in range(len(arms))
            if (arms.parts(arm)[0].name, arms.parts(arm)[1].name) == (timing, channel)
        ]  # fmt: skip
        possible = feasible[:, same].sum() / 3
        assert abs(totals[timing, channel] / lots - possible) < 0.15 * possible + 2, (timing, channel)


def arms(plan: pa.Table) -> dict[str, tuple[str, ...]]:
    """What each person would get: (timing, channel, offer), or ("nothing",)."""
    names = ["customer", "action", "timing", "channel", "offer"]
    rows = plan.filter(pc.equal(plan.column("step"), 1)).select(names).to_pylist()
    return {
        row["customer"]: (row["timing"], row["channel"], row["offer"]) if row["action"] == "send" else ("nothing",)
        for row in rows
    }


@pytest.mark.parametrize("explore", [0.1, 0.5])
def test_a_plan_has_one_chance_whether_it_was_drawn_or_chosen(explore: float) -> None:
    """A person's lot may be what the policy would have chosen too: the logged chance is that of both ways together."""
    given, ways = crowd(150), defaultdict[tuple[str, ...], dict[bool, set[float]]](lambda: defaultdict(set))
    for lot in range(40):
        rich = campaign(f'seed = "{lot}"\nexplore = {explore}\nholdout = 0\n', offers=10**9, messages=10**9)
        plan = plan_from(given, rich, NOW)
        chances = dict(zip(*(plan.column(c).to_pylist() for c in ("customer", "propensity")), strict=True))
        reasons = dict(zip(*(plan.column(c).to_pylist() for c in ("customer", "reason")), strict=True))
        for customer, arm in arms(plan).items():
            ways[customer, *arm][reasons[customer].startswith("explored")].add(round(chances[customer], 9))
    both = [chances for chances in ways.values() if len(chances) == 2]
    assert len(both) > 20
    assert [chances for chances in both if len(chances[True] | chances[False]) > 1] == []


def test_who_is_explored_gets_what_chance_gives_all() -> None:
    """Being explored and the lot are two draws: with one draw for both the explored would get the first arms alone."""
    given = crowd(6000)
    all_of_them = plan_from(given, campaign('policy = "random"\nholdout = 0\n', offers=10**9, messages=10**9), NOW)
    few = plan_from(given, campaign("explore = 0.3\nholdout = 0\n", offers=10**9, messages=10**9), NOW)
    explored = pc.starts_with(few.column("reason"), "explored")
    shares = [timings(table) for table in (all_of_them, few.filter(explored))]
    assert shares[0].keys() == shares[1].keys()
    assert max(abs(shares[0][name] - shares[1][name]) for name in shares[0]) < 0.04


def timings(plan: pa.Table) -> dict[str, float]:
    """The share of people by timing, of those who were drawn for."""
    drawn = plan.filter(pc.starts_with(plan.column("reason"), "explored"))
    found = Counter(arm[0] for arm in arms(drawn).values())
    return {name: number / found.total() for name, number in found.items()}


def test_propensities_sum_to_one_over_what_can_happen() -> None:
    """For each person: each plan by lot, the policy's own, the holdout, nothing."""
    from huitou.decisions.plan import _propensity

    rng = np.random.default_rng(3)
    h, share, n_arms = rng.random(500) * 0.5, 0.1, 6
    lots = rng.dirichlet(np.ones(n_arms + 1), 500)  # the last is nothing
    own = rng.integers(0, n_arms + 1, 500)
    plans = share * lots + (1 - share) * np.eye(n_arms + 1)[own]
    nothing = plans[:, -1]
    yes, no = np.ones(500, dtype=bool), np.zeros(500, dtype=bool)
    total = _propensity(nothing, nothing, h, no, no) + _propensity(nothing, nothing, h, yes, yes)
    for arm in range(n_arms):
        total += _propensity(plans[:, arm], nothing, h, yes, no)
    assert np.allclose(total, 1)


def test_random_explores_everybody() -> None:
    rich = campaign('policy = "random"\n', offers=900_000_000, messages=900_000_000)
    plan = plan_from(crowd(3000), rich, NOW)
    reasons = Counter(plan.column("reason").to_pylist())
    assert not {"high_intent", "considering", "drifting", "budget"} & set(reasons)
    assert reasons["explored"] > 1500
    timings = Counter(plan.filter(pc.equal(plan.column("step"), 1)).column("timing").to_pylist())
    assert {"at_once", "next_day", "active_hour", "daily_3", "every_3_days"} <= set(timings)


@pytest.mark.parametrize("money", [0, 50, 5_000])
def test_small_budgets_hold(money: int) -> None:
    plan = plan_from(crowd(3000), campaign(offers=money, messages=money), NOW)
    assert pc.sum(plan.column("cost_minor")).as_py() <= money
    assert plan.schema == DECISIONS.schema
