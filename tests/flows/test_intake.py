"""A file about a broadcast: its times are known from other sources, told by an operator, or asked for."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from huitou.catalog.broadcasts import list_broadcasts
from huitou.events.connectors.base import Options, Span
from huitou.events.current import attach_events
from huitou.events.load import load
from huitou.events.placing import Unplaced
from huitou.flows.intake import ToldBroadcast, bring_in, known_spans
from huitou.kit.clock import MINUTE, FrozenClock, parse_time
from huitou.kit.errors import Refused
from huitou.stores.engine import Engine

BEGAN, ENDED = (parse_time(f"2026-11-20T{hour}:00+08:00") for hour in ("17", "19"))


@pytest.fixture
def watch(tmp_path: Path) -> Path:
    """What WeCom tells: who watched for how long, of nothing and at no time."""
    viewers = [{"external_userid": f"wm{n}", "watch_time": 60 * n} for n in range(1, 4)]
    path = tmp_path / "watch.json"
    path.write_text(json.dumps({"errcode": 0, "stat_info": {"external_users": viewers}}))
    return path


def shows() -> list[tuple[str, str | None, Any, Any]]:
    load()
    with Engine() as engine:
        attach_events(engine)
        return [(one.broadcast, one.title, one.started_at, one.ended_at) for one in list_broadcasts(engine)]


def write(path: Path, *events: dict[str, Any]) -> Path:
    path.write_text("\n".join(json.dumps({"type": "track", **event}) for event in events))
    return path


def test_nothing_is_stored_of_a_file_that_must_be_asked_about(
    ledger: ModuleType, data: Path, clock: FrozenClock, watch: Path
) -> None:
    for options in (
        Options(),
        Options(time_default=ENDED),
        Options(broadcast="B21"),
        Options(broadcast="B21", time_default=ENDED),
    ):
        with pytest.raises(Unplaced):
            bring_in(watch, options)
    assert shows() == []


def test_what_an_operator_says_of_a_new_broadcast_is_stored_once(
    ledger: ModuleType, data: Path, clock: FrozenClock, watch: Path
) -> None:
    show = ToldBroadcast("B21", "双十一返场", BEGAN, ENDED)
    assert bring_in(watch, Options(), show=show).accepted == 3
    assert shows() == [("B21", "双十一返场", BEGAN, ENDED)]
    assert bring_in(watch, Options(), show=show).duplicate == 3
    assert shows() == [("B21", "双十一返场", BEGAN, ENDED)]


def test_who_knows_only_when_it_began_says_so(ledger: ModuleType, data: Path, clock: FrozenClock, watch: Path) -> None:
    bring_in(watch, Options(), show=ToldBroadcast("B21", None, BEGAN))
    assert [(one[0], one[2]) for one in shows()] == [("B21", BEGAN)]


def test_the_times_of_a_known_broadcast_are_taken_from_its_other_sources(
    ledger: ModuleType, data: Path, clock: FrozenClock, watch: Path, tmp_path: Path
) -> None:
    about = {"properties": {"broadcast_id": "B20"}}
    times = ("2026-11-20T17:00:00+08:00", "2026-11-20T19:00:00+08:00")
    events = (
        {"event": event, "timestamp": at, **about}
        for event, at in zip(("live_started", "live_ended"), times, strict=True)
    )
    bring_in(write(tmp_path / "b20.ndjson", *events), Options())
    assert known_spans() == {"B20": Span(BEGAN, ENDED)}
    assert bring_in(watch, Options(), show=ToldBroadcast("B20")).accepted == 3
    assert shows() == [("B20", None, BEGAN, ENDED)]
    with pytest.raises(Refused, match="began at 2026-11-20 17:00"):
        bring_in(watch, Options(), show=ToldBroadcast("B20", None, BEGAN + MINUTE))


def test_an_order_that_names_a_broadcast_does_not_say_when_it_was(
    ledger: ModuleType, data: Path, clock: FrozenClock, watch: Path, tmp_path: Path
) -> None:
    paid = {"order_id": "1", "total": 1990, "currency": "CNY", "broadcast_id": "B21"}
    order = {"event": "order_paid", "userId": "u1", "timestamp": "2026-11-20T18:00:00+08:00", "properties": paid}
    bring_in(write(tmp_path / "orders.ndjson", order), Options())
    assert known_spans() == {}
    with pytest.raises(Unplaced, match="when broadcast B21 was"):
        bring_in(watch, Options(), show=ToldBroadcast("B21"))
    bring_in(watch, Options(), show=ToldBroadcast("B21", None, BEGAN, ENDED))
    assert shows() == [("B21", None, BEGAN, ENDED)]


@pytest.mark.parametrize(
    ("show", "told"),
    [
        (ToldBroadcast("B21", None, ENDED, BEGAN), "must end after"),
        (ToldBroadcast("B21", None, ENDED + 600 * MINUTE), "in the future"),
    ],
)
def test_what_cannot_be_is_refused(
    ledger: ModuleType, data: Path, clock: FrozenClock, watch: Path, show: ToldBroadcast, told: str
) -> None:
    with pytest.raises(Refused, match=told):
        bring_in(watch, Options(), show=show)


def test_a_shop_is_known_by_its_name_once_its_id_was_told(
    ledger: ModuleType, data: Path, clock: FrozenClock, tmp_path: Path
) -> None:
    """The same orders as if the file said 店铺ID; unknown names stay as they are, and twice is once."""
    known = tmp_path / "known.csv"
    known.write_text("订单号,会员编号,实付金额,支付时间,店铺\nA1,u1,30,2026-11-01 10:00,茶叶店\n")
    named = tmp_path / "named.csv"
    named.write_text(
        "订单号,会员编号,实付金额,支付时间,店铺\nA2,u1,30,2026-11-02 10:00,茶叶店\nA3,u1,30,2026-11-02 11:00,茶具店\n"
    )
    doudian = tmp_path / "doudian.csv"
    doudian.write_text(
        "主订单编号,商品ID,订单应付金额,订单提交时间,支付完成时间,订单状态,店铺名称\n"
        "A4,tea,30,2026-11-03 10:00:00,2026-11-03 10:01:00,已完成,茶叶店\n"
    )
    told = bring_in(known, Options(shop="S1"))
    assert (told.accepted, told.reasons) == (1, {})
    for path in (named, doudian):
        assert bring_in(path, Options()).rejected == 0
    with_id = tmp_path / "with_id.csv"
    with_id.write_text("订单号,会员编号,实付金额,支付时间,店铺ID,店铺\nA2,u1,30,2026-11-02 10:00,S1,茶叶店\n")
    again = bring_in(with_id, Options())
    assert (again.accepted, again.duplicate) == (0, 1)
    assert bring_in(named, Options()).accepted == 0
    load()
    with Engine() as engine:
        attach_events(engine)
        rows = engine.run_text(
            "SELECT DISTINCT order_id, shop FROM events WHERE order_id IS NOT NULL ORDER BY order_id"
        )
        assert [tuple(row.values()) for row in rows.to_pylist()] == [
            ("A1", "S1"),
            ("A2", "S1"),
            ("A3", None),
            ("A4", "S1"),
        ]
