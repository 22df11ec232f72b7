"""Portraits of two real shops: their orders as order events, without the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huitou.customers.refresh import compute_portraits, compute_visits
from huitou.customers.rfm import BY_RFM
from huitou.kit.clock import parse_time
from huitou.kit.money import to_minor

from .tea_shop import Event, engine_of, order, tables


def portraits(events: list[Event], now: str, folder: Path) -> pa.Table:
    with engine_of(tables(events), folder) as engine:
        visits, products = compute_visits(engine, None, parse_time(now))
        engine.register("visits", visits)
        engine.register("visit_products", products)
        return compute_portraits(engine, parse_time(now))


def cells(table: pa.Table) -> Counter[str]:
    return Counter(cell for cell in table.column("rfm").to_pylist() if cell)


def online_retail(shared: Path) -> Iterator[Event]:
    """Invoices of a British gift shop, 2009-12 to 2010-12; numbers that begin with C are returns."""
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in pq.read_table(shared / "data" / "online_retail_II_2009_2010.parquet").to_pylist():
        if row["Customer ID"] is not None:
            lines.setdefault(row["Invoice"], []).append(row)
    for invoice, rows in lines.items():
        minor = [(r["StockCode"], abs(r["Quantity"]), to_minor(round(r["Price"], 2), "GBP")) for r in rows]
        who, at = f"c{int(rows[0]['Customer ID'])}", rows[0]["InvoiceDate"].replace(tzinfo=UTC)
        name = "order_refunded" if invoice.startswith("C") else "order_paid"
        total = sum(quantity * price for _, quantity, price in minor)
        moment = int(at.timestamp()) * 1_000_000
        yield order(name, moment, who, invoice, *minor, currency="GBP", amount_minor=total, event_id=invoice)


def cdnow(shared: Path) -> Iterator[Event]:
    """Purchases of a cohort of 1997, 78 weeks."""
    for number, row in enumerate(pq.read_table(shared / "data" / "cdnow_sample.parquet").to_pylist()):
        at = int(datetime.strptime(str(row["date"]), "%Y%m%d").replace(tzinfo=UTC).timestamp()) * 1_000_000
        minor = to_minor(round(row["spend"], 6), "USD")
        yield order(
            "order_paid", at, f"c{row['sample_id']}", f"o{number}", currency="USD", amount_minor=minor,
            event_id=f"o{number}",
        )  # fmt: skip


@pytest.fixture(scope="module")
def invoices(shared: Path) -> list[Event]:
    return list(online_retail(shared))


@pytest.fixture(scope="module")
def gifts(invoices: list[Event], tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    return portraits(invoices, "2010-12-10T00:00:00Z", tmp_path_factory.mktemp("gifts"))


@pytest.fixture(scope="module")
def records(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    return portraits(list(cdnow(shared)), "1998-07-01T00:00:00Z", tmp_path_factory.mktemp("records"))


def test_the_gift_shop(gifts: pa.Table) -> None:
    rows = gifts.to_pylist()
    buyers = [row for row in rows if row["orders"] > 0]
    found = cells(gifts)

    assert sum(found.values()) == len(buyers)
    assert set(found) <= set(BY_RFM)
    # Few customers make most of the money: above the mean in money are a quarter at most, and the best cell spends
    # several times its share.
    rich = sum(count for cell, count in found.items() if cell[2] == "H")
    assert 0.05 < rich / len(buyers) < 0.3
    best = [row["spent_minor"] for row in buyers if row["rfm"] == "HHH"]
    assert sum(best) / sum(row["spent_minor"] for row in buyers) > 2 * len(best) / len(buyers)
    # A shop that is open by day.
    hours = Counter(row["active_hour"] for row in buyers)
    assert {hour for hour, _ in hours.most_common(5)} <= set(range(14, 24)) | {0}


def test_the_gift_shop_adds_up(invoices: list[Event], gifts: pa.Table) -> None:
    """Orders, spending and returns against sums made row by row."""
    paid: Counter[str] = Counter()
    back: Counter[str] = Counter()
    orders: Counter[str] = Counter()
    for event in invoices:
        if event["name"] == "order_paid":
            paid[event["customer"]] += event["amount_minor"]
            orders[event["customer"]] += 1
        else:
            back[event["customer"]] += event["amount_minor"]
    rows = {row["customer"]: row for row in gifts.to_pylist()}

    assert {who: row["orders"] for who, row in rows.items()} == {who: orders[who] for who in rows}
    assert {who: row["refunded_minor"] for who, row in rows.items()} == {who: back[who] for who in rows}
    assert {who: row["spent_minor"] for who, row in rows.items()} == {
        who: max(paid[who] - back[who], 0) for who in rows
    }


def test_the_record_shop(shared: Path, records: pa.Table) -> None:
    rows = records.to_pylist()
    found = cells(records)
    events = list(cdnow(shared))

    assert sum(found.values()) == len(rows) == len({event["customer"] for event in events})
    assert sum(row["orders"] for row in rows) == len(events)
    assert sum(row["spent_minor"] for row in rows) == sum(event["amount_minor"] for event in events)
    # A cohort that mostly bought once in the first quarter: the largest cell is the lapsing one.
    assert found.most_common(1)[0][0] == "LLL"
