from __future__ import annotations

from pathlib import Path

from customers.tea_shop import NOW, engine_of, evening, order, tables, told, us
from huitou.catalog.products import Product, list_products
from huitou.stores.engine import Engine


def product_of(engine: Engine, product: str, now: int) -> Product:
    (found,) = [one for one in list_products(engine, now) if one.product == product]
    return found


def test_the_latest_telling_of_each_fact_counts(tmp_path: Path) -> None:
    listed = told(
        "product_listed", "2026-11-01T00:00:00Z", called="普洱茶饼", product="P1", shop="S0", price=21900, currency="CNY",
        category="普洱", stock=500, margin="0.35", url="https://tea.example/p1",
    )  # fmt: skip
    with engine_of(tables([listed, *evening()]), tmp_path) as engine:
        known = product_of(engine, "P1", NOW)

    url = "https://tea.example/p1"
    assert known == Product("P1", "普洱茶饼", "黑茶", 18900, "CNY", 120, 350_000, url, "S1")


def test_a_replay_knows_the_price_of_its_moment(tmp_path: Path) -> None:
    with engine_of(tables(evening()), tmp_path) as engine:
        assert product_of(engine, "P1", us("20:59")).price_minor == 19900
        assert product_of(engine, "P1", us("21:00")).price_minor == 18900


def test_what_viewers_say_of_a_listed_product_changes_nothing(tmp_path: Path) -> None:
    """Browsers' write keys are public: anybody can say that they viewed P1 at an address of their own."""
    spoofed = [
        told(name, "21:30", "c_eve", called="中奖通知", product="P1", shop="S9", price=1, currency="JPY", category="骗",
             stock=0, margin="0.01", url="https://evil.example/login")
        for name in ("product_viewed", "product_clicked", "cart_added")
    ]  # fmt: skip
    with engine_of(tables(evening()), tmp_path) as engine:
        known = product_of(engine, "P1", NOW)
    with engine_of(tables([*evening(), *spoofed]), tmp_path) as engine:
        assert product_of(engine, "P1", NOW) == known


def test_a_product_nobody_listed_has_its_name_and_price_from_viewers_but_no_address(tmp_path: Path) -> None:
    viewed = told(
        "product_viewed", "19:00", "c_lin", called="白茶", product="P8", shop="S1", price=9900, currency="CNY",
        category="白茶", stock=3, margin="0.9", url="https://evil.example/login",
    )  # fmt: skip
    with engine_of(tables([viewed]), tmp_path) as engine:
        assert list_products(engine, NOW) == [Product("P8", "白茶", "白茶", 9900, "CNY", None, None, None, "S1")]


def test_a_product_known_from_orders_alone_has_the_price_it_was_sold_for(tmp_path: Path) -> None:
    events = [order("order_paid", f"19:0{n}", "c_lin", f"X{n}", ("P7", 1, price)) for n, price in enumerate((500, 600))]
    with engine_of(tables(events), tmp_path) as engine:
        assert list_products(engine, NOW) == [Product("P7", None, None, 600, None, None, None, None, "S1")]
