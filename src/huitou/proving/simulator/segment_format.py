"""An evening and its orders as the SDKs report them: Segment's format, one event a line.

The mini-program speaks the house's lower-case names with money in minor units, the H5 shop Segment's own e-commerce
names with decimals. Room events carry no person.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from huitou.kit.clock import SECOND, to_datetime
from huitou.proving.simulator import names
from huitou.proving.simulator.identities import ANONYMOUS, SDK, Identities
from huitou.proving.simulator.orders import Order
from huitou.proving.simulator.people import Product
from huitou.proving.simulator.shows import MINI_SHOP, Evening, Show

Event = dict[str, Any]


def iso(at: int) -> str:
    """2026-11-20T11:00:00.123Z, as the SDKs write times."""
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at // 1000 % 1000:03d}Z"


def track(at: int, event: str, who: Event, properties: Event) -> Event:
    return {"type": "track", "event": event, "timestamp": iso(at), **who, "properties": properties}


def who_is(identities: Identities, i: int) -> Event:
    person = identities.people[i]
    if identities.watches[i] == SDK:
        return {"userId": f"h5-{person.user_id}" if identities.second_account[i] and i % 2 else person.user_id}
    return {"anonymousId": f"a-{i + 10_001}"}


def number_events(events: Iterable[Event], prefix: str) -> list[Event]:
    """In order of time, each with a messageId."""
    ordered = sorted(events, key=lambda event: str(event["timestamp"]))
    for number, event in enumerate(ordered):
        event["messageId"] = f"{prefix}-{number:05x}"
    return ordered


def room_events(show: Show) -> Iterator[Event]:
    base = {"broadcast_id": show.broadcast_id}
    room = {"room_id": show.room_id, "shop_id": MINI_SHOP}
    yield track(show.started_at, "live_started", {}, {**base, **room, "title": show.title})
    for slot in show.slots:
        product = slot.product
        yield track(slot.shown_at, "product_shown", {}, {
            **base, "product_id": product.product_id, "name": product.name, "category": product.category,
            "price": product.price, "currency": "CNY", "stock": product.stock, "until": iso(slot.until),
        })  # fmt: skip
    yield track(show.ended_at, "live_ended", {}, base)


def viewer_events(
    evening: Evening, identities: Identities, products: tuple[Product, ...], rng: np.random.Generator
) -> Iterator[Event]:
    """What the SDK saw of those who watch in the mini-program, the H5 page or the app."""
    dice = rng.random((len(evening.viewers), 4))
    for row, i in enumerate(evening.viewers.person.tolist()):
        if identities.watches[i] in (SDK, ANONYMOUS):
            yield from _one_viewer(evening, identities, products, row, i, dice[row])


def _one_viewer(
    evening: Evening, identities: Identities, products: tuple[Product, ...], row: int, i: int, dice: np.ndarray
) -> Iterator[Event]:
    base = {"broadcast_id": evening.show.broadcast_id}
    who = who_is(identities, i)
    h5 = bool(identities.h5[i])
    entered, left = int(evening.entered_at[row]), int(evening.left_at[row])
    yield track(entered, "live_entered", who, {**base, "source": names.SOURCES[evening.source[row]]})
    if dice[0] < 0.92:  # some close the app, and no leaving is reported
        yield track(left, "live_left", who, {**base, "watch_seconds": (left - entered) // SECOND})
    for at, product in evening.clicks[row]:
        yield _product_event("product_clicked", at, who, base, products[product], h5)
    if evening.cart_at[row] >= 0:
        wanted = products[int(evening.viewers.observed["product"][row])]
        yield _product_event("cart_added", int(evening.cart_at[row]), who, base, wanted, h5)
    for at, question in evening.comments[row]:
        yield track(at, "live_commented", who, {**base, "content": say(at, question)})
    if evening.likes[row]:
        yield track((entered + left) // 2, "live_liked", who, {**base, "count": int(evening.likes[row])})
    for happened, event in ((evening.follows, "live_followed"), (evening.shares, "live_shared")):
        if happened[row]:
            yield track(left - SECOND, event, who, base)


def say(at: int, question: bool) -> str:
    """What a comment at that moment says; the moment picks it, so no dice are needed."""
    pool = names.QUESTIONS if question else names.CHATTER
    return pool[at // 1000 % len(pool)]


def _product_event(event: str, at: int, who: Event, base: Event, product: Product, h5: bool) -> Event:
    if not h5:
        properties = {**base, "product_id": product.product_id}
        if event == "cart_added":
            properties |= {"price": product.price, "quantity": 1, "currency": "CNY"}
        return track(at, event, who, properties)
    name = {"product_clicked": "Product Clicked", "cart_added": "Product Added"}[event]
    return track(at, name, who, {
        **base, "product_id": product.product_id, "name": product.name, "price": product.price / 100,
        "quantity": 1, "currency": "CNY",
    })  # fmt: skip


def order_events(order: Order, identities: Identities, until: int, broadcast_id: str | None = None) -> Iterator[Event]:
    """An order of the mini-program or H5 shop: paid, later perhaps refunded or cancelled."""
    who = who_is(identities, order.person)
    about: Event = {"order_id": order.order_id, "shop_id": MINI_SHOP, "currency": "CNY"}
    about |= {"broadcast_id": broadcast_id} if broadcast_id else {}
    lines = [{"product_id": one.product_id, "price": one.price, "quantity": quantity} for one, quantity in order.lines]
    extra = {key: value for key, value in (("coupon", order.coupon), ("message_id", order.message_id)) if value}
    if order.cancelled:
        yield track(order.created_at, "order_created", who, {**about, "total": order.payable, "products": lines})
        yield track(order.created_at + 1800 * SECOND, "order_cancelled", who, about)
        return
    if order.paid_at > until:
        return
    if identities.h5[order.person]:
        decimal = [
            {**line, "price": product.price / 100} for line, (product, _) in zip(lines, order.lines, strict=True)
        ]
        properties = {
            **about,
            "total": order.payable / 100,
            "discount": order.off_minor / 100,
            "products": decimal,
            **extra,
        }
        yield track(order.paid_at, "Order Completed", who, properties)
    else:
        yield track(order.paid_at, "order_paid", who, {**about, "total": order.payable, "products": lines, **extra})
    refunded_at = max(order.received_at, order.shipped_at) + 86_400 * SECOND
    if order.refunded and refunded_at <= until:
        yield track(refunded_at, "order_refunded", who, {**about, "total": order.payable})


def identify(at: int, identities: Identities, i: int, who: Event | None = None) -> Event:
    """Somebody signs in or fills in their profile."""
    person = identities.people[i]
    known = {
        "name": person.name, "phone": person.phone, "email": person.email, "openid": person.openid,
        "unionid": person.unionid, "city": person.city, "timezone": person.timezone, "language": person.language,
    }  # fmt: skip
    traits: Event = {key: value for key, value in known.items() if value}
    traits["consents"] = {"email": bool(identities.consent_email[i]), "sms": bool(identities.consent_sms[i])}
    return {"type": "identify", "timestamp": iso(at), **(who or who_is(identities, i)), "traits": traits}


def to_line(event: Event) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))
