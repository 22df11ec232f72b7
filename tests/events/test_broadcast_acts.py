"""What operators say of broadcasts: what holds after some acts, and that nobody else can say it."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.events.broadcast_acts import AS_TOLD_TIME, Act, event_of, fold, read_act, read_acts, read_standing, undo_of
from huitou.events.journal import append_batch
from huitou.events.model import Event
from huitou.events.names import CORRECTED, DELETED, MERGED, OPERATORS, RESTORED
from huitou.events.segment import read_segment
from huitou.kit.clock import HOUR, FrozenClock
from huitou.kit.errors import Rejected

SHOWS = ("B1", "B2", "B3", "B4")


def test_the_latest_word_on_each_field_holds() -> None:
    said = [
        Act(CORRECTED, "B1", title="茶会", started_at=100),
        Act(CORRECTED, "B1", ended_at=200),
        Act(CORRECTED, "B1", title="周五茶会"),
    ]
    assert fold(said).corrected == {"B1": ("周五茶会", 100, 200)}
    assert fold([*said, Act(CORRECTED, "B1", title="", started_at=0)]).corrected == {"B1": (None, None, 200)}


def test_merges_are_followed_to_their_end_and_taken_apart_one_by_one() -> None:
    said = [Act(MERGED, "B1", "B2"), Act(MERGED, "B2", "B3")]
    assert fold(said).survivors == {"B1": "B3", "B2": "B3"}
    assert fold(said).merged_into("B3") == ["B3", "B1", "B2"]
    assert fold([*said, Act(RESTORED, "B2", "B3")]).survivors == {"B1": "B2"}
    assert fold([*said, Act(RESTORED, "B1", "B3")]).survivors == {"B2": "B3"}


@given(st.lists(st.tuples(st.sampled_from(SHOWS), st.sampled_from(SHOWS))))
def test_merges_never_go_round_in_circles(pairs: list[tuple[str, str]]) -> None:
    survivors = fold(Act(MERGED, one, other) for one, other in pairs).survivors
    assert not set(survivors) & set(survivors.values())


def test_taking_a_correction_back_leaves_what_was_said_later() -> None:
    first = Act(CORRECTED, "B1", title="茶会", started_at=100, id=1)
    later = Act(CORRECTED, "B1", title="周五茶会", id=2)
    back = undo_of([first, later], first)
    assert back is not None
    assert (back.title, back.started_at) == (None, AS_TOLD_TIME)
    assert fold([first, later, back]).corrected == {"B1": ("周五茶会", None, None)}
    assert undo_of([later, Act(CORRECTED, "B1", title="新茶会", id=3)], later) is None


def test_deleted_until_restored() -> None:
    assert fold([Act(DELETED, "B1")]).deleted == {"B1"}
    assert fold([Act(DELETED, "B1"), Act(RESTORED, "B1")]).gone == set()


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_no_file_and_no_key_can_say_it(name: str) -> None:
    raw = {"type": "track", "event": f" {name} ", "userId": "u1", "properties": {"broadcast_id": "B1", "into": "B2"}}
    with pytest.raises(Rejected, match="operators alone"):
        read_segment(raw, source="operator", received_at=1)
    assert read_act(Event("script", "e1", "track", name, 1, 1, properties={"broadcast_id": "B1"})) is None


def test_an_act_is_stored_as_an_event_and_holds_at_once(ledger: ModuleType, clock: FrozenClock) -> None:
    act = Act(MERGED, "B1", "B2", is_room=True, by="lin", cancelled=3)
    strangers = Event("script", "e1", "track", DELETED, clock.at_us, clock.at_us, properties={"broadcast_id": "B3"})

    assert append_batch([event_of(act), strangers]) == ["accepted", "accepted"]
    with ledger.transaction() as connection:
        [kept] = read_acts(connection)
        assert (kept.name, kept.broadcast, kept.other, kept.is_room, kept.by, kept.cancelled) == (
            MERGED, "B1", "B2", True, "lin", 3,
        )  # fmt: skip
        assert read_standing(connection).survivors == {"B1": "B2"}
    clock.move_to(clock.at_us - HOUR)
    with ledger.transaction() as connection:
        assert read_acts(connection) == []


def test_times_may_be_said_in_iso() -> None:
    said = {"broadcast_id": "B1", "started_at": "2026-11-20T12:00:00Z", "ended_at": ""}
    act = read_act(Event("operator", "e1", "track", CORRECTED, 1, 1, properties=said))
    assert act is not None
    assert (act.started_at, act.ended_at) == (1795176000000000, 0)
