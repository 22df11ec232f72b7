"""What the pages read of the lake: one open engine of one moment, and the answers it has already given.

An answer holds until something it was made from changes: the versions of the lake's tables and the merges of the
ledger. So a page that is opened again costs two milliseconds a table, whatever it shows.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from huitou.catalog.broadcasts import Broadcast, list_broadcasts
from huitou.catalog.products import Product, list_products
from huitou.customers.lake_tables import PORTRAITS, VISIT_PRODUCTS, VISITS
from huitou.decisions.lake_tables import DECISION_FEATURES, DECISIONS
from huitou.decisions.reading import attach_decisions
from huitou.events.current import attach_events
from huitou.events.lake_tables import EVENTS, ORDER_LINES
from huitou.kit import clock
from huitou.kit.errors import NotFound
from huitou.kit.settings import settings
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake
from huitou.stores.ledger import transaction

T = TypeVar("T")

TABLES = (EVENTS, ORDER_LINES, VISITS, VISIT_PRODUCTS, PORTRAITS, DECISIONS, DECISION_FEATURES)
KEPT = 300  # answers; the oldest go first
MEMORY = "1GB"
MERGED = "SELECT coalesce(max(id), 0), count(undone_at), (SELECT coalesce(max(id), 0) FROM broadcast_act) FROM merge"

Stamp = tuple[Hashable, ...]


@dataclass
class _Open:
    stamp: Stamp
    engine: Engine
    answers: OrderedDict[Hashable, Any] = field(default_factory=OrderedDict)


_mutex = threading.Lock()
_open: _Open | None = None
_moment: ContextVar[list[Stamp] | None] = ContextVar("moment", default=None)


@contextmanager
def one_moment() -> Iterator[None]:
    """Within it all that is read is of the moment of the first question: looked up once, the same for a whole page."""
    token = _moment.set([])
    try:
        yield
    finally:
        _moment.reset(token)


def read(key: Hashable, compute: Callable[[Engine], T]) -> T:
    """The answer to `key`, computed with an engine that has events, order_lines, merges, customers, visits,
    visit_products, portraits and decisions. One computation at a time; what failed is not kept."""
    stamp = stamp_of_now()
    with _mutex:
        house = _house_of(stamp)
        if key in house.answers:
            house.answers.move_to_end(key)
            return house.answers[key]
        answer = compute(house.engine)
        house.answers[key] = answer
        while len(house.answers) > KEPT:
            house.answers.popitem(last=False)
        return answer


def read_once(compute: Callable[[Engine], T]) -> T:
    """The answer without keeping it: of lists too long to hold."""
    stamp = stamp_of_now()
    with _mutex:
        return compute(_house_of(stamp).engine)


def open_engine() -> Engine:
    """A fresh engine with the same tables, for what takes seconds and must not make others wait."""
    engine = Engine(memory=MEMORY)
    attach_events(engine)
    engine.attach(VISITS, VISIT_PRODUCTS, PORTRAITS)
    attach_decisions(engine)
    return engine


def stamp_of_now() -> Stamp:
    """What an answer depends on; equal stamps, equal answers."""
    moment = _moment.get()
    if moment:
        return moment[0]
    stamp = _look()
    if moment is not None:
        moment.append(stamp)
    return stamp


def _look() -> Stamp:
    lake = Lake(settings().lake)
    with transaction() as connection:
        merged = connection.execute(MERGED).fetchone()
    return (str(settings().data), settings().database_url, merged, *(lake.version(table) for table in TABLES))


def forget() -> None:
    """Close the engine; the next question opens another."""
    global _open
    with _mutex:
        if _open is not None:
            _open.engine.close()
        _open = None


def _house_of(stamp: Stamp) -> _Open:
    global _open
    if _open is None or _open.stamp != stamp:
        if _open is not None:
            _open.engine.close()
        _open = None
        _open = _Open(stamp, open_engine())
    return _open


def broadcasts() -> list[Broadcast]:
    """All broadcasts as known this minute, the latest first."""
    now = clock.now_us() // clock.MINUTE * clock.MINUTE + clock.MINUTE
    return read(("broadcasts", now), lambda engine: list_broadcasts(engine, now))


def find_broadcast(broadcast: str) -> Broadcast:
    for one in broadcasts():
        if one.broadcast == broadcast:
            return one
    raise NotFound({"zh": f"没有场次 {broadcast}。", "en": f"there is no broadcast {broadcast}"})


def title_of(broadcast: str) -> str:
    """Its title; the id where it has none or is not known."""
    return next((one.title for one in broadcasts() if one.broadcast == broadcast and one.title), broadcast)


def products() -> dict[str, Product]:
    return read(("products",), lambda engine: {one.product: one for one in list_products(engine)})


def product_name(product: str | None) -> str:
    """Its name, else its id; '' for none."""
    if not product:
        return ""
    known = products().get(product)
    return known.name if known and known.name else product
