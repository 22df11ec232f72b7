"""Through the doors: a refund that is imported long after changes the lift and the money as added up by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from huitou.events.importing import import_file
from huitou.flows.follow_up import choose_campaign, plan_follow_up, read_report
from huitou.kit.clock import DAY, HOUR, FrozenClock
from tests.flows.evening import ENDED, order, track, write_evening

CAMPAIGN = """
name = "tea"
holdout = 0.5
explore = 0
margin = 0.3
[[timing]]
name = "next_day"
hours = [14]
[[channel]]
name = "email"
[content.email.zh]
subject = "{{ product.name }}"
body = "<p>{{ product.name }}</p>"
"""
PROFIT = 19_900 * 30 // 100


@pytest.fixture
def tea(ledger: ModuleType, clock: FrozenClock, tmp_path: Path, reads_here: None) -> Iterator[Path]:
    clock.move_to(ENDED + HOUR)
    import_file(write_evening(tmp_path / "evening.ndjson"))
    file = tmp_path / "tea.toml"
    file.write_text(CAMPAIGN, encoding="utf-8")
    return file


def bring(folder: Path, name: str, events: list[dict[str, object]]) -> None:
    file = folder / f"{name}.ndjson"
    file.write_text("\n".join(json.dumps(event) for event in events), encoding="utf-8")
    assert import_file(file).accepted == len(events)


def test_a_late_refund_takes_back_lift_and_profit(tea, clock, tmp_path):
    campaign = choose_campaign(tea)
    decisions = plan_follow_up("B1", campaign).decisions.to_pylist()
    sent, held = ([one["user_id"] for one in decisions if one["action"] == what] for what in ("send", "holdout"))
    assert min(len(sent), len(held)) >= 5
    assert {json.loads(one["context"])["holdout"] for one in decisions} == {0.5}
    buyers = [*sent[:3], held[0]]
    bring(tmp_path, "week", [order(int(who[1:]), ENDED + 2 * DAY, 9) for who in buyers])
    clock.move_to(ENDED + 8 * DAY)
    before = read_report("B1", campaign)
    assert before.is_final
    assert before.caused is not None
    assert before.caused.orders.mean == pytest.approx(3 / len(sent))
    assert before.caused.profit_minor.mean == pytest.approx(3 * PROFIT / len(sent))
    assert before.caused.profit_minor.control_mean == pytest.approx(PROFIT / len(held))
    refund = {"order_id": f"O{sent[0][1:]}-9", "shop_id": "S1", "currency": "CNY"}
    clock.move_to(ENDED + 30 * DAY)
    bring(
        tmp_path,
        "late",
        [
            track("order_refunded", "late-1", ENDED + 20 * DAY, sent[0], {**refund, "total": 19_900}),
            track(
                "order_refunded", "late-2", ENDED + 21 * DAY, sent[1],
                {**refund, "order_id": f"O{sent[1][1:]}-9", "total": 9_950},
            ),
        ],
    )  # fmt: skip
    after = read_report("B1", campaign).caused
    assert after is not None
    assert after.orders.mean == pytest.approx(2 / len(sent))
    assert after.profit_minor.mean == pytest.approx(1.5 * PROFIT / len(sent))
    assert after.profit_minor.control_mean == before.caused.profit_minor.control_mean
    assert (after.orders.n, after.orders.control_n) == (len(sent), len(held))
