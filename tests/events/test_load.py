"""Journal to lake: each event once, whatever is killed, whoever loads at the same time."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from huitou.events import identity
from huitou.events import load as loading
from huitou.events.current import attach_events
from huitou.events.graph import Claim
from huitou.events.journal import append_batch, append_events
from huitou.events.lake_tables import EVENTS, ORDER_LINES
from huitou.events.load import load, read_high_water, wait_for_events
from huitou.kit.errors import Unavailable
from huitou.kit.settings import settings
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake

from .events import NOON, click, identify, track


@pytest.fixture
def engine(ledger: ModuleType) -> Iterator[Engine]:
    with Engine(threads=1) as engine:
        yield engine


def stored(query: str) -> list[tuple[Any, ...]]:
    """The answer over the tables as feature SQL reads them."""
    with Engine(threads=1) as engine:
        attach_events(engine)
        return [tuple(row.values()) for row in engine.run_text(query).to_pylist()]


def order(number: int, user: str = "u1", **properties: Any) -> Any:
    line = {"product_id": "P1", "quantity": 2, "price": 9900}
    told = {"order_id": f"o{number}", "total": 19800, "currency": "CNY", "products": [line], **properties}
    return track("order_paid", f"o{number}", userId=user, properties=told)


def test_every_column(ledger: ModuleType) -> None:
    append_batch(
        [
            track("live_started", "1", properties={"broadcast_id": "B1", "room_id": "R1", "shop_id": "S1"}),
            order(1, broadcast_id="B1", shop_id="S1", message_id="m1"),
            track("live_left", "3", userId="u1", properties={"broadcast_id": "B1", "watch_seconds": 60.9}),
            track("live_liked", "4", anonymousId="a", properties={"count": 3}),
            identify("5", userId="u1", traits={"name": "林"}, properties={"x": 1}),
        ],
        NOON + 1,
    )
    assert load()[:2] == (5, 0)
    u1, a = identity.customer_id(("user_id", "u1")), identity.customer_id(("anonymous_id", "a"))
    empty = dict.fromkeys(EVENTS.schema.names)
    common = {**empty, "source": "shop", "type": "track", "occurred_at": NOON, "received_at": NOON + 1}
    person = {"customer": u1, "user_id": "u1"}
    with Engine(threads=1) as engine:
        attach_events(engine)
        assert engine.run_text("SELECT * FROM events ORDER BY position").to_pylist() == [
            common | {"position": 1, "event_id": "1", "name": "live_started", "broadcast": "B1", "room": "R1", "touchpoint": "live",
                      "shop": "S1", "properties": '{"broadcast_id":"B1","room_id":"R1","shop_id":"S1"}'},
            common | person | {"position": 2, "event_id": "o1", "name": "order_paid", "broadcast": "B1", "shop": "S1", "touchpoint": "live",
                      "order_id": "o1", "message": "m1", "amount_minor": 19800, "currency": "CNY", "properties":
                      '{"broadcast_id":"B1","currency":"CNY","message_id":"m1","order_id":"o1","products":'
                      '[{"price":9900,"product_id":"P1","quantity":2}],"shop_id":"S1","total":19800}'},
            common | person | {"position": 3, "event_id": "3", "name": "live_left", "broadcast": "B1", "seconds": 60, "touchpoint": "live",
                      "properties": '{"broadcast_id":"B1","watch_seconds":60}'},
            common | {"position": 4, "event_id": "4", "name": "live_liked", "customer": a, "quantity": 3, "touchpoint": "live",
                      "properties": '{"count":3}'},
            common | person | {"position": 5, "event_id": "5", "type": "identify", "name": "identified",
                      "properties": '{"traits":{"name":"林"},"x":1}'},
        ]  # fmt: skip
        assert engine.run_text("SELECT * FROM order_lines").to_pylist() == [
            {"position": 2, "order_id": "o1", "shop": "S1", "customer": u1, "status": "order_paid", "product": "P1",
             "quantity": 2, "price_minor": 9900, "occurred_at": NOON, "broadcast": "B1"}
        ]  # fmt: skip


def test_foreign_names_may_mean_anything_by_their_properties(ledger: ModuleType) -> None:
    odd = {
        "quantity": 2**70,
        "total": 5,
        "price": "x",
        "content": {"a": 1},
        "channel": 3,
        "products": "none",
        "count": 1.5,
    }
    append_batch([track("Lottery Won", "1", userId="u", properties={**odd, "product_id": "P1"})])
    load()
    assert stored("SELECT product, quantity, amount_minor, content, channel FROM events") == [
        ("P1", None, None, None, None)
    ]
    assert stored("SELECT * FROM order_lines") == []


def test_an_order_with_its_product_beside_no_list_has_one_line(ledger: ModuleType) -> None:
    properties = {"order_id": "1", "product_id": "P9", "quantity": 1, "price": 100}
    append_batch([track("order_paid", "1", userId="u", properties=properties)])
    load()
    assert stored("SELECT order_id, product, quantity, price_minor FROM order_lines") == [("1", "P9", 1, 100)]


def test_loads_go_on_where_the_last_one_ended(ledger: ModuleType) -> None:
    assert load()[:2] == (0, 0)
    append_batch([click(number) for number in range(10)])
    assert load(limit=4)[:2] == (4, 0)
    append_batch([order(number) for number in range(5)])
    assert load(batch=3)[:2] == (11, 0)
    assert load()[:2] == (0, 0)
    assert stored("SELECT count(*), count(DISTINCT event_id), min(position) FROM events") == [(15, 15, 1)]
    assert stored("SELECT count(*) FROM order_lines") == [(5,)]


def test_any_batches_give_the_same_rows(ledger: ModuleType, data: Path) -> None:
    append_batch([click(n, f"u{n % 3}") if n % 3 else order(n) for n in range(30)])
    everything = "SELECT * FROM events ORDER BY position"
    load()
    at_once = stored(everything)
    (data / "lake").rename(data / "other")
    load(batch=7)
    assert stored(everything) == at_once


def test_identities_are_resolved_and_follow_later_merges(ledger: ModuleType) -> None:
    viewed = track("page_viewed", "1", anonymousId="a")
    entered = track("live_entered", "2", userId="u1", anonymousId="b")
    append_batch([viewed, entered, viewed, track("live_entered", "3", anonymousId="b")], NOON)
    load()
    a, u1 = identity.customer_id(("anonymous_id", "a")), identity.customer_id(("user_id", "u1"))
    assert stored("SELECT customer FROM events ORDER BY position") == [(a,), (u1,), (u1,)]
    append_batch([identify("4", anonymousId="a", userId="u1", traits={"phone": "13800000001"})], NOON)
    load()
    root = min(a, u1)  # born at the same moment, the ids decide
    assert stored("SELECT DISTINCT customer FROM events") == [(root,)]
    assert stored("SELECT * FROM merges") == [(max(a, u1), root)]
    assert stored("SELECT root, phone, identities FROM customers") == [(root, "+8613800000001", 2)]


def test_an_event_nobody_can_read_blocks_nothing(ledger: ModuleType) -> None:
    append_batch([click(1)])
    with ledger.transaction() as connection:
        connection.execute(
            "INSERT INTO journal (key, fingerprint, received_at, body) VALUES ('a', 'a', 7, '{\"source\":'), ('b', 'b', 8, '3')"
        )
    append_batch([click(2)])
    assert load()[:2] == (2, 2)
    assert load()[:2] == (0, 0)
    with ledger.transaction() as connection:
        rows = connection.execute("SELECT source, event_id, received_at, body FROM quarantine ORDER BY id").fetchall()
    assert rows == [("journal", "2", 7, b'{"source":'), ("journal", "3", 8, b"3")]
    assert stored("SELECT event_id FROM events ORDER BY position") == [("c1",), ("c2",)]


def test_no_position_of_an_open_transaction_is_skipped(ledger: ModuleType) -> None:
    """Positions are drawn before commit: the lower one may commit later than the higher."""
    with ledger.connect() as slow:
        append_events(slow, [click(1)], NOON)
        append_batch([click(2)])
        found: list[Any] = []
        loader = threading.Thread(target=lambda: found.append(load()))
        loader.start()
        loader.join(0.6)
        assert loader.is_alive()
        append_batch([click(3)])  # ingest goes on while the loader waits for the slow one
        slow.commit()
        loader.join(10)
    assert found[0][0] == 3
    assert stored("SELECT event_id FROM events ORDER BY position") == [("c1",), ("c2",), ("c3",)]


def test_positions_are_drawn_under_the_lock(ledger: ModuleType) -> None:
    """While the loader reads the high water nobody draws a position."""
    with ledger.connect() as holder:
        ledger.lock(holder, "journal")
        appended = threading.Thread(target=append_batch, args=([click(1)],))
        appended.start()
        appended.join(0.3)
        assert appended.is_alive()
        assert holder.execute("SELECT is_called FROM journal_position_seq").fetchone() == (False,)
        holder.commit()
        appended.join(5)
    assert read_high_water() == 1


def test_a_transaction_that_never_ends_is_named(ledger: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "LOCK_PATIENCE", 0.5)
    with ledger.connect() as slow:
        append_events(slow, [click(1)], NOON)
        with pytest.raises(Unavailable):
            load()
        slow.rollback()
    assert load()[:2] == (0, 0)


@pytest.mark.parametrize("first", [1, 2])
def test_a_load_that_stops_between_the_tables_is_finished_by_the_next(
    ledger: ModuleType, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    append_batch([order(1)])
    load()
    append_batch([order(number) for number in range(2, 6)])
    appends: list[str] = []
    append = Lake.append

    def stop(self: Lake, table: Any, data: Any, **how: Any) -> int:
        if len(appends) == first - 1:
            raise KeyboardInterrupt
        appends.append(table.name)
        return append(self, table, data, **how)

    monkeypatch.setattr(Lake, "append", stop)
    with pytest.raises(KeyboardInterrupt):
        load()
    monkeypatch.setattr(Lake, "append", append)
    append_batch([order(9)])
    load(batch=2)
    for table in ("events", "order_lines"):
        assert stored(f"SELECT count(*), count(DISTINCT position) FROM {table}") == [(6, 6)]


# Imports once, then forks a loader for every line it reads: a loader a second would make this test a minute.
LOADERS = """
import os, sys
from dataclasses import replace
from huitou.kit.settings import read_settings, use_settings
use_settings(replace(read_settings(data=sys.argv[1], env={}), database_url=sys.argv[2]))
from huitou.events.load import load
import pyarrow, deltalake, huitou.stores.torn
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        while True:
            load(batch=int(line))
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


@pytest.mark.parametrize("kills", [12, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_killed_at_any_moment_it_loads_each_event_once(ledger: ModuleType, data: Path, kills: int) -> None:
    """Loaders are killed while events keep coming; seed 7 sets the moments."""
    chance = random.Random(7)
    url = settings().database_url
    assert url is not None
    number = 0
    torn = 0
    lake = Lake(settings().lake)
    reached = [-1]
    command = [sys.executable, "-c", LOADERS, str(data), url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as loaders:
        assert loaders.stdin is not None
        assert loaders.stdout is not None
        for _ in range(kills):
            print(chance.choice([3, 20, 500]), file=loaders.stdin, flush=True)
            loader = int(loaders.stdout.readline())
            for _ in range(5):  # enough for several commits of the smaller batches
                users = [f"u{chance.randrange(5)}" for _ in range(8)]
                append_batch(
                    [order(number + n, user) if n % 2 else click(number + n, user) for n, user in enumerate(users)]
                )
                number += len(users)
            until = time.monotonic() + 20
            while lake.loaded_version(EVENTS, "journal") == reached[-1] and time.monotonic() < until:
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.08))  # somewhere between this commit and the ones that follow
            os.kill(loader, signal.SIGKILL)
            assert loaders.stdout.readline() == "gone\n"
            reached.append(lake.loaded_version(EVENTS, "journal"))
            torn += reached[-1] != lake.loaded_version(ORDER_LINES, "journal")
        loaders.stdin.close()
    load()
    assert len(set(reached)) == kills + 1
    assert torn > 0  # some fell between the two tables
    assert stored("SELECT count(*), count(DISTINCT event_id) FROM events") == [(number, number)]
    assert stored("SELECT count(*), count(DISTINCT order_id) FROM order_lines") == [(number // 2, number // 2)]
    with ledger.transaction() as connection:
        assert connection.execute("SELECT array_agg(position ORDER BY position) FROM journal").fetchone() == (
            [row[0] for row in stored("SELECT position FROM events ORDER BY position")],
        )
        in_ledger = {row[0] for row in connection.execute("SELECT id FROM customer")}
    assert {row[0] for row in stored("SELECT DISTINCT customer FROM events")} <= in_ledger


def test_loaders_at_once_load_each_event_once(ledger: ModuleType) -> None:
    append_batch([order(number) for number in range(200)])
    loaded: list[int] = []
    threads = [threading.Thread(target=lambda: loaded.append(load(batch=17).events)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(loaded) == 200
    assert stored("SELECT count(*), count(DISTINCT position) FROM events") == [(200, 200)]


def test_many_small_loads_are_compacted(ledger: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MOST_FILES", 4)
    for number in range(6):
        append_batch([order(number)])
        load()
    lake = Lake(settings().lake)
    assert (len(lake.files(EVENTS)), len(lake.files(ORDER_LINES))) == (2, 2)
    assert stored("SELECT count(DISTINCT position) FROM events") == [(6,)]
    assert lake.loaded_version(EVENTS, "journal") == lake.loaded_version(ORDER_LINES, "journal") == 6


def test_waiting_wakes_up_when_events_come(ledger: ModuleType) -> None:
    assert wait_for_events(0.05) is False
    woken: list[bool] = []
    waiting = threading.Thread(target=lambda: woken.append(wait_for_events(10)))
    waiting.start()
    time.sleep(0.3)
    append_batch([click(1)])
    waiting.join(5)
    assert woken == [True]


def test_customers_as_they_are_today(ledger: ModuleType) -> None:
    traits = {
        "name": "林晓",
        "phone": "138****0000",
        "city": "杭州",
        "timezone": "Mars/Olympus",
        "birthday": "1990-01-02",
    }
    append_batch(
        [identify("1", userId="u1", traits=traits), identify("2", at=NOON - 1, userId="u1", traits={"city": "上海"})], 5
    )
    append_batch([identify("3", userId="u1", traits={"email": "A@x.com", "phone": "13800000001", "language": "zh"})], 6)
    append_batch(
        [identify("4", at=NOON + 1, userId="u1", traits={"phone": "13800000002", "timezone": "Asia/Tokyo"})], 7
    )
    append_batch([identify("5", userId="u2")], 8)
    with Engine(threads=1) as engine:
        attach_events(engine)
        rows = engine.run_text("SELECT * FROM customers ORDER BY created_at").to_pylist()
    nobody = dict.fromkeys(rows[0])
    assert rows == [
        {"root": identity.customer_id(("user_id", "u1")), "created_at": 5, "name": "林晓", "email": "a@x.com",
         "phone": "+8613800000002", "city": "杭州", "timezone": "Asia/Tokyo", "language": "zh",
         "birthday": "1990-01-02", "identities": 1, "named": True},
        nobody | {"root": identity.customer_id(("user_id", "u2")), "created_at": 8, "identities": 1, "named": True},
    ]  # fmt: skip


def test_the_tables_of_an_empty_house_are_empty(ledger: ModuleType, engine: Engine) -> None:
    attach_events(engine)
    for table in ("events", "order_lines", "merges", "customers"):
        assert engine.run_text(f"SELECT * FROM {table}").num_rows == 0


def test_events_of_the_house_know_their_customer(ledger: ModuleType) -> None:
    append_batch([identify("1", userId="u1")])
    with ledger.transaction() as connection:
        (customer,) = identity.resolve(connection, [Claim((("user_id", "u1"),), NOON, "s", "e")])
    assert customer is not None
    told = track("message_delivered", "2", properties={"message_id": "m1"})
    own = type(told)(
        **{f: getattr(told, f) for f in told.__struct_fields__} | {"identifiers": (("customer", customer),)}
    )
    append_batch([own])
    load()
    assert stored("SELECT name, customer FROM events ORDER BY position") == [
        ("identified", customer), ("message_delivered", customer),
    ]  # fmt: skip


@pytest.mark.parametrize("news", [False, True], ids=["nothing-new", "news"])
@pytest.mark.parametrize("table", [EVENTS, ORDER_LINES], ids=lambda table: table.name)
@pytest.mark.parametrize("left", [0, 60, 500, None], ids=["empty", "60-bytes", "500-bytes", "zeros"])
def test_a_load_whose_commit_a_power_cut_tore_is_done_again(
    ledger: ModuleType, table: Any, left: int | None, news: bool
) -> None:
    append_batch([order(1)], NOON)
    load()
    append_batch([order(2), order(3, "u2")], NOON)
    load()
    commit = max((settings().lake / table.name / "_delta_log").glob("*.json"))
    content = commit.read_bytes()
    commit.write_bytes(b"\0" * len(content) if left is None else content[:left])
    if news:
        append_batch([order(4)], NOON)
    load()
    expected = [f"o{number}" for number in range(1, 5 if news else 4)]
    assert stored("SELECT order_id FROM events ORDER BY order_id") == [(one,) for one in expected]
    assert stored("SELECT order_id FROM order_lines ORDER BY order_id") == [(one,) for one in expected]
