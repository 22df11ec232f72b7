"""The example's files: the same bytes for the same seed, the platforms' forms, and numbers that its README promises."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from huitou.proving.simulator.douyin_format import SECRETS, sign
from huitou.proving.simulator.example import write_example
from huitou.proving.simulator.example_world import build_example
from huitou.proving.simulator.plans import read_terms

EXAMPLES = Path(__file__).parents[3] / "examples"
SMALL = 1_500


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    write_example(folder, seed=20, viewers=SMALL)
    return folder


def unzipped(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")


def json_lines(path: Path) -> list[dict[str, object]]:
    events = []
    for line in unzipped(path).splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    return events


def test_the_same_seed_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_example(tmp_path, seed=20, viewers=SMALL)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_another_seed_writes_another_evening(folder: Path, tmp_path: Path) -> None:
    write_example(tmp_path, seed=21, viewers=SMALL)
    assert (tmp_path / "B20.ndjson.gz").read_bytes() != (folder / "B20.ndjson.gz").read_bytes()


def test_the_files_in_the_repository_are_those_the_simulator_writes(tmp_path: Path) -> None:
    """Compared unzipped: another zlib may pack the same bytes otherwise."""
    if not EXAMPLES.exists():
        pytest.skip("the examples are not in this checkout")
    write_example(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    for name in sorted(names - {"orders-2026-10-gb18030.csv"}):
        assert unzipped(EXAMPLES / name) == unzipped(tmp_path / name), name
    assert sum((EXAMPLES / name).stat().st_size for name in names) < 5_000_000


def test_room_events_carry_no_person_and_others_do(folder: Path) -> None:
    for event in json_lines(folder / "history.ndjson.gz"):
        person = {"userId", "anonymousId"} & event.keys()
        assert bool(person) != (event.get("event") in ("live_started", "product_shown", "live_ended"))


def test_events_lie_within_their_broadcast(folder: Path) -> None:
    events = json_lines(folder / "B20.ndjson.gz")
    inside = [event for event in events if str(event.get("event", "")).startswith("live_") and "timestamp" in event]
    assert len(inside) > 2_000
    assert all("2026-11-20T11:00:00" <= str(event["timestamp"]) <= "2026-11-20T14:00:00.000Z" for event in inside)


def test_douyin_signatures_fit_their_bodies_but_one(folder: Path) -> None:
    lines = json_lines(folder / "douyin-live-B20.ndjson.gz")
    wrong = 0
    for line in lines:
        headers = dict(line["headers"])  # type: ignore[call-overload]
        wrong += sign(headers, str(line["body"]), SECRETS[headers["x-msg-type"]]) != headers["x-signature"]
    assert wrong == 1


def test_the_signature_is_the_official_vector() -> None:
    headers = {"x-nonce-str": "123456", "x-timestamp": "456789", "x-roomid": "268", "x-msg-type": "live_gift"}
    assert sign(headers, "abc123你好", "123abc") == "PDcKhdlsrKEJif6uMKD2dw=="


def test_orders_look_like_the_shops_export(folder: Path) -> None:
    raw = (folder / "orders-B20.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
    whole = [row for row in rows if row["主订单编号"].startswith("\t6917")]
    assert all(int(row["主订单编号"].strip()) > 2**53 for row in whole)
    assert {row["订单状态"] for row in whole} <= {"待支付", "待发货", "已发货", "已完成", "已关闭"}
    october = (folder / "orders-2026-10-gb18030.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        october.decode("utf-8")
    assert october.decode("gb18030").startswith("主订单编号,")


def test_watch_pages_name_every_wecom_viewer_once(folder: Path) -> None:
    pages = json_lines(folder / "wecom-watch-stat-B20.ndjson.gz")
    viewers = [user["external_userid"] for page in pages for user in page["stat_info"]["external_users"]]  # type: ignore[index]
    assert len(viewers) == len(set(viewers)) > 100
    assert [page["ending"] for page in pages] == [0] * (len(pages) - 1) + [1]


def test_about_half_of_the_non_buyers_can_be_mailed() -> None:
    example = build_example(seed=20, viewers=4_000)
    left = example.non_buyers()
    reach = example.identities.reach()[example.evening.viewers.person]
    assert 0.45 < reach[left, 0].mean() < 0.60
    assert 0.015 < 1 - left.mean() < 0.04


def test_nobody_is_reported_twice_and_no_order_twice() -> None:
    example = build_example(seed=20, viewers=1_000)
    assert len({order.order_id for order in example.orders}) == len(example.orders)
    for kind in ("user_id", "email", "phone", "external_userid"):
        values = [getattr(one, kind) for one in example.identities.people if getattr(one, kind)]
        assert len(values) == len(set(values)), kind


def test_rooms_sell_no_more_than_their_stock() -> None:
    example = build_example(seed=20, viewers=3_000)
    sold: dict[str, int] = {}
    for order in example.orders:
        if example.is_in_last_room(order):
            product = order.lines[0][0].product_id
            sold[product] = sold.get(product, 0) + 1
    assert all(sold.get(product.product_id, 0) <= product.stock for product in example.world.products)
    assert sum(sold.values()) > 20


def test_the_campaign_file_is_read_by_the_world_too(folder: Path) -> None:
    terms = read_terms((folder / "follow-up.toml").read_text(encoding="utf-8"))
    assert terms.channels == ("email",)
    assert [timing.name for timing in terms.timings][:2] == ["at_once", "next_day"]
    np.testing.assert_array_equal(terms.terms.message_minor, [0.1, 0, 0, 0])
