"""The example's broadcasts and what the viewers of one do: the evening as it was, before any platform reports it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.kit.clock import DAY, HOUR, MINUTE, SECOND, parse_time
from huitou.proving.simulator.identities import Identities
from huitou.proving.simulator.people import Product
from huitou.proving.simulator.response import Bools, Floats, Ints, Viewers

MINI_SHOP = "S1"  # the mini-program and H5 shop; its SDK reports orders itself
DOUDIAN_SHOP = "抖店"


@dataclass(frozen=True)
class Slot:
    """A product on screen from `shown_at` until `until`."""

    product: Product
    shown_at: int
    until: int


@dataclass(frozen=True)
class Show:
    broadcast_id: str
    room_id: str
    title: str
    started_at: int
    ended_at: int
    slots: tuple[Slot, ...]


def plan_show(number: int, title: str, started_at: int, products: tuple[Product, ...]) -> Show:
    """Three hours; every product twenty minutes, and the first once more before the end."""
    order = products[number % len(products) :] + products[: number % len(products)]
    slots = [
        Slot(product, started_at + (5 + 20 * k) * MINUTE, started_at + (25 + 20 * k) * MINUTE)
        for k, product in enumerate((*order, order[0]))
        if 5 + 20 * k < 170
    ]
    ended_at = started_at + 3 * HOUR
    room = f"74300{number:02d}0118"
    return Show(
        f"B{number}",
        room,
        title,
        started_at,
        ended_at,
        (*slots[:-1], Slot(slots[-1].product, slots[-1].shown_at, ended_at)),
    )


def plan_shows(products: tuple[Product, ...], history: int = 4) -> list[Show]:
    """B20, 冬茶专场 on Friday 2026-11-20 from 19:00 in Shanghai, after `history` earlier Fridays."""
    titles = ("秋茶开箱夜", "岩茶专场", "白茶与陈皮", "双十一返场", "冬茶专场")
    first = parse_time("2026-11-20T19:00:00", "Asia/Shanghai")
    return [
        plan_show(20 - back, titles[-1 - back % len(titles)], first - back * 7 * DAY, products)
        for back in range(history, -1, -1)
    ]


@dataclass(frozen=True)
class Evening:
    """What each viewer of a show did; times in epoch microseconds, rows as in `viewers`."""

    show: Show
    viewers: Viewers
    entered_at: Ints
    left_at: Ints
    clicks: tuple[tuple[tuple[int, int], ...], ...]  # (time, product number)
    comments: tuple[tuple[tuple[int, bool], ...], ...]  # (time, is a question)
    likes: Ints
    cart_at: Ints  # -1: not added
    follows: Bools
    unfollows: Bools
    shares: Bools
    gifts: Ints
    joins_club: Bools
    source: Ints
    ordered_at: Ints  # in the room; -1: not


def live_evening(show: Show, viewers: Viewers, identities: Identities, rng: np.random.Generator) -> Evening:
    """Play the evening: people come for as long as they watch, click what is on screen, some order in the room."""
    n = len(viewers)
    seen = viewers.observed
    length = (show.ended_at - show.started_at) // SECOND
    watch = np.minimum(seen["watch_seconds"].astype(np.int64), length - 60)
    entered = (rng.beta(1.0, 1.4, size=n) * (length - watch)).astype(np.int64)
    entered_at = show.started_at + entered * SECOND + rng.integers(0, 1000, size=n) * 1000
    left_at = entered_at + watch * SECOND
    wish = -4.3 + 1.0 * viewers.intent + 1.3 * viewers.cart
    buys = rng.random(n) < 1 / (1 + np.exp(-wish))
    cart_at = np.where(seen["cart"], _within(entered_at, left_at, rng.uniform(0.3, 0.9, size=n)), -1)
    from_cart = _within(entered_at, left_at, rng.uniform(0.9, 1.0, size=n))
    return Evening(
        show=show,
        viewers=viewers,
        entered_at=entered_at,
        left_at=left_at,
        clicks=_draw_clicks(viewers, entered_at, left_at, rng),
        comments=_draw_comments(viewers, entered_at, left_at, rng),
        likes=seen["likes"].astype(np.int64) * rng.integers(1, 12, size=n),
        cart_at=cart_at,
        follows=rng.random(n) < 0.025,
        unfollows=rng.random(n) < 0.004,
        shares=rng.random(n) < 0.012,
        gifts=np.where(rng.random(n) < 0.01, rng.integers(1, 6, size=n), 0),
        joins_club=rng.random(n) < 0.008,
        source=rng.integers(0, 6, size=n),
        ordered_at=np.where(buys, from_cart + rng.integers(5, 25 * 60, size=n) * SECOND, -1),
    )


def _within(start: Ints, end: Ints, share: Floats) -> Ints:
    """A moment that share of the way from start to end, in whole milliseconds."""
    result: Ints = start + ((end - start) * share).astype(np.int64) // 1000 * 1000
    return result


def _draw_clicks(
    viewers: Viewers, entered_at: Ints, left_at: Ints, rng: np.random.Generator
) -> tuple[tuple[tuple[int, int], ...], ...]:
    """The product they are after first, then whatever else."""
    products = 8
    clicks = viewers.observed["clicks"].astype(np.int64)
    wanted = viewers.observed["product"].astype(np.int64)
    result = []
    for i, count in enumerate(np.minimum(clicks, 6)):
        shares = np.sort(rng.random(count) * 0.85)
        times = entered_at[i] + ((left_at[i] - entered_at[i]) * shares).astype(np.int64) // 1000 * 1000
        others = rng.integers(0, products, size=count)
        # The first click and half of the others go to what they want: interest shows, with noise.
        picks = np.where((np.arange(count) == 0) | (rng.random(count) < 0.5), wanted[i], others)
        result.append(tuple(zip(times.tolist(), picks.tolist(), strict=True)))
    return tuple(result)


def _draw_comments(
    viewers: Viewers, entered_at: Ints, left_at: Ints, rng: np.random.Generator
) -> tuple[tuple[tuple[int, bool], ...], ...]:
    counts = viewers.observed["comments"].astype(np.int64)
    asked = viewers.observed["asked_price"].astype(np.bool_)
    result = []
    for i in range(len(viewers)):
        count = min(int(counts[i]), 4) + int(asked[i])
        shares = np.sort(rng.random(count))
        times = entered_at[i] + ((left_at[i] - entered_at[i]) * shares).astype(np.int64) // 1000 * 1000
        question = rng.integers(0, max(count, 1)) if asked[i] else -1
        result.append(tuple((int(at), k == question) for k, at in enumerate(times)))
    return tuple(result)
