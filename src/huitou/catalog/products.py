"""Products: what the shop's events tell of them, the latest telling of each fact."""

from __future__ import annotations

from dataclasses import dataclass

from huitou.kit import clock
from huitou.stores.engine import Engine


@dataclass(frozen=True)
class Product:
    """One product; None is what nothing told. `margin_ppm` is the share of the price, in millionths."""

    product: str
    name: str | None
    category: str | None
    price_minor: int | None
    currency: str | None
    stock: int | None
    margin_ppm: int | None
    url: str | None
    shop: str | None


def create_products(engine: Engine, now: int | None = None) -> None:
    """Make the table `products`, as known at `now`, readable in an engine that has `events` and `order_lines`."""
    engine.create("products", "catalog", "products", now=clock.now_us() if now is None else now)


def list_products(engine: Engine, now: int | None = None) -> list[Product]:
    """All products, by their id."""
    create_products(engine, now)
    return [Product(**row) for row in engine.run("catalog", "all_products").to_pylist()]
