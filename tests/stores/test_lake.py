"""The lake keeps what it was given: whole commits, exact types, nothing identifying in its log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from huitou.kit.errors import Refused
from huitou.stores import lake as lake_module
from huitou.stores.lake import Lake, LakeTable, any_of, equals, fit

VISITS = LakeTable(
    "visits",
    pa.schema(
        [
            ("customer", pa.string()),
            ("broadcast", pa.string()),
            ("entered_at", pa.int64()),
            ("tags", pa.list_(pa.string())),
            ("device", pa.struct([("os", pa.string()), ("age", pa.int32())])),
        ]
    ),
    stats=("entered_at",),
)
WITH_AMOUNT = LakeTable("visits", VISITS.schema.append(pa.field("amount", pa.int64())), stats=("entered_at", "amount"))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "老王 的茶铺's lake 100%")


def visits(*rows: tuple[str, str]) -> pa.Table:
    return pa.table({"customer": [row[0] for row in rows], "broadcast": [row[1] for row in rows]})


def read(lake: Lake, table: LakeTable = VISITS) -> list[dict]:
    """The rows by pyarrow, that is by neither of the engines; delta-rs writes texts of two Arrow types."""
    return [row for path in lake.files(table) for row in fit(table, pq.ParquetFile(path).read()).to_pylist()]


def seen(lake: Lake) -> list[tuple[str, str]]:
    return sorted((row["customer"], row["broadcast"]) for row in read(lake))


def test_a_missing_table_is_empty(lake):
    assert (lake.version(VISITS), lake.files(VISITS), lake.loaded_version(VISITS, "loader")) == (-1, [], -1)
    assert lake.delete(VISITS, equals("customer", "c1")) == 0
    assert lake.vacuum(VISITS) == 0
    assert not lake.compact(VISITS)
    assert not lake.root.exists()


def test_what_was_appended_is_read_back_as_it_was(lake):
    rows = [
        {
            "customer": "7",
            "broadcast": "B20",
            "entered_at": -1,
            "tags": ["新客", ""],
            "device": {"os": "ios", "age": 3},
        },
        {"customer": None, "broadcast": "", "entered_at": 2**63 - 1, "tags": None, "device": None},
        {"customer": "it's 🍵", "broadcast": "\n", "entered_at": None, "tags": [], "device": {"os": None, "age": None}},
    ]
    lake.append(VISITS, pa.Table.from_pylist(rows, schema=VISITS.schema))
    assert read(lake) == rows


def test_an_append_says_what_it_does_not_understand(lake):
    with pytest.raises(ValueError, match="visits has no column price"):
        lake.append(VISITS, pa.table({"price": [1]}))
    with pytest.raises(ValueError, match=r"visits\.entered_at: .*'noon'"):
        lake.append(VISITS, pa.table({"entered_at": ["noon"]}))
    assert lake.version(VISITS) <= 0


def test_a_load_is_recorded_with_its_rows_and_does_not_come_twice(lake):
    lake.append(VISITS, visits(("c1", "B20")), app="loader", version=41)
    with pytest.raises(ValueError, match="loaded up to 41, 41 would come twice"):
        lake.append(VISITS, visits(("c1", "B20")), app="loader", version=41)
    with pytest.raises(ValueError, match="go together"):
        lake.append(VISITS, visits(("c1", "B20")), app="loader")
    lake.append(VISITS, visits(("c2", "B20")), app="import", version=0)
    lake.append(VISITS, visits(("c3", "B20")))
    assert lake.loaded_version(VISITS, "loader") == 41
    assert lake.loaded_version(VISITS, "import") == 0
    assert lake.loaded_version(VISITS, "other") == -1
    assert seen(lake) == [("c1", "B20"), ("c2", "B20"), ("c3", "B20")]


def test_replace_puts_new_rows_for_one_broadcast_only(lake):
    lake.append(VISITS, visits(("c1", "B'20"), ("c2", "B'20"), ("c1", "B21")))
    before = lake.snapshot(VISITS)
    version = lake.replace(VISITS, visits(("c3", "B'20")), where=equals("broadcast", "B'20"))
    assert seen(lake) == [("c1", "B21"), ("c3", "B'20")]
    assert version == before[0] + 1 == lake.version(VISITS)
    assert sum(pq.ParquetFile(path).metadata.num_rows for path in before[1]) == 3  # the old version still reads


def test_replace_with_nothing_empties_the_broadcast_or_the_table(lake):
    lake.append(VISITS, visits(("c1", "B20"), ("c1", "B21")))
    lake.replace(VISITS, visits(), where=equals("broadcast", "B20"))
    assert seen(lake) == [("c1", "B21")]
    lake.replace(VISITS, visits())
    assert seen(lake) == []
    lake.replace(VISITS, visits(("c9", "B22")))
    assert seen(lake) == [("c9", "B22")]


def test_replace_refuses_rows_outside_its_predicate_and_does_not_show_them(lake):
    lake.append(VISITS, visits(("c1", "B20")))
    with pytest.raises(ValueError, match="does not match broadcast = 'B20'") as caught:
        lake.replace(VISITS, visits(("13800000000", "B21")), where=equals("broadcast", "B20"))
    assert "13800000000" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert seen(lake) == [("c1", "B20")]


def test_a_later_column_is_null_in_earlier_rows_and_an_older_program_still_writes(lake):
    lake.append(VISITS, visits(("c1", "B20")))
    lake.append(WITH_AMOUNT, pa.table({"customer": ["c2"], "amount": [5]}))
    lake.append(VISITS, visits(("c3", "B20")))
    assert sorted((row["customer"], row["amount"]) for row in read(lake, WITH_AMOUNT)) == [
        ("c1", None),
        ("c2", 5),
        ("c3", None),
    ]
    assert lake.delete(WITH_AMOUNT, equals("amount", 5)) == 1


def test_a_column_can_be_asked_for_before_anything_has_it(lake):
    lake.append(VISITS, visits(("c1", "B20")))
    assert lake.delete(WITH_AMOUNT, equals("amount", 5)) == 0
    lake.replace(WITH_AMOUNT, pa.table({"customer": ["c2"], "amount": [5]}), where=equals("amount", 5))
    assert sorted(row["customer"] for row in read(lake, WITH_AMOUNT)) == ["c1", "c2"]


def test_a_column_does_not_change_its_type(lake):
    lake.append(VISITS, visits(("c1", "B20")))
    other = LakeTable("visits", pa.schema([("customer", pa.int64())]))
    with pytest.raises(ValueError, match=r"visits\.customer: stored as .*string.*long"):
        lake.append(other, pa.table({"customer": [1]}))


def test_delete_and_vacuum_leave_no_trace_of_a_person(lake):
    phone = "13800138000"
    lake.append(VISITS, pa.table({"customer": ["k1", "k2"], "tags": [[phone], ["新客"]], "entered_at": [1, 2]}))
    lake.append(VISITS, pa.table({"customer": ["k1"], "broadcast": [phone], "entered_at": [3]}))
    assert lake.delete(VISITS, any_of("customer", ["k1", "k7"])) == 2
    assert lake.vacuum(VISITS, keep_hours=0) == 2
    assert [row["customer"] for row in read(lake)] == ["k2"]
    kept = [path for path in lake.root.rglob("*") if path.is_file()]
    assert [path for path in kept if phone.encode() in path.read_bytes()] == []


def test_only_declared_columns_have_statistics_in_the_log(lake):
    lake.append(VISITS, pa.table({"customer": ["13800138000"], "entered_at": [7]}))
    lake.append(LakeTable("plain", VISITS.schema), pa.table({"customer": ["13800138000"], "entered_at": [7]}))
    adds = [
        json.loads(action["add"]["stats"])
        for name in ("visits", "plain")
        for line in (lake.root / name / "_delta_log" / f"{1:020}.json").read_text().splitlines()
        if "add" in (action := json.loads(line))
    ]
    assert adds == [
        {
            "numRecords": 1,
            "minValues": {"entered_at": 7},
            "maxValues": {"entered_at": 7},
            "nullCount": {"entered_at": 0},
        },
        {"numRecords": 1, "minValues": {}, "maxValues": {}, "nullCount": {}},
    ]


def test_compaction_keeps_every_row_and_the_loaded_version(lake):
    for number in range(5):
        lake.append(VISITS, visits((f"c{number}", "B20")), app="loader", version=number)
    assert not lake.compact(VISITS, above=5)
    assert lake.compact(VISITS, above=4)
    assert len(lake.files(VISITS)) == 1
    assert seen(lake) == [(f"c{number}", "B20") for number in range(5)]
    assert lake.loaded_version(VISITS, "loader") == 4


def test_the_log_does_not_grow_with_every_load(lake, monkeypatch):
    """Entries are dropped at every hundredth commit, once they are old; here they are old at once."""
    monkeypatch.setattr(lake_module, "LOG_KEPT", {"delta.logRetentionDuration": "interval 0 seconds"})
    for number in range(105):
        lake.append(VISITS, visits((f"c{number}", "B20")), app="loader", version=number)
    assert len(list((lake.root / "visits" / "_delta_log").glob("*.json"))) < 100
    assert (lake.loaded_version(VISITS, "loader"), len(seen(lake))) == (104, 105)


@pytest.mark.parametrize("tear", ["tear_commit", "empty_commit", "tear_file", "lose_file"])
def test_a_torn_newest_commit_is_taken_away_by_the_next_writer(lake, tear):
    """What a power cut leaves when it comes before `append` has returned."""
    lake.append(VISITS, visits(("c1", "B20")), app="loader", version=1)
    lake.append(VISITS, visits(("lost", "B20")), app="loader", version=2)
    globals()[tear](lake)
    lake.append(VISITS, visits(("again", "B20")), app="loader", version=2)
    assert seen(lake) == [("again", "B20"), ("c1", "B20")]
    assert lake.loaded_version(VISITS, "loader") == 2


def newest(lake: Lake) -> Path:
    return max((lake.root / "visits" / "_delta_log").glob("*.json"))


def newest_file(lake: Lake) -> Path:
    adds = [json.loads(line) for line in newest(lake).read_text().splitlines()]
    return lake.root / "visits" / next(action["add"]["path"] for action in adds if "add" in action)


def tear_commit(lake: Lake) -> None:
    newest(lake).write_bytes(newest(lake).read_bytes()[:100])


def empty_commit(lake: Lake) -> None:
    newest(lake).write_bytes(b"")


def tear_file(lake: Lake) -> None:
    size = newest_file(lake).stat().st_size
    newest_file(lake).write_bytes(b"\0" * size)


def lose_file(lake: Lake) -> None:
    newest_file(lake).unlink()


@given(st.lists(st.text(max_size=8), min_size=1, max_size=6, unique=True))
@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_string_is_matched_exactly(tmp_path_factory, keys):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.append(VISITS, visits(*((key, key) for key in keys)))
    lake.replace(VISITS, visits(("new", keys[0])), where=equals("broadcast", keys[0]))
    assert seen(lake) == sorted([("new", keys[0]), *((key, key) for key in keys[1:])])
    assert lake.delete(VISITS, any_of("broadcast", keys)) == len(keys)


broadcasts = st.sampled_from(["B20", "B'21", "场次 22"])
keys = st.lists(st.text(max_size=3), max_size=4)
steps = st.one_of(
    st.tuples(st.just("append"), broadcasts, keys),
    st.tuples(st.just("replace"), broadcasts, keys),
    st.tuples(st.just("replace all"), broadcasts, keys),
    st.tuples(st.just("delete"), broadcasts, keys),
    st.tuples(st.just("compact"), st.none(), st.none()),
    st.tuples(st.just("vacuum"), st.none(), st.none()),
)


@given(st.lists(steps, max_size=8))
@hypothesis_settings(max_examples=25, deadline=None)
def test_any_history_leaves_the_rows_a_list_would_hold(tmp_path_factory, history):
    lake, rows = Lake(tmp_path_factory.mktemp("lake")), []
    for action, broadcast, customers in history:
        if action == "compact":
            lake.compact(VISITS, above=0)
            continue
        if action == "vacuum":
            lake.vacuum(VISITS, keep_hours=0)
            continue
        new = [(customer, broadcast) for customer in customers]
        if action == "append":
            lake.append(VISITS, visits(*new))
            rows = rows + new
        elif action == "replace":
            lake.replace(VISITS, visits(*new), where=equals("broadcast", broadcast))
            rows = [row for row in rows if row[1] != broadcast] + new
        elif action == "replace all":
            lake.replace(VISITS, visits(*new))
            rows = new
        else:
            deleted = lake.delete(VISITS, any_of("customer", customers))
            kept = [row for row in rows if row[0] not in customers]
            assert deleted == len(rows) - len(kept)
            rows = kept
        assert seen(lake) == sorted(rows)


@pytest.mark.parametrize("name", ["at", "Visits", "a-b", "", "a b", "1a", 'a"b'])
def test_names_need_no_quotes_anywhere(name):
    with pytest.raises(ValueError, match="no name"):
        LakeTable(name, VISITS.schema)
    with pytest.raises(ValueError, match="no name"):
        LakeTable("visits", pa.schema([(name, pa.string())]))
    with pytest.raises(ValueError, match="no name"):
        equals(name, "x")


@pytest.mark.parametrize("kind", [pa.timestamp("us", "UTC"), pa.uint64(), pa.list_(pa.timestamp("us")), pa.float32()])
def test_types_that_engines_read_differently_are_refused(kind):
    with pytest.raises(ValueError, match="does not read the same"):
        LakeTable("visits", pa.schema([("entered_at", kind)]))


def test_statistics_are_of_declared_columns():
    with pytest.raises(ValueError, match="unknown columns"):
        LakeTable("visits", VISITS.schema, stats=("phone",))


@pytest.mark.parametrize("folder", ["a[1]", "100%20", "a|b", "a\\b", "a^b"])
def test_a_folder_that_delta_cannot_have_is_refused_at_once(tmp_path, folder):
    with pytest.raises(Refused, match="cannot be used"):
        Lake(tmp_path / folder)


APPENDER = """
import sys
from pathlib import Path
import pyarrow as pa
from tests.stores.test_lake import VISITS
from huitou.stores.lake import Lake
lake = Lake(Path(sys.argv[1]))
number = lake.loaded_version(VISITS, "loader")
while True:
    number += 1
    rows = {"customer": [f"c{i}" for i in range(2000)], "broadcast": [str(number)] * 2000}
    lake.append(VISITS, pa.table(rows), app="loader", version=number)
    print(number, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_whole_loads(lake):
    """kill -9 after 1, 8, 15… ms of writing: what was acknowledged is there, and every load is there whole."""
    acknowledged = -1
    for round_number in range(8):
        acknowledged = max(acknowledged, append_until_killed(lake, seconds=0.001 + 0.007 * round_number))
        loads: dict[str, int] = {}
        for row in read(lake):
            loads[row["broadcast"]] = loads.get(row["broadcast"], 0) + 1
        loaded = lake.loaded_version(VISITS, "loader")
        assert loads == {str(number): 2000 for number in range(loaded + 1)}
        assert loaded >= acknowledged
    assert acknowledged >= 7
    lake.append(VISITS, visits(("c1", "after")))
    assert lake.vacuum(VISITS, keep_hours=0) >= 0


def append_until_killed(lake: Lake, seconds: float) -> int:
    """The last load that the writer acknowledged before it was killed."""
    root = Path(__file__).parents[2]
    writer = subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(lake.root)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'src'}"},
    )
    assert writer.stdout is not None
    said = [int(writer.stdout.readline())]  # it is warm now
    time.sleep(seconds)
    writer.send_signal(signal.SIGKILL)
    said += [int(line) for line in writer.stdout.read().split()]
    writer.stdout.close()
    writer.wait()
    return said[-1]
