"""What a policy is credited with, and that the product sees traces only."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huitou.kit.clock import HOUR
from huitou.proving.simulator.baselines import every_plan, plan_baseline
from huitou.proving.simulator.contest import Terms, compete, name_policies
from huitou.proving.simulator.contest_campaign import write_campaign
from huitou.proving.simulator.doors import DoorShut, House, read_decisions
from huitou.proving.simulator.house_files import evening_files, shop_files, user_id, week_files
from huitou.proving.simulator.plans import CHANNELS, Plans, read_terms
from huitou.proving.simulator.world import World

SMALL = Terms(viewers=300)
CAMPAIGN = read_terms(write_campaign("rules", 300, "contest"))
BASELINES = ("nothing", "operator", "propensity", "propensity:at_once:ten")


def silent(what: str) -> None:
    pass


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contest")
    return {one.policy: one for one in compete("base", 3, BASELINES, SMALL, folder, silent)}


def test_nothing_earns_nothing_and_the_oracle_everything(scores):
    nothing, oracle = scores["nothing"], scores["oracle"]
    assert (nothing.profit_minor, nothing.contacts, nothing.messages_minor, nothing.opt_outs) == (0, 0, 0, 0)
    assert (oracle.of_oracle, nothing.of_oracle) == (1.0, 0.0)
    assert oracle.profit_minor > 0
    assert oracle.offers_minor <= oracle.offers_budget_minor == 25 * 300
    assert oracle.messages_minor <= oracle.messages_budget_minor == 5 * 300


def test_a_policy_is_credited_with_its_exact_expected_profit(scores):
    """Written out once more: the propensity list's people, one mail at 24 hours, nothing else."""
    world = World("base", 3, 300)
    viewers = world.broadcast()
    plans = plan_baseline("propensity", CAMPAIGN, viewers)
    written = (plans.send_at >= 0).any(axis=1)
    with_it, without = world.evaluate(viewers, [plans, Plans.nothing(300)], CAMPAIGN.terms)
    score = scores["propensity"]
    assert score.profit_minor == pytest.approx((with_it.profit - without.profit).sum())
    assert score.orders == pytest.approx((with_it.buys - without.buys).sum())
    assert score.contacts == written.mean() == 0.3
    assert score.messages_minor == pytest.approx(0.1 * with_it.sent.sum())
    assert score.of_oracle == pytest.approx(score.profit_minor / scores["oracle"].profit_minor)
    np.testing.assert_array_equal(plans.channel[written], CHANNELS.index("email"))


def test_the_operator_blasts_carts_at_once_with_a_coupon():
    world = World("base", 3, 300)
    viewers = world.broadcast()
    plans = plan_baseline("operator", CAMPAIGN, viewers)
    hours = (plans.send_at[:, 0] - viewers.ended_at) / HOUR
    cart, bought = viewers.observed["cart"].astype(bool), viewers.observed["orders_before"] > 0
    np.testing.assert_allclose(hours[cart], 0.5)
    np.testing.assert_array_equal(plans.offer[cart, 0], 1)
    np.testing.assert_allclose(hours[~cart & bought], 24)
    np.testing.assert_allclose(hours[~cart & ~bought], 48)


def test_no_baseline_beats_the_oracle_and_all_repeat(scores, tmp_path):
    again = compete("base", 3, BASELINES, SMALL, tmp_path, silent)
    assert {one.policy: one for one in again} == scores
    assert all(one.profit_minor <= scores["oracle"].profit_minor for one in again)


def test_with_several_broadcasts_people_carry_over(tmp_path):
    terms = Terms(viewers=300, broadcasts=3)
    found = {one.policy: one for one in compete("fatigue", 1, ("nothing", "operator"), terms, tmp_path, silent)}
    assert found["nothing"].profit_minor == 0
    assert 3 * 300 * 0.5 < found["operator"].viewers < 3 * 300 * 0.7
    assert found["operator"].profit_minor < 0
    # who has opted out of mail (0.1) is pushed to (0.2) after the next broadcasts
    alone = compete("fatigue", 1, ("operator",), SMALL, tmp_path, silent)[1]
    assert alone.messages_minor == pytest.approx(0.1 * alone.messages)
    assert found["operator"].messages_minor > 0.101 * found["operator"].messages


@pytest.mark.parametrize("name", ["best", "blasting", ""])
def test_a_name_that_is_no_policy_is_refused(name):
    with pytest.raises(ValueError, match="no policy"):
        name_policies([name])


def test_baselines_name_what_the_campaign_has():
    viewers = World("base", 1, 50).broadcast()
    with pytest.raises(ValueError, match="no timing 'someday'"):
        plan_baseline("propensity:someday", CAMPAIGN, viewers)
    with pytest.raises(ValueError, match="no offer 'gold'"):
        plan_baseline("propensity:next_day:gold", CAMPAIGN, viewers)


def test_the_files_hold_traces_and_no_latents():
    """Two worlds that differ in the latents only tell the product the same."""
    world = World("base", 5, 60)
    viewers = world.broadcast()
    files = (shop_files(world, viewers) | evening_files(world, viewers, 0)).content
    assert set(files) == {"customers.csv", "products.csv", "past.ndjson", "evening-0.ndjson"}
    null = World("null", 5, 60)
    same = null.broadcast()
    assert (same.potency == 0).all()
    assert not (viewers.potency == 0).all()
    told = (shop_files(null, same) | evening_files(null, same, 0)).content
    assert told == files


def test_the_evening_tells_what_was_observed():
    world = World("base", 5, 60)
    viewers = world.broadcast()
    lines = [json.loads(line) for line in evening_files(world, viewers, 0).content["evening-0.ndjson"].splitlines()]
    for row, person in enumerate(viewers.person.tolist()):
        mine = [line for line in lines if line.get("userId") == user_id(person)]
        names = [line["event"] for line in mine]
        assert names.count("product_clicked") == viewers.observed["clicks"][row]
        assert names.count("cart_added") == viewers.observed["cart"][row]
        assert names.count("live_entered") == names.count("live_left") == 1
        watched = next(line["properties"]["watch_seconds"] for line in mine if line["event"] == "live_left")
        assert watched == min(viewers.observed["watch_seconds"][row], 3 * 3600 - 60)
    rows = list(csv.DictReader(io.StringIO(shop_files(world, viewers).content["customers.csv"].decode())))
    assert [bool(row["email"]) and row["email_consent"] == "yes" for row in rows] == viewers.reach[:, 0].tolist()


def test_the_week_tells_orders_and_opt_outs():
    world = World("fatigue", 5, 400)
    viewers = world.broadcast()
    plans = every_plan(CAMPAIGN, viewers)[1]
    outcome = world.simulate(viewers, plans, CAMPAIGN.terms, world.rng("week", 0))
    text = week_files(viewers, plans, outcome, world.products, 0).content["week-0.ndjson"]
    events = [json.loads(line) for line in text.splitlines()]
    orders = [event for event in events if event["event"] == "order_paid"]
    paid = sum(event["properties"]["total"] for event in orders)
    bought = ~np.isnan(outcome.ordered_h)
    assert len(orders) == bought.sum() > 0
    assert paid == viewers.price[bought].sum() - np.rint(outcome.coupon_minor[bought]).sum()
    assert sum(event["event"] == "unsubscribed" for event in events) == outcome.opted_out.sum() > 0


def decisions_file(folder, rows):
    file = folder / "decisions.parquet"
    schema = pa.schema(
        [("user_id", pa.string()), ("action", pa.string()), ("send_at", pa.int64()), ("channel", pa.string()),
         ("offer", pa.string())]
    )  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, schema), file)
    return file


def test_decisions_become_plans(tmp_path):
    viewers = World("base", 1, 50).broadcast()
    at = viewers.ended_at + 24 * HOUR
    step = {"user_id": user_id(7), "action": "send", "channel": "sms", "offer": "ten"}
    rows = [
        {**step, "send_at": at + 48 * HOUR},
        {**step, "send_at": at, "offer": "none"},
        {"user_id": user_id(8), "action": "holdout"},
        {"user_id": None, "action": "nothing"},
    ]
    plans = read_decisions(decisions_file(tmp_path, rows), viewers, CAMPAIGN.terms)
    assert plans.send_at[7].tolist() == [at, at + 48 * HOUR]
    assert plans.offer[7].tolist() == [0, 1]
    assert (plans.send_at[np.arange(50) != 7] == -1).all()


def test_a_message_to_a_stranger_is_no_plan(tmp_path):
    viewers = World("base", 1, 50).broadcast()
    row = {"user_id": "u999999", "action": "send", "send_at": viewers.ended_at, "channel": "email", "offer": "none"}
    with pytest.raises(ValueError, match="did not watch"):
        read_decisions(decisions_file(tmp_path, [row]), viewers, CAMPAIGN.terms)


def test_the_house_is_a_house_of_its_own(tmp_path, monkeypatch):
    """Invented people never reach a real shop's ledger; what the product refuses is told in its words."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    world = World("base", 1, 50)
    viewers = world.broadcast()
    house = House(tmp_path)
    house.bring(shop_files(world, viewers) | evening_files(world, viewers, 0), viewers.ended_at + HOUR)
    with pytest.raises(DoorShut, match="W7"):
        house.plan("W7", write_campaign("rules", 50, "contest"), "rules", viewers.ended_at + HOUR, keep=False)
