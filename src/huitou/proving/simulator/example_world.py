"""The world of the example: a small tea brand, its people, five Friday broadcasts and all orders around them.

Rebuilt from a seed: what the files under `examples/` tell of it, and how its customers answer the mails they get.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from huitou.kit.clock import DAY, SECOND
from huitou.proving.simulator.identities import ANONYMOUS, SDK, Identities, draw_identities
from huitou.proving.simulator.orders import Order, OrderBook
from huitou.proving.simulator.people import draw_visit
from huitou.proving.simulator.response import Bools, Ints, Response
from huitou.proving.simulator.shows import Evening, Show, live_evening, plan_shows
from huitou.proving.simulator.world import Kind, World

# A brand whose mails are liked better than in the base world: two to three points of lift, which one broadcast's
# holdout of a thousand people can tell from noise.
EXAMPLE = Kind(
    name="example",
    past_orders=-1.5,
    organic=0.00045,
    potency=0.045,
    potency_mean=0.3,
    affinity_spread=0.5,
    opt_out=0.006,
    response=Response(hour_floor=0.4, annoy=4.0),
)


@dataclass(frozen=True)
class Example:
    """Everything that happened until the last broadcast ended, and who did not order in it."""

    world: World
    identities: Identities
    evenings: tuple[Evening, ...]  # the last one is the broadcast to follow up
    orders: tuple[Order, ...]  # of all times before the end of the last broadcast's grace, in order of time
    book: OrderBook

    @property
    def show(self) -> Show:
        return self.evenings[-1].show

    @property
    def evening(self) -> Evening:
        return self.evenings[-1]

    def non_buyers(self) -> Bools:
        """By row of the last evening: did not order in the room (a cancelled order is none)."""
        bought = {order.person for order in self.orders if self.is_in_last_room(order) and not order.cancelled}
        result: Bools = np.array([i not in bought for i in self.evening.viewers.person.tolist()])
        return result

    def is_in_last_room(self, order: Order) -> bool:
        return order.in_room and order.created_at >= self.show.started_at

    def orders_by_sdk(self, person: int) -> bool:
        """Does this person order in the mini-program or H5 shop (the SDK reports it) or on 抖店 (its export does)?"""
        no_phone = not self.identities.people[person].phone
        on_sdk = bool(self.identities.watches[person] in (SDK, ANONYMOUS))
        return on_sdk and (no_phone or person % 10 < 3)


def build_example(seed: int = 20, viewers: int = 20_000) -> Example:
    people = viewers + viewers // 10
    world = World(EXAMPLE, seed, people)
    shows = plan_shows(world.products)
    identities = draw_identities(people, world.rng("identities"))
    abroad = np.array([one.timezone != "Asia/Shanghai" for one in identities.people])
    offset = np.where(abroad, 0.0, world.people.offset_hours)
    world.people = replace(world.people, reach=identities.reach(), offset_hours=offset)
    book = OrderBook()
    orders = _past_orders(world, book, shows[-1].ended_at)
    evenings = tuple(_play(world, identities, show, number, viewers) for number, show in enumerate(shows))
    for evening in evenings:
        orders += _room_orders(world, evening, book)
    orders.sort(key=lambda order: (order.created_at, order.order_id))
    return Example(world, identities, evenings, tuple(orders), book)


def _play(world: World, identities: Identities, show: Show, number: int, viewers: int) -> Evening:
    rng = world.rng("evening", show.broadcast_id)
    size = viewers if show.broadcast_id == "B20" else viewers // 5 + number * viewers // 50
    person = np.sort(rng.permutation(len(world.people))[:size])
    visit = draw_visit(world.kind, world.people, world.state, person, world.products, show.ended_at, rng)
    return live_evening(show, visit, identities, rng)


def _past_orders(world: World, book: OrderBook, end: int) -> list[Order]:
    """Orders of the shop before and between the broadcasts: as many as each person has behind them."""
    rng = world.rng("past")
    orders = []
    appeal = np.array([one.appeal for one in world.products])
    for person in np.flatnonzero(world.people.orders_before > 0).tolist():
        days = float(world.people.days_since_order[person])
        for _ in range(int(world.people.orders_before[person])):
            at = _at_peak(end - int(days * DAY), float(world.people.peak[person]), rng)
            product = world.products[int(rng.choice(len(appeal), p=appeal / appeal.sum()))]
            orders.append(book.place(person, product, at, rng, world.products))
            days += float(rng.exponential(50)) + 2
    return orders


def _at_peak(at: int, hour: float, rng: np.random.Generator) -> int:
    """That day (of Shanghai) around the person's own hour."""
    midnight = (at + 8 * 3600 * SECOND) // DAY * DAY - 8 * 3600 * SECOND
    moment = midnight + int(np.mod(hour + rng.normal(0, 1.0), 24.0) * 3600) * SECOND
    return min(moment, at - 3 * 3600 * SECOND - DAY // 24)


def _room_orders(world: World, evening: Evening, book: OrderBook) -> list[Order]:
    """Orders placed in the room; each product's stock bounds how many it can sell."""
    rng = world.rng("room", evening.show.broadcast_id)
    left = {product.product_id: product.stock for product in world.products}
    orders = []
    wanted: Ints = evening.viewers.observed["product"].astype(np.int64)
    limit = evening.show.ended_at + 25 * 60 * SECOND
    for row in np.flatnonzero(evening.ordered_at >= 0).tolist():
        product = world.products[int(wanted[row])]
        if left[product.product_id] <= 0:
            continue
        left[product.product_id] -= 1
        at = min(int(evening.ordered_at[row]) // SECOND * SECOND, limit)
        order = book.place(int(evening.viewers.person[row]), product, at, rng, world.products)
        orders.append(replace(order, in_room=True))
    return orders
