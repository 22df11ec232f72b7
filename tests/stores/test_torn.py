"""What a power cut leaves of the newest commit, at any byte: readers pass over it, writers mend it, nothing else is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as thorough
from hypothesis import strategies as st

from huitou.kit.errors import HuitouError
from huitou.stores import lake as lake_module
from huitou.stores import torn
from huitou.stores.engine import Engine
from huitou.stores.lake import Lake, LakeTable, equals

TABLE = LakeTable("visits", pa.schema([("customer", pa.string()), ("amount", pa.int64())]), stats=("amount",))
WIDER = LakeTable("visits", TABLE.schema.append(pa.field("city", pa.string())), stats=("amount",))
OTHER_STATISTICS = LakeTable("visits", TABLE.schema)

Operation = Callable[[Lake], object]
OPERATIONS: dict[str, Operation] = {
    "append": lambda lake: lake.append(TABLE, rows("new")),
    "load": lambda lake: lake.append(TABLE, rows("new"), app="loader", version=9),
    "replace some": lambda lake: lake.replace(TABLE, rows("c1"), where=equals("customer", "c1")),
    "replace with nothing": lambda lake: lake.replace(TABLE, rows(), where=equals("customer", "c1")),
    "replace all": lambda lake: lake.replace(TABLE, rows("new")),
    "delete": lambda lake: lake.delete(TABLE, equals("customer", "c1")),
    "compact": lambda lake: lake.compact(TABLE, above=1),
    "vacuum": lambda lake: lake.replace(TABLE, rows("c1", "c2", "c3")) and lake.vacuum(TABLE, keep_hours=0),
    "a new column": lambda lake: lake.delete(WIDER, equals("customer", "nobody")),
    "other statistics": lambda lake: lake.delete(OTHER_STATISTICS, equals("customer", "nobody")),
}


def rows(*customers: str) -> pa.Table:
    return pa.table(
        {"customer": pa.array(customers, pa.string()), "amount": pa.array(range(len(customers)), pa.int64())}
    )


def seen(lake: Lake, table: LakeTable = TABLE) -> list[str]:
    return sorted(row for path in lake.files(table) for row in pq.ParquetFile(path).read()["customer"].to_pylist())


def log_of(lake: Lake) -> Path:
    return lake.root / "visits" / "_delta_log"


def newest(lake: Lake) -> Path:
    return max(log_of(lake).glob("*.json"))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of three loads."""
    lake = Lake(tmp_path_factory.mktemp("before") / "lake")
    for number in range(1, 4):
        lake.append(TABLE, rows(f"c{number}"), app="loader", version=number)
    return lake.root


@pytest.fixture(scope="module")
def after(before: Path) -> dict[str, Path]:
    """The same table after each of the operations."""
    made = {}
    for name, operation in OPERATIONS.items():
        made[name] = before.parent / name
        shutil.copytree(before, made[name])
        operation(Lake(made[name]))
    return made


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_was_written_whole_is_never_taken_for_torn(after: dict[str, Path], name: str) -> None:
    lake = Lake(after[name])
    assert newest(lake).name > f"{3:020}.json"
    for commit in log_of(lake).glob("*.json"):
        if name != "vacuum":  # which removed the files of the commits before
            assert torn._is_whole(lake.root / "visits", commit, thorough=True)
    assert torn.whole_version(lake.root / "visits") is None
    assert not lake.mend(TABLE)


@pytest.mark.parametrize("name", OPERATIONS)
@given(data=st.data())
@thorough(max_examples=12)
def test_a_commit_cut_anywhere_is_passed_over_by_readers_and_mended_by_writers(
    after: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    lake = copied(after[name], tmp_path_factory)
    last = newest(lake)
    bytes_of_it = last.read_bytes()
    ends_of_lines = [at for at, byte in enumerate(bytes_of_it) if byte == ord("\n")]
    at = data.draw(
        st.sampled_from([0, *ends_of_lines, *(end + 1 for end in ends_of_lines)]) | st.integers(0, len(bytes_of_it) - 1)
    )
    tail = data.draw(st.sampled_from([b"", b"\0" * (len(bytes_of_it) - at)]))
    last.write_bytes(bytes_of_it[:at] + tail)
    is_torn(lake, last)


def is_torn(lake: Lake, commit: Path) -> None:
    """Every reader sees the version before, and so does a writer, who then writes in its place."""
    version = int(commit.stem) - 1
    assert lake.version(TABLE) == version
    assert lake.loaded_version(TABLE, "loader") == 3
    with Engine(lake, threads=1, spill=lake.root / "spill") as engine:
        engine.attach(TABLE)
        assert sorted(engine.run_text("SELECT customer FROM visits")["customer"].to_pylist()) == seen(lake)
    known = seen(lake)
    assert lake.mend(TABLE)
    assert not commit.exists()
    assert seen(lake) == known
    assert lake.append(TABLE, rows("again"), app="loader", version=9) >= version + 1
    assert seen(lake) == sorted([*known, "again"])
    assert lake.loaded_version(TABLE, "loader") == 9


@pytest.mark.parametrize("tear", ["empty", "cut", "zeros", "zeros in the middle", "gone"])
def test_a_file_that_did_not_reach_the_disk_makes_its_commit_torn(
    after: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, tear: str
) -> None:
    lake = copied(after["load"], tmp_path_factory)
    adds = [json.loads(line) for line in newest(lake).read_text().splitlines()]
    file = lake.root / "visits" / next(action["add"]["path"] for action in adds if "add" in action)
    content = file.read_bytes()
    torn_content = {
        "empty": b"",
        "cut": content[:-20],
        "zeros": b"\0" * len(content),
        "zeros in the middle": content[:8] + b"\0" * 200 + content[208:],
    }
    file.unlink() if tear == "gone" else file.write_bytes(torn_content[tear])
    is_torn(lake, newest(lake))


def test_a_vacuum_torn_in_its_first_half_is_taken_away_whole(
    after: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lake = copied(after["vacuum"], tmp_path_factory)
    start, end = sorted(log_of(lake).glob("*.json"))[-2:]
    start.write_bytes(start.read_bytes()[:30])
    assert seen(lake) == ["c1", "c2", "c3"]
    assert lake.mend(TABLE)
    assert not start.exists()
    assert not end.exists()


def test_a_table_whose_making_was_torn_is_made_again(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.delete(TABLE, "1 = 0")
    lake.append(TABLE, rows())
    for commit in sorted(log_of(lake).glob("*.json"))[1:]:
        commit.unlink()
    newest(lake).write_bytes(newest(lake).read_bytes()[:-10])
    assert (lake.version(TABLE), seen(lake)) == (-1, [])
    lake.append(TABLE, rows("first"))
    assert seen(lake) == ["first"]


@pytest.mark.parametrize("tear", ["empty", "cut", "zeros", "hint", "hint gone"])
def test_a_torn_checkpoint_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tear: str) -> None:
    monkeypatch.setattr(lake_module, "CHECKPOINT_EVERY", 5)
    lake = Lake(tmp_path / "lake")
    for number in range(1, 8):
        lake.append(TABLE, rows(f"c{number}"), app="loader", version=number)
    (checkpoint,) = log_of(lake).glob("*.checkpoint.parquet")
    content = checkpoint.read_bytes()
    torn_content = {"empty": b"", "cut": content[:-9], "zeros": b"\0" * len(content)}
    if tear in torn_content:
        checkpoint.write_bytes(torn_content[tear])
    elif tear == "hint":
        (log_of(lake) / "_last_checkpoint").write_bytes(b"\0" * 30)
    else:
        (log_of(lake) / "_last_checkpoint").unlink()
    assert seen(lake) == [f"c{number}" for number in range(1, 8)]
    lake.append(TABLE, rows("c8"), app="loader", version=8)
    assert lake.loaded_version(TABLE, "loader") == 8


def test_commits_go_only_after_the_checkpoint_for_them_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_module, "CHECKPOINT_EVERY", 5)
    monkeypatch.setattr(lake_module, "LOG_KEPT", {"delta.logRetentionDuration": "interval 0 seconds"})
    lake, kept = Lake(tmp_path / "lake"), []
    settle = lake_module.settle_checkpoint

    def note(folder: Path, version: int) -> None:
        settle(folder, version)
        kept.append(len(list(log_of(lake).glob("*.json"))))

    monkeypatch.setattr(lake_module, "settle_checkpoint", note)
    for number in range(1, 10):
        lake.append(TABLE, rows(f"c{number}"))
    assert kept == [5, 6]
    assert len(list(log_of(lake).glob("*.json"))) < 5
    assert seen(lake) == [f"c{number}" for number in range(1, 10)]


def test_damage_that_is_no_torn_commit_is_said_in_one_line(
    after: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lake = copied(after["append"], tmp_path_factory)
    (log_of(lake) / f"{1:020}.json").write_bytes(b"{nonsense")
    for use in (lake.version, lake.files, lambda table: lake.append(table, rows("x"))):
        with pytest.raises(HuitouError, match="the table visits of the lake is damaged and cannot be read") as caught:
            use(TABLE)
        assert caught.value.code == "damaged_lake"
        assert "\n" not in str(caught.value)


def copied(origin: Path, folders: pytest.TempPathFactory) -> Lake:
    root = folders.mktemp("lake") / "lake"
    shutil.copytree(origin, root)
    return Lake(root)
