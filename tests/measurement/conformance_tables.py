"""What the conformance test runs this room's queries on: a campaign with every kind of person and order, and nasty rows."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from huitou.customers.lake_tables import VISITS
from huitou.decisions.lake_tables import DECISIONS
from huitou.kit.clock import DAY
from measurement.tea_campaign import CLOSED, DECIDED, ENDED, MERGES, MESSAGES
from stores.nasty import nasty_table

PEOPLE = [f"c{number}" for number in range(20)]
SHOW = {"broadcast": "B20", "campaign": "tea"}
SPAN = {"broadcast": "B20", "started_at": ENDED - DAY, "closes_at": ENDED, "now": CLOSED}
PARAMS = {
    "assigned": SHOW,
    "decided": SHOW,
    "plans": SHOW,
    "funnel_people": {"broadcast": "B20"},
    "before": {"broadcast": "B20", "started_at": ENDED - DAY, "ended_at": ENDED, "currency": "CNY"},
    "outcomes": {"ended_at": ENDED, "until_at": CLOSED, "margin_ppm": 300_000, "currency": "CNY"},
    "base_rate": {"broadcast": "B20", "before_at": CLOSED, "window_us": DAY},
    "orders_near": SPAN,
    "show_orders": {**SPAN, "shop": "S1"},
    "show_takings": {"currency": "CNY"},
    "unseen_orders": {"currency": "CNY"},
}
MADE = {"show_orders": "measurement/show_orders", "funnel_people": "measurement/funnel_people"}
MOMENTS = (ENDED - 2 * DAY, ENDED - 1, ENDED, DECIDED - 1, DECIDED, DECIDED + DAY, CLOSED - 1, CLOSED)
MONEY = (0, 1, 3, 7, 9_000, 18_000, 20_000, -5, 10**9, 10**9 + 7, 10**12, 10**15)
STATES = ("paid", "shipped", "received", "refunded", "cancelled", "created")


@cache
def tables() -> dict[str, pa.Table]:
    """Every table that a query of this room reads, by name."""
    choices = {
        "customer": PEOPLE, "broadcast": ["B20", "B20", "B21"], "campaign": ["tea", "tea", "other"],
        "action": ["send", "send", "holdout", "nothing"], "reason": ["considering", "explored", "holdout"],
        "holdout_chance": [0.1, 0.19, 0.271, None], "offer_expires_at": [None, CLOSED], "timing": ["next_day", "daily_3"], "channel": ["email", "sms"], "offer": ["none", "ten"],
        "decided_at": [DECIDED, DECIDED + DAY],
    }  # fmt: skip
    keys = ("customer", "broadcast", "campaign", "action", "decided_at")
    return {
        "decisions": nasty_table(DECISIONS.schema, rows=120, key="decision_id", never_null=keys, values=choices),
        "merges": pa.Table.from_pylist([{"customer": "c1", "root": "c0"}, {"customer": "c2", "root": "c0"}], MERGES),
        "visits": nasty_table(
            VISITS.schema, rows=60, never_null=["broadcast", "customer", "ordered"],
            values={"customer": PEOPLE, "broadcast": ["B20", "B21"]} | {name: range(9) for name in COUNTS}
            | {"currency": CURRENCIES},
        ),
        "broadcasts": _shows(),
        "assigned": pa.table({"customer": PEOPLE, "since_at": [DECIDED + DAY * (n % 2) for n in range(len(PEOPLE))]}),
        "bought": pa.table({"customer": PEOPLE[::2], "orders": [n % 3 for n in range(len(PEOPLE[::2]))]}),
        "handed": nasty_table(
            MESSAGES, rows=40, key="id", never_null=["customer", "cost_micro"],
            values={"customer": PEOPLE, "cost_micro": [0, 100_000, 5_000_000]},
        ).select(["id", "customer", "cost_micro"]),
        **_orders(),
        **_told(),
    }  # fmt: skip


COUNTS = ("watch_seconds", "carts", "clicks", "questions", "products_seen", "order_minor", "orders", "other_orders")
CURRENCIES = ("CNY", "CNY", "JPY")


def _shows() -> pa.Table:
    text, number = pa.string(), pa.int64()
    schema = pa.schema(
        [("broadcast", text), ("title", text), ("shop", text), ("started_at", number), ("ended_at", number)]
    )
    shows = [
        ("B20", "冬茶专场", "S1", ENDED - DAY, ENDED),
        ("B21", None, "S1", ENDED - 2, ENDED),
        ("B22", None, "S2", ENDED - 2 * DAY, None),
    ]
    return pa.Table.from_pylist([dict(zip(schema.names, show, strict=True)) for show in shows], schema)


def _orders() -> dict[str, pa.Table]:
    text, number = pa.string(), pa.int64()
    moments = ("placed_at", "paid_at", "created_at", "shipped_at", "received_at")
    order = pa.schema(
        [(name, text) for name in ("order_id", "shop", "customer", "status", "currency", "broadcast")]
        + [(name, number) for name in (*moments, "amount_minor", "refunded_minor")]
    )
    money = ["amount_minor", "refunded_minor"]
    line = pa.schema(
        [("order_id", text), ("shop", text), ("product", text), ("quantity", number), ("price_minor", number)]
    )
    product = pa.schema([("product", text), ("price_minor", number), ("currency", text), ("margin_ppm", number)])
    ids = [f"order_id{row}" for row in range(90)]
    return {
        "orders": nasty_table(
            order, rows=90, key="order_id", never_null=["shop", "customer", "status", "placed_at", *money],
            values={"shop": ["S1"], "broadcast": SHOWS, "customer": [*PEOPLE, "stranger"], "status": STATES, "currency": CURRENCIES}
            | dict.fromkeys(moments, MOMENTS) | dict.fromkeys(money, MONEY),
        ),
        "order_products": nasty_table(
            line, rows=110, never_null=["order_id", "shop", "product", "quantity"],
            values={"order_id": ids[:70], "shop": ["S1"], "product": ["product0", "product1", "P9"],
                    "quantity": [1, 1, 2, 0, 10**6], "price_minor": MONEY},
        ),
        "products": nasty_table(
            product, rows=4, key="product",
            values={"price_minor": [9_000, 20_000], "currency": CURRENCIES, "margin_ppm": [400_000, 0, 1_000_000, -300_000, 2_000_000]},
        ),
    }  # fmt: skip


SHOWS = ("B20", "B20", "B21", "B22", "wx-7")
NAMES = (
    "unsubscribed", "message_complained", "message_replied", "message_clicked", "live_entered", "order_paid",
    "order_created", "order_refunded",
)  # fmt: skip


def _told() -> dict[str, pa.Table]:
    """What people answered, and the tellings that orders were folded from."""
    text, number = pa.string(), pa.int64()
    texts = (
        "customer",
        "name",
        "message",
        "content",
        "source",
        "event_id",
        "broadcast",
        "room",
        "order_id",
        "properties",
    )
    schema = pa.schema([("position", number), ("occurred_at", number), *((name, text) for name in texts)])
    said = nasty_table(
        schema, rows=90, key="event_id", never_null=["name", "occurred_at", "source"],
        values={"customer": PEOPLE, "name": NAMES, "message": ["m1", "m2", "m3"], "occurred_at": MOMENTS, "position": range(40),
                "broadcast": SHOWS, "room": ["R1", "B22"], "properties": ['{"phone":"138****0000"}', "{}", '{"a":1}'],
                "order_id": [f"order_id{row}" for row in range(40)]},
    )  # fmt: skip
    telling = pa.schema([("order_id", text), ("shop", text), ("position", number), ("source", text)])
    tellings = nasty_table(
        telling, rows=60, never_null=["order_id", "shop", "position", "source"],
        values={"order_id": [f"order_id{row}" for row in range(90)], "shop": ["S1"], "position": range(40),
                "source": ["shop", "doudian"]},
    )  # fmt: skip
    person = pa.schema([("root", text), ("name", text), ("phone", text), ("email", text), ("named", pa.bool_())])
    people = pa.table({"root": PEOPLE}).append_column("named", pa.array([n % 3 > 0 for n in range(len(PEOPLE))]))
    for name in ("name", "phone", "email"):
        people = people.append_column(name, pa.array([None, "李"] * (len(PEOPLE) // 2), text))
    return {
        "events": said,
        "sent": pa.table({"message": ["m1", "m2", "m4"]}),
        "order_events": tellings,
        "customers": people.select(person.names).cast(person),
    }
