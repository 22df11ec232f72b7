"""What a shop would have of a world, as files for `huitou import`: traces only, never the latents behind them.

Neutral format for what people did (Segment NDJSON), tables for customers with consents and for products. Behind a
viewer stand the past orders and coupons, the old messages with their clicks, visits of the shop at the usual hour;
then the evening: entered, looked, asked, put into the cart, left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from huitou.kit.clock import DAY, HOUR, MINUTE, SECOND
from huitou.proving.simulator.crowd import Outcome
from huitou.proving.simulator.names import CHATTER
from huitou.proving.simulator.people import Product
from huitou.proving.simulator.plans import CHANNELS, Plans
from huitou.proving.simulator.response import Viewers
from huitou.proving.simulator.segment_format import iso, track
from huitou.proving.simulator.table_formats import to_csv, write_products
from huitou.proving.simulator.world import World

SHOW_HOURS = 3
SHOP = "S1"
PAGE_VISITS = 5  # old visits of the shop that tell the usual hour
ZONE_HOURS = 8  # Asia/Shanghai: where all of a world live

Event = dict[str, Any]


@dataclass(frozen=True)
class Files:
    """Name to content; import them together."""

    content: dict[str, bytes]

    @staticmethod
    def of_events(name: str, events: Iterator[Event]) -> Files:
        lines = []
        for number, event in enumerate(events):
            event["messageId"] = f"{name}-{number}"
            lines.append(json.dumps(event, ensure_ascii=False, separators=(",", ":")))
        return Files({f"{name}.ndjson": ("\n".join(lines) + "\n").encode()})

    def __or__(self, other: Files) -> Files:
        return Files({**self.content, **other.content})


def broadcast_id(number: int) -> str:
    return f"W{number}"


def user_id(person: int) -> str:
    return f"u{person:06d}"


def person_of(user: str) -> int:
    return int(user.removeprefix("u"))


def shop_files(world: World, viewers: Viewers) -> Files:
    """What the shop has before the first broadcast: its products, its customers, their past."""
    tables = {"customers.csv": write_customers(viewers), "products.csv": write_products(world.products)}
    return Files(tables) | Files.of_events("past", past_events(world, viewers))


def write_customers(viewers: Viewers) -> bytes:
    """An address for each channel a person can be reached on, and the consent that goes with it."""
    columns = (
        "user_id", "email", "phone", "device", "external_userid", "timezone", "email_consent", "sms_consent",
        "push_consent", "wecom_consent", "consent_how", "consent_at", "consent_proof",
    )  # fmt: skip
    given_at = iso(viewers.ended_at - 90 * DAY)
    rows = []
    for person, reach in zip(viewers.person.tolist(), viewers.reach.tolist(), strict=True):
        addresses = (f"{user_id(person)}@mail.example.com", f"199{person:08d}", f"device-{person}", f"wm-{person}")
        told = [address if can else "" for address, can in zip(addresses, reach, strict=True)]
        agreed = ["yes" if can else "" for can in reach]
        rows.append([user_id(person), *told, "Asia/Shanghai", *agreed, "h5_checkout", given_at, "checkout-v1"])
    return to_csv(columns, rows)


def past_events(world: World, viewers: Viewers) -> Iterator[Event]:
    rng = world.rng("past")
    for row, person in enumerate(viewers.person.tolist()):
        who = {"userId": user_id(person)}
        yield from _past_orders(viewers, row, who, world.products, rng)
        yield from _old_visits(viewers, row, who, rng)
        yield from _old_messages(viewers, row, who, rng)
        for _ in range(int(viewers.observed["coupons_claimed"][row])):
            yield track(_at_usual_hour(viewers, row, rng), "coupon_claimed", who, {})


def _past_orders(
    viewers: Viewers, row: int, who: Event, products: tuple[Product, ...], rng: np.random.Generator
) -> Iterator[Event]:
    seen = viewers.observed
    orders, spent = int(seen["orders_before"][row]), int(seen["money_before"][row])
    days = float(seen["days_since_order"][row])
    for number in range(orders):
        at = viewers.ended_at - round(days * DAY)
        product = products[int(rng.integers(len(products)))]
        coupon = {"coupon": "past"} if number < int(seen["coupons_used"][row]) else {}
        yield track(at, "order_paid", who, {
            "order_id": f"past-{user_id(int(viewers.person[row]))}-{number}", "shop_id": SHOP, "currency": "CNY",
            "total": spent // orders, "products": [{"product_id": product.product_id, "quantity": 1}], **coupon,
        })  # fmt: skip
        days += 1 + rng.exponential(60)


def _old_visits(viewers: Viewers, row: int, who: Event, rng: np.random.Generator) -> Iterator[Event]:
    """Visits of the shop, whose hours show when the person has time."""
    for _ in range(PAGE_VISITS):
        yield {"type": "page", "name": "shop", "timestamp": iso(_at_usual_hour(viewers, row, rng)), **who}


def _old_messages(viewers: Viewers, row: int, who: Event, rng: np.random.Generator) -> Iterator[Event]:
    for channel in CHANNELS:
        sent, clicked = (int(viewers.observed[f"{channel}_{what}"][row]) for what in ("messages", "clicks"))
        for number in range(sent):
            about = {"channel": channel, "message_id": f"old-{channel}-{who['userId']}-{number}"}
            at = _at_usual_hour(viewers, row, rng)
            yield track(at - HOUR, "message_delivered", who, about)
            if number < clicked:
                yield track(at, "message_clicked", who, about)


def _at_usual_hour(viewers: Viewers, row: int, rng: np.random.Generator) -> int:
    """A moment of the last ten weeks at the hour the person usually shows up."""
    day = (viewers.ended_at // DAY - int(rng.integers(5, 70))) * DAY
    hour = float(viewers.observed["usual_hour"][row]) - ZONE_HOURS
    return day + round(hour * HOUR)


def evening_files(world: World, viewers: Viewers, number: int) -> Files:
    """One broadcast as the SDK in the room reports it."""
    return Files.of_events(f"evening-{number}", evening_events(world, viewers, number))


def evening_events(world: World, viewers: Viewers, number: int) -> Iterator[Event]:
    started = viewers.ended_at - SHOW_HOURS * HOUR
    about = {"broadcast_id": broadcast_id(number)}
    yield track(
        started, "live_started", {}, {**about, "room_id": "R1", "shop_id": SHOP, "title": f"Tea night {number}"}
    )
    slot = SHOW_HOURS * HOUR // len(world.products)
    for k, product in enumerate(world.products):
        yield track(started + k * slot, "product_shown", {}, {
            **about, "product_id": product.product_id, "name": product.name, "category": product.category,
            "price": product.price, "currency": "CNY", "stock": product.stock, "until": iso(started + (k + 1) * slot),
        })  # fmt: skip
    rng = world.rng("evening", number)
    for row in range(len(viewers)):
        yield from _one_viewer(viewers, row, world.products, about, rng)
    yield track(viewers.ended_at, "live_ended", {}, about)


def _one_viewer(
    viewers: Viewers, row: int, products: tuple[Product, ...], about: Event, rng: np.random.Generator
) -> Iterator[Event]:
    """There while the product was shown that they looked at; the rest spread over their stay."""
    seen, who = viewers.observed, {"userId": user_id(int(viewers.person[row]))}
    started, slot = viewers.ended_at - SHOW_HOURS * HOUR, SHOW_HOURS * HOUR // len(products)
    looked_at = int(seen["product"][row])
    stay = min(int(seen["watch_seconds"][row]), SHOW_HOURS * 3600 - 60) * SECOND
    middle = started + looked_at * slot + slot // 2
    entered = min(max(middle - stay // 2, started), viewers.ended_at - stay)
    one = {**about, "product_id": products[looked_at].product_id}
    yield track(entered, "live_entered", who, about)
    for _ in range(int(seen["clicks"][row])):
        yield track(entered + int(stay * rng.random()), "product_clicked", who, one)
    for _ in range(int(seen["comments"][row])):
        said = CHATTER[int(rng.integers(len(CHATTER)))]
        yield track(entered + int(stay * rng.random()), "live_commented", who, {**about, "content": said})
    if seen["asked_price"][row]:
        yield track(entered + stay // 2, "live_commented", who, {**about, "content": "多少钱"})
    if seen["likes"][row]:
        yield track(entered + stay // 2, "live_liked", who, {**about, "count": int(seen["likes"][row])})
    if seen["cart"][row]:
        price = {"price": products[looked_at].price, "currency": "CNY", "quantity": 1}
        yield track(entered + stay // 2, "cart_added", who, {**one, **price})
    yield track(entered + stay, "live_left", who, {**about, "watch_seconds": stay // SECOND})


def week_files(viewers: Viewers, plans: Plans, outcome: Outcome, products: tuple[Product, ...], number: int) -> Files:
    """What came back in the week after: orders, clicks, opt-outs."""
    return Files.of_events(f"week-{number}", _week_events(viewers, plans, outcome, products, number))


def _week_events(
    viewers: Viewers, plans: Plans, outcome: Outcome, products: tuple[Product, ...], number: int
) -> Iterator[Event]:
    for row, person in enumerate(viewers.person.tolist()):
        who = {"userId": user_id(person)}
        if not np.isnan(outcome.ordered_h[row]):
            yield _order(viewers, outcome, products, row, who, number)
        for k in np.flatnonzero(~np.isnan(outcome.clicked_h[row])).tolist():
            about = {"channel": CHANNELS[plans.channel[row, k]]}
            yield track(_moment(viewers, outcome.clicked_h[row, k]), "message_clicked", who, about)
        for channel in np.flatnonzero(outcome.opted_out[row]).tolist():
            at = _moment(viewers, outcome.opted_out_h[row])
            yield track(at, "unsubscribed", who, {"channel": CHANNELS[channel]})


def _order(
    viewers: Viewers, outcome: Outcome, products: tuple[Product, ...], row: int, who: Event, number: int
) -> Event:
    product = products[int(viewers.observed["product"][row])]
    off = round(float(outcome.coupon_minor[row]))
    return track(_moment(viewers, outcome.ordered_h[row]), "order_paid", who, {
        "order_id": f"w{number}-{who['userId']}", "shop_id": SHOP, "currency": "CNY", "total": product.price - off,
        "products": [{"product_id": product.product_id, "price": product.price, "quantity": 1}],
        **({"coupon": "week"} if off else {}),
    })  # fmt: skip


def _moment(viewers: Viewers, hours: float) -> int:
    """Rounded up to the second, so that nothing precedes the end of the broadcast."""
    return viewers.ended_at + (round(float(hours) * 3600) + 1) * SECOND


PLANNED_AFTER = 30 * MINUTE  # when late orders have had time to arrive
