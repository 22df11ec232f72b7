"""One believable evening in a tea shop's live room, as the tables a plan is made from."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.campaigns.reading import read_campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.decisions.inputs import (
    ADDRESSES,
    CANDIDATES,
    CONTACTS,
    NODES,
    PERMISSIONS,
    PRODUCTS,
    SEEN,
    SOLD,
    STOPS,
    Inputs,
)  # fmt: skip
from huitou.decisions.lake_tables import DECISIONS
from huitou.delivery.contexts import Told, write_contexts
from huitou.kit.clock import DAY, HOUR, MINUTE, parse_time

STARTED = parse_time("2026-11-20T19:00:00", "Asia/Shanghai")
ENDED = parse_time("2026-11-20T21:30:00", "Asia/Shanghai")
NOW = ENDED + 35 * MINUTE
B20 = Broadcast("B20", "R1", "S1", "冬茶专场", STARTED, ENDED, STARTED, ENDED)

TEAS = [
    {"product": "P1", "name": "普洱茶饼", "category": "黑茶", "price_minor": 19900, "currency": "CNY", "stock": 300,
     "margin_ppm": 450_000, "url": "https://shop.example.com/p/P1"},
    {"product": "P2", "name": "正山小种", "category": "红茶", "price_minor": 12900, "currency": "CNY", "stock": 0,
     "margin_ppm": None, "url": "https://shop.example.com/p/P2"},
    {"product": "P3", "name": "白毫银针", "category": "白茶", "price_minor": 29900, "currency": "CNY", "stock": None,
     "margin_ppm": 400_000, "url": "https://shop.example.com/p/P3"},
]  # fmt: skip

CAMPAIGN = """
name = "follow-up"
[budget]
offers_minor = 500000
messages_minor = 100000
[[timing]]
name = "at_once"
hours = [0.5]
[[timing]]
name = "next_day"
hours = [24]
[[timing]]
name = "active_hour"
active = 1
[[timing]]
name = "daily_3"
hours = [24, 48, 72]
[[timing]]
name = "every_3_days"
hours = [48, 120]
[[channel]]
name = "push"
cost_minor = 0.2
[[channel]]
name = "sms"
cost_minor = 5
[[channel]]
name = "email"
cost_minor = 0.1
[[offer]]
name = "none"
[[offer]]
name = "ten"
kind = "discount"
rate = 0.10
expires_hours = 72
stock = 2000
[[offer]]
name = "twenty"
kind = "discount"
rate = 0.20
expires_hours = 24
"""


def campaign(more: str = "", **money: int) -> Campaign:
    """The example campaign; `more` goes in front (top-level keys), `offers` and `messages` change the budget."""
    text = CAMPAIGN
    for name, limit in money.items():
        text = re.sub(rf"{name}_minor = \d+", f"{name}_minor = {limit}", text)
    return read_campaign(more + text)


def person(customer: str, **facts: Any) -> dict[str, Any]:
    """A row of candidates: somebody who watched for ten minutes."""
    row: dict[str, Any] = {field.name: 0 if field.type == pa.int64() else None for field in CANDIDATES}
    return row | {"customer": customer, "left_at": ENDED - HOUR, "watch_seconds": 600, "last_order_at": None,
                  "active_hour": 20, "name": "林晓", "language": "zh-Hans", "user_id": f"u-{customer}"} | facts  # fmt: skip


def inputs(people: list[dict[str, Any]], **tables: Any) -> Inputs:
    """Everybody has an e-mail address and consent to it, unless tables say otherwise."""
    ids = [row["customer"] for row in people]
    given: dict[str, Any] = {
        "seen": [],
        "products": TEAS,
        "nodes": [{"node": i, "customer": i} for i in ids],
        "addresses": [{"customer": i, "kind": "email"} for i in ids],
        "permissions": [{"customer": i, "channel": "email", "granted": True} for i in ids],
        "stops": [],
        "contacts": [],
    } | tables
    if "sold" not in given and isinstance(given["seen"], list):  # nobody but the viewers bought
        bought = Counter(row["product"] for row in given["seen"] if row["ordered"])
        given["sold"] = [{"product": product, "buyers": people} for product, people in sorted(bought.items())]
    schemas = {"seen": SEEN, "products": PRODUCTS, "nodes": NODES, "addresses": ADDRESSES,
               "permissions": PERMISSIONS, "stops": STOPS, "contacts": CONTACTS, "sold": SOLD}  # fmt: skip
    built = {
        name: rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows, schema=schemas[name])
        for name, rows in given.items() if name in schemas
    }  # fmt: skip
    return Inputs(
        broadcast=given.get("broadcast", B20),
        candidates=pa.Table.from_pylist(people, schema=CANDIDATES),
        existing=DECISIONS.schema.empty_table(),
        decided=pa.chunked_array([], pa.string()),
        **built,
    )


def contexts(
    planned: pa.Table, people: list[dict[str, Any]], chosen: Campaign, products: list[dict[str, Any]] = TEAS
) -> list[dict[str, Any]]:
    """What the messages of these decisions may say, as delivery joins it."""
    sends = planned.filter(pc.equal(planned.column("action"), "send"))
    columns = {"customer": "customer", "name": "name", "watched": "watch_seconds", "carts": "carts",
               "asked": "questions", "clicks": "clicks", "orders": "orders"}  # fmt: skip
    known = pa.table({name: [row[of] for row in people] for name, of in columns.items()})
    told = Told(B20, known, pa.Table.from_pylist(products, schema=PRODUCTS))
    return [json.loads(text) for text in write_contexts(sends, chosen, told).to_pylist()]


ZONES = ["Asia/Shanghai", "America/New_York", "Europe/Berlin", None, "Nowhere/Land", "Asia/Kathmandu"]


def crowd(n: int, seed: int = 1, broadcast: Broadcast = B20) -> Inputs:
    """n viewers with everything a real shop has: some unreachable, some opted out, some who ordered since, merged
    people, people written to lately, people in other zones."""
    rng = np.random.default_rng(seed)
    ids = [f"c{number:024x}" for number in rng.permutation(n)]
    intent = rng.normal(size=n)
    carts = (rng.random(n) < 0.1 * np.exp(intent / 2)).astype(np.int64)
    ended = broadcast.ended_at or 0
    orders = rng.poisson(0.6, n)
    candidates = pa.table(
        {
            "customer": ids,
            "user_id": [f"u{i}" for i in ids],
            "left_at": ended - rng.integers(0, 2 * HOUR, n),
            "watch_seconds": np.clip(np.exp(5.6 + 0.75 * intent), 5, 9000).astype(np.int64),
            "comments": rng.poisson(0.2, n),
            "questions": rng.poisson(0.05, n),
            "likes": rng.poisson(0.5, n),
            "clicks": rng.poisson(0.6 * np.exp(intent / 2)) + carts,
            "carts": carts,
            "products_seen": rng.integers(0, 4, n),
            "orders": orders,
            "last_order_at": pa.array(ended - rng.integers(1, 300, n) * DAY, mask=orders == 0),
            "average_minor": pa.array(rng.integers(3000, 40_000, n), mask=orders == 0),
            "active_hour": pa.array(rng.integers(0, 24, n), mask=rng.random(n) < 0.2),
            "broadcasts": rng.integers(1, 9, n),
            "lifecycle": rng.choice(["prospect", "new", "active", "dormant"], n).tolist(),
            "rfm": rng.choice(["HHH", "LLL", "HLH"], n).tolist(),
            "language": rng.choice(["zh-Hans", "en", "fr"], n).tolist(),
            "timezone": [ZONES[z] for z in rng.choice(6, n, p=[0.7, 0.08, 0.08, 0.06, 0.04, 0.04])],
        },
        schema=CANDIDATES,
    )
    pairs = np.unique(rng.integers(0, 4 * n, 2 * n))  # each product at most once a person
    m = len(pairs)
    seen = pa.table(
        {
            "customer": pa.array(ids).take(pa.array(pairs // 4)),
            "product": pa.array(["P1", "P2", "P3", "P9"]).take(pa.array(pairs % 4)),
            "seen_seconds": rng.integers(0, 900, m),
            "clicks": rng.poisson(0.4, m),
            "carts": rng.poisson(0.1, m),
            "asked": rng.poisson(0.03, m),
            "ordered": rng.random(m) < 0.01,
        },
        schema=SEEN,
    )
    return Inputs(
        broadcast=broadcast,
        candidates=candidates,
        seen=seen,
        products=pa.Table.from_pylist(TEAS, schema=PRODUCTS),
        nodes=_nodes(ids, rng),
        addresses=_some(ids, rng, {"email": 0.6, "phone": 0.5, "push_token": 0.3}, "kind", ADDRESSES),
        permissions=_permissions(ids, rng),
        stops=_stops(ids, rng, ended),
        contacts=_contacts(ids, rng, ended),
        existing=DECISIONS.schema.empty_table(),
        decided=pa.chunked_array([], pa.string()),
    )


def _nodes(ids: list[str], rng: np.random.Generator) -> pa.Table:
    more = [i for i in ids if rng.random() < 0.05]
    return pa.table({"node": [*ids, *(f"{i}-b" for i in more)], "customer": [*ids, *more]}, schema=NODES)


def _some(
    ids: list[str], rng: np.random.Generator, shares: dict[str, float], column: str, schema: pa.Schema
) -> pa.Table:
    who, what = [], []
    for value, share in shares.items():
        chosen = [i for i, dice in zip(ids, rng.random(len(ids)), strict=True) if dice < share]
        who += chosen
        what += [value] * len(chosen)
    return pa.table({"customer": who, column: what}, schema=schema)


def _permissions(ids: list[str], rng: np.random.Generator) -> pa.Table:
    table = _some(ids, rng, {"email": 0.8, "sms": 0.7, "push": 0.9}, "channel", ADDRESSES.remove(1).append(
        pa.field("channel", pa.string())))  # fmt: skip
    return table.append_column("granted", pa.array(rng.random(table.num_rows) < 0.93))


def _stops(ids: list[str], rng: np.random.Generator, ended: int) -> pa.Table:
    rows = [
        {"customer": i, "kind": kind, "occurred_at": int(ended + rng.integers(-5 * HOUR, HOUR // 2))}
        for i in ids if rng.random() < 0.03
        for kind in [str(rng.choice(["order", "unfollow", "complaint"]))]
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=STOPS)


def _contacts(ids: list[str], rng: np.random.Generator, ended: int) -> pa.Table:
    who = [i for i in ids if rng.random() < 0.15 for _ in range(int(rng.integers(1, 4)))]
    return pa.table({"customer": who, "contact_at": ended + rng.integers(-8 * DAY, 5 * DAY, len(who))}, schema=CONTACTS)
