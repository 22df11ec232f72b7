"""From events to decisions, through the real ledger and lake."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from huitou.campaigns.reading import read_campaign
from huitou.decisions import decide as deciding
from huitou.decisions.decide import warn_unsettled
from huitou.decisions.inputs import WENT
from huitou.decisions.lake_tables import DECISIONS
from huitou.decisions.reach import reach
from huitou.decisions.reading import open_lake
from huitou.events.identity import merge, undo_merge
from huitou.events.journal import append_batch
from huitou.events.model import Event
from huitou.events.segment import read_segment
from huitou.flows.refresh import catch_up
from huitou.kit.clock import DAY, HOUR, MINUTE, FrozenClock, parse_time, to_iso
from huitou.kit.errors import NotFound, Refused
from huitou.kit.settings import settings
from huitou.science.chance import uniform
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake
from huitou.stores.ledger import connect, transaction

START = parse_time("2026-11-20T19:00:00", "Asia/Shanghai")
END = START + 2 * HOUR
NOW = END + 35 * MINUTE
CALM = read_campaign('name = "calm"\nholdout = 0\nexplore = 0\n')
NOBODY = replace(CALM, name="nobody", holdout=1.0)


def decide(*args: Any, **more: Any) -> pa.Table:
    return deciding.decide(*args, **more).all


_count = iter(range(10**9))


def event(name: str, at: int, user: str | None = None, /, **properties: Any) -> Event:
    raw: dict[str, Any] = {
        "type": "track", "event": name, "messageId": f"m{next(_count)}", "timestamp": to_iso(at),
        "properties": {"broadcast_id": "B20", **properties},
    }  # fmt: skip
    if user:
        raw["userId"] = user
    return read_segment(raw, source="test", received_at=at, sent_at=None)


def identify(user: str, at: int = START - DAY, /, **traits: Any) -> Event:
    raw = {
        "type": "identify",
        "messageId": f"m{next(_count)}",
        "timestamp": to_iso(at),
        "userId": user,
        "traits": traits,
    }
    return read_segment(raw, source="test", received_at=at, sent_at=None)


def room() -> list[Event]:
    show = event(
        "product_shown", START + MINUTE, product_id="P1", name="普洱茶饼", price=19900, currency="CNY", stock=9
    )
    return [event("live_started", START, title="冬茶专场"), show, event("live_ended", END)]


def visit(user: str, minutes: int = 20) -> list[Event]:
    return [event("live_entered", START + MINUTE, user), event("live_left", START + (1 + minutes) * MINUTE, user)]


def known(user: str, **consents: bool) -> Event:
    return identify(user, email=f"{user}@example.com", name=user, consents=consents or {"email": True})


def tell(clock: FrozenClock, *events: Event | list[Event]) -> None:
    append_batch([one for item in events for one in (item if isinstance(item, list) else [item])], clock.now_us())
    catch_up()


@pytest.fixture
def evening(ledger: ModuleType, clock: FrozenClock) -> FrozenClock:
    """Ann, Bo and Cy watched; Ann may be written to, Bo never agreed, Cy ordered; nobody knows who dana is."""
    clock.move_to(NOW)
    order = event("order_paid", START + HOUR, "cy", order_id="O1", total=19900, currency="CNY")
    tell(
        clock, room(), known("ann"), identify("bo", email="bo@example.com"), known("cy"),
        visit("ann"), visit("bo"), visit("cy"), order,
    )  # fmt: skip
    return clock


def by_user(table: pa.Table) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        found.setdefault(row["user_id"], []).append(row)
    return found


def kept() -> pa.Table:
    with Engine() as engine:
        engine.attach(DECISIONS)
        return engine.run_text("SELECT * FROM decisions ORDER BY customer, step")


def test_everybody_who_did_not_order_is_decided_for(evening: FrozenClock) -> None:
    rows = by_user(decide("B20", CALM))
    assert sorted(rows) == ["ann", "bo"]
    assert [(row["action"], row["reason"], row["channel"], row["products"]) for row in rows["ann"]] == [
        ("send", "high_intent", "email", ["P1"])
    ] * 3
    assert [(row["action"], row["reason"]) for row in rows["bo"]] == [("nothing", "no_consent")]


def test_decisions_are_kept_once_and_stay(evening: FrozenClock) -> None:
    first = decide("B20", CALM)
    assert kept().select(first.column_names).cast(first.schema).equals(first)
    evening.move_to(NOW + 3 * HOUR)
    assert decide("B20", CALM).equals(first)
    assert kept().num_rows == first.num_rows
    tell(evening, known("eve"), visit("eve"))
    second = decide("B20", CALM)
    assert by_user(second)["ann"] == by_user(first)["ann"]
    assert by_user(second)["eve"][0]["decided_at"] == NOW + 3 * HOUR
    assert kept().num_rows == second.num_rows == first.num_rows + 3
    assert Lake(settings().lake).loaded_version(DECISIONS, "plan:calm:B20") == 1


def test_a_dry_run_keeps_nothing(evening: FrozenClock) -> None:
    assert decide("B20", CALM, dry_run=True).num_rows == 4
    assert kept().num_rows == 0


def test_an_order_after_the_show_is_known_at_once(evening: FrozenClock) -> None:
    append_batch([event("order_paid", END + 32 * MINUTE, "ann", order_id="O2", total=1, currency="CNY")], NOW)
    assert by_user(decide("B20", CALM))["ann"][0]["reason"] == "ordered"


def test_a_cancelled_order_is_no_order(evening: FrozenClock) -> None:
    at = END + 31 * MINUTE
    order = {"order_id": "O2", "shop_id": "S1"}
    append_batch(
        [event("order_created", at, "ann", **order), event("order_cancelled", at + MINUTE, "ann", **order)], NOW
    )
    assert by_user(decide("B20", CALM))["ann"][0]["action"] == "send"


@pytest.mark.parametrize(("minutes", "reason"), [(2, "ordered"), (1, "ordered"), (0, None)])
def test_a_cancelled_order_that_was_paid_after_all_is_one(
    evening: FrozenClock, minutes: int, reason: str | None
) -> None:
    at = END + 31 * MINUTE
    order = {"order_id": "O2", "shop_id": "S1"}
    paid = event("order_paid", at + minutes * MINUTE, "ann", total=1, currency="CNY", **order)
    cancelled = event("order_cancelled", at + MINUTE, "ann", **order)
    append_batch([paid, event("order_created", at, "ann", **order), cancelled], NOW)
    decided = by_user(decide("B20", CALM))["ann"][0]
    assert decided["action"] == ("nothing" if reason else "send")
    assert reason in (None, decided["reason"])


def test_opting_out_and_unfollowing_are_known_at_once(evening: FrozenClock) -> None:
    append_batch([event("unsubscribed", NOW, "ann", channel="email")], NOW)
    assert by_user(decide("B20", CALM, dry_run=True))["ann"][0]["reason"] == "opted_out"
    tell(evening, known("eve"), visit("eve"), event("live_unfollowed", END, "eve"))
    assert by_user(decide("B20", CALM, dry_run=True))["eve"][0]["reason"] == "unfollowed"
    append_batch([event("live_followed", END + MINUTE, "eve")], NOW)
    assert by_user(decide("B20", CALM, dry_run=True))["eve"][0]["action"] == "send"


def test_other_campaigns_decisions_count_in_the_caps(evening: FrozenClock) -> None:
    decide("B20", CALM)
    other = read_campaign('name = "other"\nholdout = 0\nexplore = 0\n')
    row = by_user(decide("B20", other, dry_run=True))["ann"][0]
    assert (row["action"], row["reason"]) == ("nothing", "cap")
    # …unless they are known never to have gone
    ids = kept().column("decision_id").to_pylist()
    never = {"decision": ids, "customer": [""] * len(ids), "contact_at": pa.nulls(len(ids), pa.int64())}
    assert by_user(decide("B20", other, dry_run=True, went=pa.table(never)))["ann"][0]["action"] == "send"


def test_the_held_out_count_in_the_caps_as_if_they_had_been_written_to(evening: FrozenClock) -> None:
    """Else the next campaign would compare those left alone with people nobody wrote to before."""
    written_to = by_user(decide("B20", CALM, dry_run=True))["ann"]
    decide("B20", NOBODY)
    other = read_campaign('name = "other"\nholdout = 0\nexplore = 0\n')
    row = by_user(decide("B20", other, dry_run=True))["ann"][0]
    assert (row["action"], row["reason"]) == ("nothing", "cap")
    with Engine() as engine:
        open_lake(engine)
        engine.register("went", WENT.empty_table())
        would = engine.run("decisions", "contacts", since=0).column("contact_at").to_pylist()
    assert would == [row["send_at"] for row in written_to]


def test_an_order_ends_what_the_held_out_would_have_got(evening: FrozenClock) -> None:
    decide("B20", NOBODY)
    evening.move_to(NOW + 3 * HOUR)
    tell(evening, event("order_paid", NOW + 2 * HOUR, "ann", order_id="O2", total=1, currency="CNY"))
    with Engine() as engine:
        open_lake(engine)
        engine.register("went", WENT.empty_table())
        told = engine.run("decisions", "contacts", since=0).column("contact_at").to_pylist()
    assert told == [at for at in would_be_sent() if at <= NOW + 2 * HOUR]


def would_be_sent() -> list[int]:
    return [row["send_at"] for row in kept().to_pylist() if row["user_id"] == "ann"]


def test_ids_that_come_after_the_first_decision_do_not_draw(evening: FrozenClock) -> None:
    """Who is written to clicks and signs in, and gains ids that those left alone do not."""
    names = [f"p{number}" for number in range(12)]
    tell(evening, *(item for name in names for item in (known(name), visit(name))))
    half = replace(CALM, holdout=0.5, caps=())
    first = by_user(decide("B20", replace(half, name="first")))
    tell(evening, *(signs_in(name) for name in names))
    second = by_user(decide("B20", replace(half, name="second")))
    assert {name: second[name][0]["action"] for name in names} == {name: first[name][0]["action"] for name in names}
    assert {second[name][0]["holdout_chance"] for name in names} == {0.5}


def signs_in(user: str, browser: str | None = None) -> list[Event]:
    """A browser nobody knew, then a sign-in in it."""
    web = browser or f"web-{user}"
    raw = {"type": "page", "messageId": web, "timestamp": to_iso(NOW), "anonymousId": web}
    return [
        read_segment(raw, source="test", received_at=NOW, sent_at=None),
        read_segment({**raw, "messageId": f"in-{web}", "userId": user}, source="test", received_at=NOW, sent_at=None),
    ]


def test_a_person_of_many_ids_draws_once(evening: FrozenClock) -> None:
    """Six ids known before the first decision: held out as often as it is set, not nearly always."""
    names = [f"p{number}" for number in range(30)]
    tell(evening, *(item for name in names for item in (known(name), visit(name))))
    tell(evening, *(signs_in(name, f"web-{name}-{number}") for name in names for number in range(5)))
    rows = by_user(decide("B20", replace(CALM, name="fifth", holdout=0.2)))
    roots = [rows[name][0]["customer"] for name in names]
    held = [rows[name][0]["action"] == "holdout" for name in names]
    assert held == (uniform(CALM.seed, roots, "holdout") < 0.2).tolist()
    assert {rows[name][0]["holdout_chance"] for name in names} == {0.2}


def test_people_joined_since_are_one_person_and_the_holdout_wins(evening: FrozenClock) -> None:
    half = replace(read_campaign('name = "half"\nholdout = 0.5\nexplore = 0\n'), caps=())
    names = [f"p{number}" for number in range(12)]
    tell(evening, *(item for name in names for item in (known(name), visit(name))))
    alone = by_user(decide("B20", half, dry_run=True))
    customer = {name: alone[name][0]["customer"] for name in names}
    held = [name for name in names if alone[name][0]["action"] == "holdout"]
    free = [name for name in names if alone[name][0]["action"] == "send"]
    assert (uniform("huitou", [customer[held[0]], customer[free[0]]], "holdout") < 0.5).tolist() == [True, False]
    decide("B20", replace(half, name="before"))  # both draw
    with transaction() as connection:
        merge(connection, customer[held[0]], customer[free[0]])
    rows = [row for row in decide("B20", half).to_pylist() if row["user_id"] in (held[0], free[0])]
    assert {row["action"] for row in rows} == {"holdout"}
    assert len({row["customer"] for row in rows}) == 1
    assert rows[0]["propensity"] == pytest.approx(0.75)
    # taken apart again, the one who was part of the person is decided for anew
    with transaction() as connection:
        (number,) = connection.execute("SELECT id FROM merge WHERE kind = 'operator'").fetchone()
        undo_merge(connection, number)
    again = decide("B20", half).to_pylist()
    assert rows[0] in again
    assert {row["customer"] for row in again} >= {customer[held[0]], customer[free[0]]}


def test_reach_says_why_not(evening: FrozenClock) -> None:
    anonymous = read_segment(
        {"type": "track", "event": "live_entered", "messageId": "anon", "timestamp": to_iso(START + MINUTE),
         "anonymousId": "a-1", "properties": {"broadcast_id": "B20"}}, source="test", received_at=NOW, sent_at=None,
    )  # fmt: skip
    gone = known("fay", email=True)
    tell(
        evening, anonymous, gone, visit("fay"), event("unsubscribed", NOW, "fay"), known("gus", sms=True), visit("gus")
    )
    append_batch([identify("gus", phone="+8613800000001")], NOW)
    found = reach("B20")
    assert (found.watchers, found.known, found.ordered, found.not_ordered) == (6, 5, 1, 5)
    assert (found.reachable, found.reachable_not_ordered) == (2, 1)
    assert found.why_not == {"unknown_person": 1, "no_address": 0, "no_consent": 1, "opted_out": 1, "no_adapter": 1}
    email, sms = found.channels[:2]
    assert (email.channel, email.reachable, email.no_address, email.no_consent, email.opted_out) == (
        "email",
        2,
        1,
        2,
        1,
    )
    assert (sms.channel, sms.connected, sms.reachable) == ("sms", False, 1)
    assert [one.channel for one in reach("B20", CALM).channels] == ["email"]


def test_what_cannot_be_planned_is_said(evening: FrozenClock) -> None:
    with pytest.raises(NotFound, match="B20"):
        decide("B21", CALM)
    with pytest.raises(NotFound, match="B20"):
        reach("B21")
    tell(evening, event("live_started", NOW - MINUTE, title="夜场", broadcast_id="B21"))
    with pytest.raises(Refused, match="has not ended"):
        decide("B21", CALM)


def test_planning_too_early_warns(evening: FrozenClock) -> None:
    from huitou.catalog.broadcasts import Broadcast

    show = Broadcast("B20", None, None, None, START, END, START, END)
    assert warn_unsettled(show, END + 30 * MINUTE) is None
    warning = warn_unsettled(show, END + 10 * MINUTE)
    assert warning is not None
    assert "20 min" in warning["en"]


def test_two_plans_at_once_decide_once(evening: FrozenClock) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as pool:
        tables = list(pool.map(lambda _: decide("B20", CALM), range(3)))
    assert all(table.equals(tables[0]) for table in tables)
    assert kept().num_rows == tables[0].num_rows
    with connect() as connection:
        held = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchone()
        assert held == (0,)
