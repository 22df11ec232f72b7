"""A busy month of the tea shop, drawn from a seed: many people, few moments, so that ties and oddities are common."""

from __future__ import annotations

import random
from typing import Any

from huitou.kit.clock import DAY, HOUR, MINUTE

from .tea_shop import Event, order, told, us

TEAS = {"P1": (19900, "黑茶"), "P2": (8900, "白茶"), "P3": (45900, "乌龙"), "P4": (2900, None)}
SAID = ("怎么买", "多少钱", "晚上好", "How much is it?", "P2 有货吗", "blinking lights", "", "喜欢", "Link?")
ZONES = ("Asia/Shanghai", "Europe/London", "America/New_York", "Nowhere/Else", None)
SHOWS = {  # broadcast -> (room, start, hours, told start, told end)
    "B20": ("R1", us("2026-11-20T11:00:00Z"), 3, True, True),
    "B21": ("R1", us("2026-11-21T11:00:00Z"), 2, True, False),
    "B22": ("R2", us("2026-11-22T11:00:00Z"), 1, False, False),
    "R9": (None, us("2026-11-23T11:00:00Z"), 1, False, True),
}


def crowd(seed: int, people: int = 30, acts: int = 400) -> list[Event]:
    """Events in no particular order; event ids are unique within a source."""
    chance = random.Random(seed)
    events: list[Event] = []
    for broadcast, (room, start, hours, told_start, told_end) in SHOWS.items():
        where = {"broadcast": broadcast, "room": room} if room else {"room": broadcast}
        events += _show(chance, where, start, hours, told_start, told_end)
        for _ in range(acts // len(SHOWS)):
            events.append(_act(chance, where, start, hours, f"c{chance.randrange(people):02}"))
    for number in range(people * 2):
        events += _history(chance, f"A{number}", f"c{chance.randrange(people):02}")
    for number, event in enumerate(events):
        event["event_id"] = f"e{number:05}"
        event["source"] = chance.choice(("app", "shop"))
    chance.shuffle(events)
    return events


def crowd_people(seed: int, people: int = 30) -> dict[str, dict[str, Any]]:
    chance = random.Random(seed)
    return {
        f"c{number:02}": {
            "timezone": chance.choice(ZONES),
            "email": chance.choice((None, f"c{number:02}@example.com")),
            "phone": chance.choice((None, f"+86138{number:08}")),
            "identities": chance.randrange(1, 4),
        }
        for number in range(people)
    }


def _show(chance: random.Random, where: Event, start: int, hours: int, told_start: bool, told_end: bool) -> list[Event]:
    events = [told("live_started", start, title="冬茶专场", **where)] if told_start else []
    for product, (price, category) in TEAS.items():
        shown = start + chance.randrange(hours * 12) * 5 * MINUTE
        until = chance.choice((None, shown + 20 * MINUTE))
        more = {"category": category} if category else {}
        events.append(told("product_shown", shown, product=product, price=price, until=until, **where, **more))
    return [*events, told("live_ended", start + hours * HOUR, **where)] if told_end else events


def _act(chance: random.Random, where: Event, start: int, hours: int, who: str) -> Event:
    at = start + chance.randrange(hours * 30) * 2 * MINUTE
    product, (price, _) = chance.choice(list(TEAS.items()))
    match chance.randrange(12):
        case 0 | 1 | 2:
            return told("live_entered", at, who, **where)
        case 3:
            return told("live_left", at, who, **where)
        case 4:
            return told("live_left", at, who, seconds=chance.randrange(4000), **where)
        case 5:
            return told("live_commented", at, who, content=chance.choice(SAID), **where)
        case 6:
            return told("live_liked", at, who, quantity=chance.randrange(1, 9), **where)
        case 7:
            return told("live_watched", at, who, seconds=chance.randrange(9000), **where)
        case 8:
            return told("cart_added", at, who, product=product, price=price, quantity=1, **where)
        case 9:
            lines = [(product, chance.randrange(1, 4), price)]
            number = f"L{chance.randrange(60)}"
            return order(chance.choice(("order_created", "order_paid")), at, who, number, *lines, **where)
        case 10:
            return told("live_gifted", at, who, amount_minor=100 * chance.randrange(5), **where)
    return told("product_clicked", at, who, product=product, **where)


def _history(chance: random.Random, number: str, who: str) -> list[Event]:
    """An order of the last year with what became of it, parts of it told late, twice or not at all."""
    at = us("2026-11-24T00:00:00Z") - chance.randrange(400) * DAY - chance.randrange(24) * HOUR
    lines = [(tea, chance.randrange(1, 3), TEAS[tea][0]) for tea in chance.sample(sorted(TEAS), chance.randrange(1, 3))]
    currency = {"currency": chance.choice(("CNY", "CNY", "CNY", "USD"))}
    told_so = [order("order_created", at, who, number, *lines, **currency)]
    if chance.random() < 0.9:
        told_so.append(order("order_paid", at + HOUR, chance.choice((who, who, None)), number, *lines, **currency))
    if chance.random() < 0.2:
        told_so.append(order("order_paid", at + 2 * HOUR, who, number, *lines, **currency))
    if chance.random() < 0.4:
        told_so.append(order("order_shipped", at + DAY, None, number, shop=chance.choice((None, "S1"))))
    if chance.random() < 0.15:
        told_so.append(order("order_cancelled", at + chance.randrange(3) * HOUR, who, number))
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        amount = chance.choice((None, 1000, 5000))
        told_so.append(order("order_refunded", at + 3 * DAY, who, number, amount_minor=amount))
    return told_so
