"""One small follow-up added up by hand, to the minor unit; what later refunds, merges and open windows do to it.

| person | arm     | bought after the decision                                    | profit before messages (fen)      |
|--------|---------|--------------------------------------------------------------|-----------------------------------|
| a      | send    | P1 at 20,000 with a coupon of ten percent: paid 18,000       | 18,000 - 12,000 = 6,000           |
| b      | send    | 2 x P2 at 9,000: paid 18,000, no coupon                      | 18,000 - 12,600 = 5,400           |
| c      | send    | P1, paid 20,000, cancelled                                   | 0                                 |
| d      | send    | nothing; the message was stopped (opted out)                 | 0                                 |
| e      | holdout | P2 at 9,000                                                  | 9,000 - 6,300 = 2,700             |
| f      | holdout | P1 at 20,000, placed and never paid                          | 0                                 |
| g, h   | holdout | nothing                                                      | 0                                 |
| i      | nothing | P1 (not in either arm)                                       | -                                 |

Messages: a and b at 0.1 fen, c at 5 fen in doubt, d none. 5.2 fen in all.
"""

from __future__ import annotations

import pyarrow as pa
import pytest

from customers.tea_shop import order, told, us
from huitou.catalog.broadcasts import find_broadcast
from huitou.kit.clock import DAY, HOUR, MINUTE
from huitou.measurement.outcomes import COVARIATES, read_outcomes
from measurement.tea_campaign import CAMPAIGN, CLOSED, DECIDED, ENDED, decided, paid, report_of, room, sent, shop
from measurement.tea_campaign import MESSAGES as MESSAGE_COLUMNS

PEOPLE = "abcdefghi"
DAY_1, DAY_2 = ENDED + DAY, ENDED + 2 * DAY
DECISIONS = [
    decided("a", "send", offer="ten"),
    decided("b", "send"),
    decided("b", "send", step=2),
    decided("c", "send"),
    decided("d", "send"),
    *(decided(one, "holdout") for one in "efgh"),
    decided("i", "nothing", reason="no_address"),
]
MESSAGES = [
    sent("a"),
    sent("b"),
    {**sent("b", state="suppressed", reason="ordered"), "id": "m-b2"},
    sent("c", state="in_doubt", cost_micro=5_000_000),
    sent("d", state="suppressed", reason="opted_out"),
]
ORDERS = [
    paid("a", DAY_1, ("P1", 1, 20000), number="o-a", amount_minor=18000),
    paid("b", DAY_2, ("P2", 2, 9000), number="o-b"),
    paid("c", DAY_1, ("P1", 1, 20000), number="o-c"),
    order("order_cancelled", DAY_2, "c", "o-c"),
    paid("e", DAY_1, ("P2", 1, 9000), number="o-e"),
    order("order_created", DAY_1, "f", "o-unpaid", ("P1", 1, 20000)),
    paid("i", DAY_1, ("P1", 1, 20000), number="o-i"),
]
EVENTS = [*room(PEOPLE), *ORDERS]


def test_the_books_to_the_minor_unit(tmp_path):
    report = report_of(tmp_path, EVENTS, DECISIONS, MESSAGES)
    caused = report.caused
    assert caused is not None
    assert (caused.orders.n, caused.orders.control_n) == (4, 4)
    assert (caused.orders.mean, caused.orders.control_mean) == (2 / 4, 1 / 4)
    assert caused.message_cost_minor == pytest.approx(5.2)
    assert caused.profit_minor.mean == pytest.approx((6_000 + 5_400 - 5.2) / 4)
    assert caused.profit_minor.control_mean == pytest.approx(2_700 / 4)
    assert caused.discount_minor == 2_000  # a's; the coupon is in the profit as well, and there only once
    assert caused.holdout_share == 0.5
    assert caused.srm_p == pytest.approx(1.0)
    assert (report.is_final, report.window_ends_at, report.no_lift) == (True, CLOSED, None)


def test_money_of_other_currencies_is_left_out_and_said(tmp_path):
    """d buys for 1,000,000 yen, had spent as much before, and f ordered for 3,000 yen in the room."""
    yen = [
        paid("d", DAY_1, ("P1", 1, 1_000_000), number="o-d", currency="JPY"),
        paid("d", us("19:00") - DAY, ("P1", 1, 1_000_000), number="o-d-before", currency="JPY"),
        paid("f", us("20:00"), ("P2", 1, 3_000), number="o-f", currency="JPY"),
        paid("f", us("20:10"), ("P2", 1, 9_000), number="o-f-2", currency=None),
    ]
    report = report_of(tmp_path, [*EVENTS, *yen], DECISIONS, MESSAGES)
    caused = report.caused
    assert caused is not None
    assert caused.orders.mean == 3 / 4  # an order all the same
    assert caused.profit_minor.mean == pytest.approx((6_000 + 5_400 - 5.2) / 4)
    assert (caused.discount_minor, caused.other_currency_orders) == (2_000, 1)
    assert (report.funnel.ordered, report.funnel.order_minor, report.funnel.other_currency_orders) == (1, 9_000, 1)
    assert report_of(tmp_path / "none", EVENTS, DECISIONS, MESSAGES).funnel.other_currency_orders == 0


def test_spending_in_another_currency_is_no_past_spending(tmp_path):
    past = [
        paid("a", us("19:00") - DAY, ("P1", 1, 500), number="yen", currency="JPY"),
        paid("a", us("19:00") - DAY, ("P1", 1, 20000), number="yuan"),
    ]
    with shop(tmp_path, [*EVENTS, *past], DECISIONS) as engine:
        broadcast = find_broadcast(engine, "B20", CLOSED)
        nothing = pa.Table.from_pylist([], MESSAGE_COLUMNS)
        found = read_outcomes(engine, broadcast, CAMPAIGN, nothing, until=CLOSED, now=CLOSED)
    assert found.covariates is not None
    before = dict(zip(COVARIATES, found.covariates[found.customers.index("a")].tolist(), strict=True))
    assert (before["past_orders"], before["past_minor"]) == (2, 20_000)


@pytest.mark.parametrize("currency", [None, "JPY"])
def test_goods_of_unknown_price_are_taken_at_what_was_paid(tmp_path, currency):
    """Nobody told a price in yuan: the goods cost 70 % of the order."""
    listed = told("product_listed", "18:30", product="P9", price=currency and 300, currency=currency)
    bought = paid("d", DAY_1, number="o-d", amount_minor=18000) | {"lines": (("P9", 1, None),)}
    caused = report_of(tmp_path, [*room(PEOPLE), listed, bought], DECISIONS, []).caused
    assert caused is not None
    assert caused.profit_minor.mean == pytest.approx(18_000 * 0.3 / 4)
    assert caused.discount_minor == 0


def test_roi_is_the_net_lift_over_what_was_spent(tmp_path):
    """Many alike people, so that there is an interval: per person +1,000 before costs, 10 + 100 spent."""
    send = [f"s{k:03}" for k in range(120)]
    held = [f"h{k:03}" for k in range(120)]
    events = [*room([*send, *held])]
    # Odd ones buy P1 in both arms; those written to pay 1,000 less by coupon, and every fourth more buys besides.
    for k in range(120):
        if k % 2:
            events += [paid(send[k], DAY_1, ("P1", 1, 20000), number=f"s{k}", amount_minor=19000)]
            events += [paid(held[k], DAY_1, ("P1", 1, 20000), number=f"h{k}")]
        elif k % 4 == 0:
            events += [paid(send[k], DAY_1, ("P1", 1, 20000), number=f"s{k}", amount_minor=19000)]
    decisions = [*(decided(one, "send", offer="ten") for one in send), *(decided(one, "holdout") for one in held)]
    caused = report_of(tmp_path, events, decisions, [sent(one, cost_micro=10_000_000) for one in send]).caused
    assert caused is not None
    # 90 buyers x (19,000 - 12,000) - 1,200 against 60 x 8,000: net 148,800. Spent: 90 x 1,000 + 1,200.
    assert caused.profit_minor.total == pytest.approx(90 * 7_000 - 1_200 - 60 * 8_000)
    assert (caused.discount_minor, caused.message_cost_minor) == (90_000, 1_200)
    assert caused.profit_minor.verdict == "positive"
    assert caused.roi is not None
    assert caused.roi.roi == pytest.approx(148_800 / 91_200)
    assert caused.roi.low == pytest.approx(caused.profit_minor.total_low / 91_200)
    assert caused.roi.high == pytest.approx(caused.profit_minor.total_high / 91_200)


def test_costs_alone_are_no_verdict(tmp_path):
    """Nobody has ordered: that the messages cost something is known without a comparison."""
    send, held = [f"s{k}" for k in range(30)], [f"h{k}" for k in range(30)]
    decisions = [*(decided(one, "send") for one in send), *(decided(one, "holdout") for one in held)]
    report = report_of(tmp_path, room([*send, *held]), decisions, [sent(one) for one in send], now=DECIDED + HOUR)
    caused = report.caused
    assert caused is not None
    assert [(lift.verdict, lift.reason, lift.low) for lift in (caused.orders, caused.profit_minor)] == [
        ("cannot_tell", "no_outcomes", None),
        ("cannot_tell", "no_outcomes", None),
    ]
    assert (caused.roi, caused.smallest_visible) == (None, None)  # and no earlier show to reckon with
    assert (report.holdout.held_out, report.holdout.people, report.holdout.actual) == (30, 60, 0.5)


def test_what_could_be_seen_by_now_is_reckoned_from_the_shows_before(tmp_path):
    """In the week after B19 one in four of its non-buyers ordered."""
    send, held = [f"s{k}" for k in range(30)], [f"h{k}" for k in range(30)]
    week = 7 * DAY
    before = [
        {**event, "broadcast": "B19", "room": "R1", "occurred_at": event["occurred_at"] - week - DAY, "event_id": f"b19-{n}"}
        for n, event in enumerate(room([*send[:10], *held[:10]]))
        if event.get("broadcast")
    ]  # fmt: skip
    orders = [paid(one, us("19:00") - 5 * DAY, ("P2", 1, 9_000), number=f"past-{one}") for one in send[:5]]
    decisions = [*(decided(one, "send") for one in send), *(decided(one, "holdout") for one in held)]
    events = [*before, *orders, *room([*send, *held])]
    caused = report_of(tmp_path, events, decisions, [], now=DECIDED + HOUR).caused
    assert caused is not None
    assert caused.smallest_visible is not None
    seen = caused.smallest_visible
    assert (seen.base, seen.base_from, seen.more_at) == (0.25, "shows_before", CLOSED)
    assert seen.effect == pytest.approx(2.8016 * (0.25 * 0.75 * 2 / 30) ** 0.5, rel=1e-4)
    assert seen.total == pytest.approx(30 * seen.effect)
    assert (seen.shows, seen.people) == (40, 2355)


def test_late_refunds_take_back_lift_and_money(tmp_path):
    later = CLOSED + 20 * DAY
    refunds = [
        order("order_refunded", CLOSED + DAY, "a", "o-a", amount_minor=18000),
        order("order_refunded", CLOSED + 2 * DAY, "b", "o-b", amount_minor=9000),
    ]
    events = [*EVENTS, *refunds, refunds[0] | {"event_id": "told twice"}]
    caused = report_of(tmp_path, events, DECISIONS, MESSAGES, now=later).caused
    assert caused is not None
    assert caused.orders.mean == 1 / 4  # b's is half returned, and still an order
    assert caused.profit_minor.mean == pytest.approx((2_700 - 5.2) / 4)
    assert caused.discount_minor == 0
    as_it_was = report_of(tmp_path / "then", events, DECISIONS, MESSAGES, now=CLOSED).caused
    assert as_it_was is not None
    assert as_it_was.profit_minor.mean == pytest.approx((6_000 + 5_400 - 5.2) / 4)


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (ENDED - MINUTE, 0),  # in the room, told too late to keep the person out of the plan
        (ENDED + 10 * MINUTE, 0),  # before the decision
        (DECIDED, 1),
        (CLOSED - 1, 1),
        (CLOSED, 0),
    ],
)
def test_orders_count_from_the_decision_to_the_end_of_the_window(tmp_path, at, counts):
    events = [*room(PEOPLE), paid("d", at, ("P1", 1, 20000))]
    caused = report_of(tmp_path, events, DECISIONS, MESSAGES, now=CLOSED + DAY).caused
    assert caused is not None
    assert caused.orders.mean == counts / 4


def test_an_open_window_is_cut_alike_and_said(tmp_path):
    report = report_of(tmp_path, EVENTS, DECISIONS, MESSAGES, now=ENDED + 30 * HOUR)
    assert report.caused is not None
    assert (report.is_final, report.as_of, report.window_ends_at) == (False, ENDED + 30 * HOUR, CLOSED)
    # b's order is yet to come; c's is not cancelled yet
    assert (report.caused.orders.mean, report.caused.orders.control_mean) == (2 / 4, 1 / 4)


def test_what_was_stopped_counts_as_written_to(tmp_path):
    """Intention to treat: leaving out those whom the order stopped would leave out the buyers."""
    none_sent = [{**one, "state": "suppressed", "reason": "ordered"} for one in MESSAGES]
    report = report_of(tmp_path, EVENTS, DECISIONS, none_sent)
    assert report.caused is not None
    assert (report.caused.orders.n, report.caused.orders.mean) == (4, 2 / 4)
    assert (report.caused.message_cost_minor, report.sent.handed_over, report.sent.cost_minor) == (0, 0, 0)
    assert report.sent.not_sent == {"ordered": 5}
    assert report.observed.opt_outs_per_1000 is None


def test_without_a_holdout_or_without_a_message_there_is_no_lift(tmp_path):
    all_sent = [decided(one, "send", chance=0.0) for one in "abcd"]
    report = report_of(tmp_path / "1", EVENTS, all_sent, MESSAGES)
    assert (report.caused, report.no_lift) == (None, "nobody_held_out")
    report = report_of(tmp_path / "2", EVENTS, [decided(one, "holdout") for one in "efgh"])
    assert (report.caused, report.no_lift) == (None, "nobody_written_to")
    report = report_of(tmp_path / "3", EVENTS, [])
    assert (report.caused, report.no_lift, report.decided) == (None, "nobody_written_to", ())


def test_people_who_could_not_be_held_out_are_not_compared(tmp_path):
    """The file said holdout = 0 first; those decided then have no counterpart among the held-out."""
    decisions = [*DECISIONS, decided("x", "send", chance=0.0), decided("y", "send", chance=0.0)]
    events = [*EVENTS, paid("x", DAY_1, ("P1", 1, 20000))]
    caused = report_of(tmp_path, events, decisions, [*MESSAGES, sent("x"), sent("y")]).caused
    assert caused is not None
    assert (caused.orders.n, caused.orders.mean) == (4, 2 / 4)
    assert caused.message_cost_minor == pytest.approx(5.2)


def test_a_decision_that_does_not_tell_its_chance_has_the_campaigns(tmp_path):
    decisions = [decided(one["customer"], one["action"], chance=None) for one in DECISIONS if one["step"] != 2]
    caused = report_of(tmp_path, EVENTS, decisions, MESSAGES, campaign=CAMPAIGN).caused
    assert caused is not None
    assert caused.holdout_share == 0.5


def test_a_merge_with_a_held_out_id_holds_the_person_out(tmp_path):
    """b turns out to be h: one person, held out, although written to; the chance is that of two draws."""
    caused = report_of(tmp_path, EVENTS, DECISIONS, MESSAGES, merges={"h": "b"}).caused
    plain = report_of(tmp_path / "plain", EVENTS, DECISIONS, MESSAGES).caused
    assert caused is not None
    assert plain is not None
    assert (plain.mixed, caused.mixed) == (0, 1)
    assert (caused.orders.n, caused.orders.control_n) == (3, 4)
    assert caused.orders.mean == 1 / 3
    assert caused.holdout_share == pytest.approx((6 * 0.5 + 0.75) / 7)
    # weights: (1 - p) / p, so 1 for e, f, g and 1/3 for the joined person, who bought
    assert caused.orders.control_mean == pytest.approx((1 + 1 / 3) / (3 + 1 / 3))
    # what b's message cost was spent by the campaign all the same
    assert caused.message_cost_minor == pytest.approx(5.2)
    assert caused.profit_minor.mean == pytest.approx((6_000 - 5.2) / 3)


def test_two_ids_written_to_that_turn_out_one_are_one_person(tmp_path):
    events = [*EVENTS, paid("d", DAY_2, ("P2", 1, 9000))]
    caused = report_of(tmp_path, events, DECISIONS, MESSAGES, merges={"b": "d"}).caused
    assert caused is not None
    assert (caused.orders.n, caused.mixed) == (3, 0)
    assert caused.orders.mean == pytest.approx((1 + 1) / 3)  # a's and d's: the orders of one id are those of the root
    assert caused.holdout_share == pytest.approx((6 * 0.5 + 0.75) / 7)


def test_plans_and_conversion_are_counted(tmp_path):
    decisions = [*DECISIONS[1:], decided("a", "send", offer="ten", reason="explored")]
    report = report_of(tmp_path, [*EVENTS, *next_show()], decisions, MESSAGES)
    found = {(one.timing, one.offer, one.explored): (one.people, one.buyers) for one in report.plans}
    assert found == {("next_day", "none", False): (3, 1), ("next_day", "ten", True): (1, 1)}
    after = report.observed.after
    assert (after.broadcasts, after.viewers, after.buyers, after.share) == (1, 2, 1, 0.5)
    assert (report.observed.before.broadcasts, report.observed.before.share) == (0, None)


def next_show():
    start = us("19:00") + 6 * DAY
    return [
        {**event, "occurred_at": event["occurred_at"] + 6 * DAY, "broadcast": "B21"}
        for event in room("ab")
        if event["name"].startswith("live")
    ] + [paid("a", start + HOUR, ("P2", 1, 9000), number="next", broadcast="B21")]
