"""An operator puts a broadcast right, and everything that is derived from it follows; taken back, it is as it was."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from huitou.catalog.broadcasts import Broadcast, list_broadcasts
from huitou.events.broadcast_acts import Act
from huitou.events.importing import import_file
from huitou.events.names import CORRECTED, DELETED, MERGED
from huitou.flows.follow_up import choose_campaign, plan_follow_up, read_report
from huitou.flows.refresh import catch_up
from huitou.flows.shows import carry_out, find_undo, history_of, way_back, weigh
from huitou.flows.tables import open_tables
from huitou.kit.clock import HOUR, MINUTE, FrozenClock
from huitou.kit.errors import NotFound, Refused

from .evening import ENDED, STARTED, order, track, write_evening

SECOND = [  # the same show on another platform, which tells no start and no end
    {
        **track(
            "live_commented", f"w{i}", STARTED + (i + 1) * 20 * MINUTE, f"v{i}", {"broadcast_id": "W1", "room_id": "R2"}
        )
    }
    for i in range(6)
]


@pytest.fixture
def house(ledger: ModuleType, clock: FrozenClock, tmp_path: Path, reads_here: None) -> FrozenClock:
    """The evening B1 of forty people and its twin W1 of six, an hour after the end."""
    clock.move_to(ENDED + HOUR)
    import_file(write_evening(tmp_path / "B1.ndjson"))
    told = tmp_path / "W1.ndjson"
    told.write_text("\n".join(json.dumps(event) for event in SECOND), encoding="utf-8")
    import_file(told)
    catch_up()
    return clock


def derived() -> list[list[dict[str, Any]]]:
    """Everything that is made from events and speaks of broadcasts."""
    with open_tables() as engine:
        return [
            engine.run_text(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
            for name in ("broadcasts", "visits", "visit_products", "portraits")
        ]


def known() -> dict[str, Broadcast]:
    with open_tables() as engine:
        return {one.broadcast: one for one in list_broadcasts(engine)}


def visitors(broadcast: str) -> int:
    with open_tables() as engine:
        return engine.run("decisions", "watchers", broadcast=broadcast).num_rows


def states(ledger: ModuleType) -> dict[tuple[str, str], int]:
    with ledger.transaction() as connection:
        rows = connection.execute("SELECT state, reason, count(*) FROM message GROUP BY state, reason").fetchall()
    return {(state, reason): count for state, reason, count in rows}


def test_a_name_is_free_and_taken_back(house: FrozenClock) -> None:
    before = derived()
    carry_out(Act(CORRECTED, "B1", title="周五茶会", by="lin"))
    assert known()["B1"].title == "周五茶会"

    [told] = history_of("B1")
    assert (told.act.by, told.act.title, told.act.occurred_at) == ("lin", "周五茶会", house.at_us)
    carry_out(find_undo(told.act.id, "wang"))
    assert derived() == before
    with pytest.raises(Refused, match="taken its place"):
        find_undo(told.act.id, "wang")


def test_a_new_time_moves_who_ordered_in_the_show(house: FrozenClock) -> None:
    """Orders lie 5 to 8 minutes after the start; a show that began half an hour later did not sell them."""
    before = derived()
    assert read_report("B1").funnel.ordered == 4
    carry_out(Act(CORRECTED, "B1", started_at=STARTED + 30 * MINUTE))
    assert read_report("B1").funnel.ordered == 0
    assert (known()["B1"].started_by, known()["B1"].ended_by) == ("operator", "segment")

    carry_out(Act(CORRECTED, "B1", started_at=0))
    assert derived() == before


def test_times_that_cannot_be_are_refused_and_doubtful_ones_asked_about(house: FrozenClock) -> None:
    def doubts(**times: int) -> list[str]:
        return [text["en"] for text in weigh(Act(CORRECTED, "W1", **times)).doubts]  # type: ignore[arg-type]

    with pytest.raises(Refused, match="must come after the start"):
        weigh(Act(CORRECTED, "W1", started_at=ENDED, ended_at=STARTED))
    with pytest.raises(Refused, match="lies in the future"):
        weigh(Act(CORRECTED, "W1", ended_at=house.at_us + MINUTE))
    with pytest.raises(NotFound):
        weigh(Act(CORRECTED, "B9", title="x"))
    with pytest.raises(Refused, match="200 characters"):
        weigh(Act(CORRECTED, "W1", title="茶" * 201))
    assert doubts(started_at=STARTED, ended_at=ENDED) == []
    assert "more than 24" in doubts(started_at=STARTED - 30 * HOUR, ended_at=ENDED)[0]
    assert "outside this time" in doubts(started_at=STARTED - 5 * HOUR, ended_at=STARTED - 3 * HOUR)[0]
    with pytest.raises(Refused) as refused:
        carry_out(Act(CORRECTED, "W1", started_at=STARTED - 30 * HOUR, ended_at=ENDED))
    assert refused.value.code == "doubtful"
    assert known()["W1"].is_time_inferred


def test_two_that_were_one_show_are_one_and_can_be_two_again(house: FrozenClock) -> None:
    before = derived()
    carry_out(Act(MERGED, "W1", "B1", by="lin"))
    assert list(known()) == ["B1"]
    assert visitors("B1") == 46
    assert read_report("B1").funnel.entered == 46
    with pytest.raises(NotFound, match="merged into B1"):
        read_report("W1")

    [told] = history_of("B1")
    assert told.undo is not None
    carry_out(told.undo)
    assert derived() == before


def test_a_deleted_broadcast_is_gone_until_it_is_restored(house: FrozenClock) -> None:
    before = derived()
    carry_out(Act(DELETED, "B1"))
    assert list(known()) == ["W1"]
    assert visitors("B1") == 0
    with pytest.raises(NotFound, match="deleted"):
        plan_follow_up("B1", choose_campaign())

    carry_out(way_back("B1", "lin"))
    assert derived() == before
    with pytest.raises(Refused, match="neither deleted nor merged"):
        way_back("B1")


def test_what_comes_in_later_finds_the_merged_broadcast(house: FrozenClock, tmp_path: Path) -> None:
    carry_out(Act(MERGED, "W1", "B1"))
    late = [
        track("live_commented", "late", STARTED + HOUR, "v9", {"broadcast_id": "W1"}),
        track("live_liked", "late-2", STARTED + HOUR, "v8", {"room_id": "R2"}),
        order(9, STARTED + HOUR),
    ]
    file = tmp_path / "late.ndjson"
    file.write_text("\n".join(json.dumps(event) for event in late), encoding="utf-8")
    import_file(file)
    catch_up()

    assert visitors("B1") == 48
    assert read_report("B1").funnel.ordered == 5


@pytest.fixture
def planned(house: FrozenClock) -> int:
    """A follow-up of B1 in the outbox; how many messages."""
    return plan_follow_up("B1", choose_campaign()).queued


def test_queued_messages_are_asked_about_when_the_time_changes(
    house: FrozenClock, planned: int, ledger: ModuleType
) -> None:
    act = Act(CORRECTED, "B1", ended_at=ENDED - 10 * MINUTE)
    assert weigh(act).asked == planned > 0
    with pytest.raises(Refused) as refused:
        carry_out(act)
    assert refused.value.code == "queued"
    assert carry_out(act, queued="keep").cancelled == 0
    assert states(ledger) == {("planned", ""): planned}
    again = Act(CORRECTED, "B1", ended_at=ENDED - 20 * MINUTE)
    assert carry_out(again, queued="cancel").cancelled == planned
    assert states(ledger) == {("suppressed", "broadcast_changed"): planned}
    assert weigh(Act(CORRECTED, "B1", title="茶会")).is_plain


def test_a_deleted_broadcast_cancels_what_is_queued_and_keeps_what_was_decided(
    house: FrozenClock, planned: int, ledger: ModuleType
) -> None:
    act = Act(DELETED, "B1")
    weighed = weigh(act)
    assert (weighed.lost, weighed.asked, len(weighed.doubts)) == (planned, 0, 1)
    assert carry_out(act, confirmed=True).cancelled == planned
    assert states(ledger) == {("suppressed", "broadcast_deleted"): planned}
    with open_tables() as engine:
        assert engine.run_text("SELECT DISTINCT broadcast FROM decisions").to_pylist() == [{"broadcast": "B1"}]


def test_what_a_plan_queued_after_the_act_is_cancelled_too(
    house: FrozenClock, planned: int, ledger: ModuleType
) -> None:
    carry_out(Act(DELETED, "B1"), confirmed=True)
    with ledger.transaction() as connection:
        connection.execute("UPDATE message SET state = 'planned', reason = ''")
    catch_up()
    assert states(ledger) == {("suppressed", "broadcast_deleted"): planned}


def test_the_report_of_the_survivor_has_the_decisions_of_the_merged_and_nobody_is_decided_twice(
    house: FrozenClock, planned: int, ledger: ModuleType
) -> None:
    decided = read_report("B1").decided
    carry_out(Act(MERGED, "B1", "W1"), confirmed=True)
    report = read_report("W1")
    assert report.decided == decided
    assert report.sent.states == {"suppressed": planned}

    again = plan_follow_up("W1", choose_campaign())
    told = set(again.decisions.column("broadcast").to_pylist())
    assert "B1" in told  # those decided before keep what they were decided for
    with ledger.transaction() as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT customer) FROM message WHERE step = 1").fetchone()
    assert row is not None
    assert row[0] == row[1]
    assert states(ledger)["suppressed", "broadcast_merged"] == planned


def test_two_that_both_had_decisions_stay_two(house: FrozenClock, planned: int) -> None:
    plan_follow_up("W1", choose_campaign())
    with pytest.raises(Refused) as refused:
        weigh(Act(MERGED, "W1", "B1"))
    assert refused.value.code == "both_decided"
