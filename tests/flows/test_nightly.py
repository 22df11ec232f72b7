"""The night's work: when it is due, what it leaves behind, and that it changes no answer."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from types import ModuleType

import pytest

from huitou.customers.lake_tables import PORTRAITS, VISITS
from huitou.events.importing import import_file
from huitou.events.journal import append_batch
from huitou.events.lake_tables import EVENTS
from huitou.events.load import load
from huitou.events.segment import read_segment
from huitou.flows import nightly, worker
from huitou.flows.nightly import last_night, run_nightly
from huitou.flows.refresh import catch_up, forget
from huitou.flows.tables import open_tables
from huitou.flows.worker import run_worker
from huitou.kit.clock import DAY, HOUR, FrozenClock, parse_time
from huitou.kit.settings import settings
from huitou.stores.lake import Lake
from huitou.stores.ledger import transaction
from tests.flows.evening import ENDED, PEOPLE, track, write_evening


@pytest.fixture
def shop(ledger: ModuleType, clock: FrozenClock, tmp_path: Path, reads_here: None) -> FrozenClock:
    """The evening is over and imported, and the house has begun to count nights."""
    clock.move_to(ENDED + HOUR)
    import_file(write_evening(tmp_path / "evening.ndjson"))
    assert run_nightly() is None
    return clock


def test_nights_are_the_shops() -> None:
    assert last_night(parse_time("2026-11-20T04:00:00", "Asia/Shanghai")) == parse_time("2026-11-19T20:00:00Z")
    assert last_night(parse_time("2026-11-20T03:59:59", "Asia/Shanghai")) == parse_time("2026-11-18T20:00:00Z")


def test_once_a_night(shop: FrozenClock) -> None:
    shop.move_to(last_night(ENDED) + DAY - 1)
    assert run_nightly() is None
    shop.move_to(last_night(ENDED) + DAY)
    night = run_nightly()
    assert night is not None
    assert (night.refreshed.visits, night.refreshed.portraits) == (PEOPLE, PEOPLE)
    assert run_nightly() is None


def test_missed_nights_are_made_up_for_once(shop: FrozenClock) -> None:
    shop.move_to(ENDED + 5 * DAY)
    assert run_nightly() is not None
    assert run_nightly() is None


def test_a_night_that_was_cut_off_is_done_again(shop: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.move_to(ENDED + DAY)
    with monkeypatch.context() as broken:
        broken.setattr(nightly, "_vacuum", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_nightly()
    assert run_nightly() is not None


def small_loads(shop: FrozenClock, count: int) -> None:
    for number in range(count):
        raw = track("product_clicked", f"more-{number}", ENDED, "u5", {"broadcast_id": "B1", "product_id": "P1"})
        append_batch([read_segment(raw, source="script", received_at=shop.now_us())])
        load()


def answers() -> dict[str, str]:
    with open_tables() as engine:
        return {
            name: json.dumps(sorted(engine.run_text(f"SELECT * FROM {name}").to_pylist(), key=repr), sort_keys=True)
            for name in ("events", "visits", "portraits")
        }


def make_anew() -> None:
    with transaction() as connection:
        forget(connection)
    catch_up()


def test_small_files_are_merged_and_no_row_changes(shop: FrozenClock) -> None:
    small_loads(shop, 12)
    shop.move_to(ENDED + DAY)
    make_anew()
    before, lake = answers(), Lake(settings().lake)
    assert len(lake.files(EVENTS)) > nightly.FEW_FILES
    night = run_nightly()
    assert night is not None
    assert "events" in night.compacted
    assert len(lake.files(EVENTS)) == 1
    assert answers() == before
    small_loads(shop, 12)  # the loader's position is still known: nothing comes twice
    assert json.loads(answers()["events"]) == json.loads(before["events"])


def test_replaced_files_go_after_a_day(shop: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ages of files are the file system's: with keep_hours 0 everything unused is old enough."""
    make_anew()
    make_anew()
    lake = Lake(settings().lake)
    monkeypatch.setattr(nightly, "KEEP_HOURS", 0)
    before = answers()
    night = run_nightly(force=True)
    assert night is not None
    assert night.deleted > 0
    for table in (VISITS, PORTRAITS):
        assert len(list((settings().lake / table.name).glob("**/*.parquet"))) == len(lake.files(table))
    assert answers() == before


def test_a_second_one_waits_and_finds_it_done(shop: FrozenClock) -> None:
    shop.move_to(ENDED + DAY)
    done: list[object] = []
    threads = [threading.Thread(target=lambda: done.append(run_nightly())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(night is None for night in done) == [False, True]


async def test_the_worker_makes_up_for_the_night(
    shop: FrozenClock, ledger: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOAD_EVERY", 0.2)  # it ends when it has listened out
    shop.move_to(ENDED + DAY)
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(stop))

    def kept() -> int:
        with ledger.transaction() as connection:
            row = connection.execute("SELECT at FROM refresh_mark WHERE name = 'nightly'").fetchone()
        return int(row[0])

    for _ in range(300):
        if await asyncio.to_thread(kept) == ENDED + DAY:
            break
        await asyncio.sleep(0.1)
    stop.set()
    await working
    assert kept() == ENDED + DAY
