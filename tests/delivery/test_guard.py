"""What stops a message at the last gate, one reason at a time, and which reason is named when several apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import pytest

from huitou.delivery.commits import MessageOutcome, record
from huitou.delivery.compose import Campaigns
from huitou.delivery.guard import GuardRules, Verdict, finalise, is_held_out, quiet_until, rules_for
from huitou.delivery.outbox import READ, claim, query
from huitou.events.rules import EVER
from huitou.events.stops import KINDS
from huitou.kit.clock import DAY, HOUR, MINUTE, SECOND
from huitou.stores.ledger import Connection

from .shop import (
    CAMPAIGN,
    ENDED,
    NOON,
    STARTED,
    Planned,
    add_consent,
    add_customer,
    add_messages,
    add_stop,
    make_campaign,
    merge,
    plain_campaign,
    state_of,
)

CAPS = ((1, 1), (7, 3))


def decide(ledger: ModuleType, now: int = NOON, **rules: object) -> list[Verdict]:
    """Claim everything due and let the guard decide it as one group."""
    with ledger.transaction() as connection:
        claimed = claim(connection, now, 100)
    with ledger.transaction() as connection:
        chosen = GuardRules(**{"caps": CAPS, **rules})  # type: ignore[arg-type]
        return finalise(connection, claimed, [chosen] * len(claimed), now)


def test_a_message_nothing_speaks_against_becomes_final(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        [message] = add_messages(connection, [Planned(add_customer(connection, "anna"))])
    assert decide(ledger) == [Verdict(message, "", "anna", "anna@example.com", [])]
    with ledger.transaction() as connection:
        row = connection.execute(
            "SELECT state, reason, address, final_at, attempts, fence, lease_until FROM message"
        ).fetchone()
    assert row == ("final", "", "anna@example.com", NOON, 1, 1, NOON + 60 * SECOND)


def order(connection: Connection) -> None:
    add_stop(connection, "anna", "order", STARTED, "o1", "order_paid")


def opt_out(connection: Connection) -> None:
    add_consent(connection, "anna", False, how="link", at=NOON - 1)


def never_agree(connection: Connection) -> None:
    connection.execute("DELETE FROM consent")


def unfollow(connection: Connection) -> None:
    add_stop(connection, "anna", "unfollow", STARTED + 1)


def complain(connection: Connection) -> None:
    add_stop(connection, "anna", "complaint", STARTED - 90 * DAY)


def end_campaign(connection: Connection) -> None:
    connection.execute("UPDATE campaign SET state = 'ended'")


def pause_campaign(connection: Connection) -> None:
    connection.execute("UPDATE campaign SET state = 'paused'")


def fill_cap(connection: Connection) -> None:
    add_messages(connection, [Planned("anna", occurrence="b0", state="unknown", final_at=NOON - DAY + 2 * HOUR)])


def run_late(connection: Connection) -> None:
    connection.execute("UPDATE message SET expires_at = %s WHERE state IN ('planned', 'claimed')", (NOON,))


def lose_address(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO dead_address (channel, address, status, since) VALUES ('email', 'anna@example.com', '5.1.1', %s)",
        (NOON - DAY,),
    )


# In the contract's order: each is the reason as long as none above it applies.
REASONS: list[tuple[str, Callable[[Connection], None] | None, dict[str, object], str]] = [
    ("holdout", None, {"holdout": True}, "suppressed"),
    ("ordered", order, {}, "suppressed"),
    ("opted_out", opt_out, {}, "suppressed"),
    ("no_consent", never_agree, {}, "suppressed"),
    ("unfollowed", unfollow, {}, "suppressed"),
    ("complained", complain, {}, "suppressed"),
    ("campaign_ended", end_campaign, {}, "suppressed"),
    ("campaign_paused", pause_campaign, {}, "planned"),
    ("cap", fill_cap, {}, "suppressed"),
    ("quiet_hours", None, {"quiet_until": NOON + HOUR}, "planned"),
    ("offer_expired", None, {"offer_ends": NOON}, "suppressed"),
    ("expired", run_late, {}, "expired"),
    ("no_address", lose_address, {}, "suppressed"),
    ("no_channel", None, {"has_channel": False}, "suppressed"),
]


@pytest.mark.parametrize(("reason", "happens", "rules", "state"), REASONS, ids=[case[0] for case in REASONS])
def test_each_reason_stops_it(
    ledger: ModuleType, reason: str, happens: Callable[[Connection], None] | None, rules: dict[str, object], state: str
) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        [message] = add_messages(connection, [Planned(add_customer(connection, "anna"))])
    with ledger.transaction() as connection:
        claimed = claim(connection, NOON, 100)
        if happens:
            happens(connection)
    with ledger.transaction() as connection:
        [verdict] = finalise(connection, claimed, [GuardRules(caps=CAPS, **rules)], NOON)  # type: ignore[arg-type]
        assert (verdict.message, verdict.reason) == (message, reason)
        assert state_of(connection, message) == (state, reason)


@pytest.mark.parametrize("first", range(len(REASONS)))
def test_the_first_reason_in_the_order_is_named(ledger: ModuleType, first: int) -> None:
    if REASONS[first][0] == "no_consent":
        pytest.skip("who gave no consent has none to withdraw")
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna"))])
        claimed = claim(connection, NOON, 100)
    rules: dict[str, object] = {}
    with ledger.transaction() as connection:
        for reason, happens, extra, _ in reversed(REASONS[first:]):
            rules |= extra
            if happens and reason not in ("no_consent", "expired", "campaign_ended"):
                happens(connection)
        if REASONS[first][0] == "campaign_ended":
            end_campaign(connection)
        if REASONS[first][0] == "expired":
            run_late(connection)
        [verdict] = finalise(connection, claimed, [GuardRules(caps=CAPS, **rules)], NOON)  # type: ignore[arg-type]
    assert verdict.reason == REASONS[first][0]


def test_orders_that_do_not_stop_it(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, name)) for name in ("early", "undone")])
        add_stop(connection, "early", "order", STARTED - 1, "o1", "order_paid")
        add_stop(connection, "undone", "order", NOON - 2, "o2", "order_created")
        add_stop(connection, "undone", "cancelled", NOON - 1, "o2", "order_cancelled")
    assert {verdict.reason for verdict in decide(ledger)} == {""}


@pytest.mark.parametrize(
    ("carried_on", "at", "reason"),
    [
        ("order_paid", NOON - 1, "ordered"),
        ("order_paid", NOON - 2, "ordered"),  # at the moment of the cancellation: the order wins
        ("order_paid", NOON - 3, ""),
        ("order_shipped", NOON - 1, "ordered"),
        ("order_received", NOON - 1, "ordered"),
        ("order_refunded", NOON - 1, ""),
    ],
)
@pytest.mark.parametrize("told_last", [False, True])
def test_a_cancelled_order_that_was_carried_on_stops_it(
    ledger: ModuleType, carried_on: str, at: int, reason: str, told_last: bool
) -> None:
    """A buyer who cancels and then pays after all has ordered, whichever of it was told first."""
    kind = KINDS[carried_on]
    told = [("order", NOON - 4, "order_created"), ("cancelled", NOON - 2, "order_cancelled"), (kind, at, carried_on)]
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna"))])
        for stop, moment, status in told if told_last else reversed(told):
            add_stop(connection, "anna", stop, moment, "o1", status)
    assert [verdict.reason for verdict in decide(ledger)] == [reason]


def test_an_order_that_was_shipped_without_naming_the_shop_was_carried_on(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna"))])
        add_stop(connection, "anna", "order", NOON - 3, "o1", "order_created")
        add_stop(connection, "anna", "cancelled", NOON - 2, "o1", "order_cancelled")
        add_stop(connection, "anna", "progress", NOON - 1, "o1", "order_shipped", shop="")
    assert [verdict.reason for verdict in decide(ledger)] == ["ordered"]


def test_another_shops_cancellation_does_not_undo_an_order(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna"))])
        add_stop(connection, "anna", "order", NOON - 2, "o2", "order_created", shop="s1")
        add_stop(connection, "anna", "cancelled", NOON - 1, "o2", "order_cancelled", shop="s2")
    assert [verdict.reason for verdict in decide(ledger)] == ["ordered"]


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([(True, "import", 1)], ""),
        ([(True, "form", 5), (False, "link", 9)], "opted_out"),
        ([(False, "link", 5), (True, "import", 9)], "opted_out"),
        ([(False, "link", 5), (True, "form", 5)], "opted_out"),
        ([(False, "link", 5), (True, "form", 6)], ""),
        ([(False, "link", 5)], "opted_out"),
        ([], "no_consent"),
    ],
)
def test_what_consent_holds(ledger: ModuleType, records: list[tuple[bool, str, int]], reason: str) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna", consent=None))])
        for granted, how, day in records:
            add_consent(connection, "anna", granted, how=how, at=NOON - 30 * DAY + day * DAY)
    assert [verdict.reason for verdict in decide(ledger)] == [reason]


@pytest.mark.parametrize(("left", "reason"), [("*", "opted_out"), ("email", "opted_out"), ("sms", "")])
def test_who_leaves_all_channels_leaves_each(ledger: ModuleType, left: str, reason: str) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna"))])
        add_consent(connection, "anna", False, how="unsubscribed", at=NOON - 1, channel=left)
    assert [verdict.reason for verdict in decide(ledger)] == [reason]


def test_a_permission_for_all_channels_is_none_for_this_one(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna", consent=None))])
        add_consent(connection, "anna", True, channel="*")
    assert [verdict.reason for verdict in decide(ledger)] == ["no_consent"]


@pytest.mark.parametrize(("given_at", "reason"), [(NOON, ""), (NOON + 1, "no_consent")])
def test_a_consent_counts_from_its_moment_on(ledger: ModuleType, given_at: int, reason: str) -> None:
    """In a replay of an earlier moment (--now) later consents are on record already."""
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna", consent=None))])
        add_consent(connection, "anna", True, at=given_at)
    assert [verdict.reason for verdict in decide(ledger)] == [reason]


def test_caps_roll_and_are_half_open(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        for name in ("day_ago", "just_under", "hours_under", "three_in_seven", "two_in_seven", "never_went"):
            add_customer(connection, name)
        add_messages(
            connection,
            [
                Planned("day_ago", occurrence="b0", state="submitted", final_at=NOON - DAY),
                Planned("just_under", occurrence="b0", state="in_doubt", final_at=NOON - DAY + 1),
                Planned("hours_under", occurrence="b0", state="in_doubt", final_at=NOON - DAY + HOUR + 1),
                *(
                    Planned("three_in_seven", occurrence=f"b{n}", step=9, state="clicked", final_at=NOON - n * DAY)
                    for n in (2, 3, 6)
                ),
                *(
                    Planned("two_in_seven", occurrence=f"b{n}", step=9, state="clicked", final_at=NOON - n * DAY)
                    for n in (2, 3, 7)
                ),
                Planned("never_went", occurrence="b0", state="failed", final_at=NOON - HOUR),
            ],
        )
        names = ("day_ago", "just_under", "hours_under", "three_in_seven", "two_in_seven", "never_went")
        ids = dict(zip(add_messages(connection, [Planned(name) for name in names]), names, strict=True))
    assert {ids[verdict.message]: verdict.reason for verdict in decide(ledger)} == {
        "day_ago": "",
        "just_under": "cap_soon",
        "hours_under": "cap",
        "three_in_seven": "cap",
        "two_in_seven": "",
        "never_went": "",
    }


def test_a_reminder_does_not_fall_to_the_seconds_the_last_one_was_late(ledger: ModuleType) -> None:
    late = 12_000_000
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_customer(connection, "anna")
        add_messages(connection, [Planned("anna", step=1, state="submitted", final_at=NOON - DAY + late)])
        [message] = add_messages(connection, [Planned("anna", step=2)])
    assert [verdict.reason for verdict in decide(ledger)] == ["cap_soon"]
    with ledger.transaction() as connection:
        assert state_of(connection, message) == ("planned", "cap_soon")
        assert claim(connection, NOON + late - 1, 10) == []
        claimed = claim(connection, NOON + late, 10)
        [verdict] = finalise(connection, claimed, [GuardRules(caps=CAPS)], NOON + late)
        assert verdict.reason == ""


def test_of_one_persons_messages_in_a_group_one_goes_at_a_time(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_customer(connection, "anna")
        add_messages(connection, [Planned("anna", step=step, send_at=NOON - 10 + step) for step in (1, 2, 3)])
    assert [verdict.reason for verdict in decide(ledger)] == ["", "again", "again"]
    with ledger.transaction() as connection:
        claimed = claim(connection, NOON, 10)
        assert claimed == []
        connection.execute("UPDATE message SET state = 'planned' WHERE state = 'claimed'")
    assert [verdict.reason for verdict in decide(ledger)] == ["cap", "cap"]


def test_two_customers_who_turn_out_to_be_one_get_one(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        messages = add_messages(connection, [Planned(add_customer(connection, name)) for name in ("anna", "anna2")])
        claimed = claim(connection, NOON, 10)
    with ledger.transaction() as connection:
        merge(connection, "anna2", "anna")
    with ledger.transaction() as connection:
        verdicts = finalise(connection, claimed, [GuardRules(caps=CAPS)] * 2, NOON)
    assert [(v.reason, v.root, v.address) for v in verdicts] == [("moved", "anna", "anna2@example.com")] * 2
    claimed = [
        replace(m, root=v.root, address=v.address, nodes=v.nodes) for m, v in zip(claimed, verdicts, strict=True)
    ]
    with ledger.transaction() as connection:
        verdicts = finalise(connection, claimed, [GuardRules(caps=CAPS)] * 2, NOON)
    assert [verdict.reason for verdict in verdicts] == ["", "again"]
    with ledger.transaction() as connection:
        connection.execute("UPDATE message SET state = 'planned' WHERE state = 'claimed'")
    [verdict] = decide(ledger, caps=())
    assert verdict.reason == "duplicate"
    with ledger.transaction() as connection:
        states = sorted(state_of(connection, message) for message in messages)
    assert states == [("final", ""), ("suppressed", "duplicate")]


SENT_TO_BO = "UPDATE message SET address = 'bo@example.com' WHERE customer = 'anna'"


@pytest.mark.parametrize(
    ("earlier", "reason"),
    [
        (Planned("anna", state="submitted", final_at=NOON - 9 * DAY), "duplicate"),
        (Planned("anna", occurrence="b0", state="unknown", final_at=NOON - HOUR), "cap"),
        (Planned("anna", occurrence="b0", state="submitted", final_at=NOON - DAY + 1), "cap_soon"),
        (Planned("anna", occurrence="b0", state="submitted", final_at=NOON - DAY), ""),
        (Planned("anna", occurrence="b0", state="submitted", final_at=NOON - 9 * DAY), ""),
        (Planned("anna", state="failed", final_at=NOON - HOUR), ""),
        (Planned("anna", channel="sms", state="submitted", final_at=NOON - HOUR), ""),
    ],
    ids=[
        "the same step",
        "the cap's day",
        "a moment less than a day",
        "just a day",
        "long ago",
        "never arrived",
        "another channel",
    ],
)
def test_what_went_to_the_mailbox_counts_though_the_merge_is_undone(
    ledger: ModuleType, earlier: Planned, reason: str
) -> None:
    """anna and bo were taken for one person and anna's message went to bo's address; now bo is planned for alone."""
    with ledger.transaction() as connection:
        make_campaign(connection)
        for name in ("anna", "bo"):
            add_customer(connection, name)
        add_messages(connection, [earlier])
        connection.execute(SENT_TO_BO)
        add_messages(connection, [Planned("bo")])
    assert [verdict.reason for verdict in decide(ledger)] == [reason]


def test_a_message_to_the_person_at_their_own_mailbox_counts_once(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_customer(connection, "bo")
        sent = [Planned("bo", occurrence=f"b{n}", step=9, state="clicked", final_at=NOON - n * DAY) for n in (2, 3)]
        add_messages(connection, sent)
        connection.execute("UPDATE message SET address = 'bo@example.com'")
        add_messages(connection, [Planned("bo")])
    assert [verdict.reason for verdict in decide(ledger)] == [""]


def test_an_order_by_the_other_half_of_a_person_counts(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna"))])
        add_customer(connection, "older")
        add_stop(connection, "older", "order", NOON - 1, "o1", "order_paid")
        merge(connection, "anna", "older")
    assert [(verdict.reason, verdict.root) for verdict in decide(ledger)] == [("ordered", "older")]


def test_a_claim_that_was_taken_over_writes_nothing(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        [message] = add_messages(connection, [Planned(add_customer(connection, "anna"))])
        zombie = claim(connection, NOON, 10)
        connection.execute("UPDATE message SET state = 'planned'")
        [living] = claim(connection, NOON, 10)
    with ledger.transaction() as connection:
        [verdict] = finalise(connection, zombie, [GuardRules()], NOON)
        assert verdict.reason == "lost"
        assert state_of(connection, message) == ("claimed", "")
        [verdict] = finalise(connection, [living], [GuardRules()], NOON)
        assert verdict.reason == ""


def test_what_a_claim_that_was_taken_over_reports_is_not_written(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        [message] = add_messages(connection, [Planned(add_customer(connection, "anna"))])
        [zombie] = claim(connection, NOON, 10)
        connection.execute("UPDATE message SET state = 'planned'")
        [living] = claim(connection, NOON, 10)
    with ledger.transaction() as connection:
        record(connection, [MessageOutcome(zombie, "submitted", at=NOON)])
        assert state_of(connection, message) == ("claimed", "")
        record(connection, [MessageOutcome(living, "submitted", at=NOON)])
        assert state_of(connection, message) == ("submitted", "")


def test_a_new_address_is_noticed_before_it_goes_to_the_old_one(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna"))])
        claimed = claim(connection, NOON, 10)
        connection.execute(
            "INSERT INTO identifier (kind, value, customer, created_at) VALUES ('email', 'new@example.com', 'anna', %s)",
            (NOON,),
        )
        [verdict] = finalise(connection, claimed, [GuardRules()], NOON)
    assert (verdict.reason, verdict.address) == ("moved", "new@example.com")


def test_quiet_hours_are_the_customers_own() -> None:
    campaign = plain_campaign()
    windows = campaign.windows("email")
    assert quiet_until(NOON, "Asia/Shanghai", windows) == 0
    assert quiet_until(NOON, "Asia/Tokyo", windows) == 0
    assert quiet_until(NOON, "Pacific/Auckland", windows) == NOON + 7 * HOUR  # 01:00 there
    assert quiet_until(NOON + 2 * HOUR - MINUTE, "Asia/Shanghai", windows) == 0
    assert quiet_until(NOON + 2 * HOUR, "Asia/Shanghai", windows) == NOON + 12 * HOUR


def test_rules_come_from_the_campaign_and_the_message(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        campaign = make_campaign(connection)
        context = {"timezone": "Pacific/Auckland", "offer": {"name": "ten", "expires_at": NOON + 5}}
        add_messages(connection, [Planned(add_customer(connection, "anna"), context=context)])
        [message] = claim(connection, NOON, 10)
    assert rules_for(message, campaign, campaign, NOON) == GuardRules(
        quiet_until=NOON + 7 * HOUR, caps=CAPS, offer_ends=NOON + 5, address_kind="email"
    )


def test_a_merge_with_someone_held_out_holds_the_person_out(ledger: ModuleType) -> None:
    campaign = plain_campaign()
    names = [f"c{n}" for n in range(200)]
    held = next(name for name in names if is_held_out([name, name], campaign))
    free = next(name for name in names if not is_held_out([name, name], campaign))
    with ledger.transaction() as connection:
        campaign = make_campaign(connection)
        [message] = add_messages(connection, [Planned(add_customer(connection, free))])
        add_customer(connection, held, email=None)
        draw(connection, free, held)
        [claimed] = claim(connection, NOON, 10)
        assert rules_for(claimed, campaign, campaign, NOON).holdout is False
        merge(connection, held, free)
    with ledger.transaction() as connection:
        [verdict] = finalise(connection, [claimed], [rules_for(claimed, campaign, campaign, NOON)], NOON)
        assert (verdict.reason, sorted(verdict.nodes)) == ("moved", sorted([free, held]))
        claimed = replace(claimed, nodes=verdict.nodes)
        [verdict] = finalise(connection, [claimed], [rules_for(claimed, campaign, campaign, NOON)], NOON)
        assert state_of(connection, message) == ("suppressed", "holdout")


def test_a_merge_with_someone_who_never_drew_holds_nobody_out(ledger: ModuleType) -> None:
    """A browser that was signed in to after a click: treatment must not move people into the holdout."""
    campaign = plain_campaign()
    names = [f"c{n}" for n in range(200)]
    browser = next(name for name in names if is_held_out([name, name], campaign))
    free = next(name for name in names if not is_held_out([name, name], campaign))
    with ledger.transaction() as connection:
        campaign = make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, free))])
        add_customer(connection, browser, email=None)
        draw(connection, free)
        merge(connection, browser, free)
        [claimed] = claim(connection, NOON, 10)
        assert list(claimed.nodes) == [free]
    with ledger.transaction() as connection:
        [verdict] = finalise(connection, [claimed], [rules_for(claimed, campaign, campaign, NOON)], NOON)
        assert verdict.passed


def test_quiet_hours_and_caps_are_the_newest_versions_the_draw_is_the_planned_ones(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        planned = make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "anna"))])
        earlier = CAMPAIGN.replace('from = "22:00"', 'from = "19:00"').replace("[[1, 1], [7, 3]]", "[[2, 1]]")
        newest = make_campaign(connection, earlier)
        [message] = claim(connection, NOON, 10)
        campaigns = Campaigns()
        campaigns.load(connection, [message])
    assert (planned.version, newest.version) == (1, 2)
    rules = campaigns.rules(message, NOON)
    assert (rules.quiet_until, rules.caps) == (NOON + 12 * HOUR, ((2, 1),))


def draw(connection: Connection, *customers: str) -> None:
    connection.execute("INSERT INTO drawn_node (node) SELECT unnest(%s::text[])", (list(customers),))


def test_the_shops_history_is_not_read_whole(ledger: ModuleType) -> None:
    """Finding out what twenty people did costs the same in a shop of 20,000 orders as in a new one."""
    names = [f"c{number}" for number in range(20)]
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_customer(connection, "crowd")
        for name in names:
            add_customer(connection, name)
            add_stop(connection, name, "order", ENDED, name, "order_paid")
            add_stop(connection, name, "cancelled", ENDED + 1, name, "order_cancelled")
        connection.execute(
            "INSERT INTO stop (customer, kind, shop, order_id, status, occurred_at, recorded_at, source, event_id)"
            " SELECT 'crowd', 'order', 's1', n::text, 'order_paid', n, n, 'test', '' FROM generate_series(1, 20000) n"
        )
        due = add_messages(connection, [Planned(name) for name in names])
        later = add_messages(connection, [Planned(name, step=2, send_at=NOON + HOUR) for name in names])
        connection.execute(f"ANALYZE {READ}")
    with ledger.transaction() as connection:
        claimed = claim(connection, NOON, 100)
        assert all(verdict.passed for verdict in finalise(connection, claimed, [GuardRules()] * len(due), NOON))
        connection.execute(query("cancel_stopped"), {"ids": later, "now": NOON, "until": EVER})
        read = connection.execute("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'stop'").fetchone()
        assert read is not None
        assert read[0] < 1_000  # by the sample that ANALYZE took a scan may begin, and stop at the first row that fits


def test_the_messages_of_others_are_not_read(ledger: ModuleType) -> None:
    """What went to twenty people and their mailboxes is found by index, beside 20,000 messages and as many planned."""
    names = [f"c{number}" for number in range(20)]
    with ledger.transaction() as connection:
        make_campaign(connection)
        for name in [*names, "crowd"]:
            add_customer(connection, name)
        [old, planned] = add_messages(
            connection, [Planned("crowd", state="submitted", final_at=NOON - HOUR), Planned("crowd", step=2)]
        )
        connection.execute("UPDATE message SET address = 'crowd@example.com' WHERE id = %s", (old,))
        connection.execute(
            "INSERT INTO message SELECT (jsonb_populate_record(m, jsonb_build_object("
            "'id', m.id || n, 'customer', 'x' || n, 'send_at', m.send_at + 86400000000,"
            " 'address', CASE m.address WHEN '' THEN '' ELSE n || m.address END))).*"
            " FROM message m, generate_series(1, 20000) n WHERE m.id = ANY (%s)",
            ([old, planned],),
        )
        due = add_messages(connection, [Planned(name) for name in names])
        connection.execute(f"ANALYZE {READ}")
    with ledger.transaction() as connection:
        claimed = [message for message in claim(connection, NOON, 100) if message.id in due]
    with ledger.transaction() as connection:
        verdicts = finalise(connection, claimed, [GuardRules(caps=CAPS)] * len(due), NOON)
        assert [verdict.reason for verdict in verdicts] == [""] * len(due)
        read = connection.execute(
            "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'message'"
        ).fetchone()
        assert read is not None
        assert read[0] == 0
        assert read[1] < 10 * len(due)
