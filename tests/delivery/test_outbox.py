"""One row a message, whoever plans and however often; one claim at a time, whoever sends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from huitou.catalog.broadcasts import Broadcast
from huitou.decisions.lake_tables import DECISIONS
from huitou.delivery.contexts import Told
from huitou.delivery.outbox import claim, due_channels, enqueue, message_id, next_due
from huitou.delivery.recovery import Recovered, living_sender, recover
from huitou.kit.clock import DAY, HOUR, MINUTE, SECOND, FrozenClock
from huitou.stores.ledger import Connection

from .shop import CAMPAIGN, ENDED, NOON, STARTED, Planned, add_customer, add_messages, make_campaign, state_of


def decisions(*rows: dict[str, Any]) -> pa.Table:
    whole = {
        "decision_id": "d1", "campaign": "follow-up", "broadcast": "b1", "customer": "anna", "user_id": None,
        "decided_at": ENDED, "action": "send", "reason": "", "policy": "rules", "policy_version": "1",
        "timing": "daily_3", "step": 1, "send_at": NOON, "channel": "email", "offer": "", "products": ["p1"],
        "propensity": 0.5, "expected_profit_minor": 1, "cost_minor": Decimal("0.1"), "features_hash": "", "seed": "",
        "campaign_version": None, "occasion": "b1", "why": ["clicked"], "offer_cost": Decimal(0), "intent": "high",
        "stage": "value", "language": "zh", "timezone": "Asia/Shanghai", "stop_since": STARTED,
        "expires_at": ENDED + 7 * DAY,
    }  # fmt: skip
    return pa.Table.from_pylist([{**whole, **row} for row in rows], schema=DECISIONS.schema)


SHOW = Broadcast("b1", "R1", "S1", "周五茶会", STARTED, ENDED, STARTED, ENDED)
TOLD = Told(
    SHOW,
    pa.table({"customer": ["anna"], "name": ["小李"], "watched": [61], "carts": [2], "asked": [0], "clicks": [1], "orders": [0]}),
    pa.table({"product": ["p1"], "name": ["龙井 250g"], "category": pa.array([None], pa.string()), "price_minor": [19900],
              "currency": ["CNY"], "stock": [3], "url": ["https://shop.example.com/p/1"]}),
)  # fmt: skip
SAID = {
    "language": "zh",
    "timezone": "Asia/Shanghai",
    "currency": "CNY",
    "stage": "value",
    "intent": "high",
    "customer": {"name": "小李"},
    "facts": {"watched": 61, "carts": 2, "asked": 0, "clicks": 1, "orders": 0},
    "broadcast": {"id": "b1", "title": "周五茶会", "started_at": STARTED, "ended_at": ENDED},
    "products": [
        {
            "id": "p1", "name": "龙井 250g", "price_minor": 19900, "currency": "CNY", "in_stock": True,
            "url": "https://shop.example.com/p/1", "why": "clicked",
        }
    ],
}  # fmt: skip


def test_enqueue_writes_each_message_once(ledger: ModuleType, clock: FrozenClock) -> None:
    table = decisions({}, {"step": 2, "send_at": NOON + DAY}, {"customer": "bo", "action": "holdout", "channel": None})
    with ledger.transaction() as connection:
        campaign = make_campaign(connection)
        assert enqueue(connection, table, campaign, TOLD) == 2
        assert enqueue(connection, table, campaign, TOLD) == 0
    with ledger.transaction() as connection:
        assert enqueue(connection, decisions({"send_at": NOON + 5, "decision_id": "d9"}), campaign, TOLD) == 0
        rows = connection.execute(
            "SELECT id, customer, campaign, campaign_version, occurrence, step, decision, channel, products, context,"
            " stop_since, send_at, expires_at, cost_micro, state, created_at FROM message ORDER BY step"
        ).fetchall()
    common = ("anna", "follow-up", 1, "b1")
    rest = ("d1", "email", ["p1"], SAID, STARTED)
    end = (ENDED + 7 * DAY, 100_000, "planned", NOON)
    assert rows == [
        (message_id("anna", "follow-up", "b1", 1), *common, 1, *rest, NOON, *end),
        (message_id("anna", "follow-up", "b1", 2), *common, 2, *rest, NOON + DAY, *end),
    ]


def test_the_decision_says_when_it_ends(ledger: ModuleType, clock: FrozenClock) -> None:
    with ledger.transaction() as connection:
        enqueue(connection, decisions({"stop_since": 5, "expires_at": 7}), make_campaign(connection), TOLD)
        assert connection.execute("SELECT stop_since, expires_at FROM message").fetchall() == [(5, 7)]


def test_a_message_keeps_the_version_it_was_decided_under(ledger: ModuleType, clock: FrozenClock) -> None:
    """Whoever queues it later, by a version that has its channel no more: the words and the price are the old ones."""
    by_sms = decisions({"campaign_version": 1, "channel": "sms", "cost_minor": Decimal(5)}, {"customer": "bo"})
    with ledger.transaction() as connection:
        make_campaign(connection)
        later = make_campaign(connection, 'name = "follow-up"\n[[channel]]\nname = "email"\n')
        enqueue(connection, by_sms, later, TOLD)
        rows = connection.execute("SELECT channel, campaign_version, cost_micro FROM message ORDER BY step, customer")
        assert rows.fetchall() == [("sms", 1, 5_000_000), ("email", 2, 100_000)]


def test_an_offer_is_told_with_its_words_its_end_and_the_price_it_leaves(
    ledger: ModuleType, clock: FrozenClock
) -> None:
    offered = {"offer": "ten", "offer_cost": Decimal("1.5"), "offer_expires_at": NOON + DAY, "offer_price_minor": 17910}
    text = CAMPAIGN.replace(
        "[[channel]]",
        '[[offer]]\nname = "none"\n[[offer]]\nname = "ten"\nkind = "discount"\nrate = 0.1\n[[channel]]',
        1,
    )
    nobody = {"customer": "o'\"b,\n", "products": ["p1", "p,2"], "why": ["", "carted"]}
    with ledger.transaction() as connection:
        enqueue(connection, decisions(offered, nobody), make_campaign(connection, text), TOLD)
        rows = dict(connection.execute("SELECT customer, context FROM message").fetchall())
    words = {"zh": "9折", "en": "10% off"}
    assert rows["anna"] == SAID | {
        "offer": {
            "name": "ten",
            "kind": "discount",
            "text": words,
            "expires_at": NOON + DAY,
            "offer_price_minor": 17910,
        }
    }
    told = {name: value for name, value in SAID["products"][0].items() if name != "why"}
    unknown = {name: value for name, value in SAID.items() if name != "facts"}
    assert rows[nobody["customer"]] == unknown | {"customer": {}, "products": [told, {"id": "p,2", "why": "carted"}]}


def test_planning_twice_at_once_writes_once(ledger: ModuleType, clock: FrozenClock) -> None:
    table = decisions(*({"customer": f"c{n}"} for n in range(500)))
    with ledger.transaction() as connection:
        campaign = make_campaign(connection)

    def plan(_: int) -> int:
        with ledger.transaction() as connection:
            return enqueue(connection, table, campaign, TOLD)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(plan, range(4))) == 500


def test_a_claim_takes_what_is_due_in_order(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        for name in ("a", "b", "c", "d"):
            add_customer(connection, name)
        late, early, _, other = add_messages(
            connection,
            [
                Planned("a", send_at=NOON), Planned("b", send_at=NOON - HOUR), Planned("c", send_at=NOON + 1),
                Planned("d", channel="sms"),
            ],
        )  # fmt: skip
        assert due_channels(connection, NOON) == ["email", "sms"]
        assert next_due(connection, NOON) == NOON + 1
        assert [message.id for message in claim(connection, NOON, 1)] == [early]
        assert [message.id for message in claim(connection, NOON, 5)] == [late]
        assert claim(connection, NOON, 5) == []
        assert [message.id for message in claim(connection, NOON, 5, channel="sms", address_kind="phone")] == [other]


def test_a_paused_campaign_waits_until_its_time_is_over(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection, state="paused")
        for name in ("waits", "over"):
            add_customer(connection, name)
        _, over = add_messages(connection, [Planned("waits"), Planned("over", expires_at=NOON)])
        assert [message.id for message in claim(connection, NOON, 5)] == [over]


@pytest.mark.parametrize("senders", [2, 8])
def test_senders_never_claim_the_same(ledger: ModuleType, senders: int) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        ids = add_messages(connection, [Planned(add_customer(connection, f"c{n}")) for n in range(400)])

    def take(_: int) -> list[str]:
        taken: list[str] = []
        while True:
            with ledger.transaction() as connection:
                claimed = claim(connection, NOON, 7)
            if not claimed:
                return taken
            taken += [message.id for message in claimed]

    with ThreadPoolExecutor(senders) as threads:
        taken = [message for part in threads.map(take, range(senders)) for message in part]
    assert sorted(taken) == sorted(ids)


def states(connection: Connection) -> dict[str, tuple[str, str]]:
    return {name: state_of(connection, Planned(name).id) for name in ("held", "final", "old")}


def test_recovery_by_lease(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, name)) for name in ("held", "final")])
        add_messages(connection, [Planned(add_customer(connection, "old"), state="in_doubt", final_at=NOON - HOUR)])
        connection.execute("UPDATE message SET lease_until = %s WHERE state = 'in_doubt'", (NOON,))
        claim(connection, NOON, 10)
        connection.execute("UPDATE message SET state = 'final' WHERE customer = 'final'")
        early = NOON + MINUTE - 1
        assert recover(connection, early) == Recovered(0, 0, 0)
        assert recover(connection, NOON + MINUTE) == Recovered(1, 1, 1)
        assert states(connection) == {
            "held": ("planned", ""),
            "final": ("in_doubt", "sender_lost"),
            "old": ("unknown", ""),
        }
        assert recover(connection, NOON + MINUTE) == Recovered(0, 0, 0)
        assert recover(connection, NOON + 2 * MINUTE - SECOND) == Recovered(0, 0, 0)
        assert recover(connection, NOON + 2 * MINUTE) == Recovered(0, 0, 1)


def test_recovery_of_a_dead_sender_needs_no_lease(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        make_campaign(connection)
        add_messages(connection, [Planned(add_customer(connection, "held"))])
    with living_sender() as sender, ledger.transaction() as connection:
        assert len(claim(connection, NOON, 10, sender=sender)) == 1
        assert recover(connection, NOON) == Recovered(0, 0, 0)
    with ledger.transaction() as connection:
        assert recover(connection, NOON) == Recovered(1, 0, 0)
