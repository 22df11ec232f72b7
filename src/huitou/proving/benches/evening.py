"""One evening of a tea shop for as many viewers as asked, all known by e-mail and willing to be written to.

The ledger's rows and the lake's are written directly (that is not what is measured); visits and portraits are then
made from them as always.
"""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.events.lake_tables import EVENTS, ORDER_LINES
from huitou.events.load import APP
from huitou.flows.refresh import catch_up
from huitou.kit import clock
from huitou.kit.clock import DAY, HOUR, MINUTE, SECOND, parse_time
from huitou.kit.settings import settings
from huitou.stores.lake import Lake
from huitou.stores.ledger import copy_rows, transaction

BROADCAST = "B1"
STARTED = parse_time("2026-11-20T19:00:00", "Asia/Shanghai")
ENDED = STARTED + 2 * HOUR
PLANNED = ENDED + 35 * MINUTE  # late orders have come in
PRODUCTS = 20
ORDERED = 0.02
CLICKED, CARTED = 0.4, 0.08


def hold_evening(viewers: int) -> None:
    """Fill the house in force and leave the clock at the moment of planning."""
    clock.set_clock(clock.FrozenClock(PLANNED))
    people = np.array([f"c{number:024x}" for number in range(viewers)], dtype=object)
    _make_known(people.tolist())
    events, lines = _events(people)
    lake = Lake(settings().lake)
    lake.append(EVENTS, events, app=APP, version=events.num_rows)
    lake.append(ORDER_LINES, lines, app=APP, version=events.num_rows)
    catch_up()


def _make_known(people: list[str]) -> None:
    at = STARTED - 30 * DAY
    columns = ["customer", "channel", "purpose", "granted", "how", "proof", "occurred_at", "recorded_at", "source"]
    with transaction() as connection:
        copy_rows(connection, "customer", ["id", "created_at"], [(person, at) for person in people])
        emails = [("email", f"{person}@example.com", person, at) for person in people]
        copy_rows(connection, "identifier", ["kind", "value", "customer", "created_at"], emails)
        consents = [(person, "email", "marketing", True, "form", "", at, at, "bench", "") for person in people]
        copy_rows(connection, "consent", [*columns, "event_id"], consents)


def _events(people: np.ndarray) -> tuple[pa.Table, pa.Table]:
    """Everybody enters and leaves; some click, fewer put into the cart, few order."""
    draw, n = np.random.default_rng(7), len(people)
    entered = STARTED + draw.integers(0, 100 * 60, n) * SECOND
    watched = np.clip(np.exp(draw.normal(5.5, 1.2, n)), 5, 1_200).astype(np.int64)
    product = draw.integers(0, PRODUCTS, n)
    clicked, carted, ordered = (draw.random(n) < share for share in (CLICKED, CARTED, ORDERED))
    parts = [
        _rows(people, "live_entered", entered),
        _rows(people, "live_left", entered + watched * SECOND, seconds=watched),
        _rows(people[clicked], "product_clicked", (entered + 3 * SECOND)[clicked], product=product[clicked]),
        _rows(people[carted], "cart_added", (entered + 4 * SECOND)[carted], product=product[carted]),
        _rows(people[ordered], "order_paid", (entered + 5 * SECOND)[ordered], product=product[ordered]),
    ]
    table = pa.concat_tables([_room(), *parts])
    position = pa.array(np.arange(1, table.num_rows + 1))
    keys = pc.binary_join_element_wise("e", pc.cast(position, pa.string()), "")
    table = table.set_column(0, "position", position).set_column(2, "event_id", keys)
    return table, _lines(table.filter(pc.equal(table["name"], "order_paid")))


def _rows(
    people: np.ndarray,
    name: str,
    at: np.ndarray,
    seconds: np.ndarray | None = None,
    product: np.ndarray | None = None,
) -> pa.Table:
    n = len(people)
    columns: dict[str, pa.Array] = {
        "source": pa.array(["bench"] * n, pa.string()),
        "type": pa.array(["track"] * n, pa.string()),
        "name": pa.array([name] * n, pa.string()),
        "occurred_at": pa.array(at),
        "received_at": pa.array(at),
        "customer": pa.array(people, pa.string()),
        "user_id": pa.array(people, pa.string()),
        "broadcast": pa.array([BROADCAST] * n, pa.string()),
        "room": pa.array(["R1"] * n, pa.string()),
        "shop": pa.array(["S1"] * n, pa.string()),
        "properties": pa.array(["{}"] * n, pa.string()),
    }
    if seconds is not None:
        columns["seconds"] = pa.array(seconds)
    if product is not None:
        columns["product"] = pa.array([f"P{number}" for number in product.tolist()], pa.string())
    if name == "order_paid" and product is not None:
        columns["order_id"] = pa.array([f"o-{person}" for person in people], pa.string())
        columns["amount_minor"] = pa.array(_price(product))
        columns["currency"] = pa.array(["CNY"] * n, pa.string())
    return _whole(columns, n)


def _whole(columns: dict[str, pa.Array], n: int) -> pa.Table:
    return pa.table({field.name: columns.get(field.name, pa.nulls(n, field.type)) for field in EVENTS.schema})


def _price(product: np.ndarray) -> np.ndarray:
    return 5_000 + product.astype(np.int64) * 1_000


def _room() -> pa.Table:
    """The show itself: it starts, shows each product for a while, ends."""
    each = 2 * HOUR // PRODUCTS
    rows: list[tuple[str, int, str | None, dict[str, object]]] = [
        ("live_started", STARTED, None, {"title": "冬茶专场"}),
        ("live_ended", ENDED, None, {}),
    ]
    for number in range(PRODUCTS):
        told = {
            "name": f"茶 {number}",
            "category": f"K{number % 4}",
            "price": 5_000 + number * 1_000,
            "currency": "CNY",
            "url": f"https://shop.example.com/p/P{number}",
        }
        rows.append(("product_shown", STARTED + number * each, f"P{number}", told))
    common = {"source": "bench", "type": "track", "broadcast": BROADCAST, "room": "R1", "shop": "S1"}
    return pa.Table.from_pylist(
        [
            {
                **common,
                "name": name,
                "occurred_at": at,
                "received_at": at,
                "product": product,
                "properties": json.dumps(told, ensure_ascii=False),
            }
            for name, at, product, told in rows
        ],
        EVENTS.schema,
    )


def _lines(orders: pa.Table) -> pa.Table:
    copied = {name: orders[name] for name in ORDER_LINES.schema.names if name in EVENTS.schema.names}
    return pa.table(
        {
            **copied,
            "status": orders["name"],
            "quantity": pa.array(np.ones(orders.num_rows, dtype=np.int64)),
            "price_minor": orders["amount_minor"],
        }
    ).select(ORDER_LINES.schema.names)
