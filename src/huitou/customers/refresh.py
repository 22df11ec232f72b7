"""Making visits and portraits anew from events, and putting them in the lake.

Both are pure functions of the events up to `now`: the same events in any order or number of loads give the same rows in
the same order, so a refresh of one broadcast gives the rows that a full rebuild gives. What costs is what changed: a
broadcast's refresh reads that broadcast's events and the orders of its visitors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import pyarrow as pa

from huitou.catalog.broadcasts import GRACE, LONGEST, SILENCE, create_broadcasts, create_line_up, create_rooms
from huitou.catalog.products import create_products
from huitou.customers.intents import comment_intents
from huitou.customers.lake_tables import PORTRAITS, VISIT_PRODUCTS, VISITS
from huitou.customers.lifecycle import StageDays
from huitou.customers.rfm import RfmThresholds, cells_table, given_table
from huitou.customers.tags import tag_portraits
from huitou.customers.zones import zone_spans
from huitou.events import consent
from huitou.kit import clock
from huitou.stores import ledger
from huitou.stores.engine import Engine
from huitou.stores.lake import LakeTable, any_of, fit
from huitou.stores.sql import load_query

ZONE = "Asia/Shanghai"  # where people of whom nothing is known, and the shop, are taken to live
SIGN_GAP = 10 * clock.MINUTE  # between two signs of a person whose entering nobody told, at most so long is a stay
ADDRESSES = {
    "email": "email",
    "phone": "sms",
    "push_token": "push",
    "external_userid": "wecom",
}  # identifier -> channel
LOW_PPM, HIGH_PPM = 500_000, 1_500_000  # price bands: below half of, from one and a half times the usual unit price


def refresh_visits(engine: Engine, broadcasts: Iterable[str] | None = None, now: int | None = None) -> int:
    """Put the visits of these broadcasts (None: of all) as known at `now` in place of what the lake holds of them.

    The engine must have `events` and `order_lines`. Returns how many visits there are.
    """
    wanted = None if broadcasts is None else sorted(set(broadcasts))
    if wanted == []:
        return 0
    visits, products = compute_visits(engine, wanted, now)
    where = None if wanted is None else any_of("broadcast", wanted)
    _replace(engine, VISIT_PRODUCTS, products, where)
    _replace(engine, VISITS, visits, where)
    return int(visits.num_rows)


def touched_broadcasts(engine: Engine, after: int, since: int, now: int | None = None) -> list[str]:
    """The broadcasts to refresh where visits were made at clock `since` from the events up to position `after`.

    The engine must have `events`, `visits`, `merges`. A superset of those that differ, except after a merge was taken
    back or the clock was set back: make all visits anew then.
    """
    now = clock.now_us() if now is None else now
    create_broadcasts(engine, now)
    create_rooms(engine, now)
    found = engine.run(
        "customers",
        "touched",
        after=after,
        since=since,
        now=now,
        grace_us=GRACE,
        silence_us=SILENCE,
        longest_us=LONGEST,
    )
    return list(found.column("broadcast").to_pylist())


def compute_visits(
    engine: Engine, broadcasts: Iterable[str] | None = None, now: int | None = None
) -> tuple[pa.Table, pa.Table]:
    """The rows of VISITS and of VISIT_PRODUCTS for these broadcasts (None: for all), as known at `now`."""
    now = clock.now_us() if now is None else now
    create_line_up(engine, broadcasts, now)
    contents = engine.run("customers", "comments")
    engine.register("comment_intents", comment_intents(contents.column("content")))
    engine.create("stays", "customers", "stays", gap_us=SIGN_GAP)
    engine.create("visitors", "customers", "visitors")
    engine.create("people", "customers", "people")
    engine.create("wanted_orders", "customers", "orders_of", now=now)
    create_orders(engine, now)
    engine.create("broadcast_orders", "customers", "broadcast_orders", now=now, grace_us=GRACE)
    engine.create("fresh_visit_products", "customers", "visit_products", now=now, grace_us=GRACE)
    visits = engine.run("customers", "visits")
    return fit(VISITS, visits), fit(VISIT_PRODUCTS, engine.run("customers", "fresh_visit_products"))


def create_orders(engine: Engine, now: int) -> None:
    """Make `orders` and `order_products` of the orders named in `wanted_orders` readable."""
    engine.create("order_events", "customers", "order_events", now=now)
    engine.create("orders", "customers", "orders")
    engine.create("order_products", "customers", "order_products")


def refresh_portraits(
    engine: Engine,
    now: int | None = None,
    permissions: pa.Table | None = None,
    *,
    days: StageDays | None = None,
    thresholds: tuple[RfmThresholds, ...] = (),
    zone: str = ZONE,
) -> int:
    """Put every customer's portrait as known at `now` in the lake, in one commit; how many there are.

    The engine must have `events`, `order_lines` and `customers` (`events.current.attach_events`). `permissions` has
    root, channel, granted; None reads them from the ledger, where the addresses are read too.
    """
    now = clock.now_us() if now is None else now
    engine.attach(VISITS, VISIT_PRODUCTS)
    with ledger.transaction() as connection:
        addresses = read_addresses(connection)
        if permissions is None:
            permissions = consent.permissions(connection, now=now)
    portraits = compute_portraits(engine, now, permissions, addresses, days=days, thresholds=thresholds, zone=zone)
    _replace(engine, PORTRAITS, portraits, None)
    return int(portraits.num_rows)


def compute_portraits(
    engine: Engine,
    now: int | None = None,
    permissions: pa.Table | None = None,
    addresses: pa.Table | None = None,
    *,
    days: StageDays | None = None,
    thresholds: tuple[RfmThresholds, ...] = (),
    zone: str = ZONE,
) -> pa.Table:
    """The rows of PORTRAITS, by customer. The engine must also have `visits` and `visit_products`.

    `permissions` has root, channel, granted; `addresses` customer, channel. None is nobody's.
    """
    now = clock.now_us() if now is None else now
    engine.create("wanted_orders", "customers", "order_ids", now=now)
    create_orders(engine, now)
    create_products(engine, now)
    zones = engine.run("customers", "known_zones").column("timezone").to_pylist()
    engine.register("zones", zone_spans(zones, zone))
    engine.register("rfm_cells", cells_table())
    engine.register("rfm_given", given_table(thresholds))
    engine.register("permissions", _permissions(permissions))
    engine.register("addresses", _NO_ADDRESSES.empty_table() if addresses is None else addresses)
    engine.create("traits_orders", "customers", "traits_orders", now=now)
    engine.create("traits_seen", "customers", "traits_seen", now=now)
    engine.create("traits_live", "customers", "traits_live")
    engine.create("traits_hours", "customers", "traits_hours", now=now, zone=zone)
    engine.create("traits_taste", "customers", "traits_taste", low_ppm=LOW_PPM, high_ppm=HIGH_PPM)
    engine.create("rfm_thresholds", "customers", "rfm_thresholds")
    engine.create("rfm", "customers", "rfm")
    engine.create("lifecycle", "customers", "lifecycle", now=now, **asdict(days or StageDays()))
    return fit(PORTRAITS, tag_portraits(engine.run("customers", "portraits", now=now)))


def _permissions(given: pa.Table | None) -> pa.Table:
    if given is None:
        return _NO_PERMISSIONS.empty_table()
    return given.select(["root", "channel", "granted"]).rename_columns(_NO_PERMISSIONS.names)


_NO_ADDRESSES = pa.schema([("customer", pa.string()), ("channel", pa.string())])
_NO_PERMISSIONS = pa.schema([("customer", pa.string()), ("channel", pa.string()), ("granted", pa.bool_())])


def read_addresses(connection: ledger.Connection) -> pa.Table:
    """(customer, channel): on which of the portrait's channels each person has an address."""
    kinds, channels = list(ADDRESSES), list(ADDRESSES.values())
    return ledger.read_arrow(
        connection, load_query("customers", "ledger/addresses"), {"kinds": kinds, "channels": channels}
    )


def _replace(engine: Engine, table: LakeTable, rows: pa.Table, where: str | None) -> None:
    """One writer at a time: delta-rs does not keep two of them apart."""
    with ledger.transaction() as connection:
        ledger.lock(connection, f"lake:{table.name}")
        engine.lake.replace(table, rows, where)
