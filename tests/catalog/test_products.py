from __future__ import annotations

from pathlib import Path

import pytest

from customers.tea_shop import NOW, engine_of, evening, order, tables, told, us
from huitou.catalog.products import Product, find_product, list_products
from huitou.kit.errors import NotFound


def test_the_latest_telling_of_each_fact_counts(tmp_path: Path) -> None:
    listed = told(
        "product_listed", "2026-11-01T00:00:00Z", called="普洱茶饼", product="P1", shop="S0", price=21900, currency="CNY",
        category="普洱", stock=500, margin="0.35", url="https://tea.example/p1",
    )  # fmt: skip
    with engine_of(tables([listed, *evening()]), tmp_path) as engine:
        known = find_product(engine, "P1", NOW)

    url = "https://tea.example/p1"
    assert known == Product("P1", "普洱茶饼", "黑茶", 18900, "CNY", 120, 350_000, url, "S1")


def test_a_replay_knows_the_price_of_its_moment(tmp_path: Path) -> None:
    with engine_of(tables(evening()), tmp_path) as engine:
        assert find_product(engine, "P1", us("20:59")).price_minor == 19900
        assert find_product(engine, "P1", us("21:00")).price_minor == 18900


def test_a_product_known_from_orders_alone_has_the_price_it_was_sold_for(tmp_path: Path) -> None:
    events = [order("order_paid", f"19:0{n}", "c_lin", f"X{n}", ("P7", 1, price)) for n, price in enumerate((500, 600))]
    with engine_of(tables(events), tmp_path) as engine:
        assert list_products(engine, NOW) == [Product("P7", None, None, 600, None, None, None, None, "S1")]


def test_an_unknown_product_is_refused(tmp_path: Path) -> None:
    with engine_of(tables(evening()), tmp_path) as engine, pytest.raises(NotFound, match="there is no product P9"):
        find_product(engine, "P9", NOW)
