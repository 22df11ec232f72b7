from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.customers.refresh import compute_portraits, compute_visits

from .tea_shop import NOW, Event, engine_of, tables

Rows = list[dict[str, Any]]
Visited = Callable[..., tuple[dict[tuple[str, str], dict[str, Any]], dict[tuple[str, str, str], dict[str, Any]]]]
Drawn = Callable[..., dict[str, dict[str, Any]]]
Asked = Callable[..., Rows]


@pytest.fixture
def visited(tmp_path: Path) -> Visited:
    """Visits by (broadcast, customer) and their products by (broadcast, customer, product)."""

    def compute(events: list[Event], now: int = NOW) -> Any:
        with engine_of(tables(events), tmp_path) as engine:
            visits, products = compute_visits(engine, None, now)
        return (
            {(row["broadcast"], row["customer"]): row for row in visits.to_pylist()},
            {(row["broadcast"], row["customer"], row["product"]): row for row in products.to_pylist()},
        )

    return compute


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    """Portraits by customer."""

    def compute(events: list[Event], people: Any = None, now: int = NOW, **options: Any) -> Any:
        with engine_of(tables(events, people), tmp_path) as engine:
            visits, products = compute_visits(engine, None, now)
            engine.register("visits", visits)
            engine.register("visit_products", products)
            return {row["customer"]: row for row in compute_portraits(engine, now, **options).to_pylist()}

    return compute


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """Rows of a SELECT over everything that visits are made from."""

    def ask(events: list[Event], text: str, now: int = NOW) -> Rows:
        with engine_of(tables(events), tmp_path) as engine:
            compute_visits(engine, None, now)
            rows: Rows = engine.run_text(text).to_pylist()
            return rows

    return ask
