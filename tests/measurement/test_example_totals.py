"""The totals of the example's broadcast, counted once more from its files by plain Python."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

from huitou.catalog.broadcasts import find_broadcast
from huitou.events.connectors.base import Options
from huitou.events.importing import import_file
from huitou.flows.refresh import catch_up
from huitou.flows.tables import open_tables
from huitou.kit.clock import FrozenClock, parse_time
from huitou.measurement.report import read_funnel
from huitou.measurement.unseen import read_takings

EXAMPLES = Path(__file__).parents[2] / "examples"
EXPORTS = ("orders-B20.csv", "orders-B20-late.csv")
SHANGHAI = timezone(timedelta(hours=8))
START, CLOSES = datetime(2026, 11, 20, 19, tzinfo=SHANGHAI), datetime(2026, 11, 20, 22, 30, tzinfo=SHANGHAI)
NEXT_DAY = parse_time("2026-11-21T08:00:00+08:00")


def exported() -> Iterator[tuple[str, datetime, int, bool]]:
    """(order, moment, fen, whether it was closed) of each main order as the later export tells it."""
    orders: dict[str, dict[str, dict[str, str]]] = {}
    for name in EXPORTS:
        told: dict[str, dict[str, dict[str, str]]] = {}
        with (EXAMPLES / name).open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                told.setdefault(row["主订单编号"].strip(), {})[row["子订单编号"].strip()] = row
        orders |= told
    for number, lines in orders.items():
        try:
            told_at = [
                datetime.strptime(row[column], "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
                for row in lines.values()
                for column in ("订单提交时间", "支付完成时间")
                if row[column] not in ("-", "")
            ]
            fen = sum(int(Decimal(row["订单应付金额"]) * 100) for row in lines.values() if Decimal(row["商品单价"]))
        except (ValueError, ArithmeticError):
            continue  # a bad row keeps its whole order out
        if number == "-":
            continue
        if in_time := [at for at in told_at if START <= at <= CLOSES]:
            yield number, min(in_time), fen, all("关闭" in row["订单状态"] for row in lines.values())


def tracked() -> Iterator[tuple[str, datetime, int, bool]]:
    """The same of the orders that the mini-program's SDK told."""
    cancelled, orders = set(), {}
    with gzip.open(EXAMPLES / "B20.ndjson.gz", "rt", encoding="utf-8") as file:
        for line in file:
            try:
                event: dict[str, Any] = json.loads(line)
                at = datetime.fromisoformat(event["timestamp"])
            except (ValueError, KeyError, TypeError):
                continue
            name, said = event.get("event"), event.get("properties", {})
            if name == "order_cancelled":
                cancelled.add(said["order_id"])
            elif name in ("order_paid", "order_created", "Order Completed") and START <= at <= CLOSES:
                scale = 100 if name == "Order Completed" else 1  # Segment's own name carries yuan
                orders.setdefault(said["order_id"], (at, int(Decimal(str(said["total"])) * scale)))
    for number, (at, fen) in orders.items():
        yield number, at, fen, number in cancelled


def test_the_shows_total_is_what_its_files_say(ledger: ModuleType, clock: FrozenClock) -> None:
    clock.move_to(NEXT_DAY)
    import_file(EXAMPLES / "B20.ndjson.gz")
    for name in EXPORTS:
        import_file(EXAMPLES / name, Options(shop="S1"))
    catch_up()
    with open_tables() as engine:
        taken = read_takings(engine, find_broadcast(engine, "B20"), "CNY", NEXT_DAY)
        funnel = read_funnel(engine, "B20", taken.buyers)
    kept = {number: fen for number, _, fen, closed in (*tracked(), *exported()) if not closed}
    assert (taken.total.orders, taken.total.amount_minor) == (len(kept), sum(kept.values()))
    assert taken.buyers.orders + taken.unseen.orders == len(kept)
    assert (taken.buyers.people, taken.buyers.amount_minor) == (funnel.ordered, funnel.order_minor)
    assert taken.total.refunded_minor == 0  # nothing was given back by the next morning
