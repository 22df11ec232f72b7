"""Exploration: the logged chance is how often it happens, and short money makes dear arms rarer, not people fewer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from huitou.campaigns.definition import Campaign
from huitou.decisions.assign import find_patterns, random_chances
from huitou.decisions.decide import plan_from
from huitou.decisions.explore import Limit, draw_arms
from huitou.decisions.inputs import ADDRESSES, CANDIDATES, NODES, PERMISSIONS, Inputs

from .show import NOW, campaign, crowd, inputs, person
from .test_plan_promises import arms_of

ALIKE = 20_000
RICH = {"offers": 10**9, "messages": 10**9}


def alike(n: int = ALIKE) -> Inputs:
    """n people who differ in nothing but their id: each is one draw of the same chances."""
    ids = pa.array([f"c{number:06}" for number in range(n)])
    one = inputs([person("c0", carts=1)])
    people = one.candidates.take(pa.array(np.zeros(n, dtype=np.int64)))
    everybody = {"customer": ids}
    return replace(
        one,
        candidates=people.set_column(0, "customer", ids).cast(CANDIDATES),
        nodes=pa.table({"node": ids, **everybody}, schema=NODES),
        addresses=pa.table({**everybody, "kind": pa.repeat("email", n)}, schema=ADDRESSES),
        permissions=pa.table(
            {**everybody, "channel": pa.repeat("email", n), "granted": pa.repeat(True, n)}, schema=PERMISSIONS
        ),
    )


def unlimited(text: str, **money: int) -> Campaign:
    """The example campaign, with as many coupons as the money carries."""
    chosen = campaign(text, **money)
    return replace(chosen, offers=tuple(replace(one, stock=None) for one in chosen.offers))


def plans_of(given: Inputs, chosen: Campaign) -> list[dict[str, Any]]:
    """One row a person."""
    columns = ["customer", "action", "timing", "channel", "offer", "reason", "propensity", "offer_cost", "step"]
    rows = plan_from(given, chosen, NOW).select(columns).to_pylist()
    return list({row["customer"]: row for row in reversed(rows)}.values())


def what(row: dict[str, Any]) -> tuple[str, ...]:
    return (row["action"],) if row["action"] != "send" else ("send", row["timing"], row["channel"], row["offer"])


@pytest.mark.parametrize("explore", [0.0, 0.1, 0.5, 1.0])
def test_each_arm_comes_as_often_as_its_logged_chance_says(explore: float) -> None:
    rows = plans_of(alike(), unlimited(f"explore = {explore}\nholdout = 0.2\nmargin = 0.9\n", **RICH))
    assert len(rows) == ALIKE
    happened = Counter(what(row) for row in rows)
    logged: dict[tuple[str, ...], set[float]] = {}
    for row in rows:
        logged.setdefault(what(row), set()).add(round(row["propensity"], 12))
    assert len(happened) == (2 if explore == 0 else 17)  # five timings, three offers, holdout, nothing
    for arm, count in happened.items():
        if arm == ("holdout",):
            chances = logged[arm]  # of being held out with this plan, whichever it was
            assert {round(0.2 * (1 - max(logged.get(("nothing",), {0.0}))), 12)} == chances
        (chance,) = logged[arm]
        assert stats.binomtest(count, ALIKE, chance).pvalue > 1e-4, (arm, count / ALIKE, chance)
    assert sum(next(iter(chances)) for chances in logged.values()) == pytest.approx(1.0)


def test_who_is_explored_says_nothing_about_what_they_draw() -> None:
    rows = plans_of(alike(), unlimited("explore = 0.3\nholdout = 0\nmargin = 0.9\n", **RICH))
    explored = Counter(what(row) for row in rows if row["reason"].startswith("explored"))
    everybody = plans_of(alike(), unlimited("explore = 1.0\nholdout = 0\nmargin = 0.9\n", **RICH))
    chances = {what(row): row["propensity"] for row in everybody}
    n = explored.total()
    assert abs(n / ALIKE - 0.3) < 0.02
    for arm, chance in chances.items():
        assert stats.binomtest(explored[arm], n, chance).pvalue > 1e-4, arm


@pytest.mark.parametrize("offers", [2_000, 20_000])
def test_short_money_makes_dear_arms_rarer_not_people_fewer(offers: int) -> None:
    """With money for a part of the coupons everybody is drawn for all the same, and as many are written to."""
    text = 'policy = "random"\nholdout = 0\nmargin = 0.9\n'
    chosen = unlimited(text, messages=10**9, offers=offers)
    rows, rich = (plans_of(alike(4_000), one) for one in (chosen, unlimited(text, **RICH)))
    assert {row["reason"] for row in rows} == {"explored", "explored_nothing"}
    spent, with_offer = (
        sum(row["offer_cost"] for row in rows),
        [row for row in rows if row["offer"] in ("ten", "twenty")],
    )
    assert offers * 0.4 < spent <= offers
    assert 0 < len(with_offer) < sum(row["offer"] in ("ten", "twenty") for row in rich)
    written, before = (sum(row["action"] == "send" for row in one) for one in (rows, rich))
    assert abs(written - before) < 0.02 * before
    for row in rows:
        assert 0 < row["propensity"] <= 1


def test_weighed_by_its_chance_each_arm_counts_everybody_also_when_stock_runs_out() -> None:
    """Horvitz & Thompson (1952). The arms without the offer, which never run out, over many draws with too little stock."""
    text = 'policy = "random"\nholdout = 0.2\nseed = "{}"\n'
    totals, lots, n = Counter[str](), 60, 300
    given = alike(n)
    for lot in range(lots):
        chosen = campaign(text.format(lot), **RICH)
        stock = tuple(replace(one, stock=7) if one.name == "ten" else one for one in chosen.offers)
        rows = plans_of(given, replace(chosen, offers=stock))
        assert sum(row["offer"] == "ten" and row["action"] == "send" for row in rows) <= 7
        for row in rows:
            if row["action"] == "send" and row["offer"] != "ten":
                totals[row["timing"], row["offer"]] += 1 / row["propensity"]
    assert len(totals) == 10
    for arm, total in totals.items():
        assert abs(total / lots - n) < 0.12 * n, arm


@settings(max_examples=15, deadline=None)
@given(
    offers=st.integers(0, 60_000),
    messages=st.integers(0, 400),
    stock=st.one_of(st.none(), st.integers(0, 60)),
    explore=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    seed=st.integers(0, 5),
)
def test_nothing_is_overspent_and_everybody_who_can_be_explored_is(
    offers: int, messages: int, stock: int | None, explore: float, seed: int
) -> None:
    chosen = campaign(f"explore = {explore}\nholdout = 0.1\nmargin = 0.9\n", offers=offers, messages=messages)
    limited = tuple(replace(one, stock=stock) if one.name == "ten" else one for one in chosen.offers)
    given, chosen = crowd(500, seed), replace(chosen, offers=limited)
    plan = plan_from(given, chosen, NOW)
    sent = plan.filter(pc.equal(plan.column("action"), "send"))
    assert (pc.sum(sent.column("cost_minor")).as_py() or 0) <= messages
    first = {row["customer"]: row for row in reversed(sent.to_pylist())}.values()
    assert sum(row["offer_cost"] for row in first) <= offers
    assert stock is None or sum(row["offer"] == "ten" for row in first) <= stock
    assert all(0 < chance <= 1 for chance in plan.column("propensity").to_pylist())
    explored = {row["customer"] for row in plan.to_pylist() if row["reason"].startswith("explored")}
    free = plan_from(
        given, replace(chosen, policy="random", budget=campaign(**RICH).budget, offers=campaign().offers), NOW
    )
    could = {row["customer"] for row in free.to_pylist() if row["reason"].startswith("explored")} | _held(free)
    assert explored <= could
    if explore == 1.0:
        assert explored == {one for one in could if one not in _held(plan)}


def _held(plan: pa.Table) -> set[str]:
    return set(plan.filter(pc.equal(plan.column("action"), "holdout")).column("customer").to_pylist())


def test_a_later_plan_has_only_the_money_that_earlier_ones_left() -> None:
    """Offers' money that the first plan gave out is not there for the second."""
    chosen = campaign("explore = 0\nholdout = 0\nmargin = 0.95\n", messages=10**9, offers=6_000)
    given = alike(600)
    early = replace(given, candidates=given.candidates.slice(0, 300))
    first = plan_from(early, chosen, NOW)
    both = plan_from(replace(given, existing=first, decided=first.column("customer")), chosen, NOW)
    spent = [
        sum(row["offer_cost"] for row in {row["customer"]: row for row in table.to_pylist()}.values())
        for table in (first, both)
    ]
    assert 3_000 < spent[0] <= 6_000
    assert spent[0] <= spent[1] <= 6_000


def test_what_runs_out_in_the_draw_is_closed_and_the_chance_is_the_one_it_had() -> None:
    """Chances as they are without a limit, and twelve coupons: over many draws what never runs out counts everybody."""
    arms, feasible = arms_of(300, stock=1000)
    patterns = find_patterns([feasible], len(arms))
    even, uses = random_chances(arms, patterns), arms.offer == 1
    limit = Limit(uses, 12, np.zeros(patterns.can.shape), np.zeros(patterns.can.shape))
    cost = np.broadcast_to(uses.astype(np.float64), feasible.shape)
    totals, draws, rng = np.zeros(len(arms) + 1), 400, np.random.default_rng(2)
    for _ in range(draws):
        unit, turn = rng.random(300), rng.random(300)
        exploring, drawn = draw_arms(arms, patterns, even, [limit], np.arange(300), [cost], unit, turn)
        assert uses[drawn[drawn >= 0]].sum() == 12
        (closed_at,) = exploring.closes
        late = turn >= closed_at
        assert not uses[drawn[late & (drawn >= 0)]].any()
        np.add.at(totals, drawn, 1 / exploring.chance_of(drawn))
    possible = np.append(feasible.sum(axis=0), 300)
    for arm in np.flatnonzero(~np.append(uses, False)):
        assert abs(totals[arm] / draws - possible[arm]) < 0.12 * possible[arm] + 2, arm
