"""`huitou import` as people and scripts run it: what it prints, where it leaves what, how it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huitou.kit.settings import settings

GOOD = "手机号,姓名,邮件授权\n19900000001,林晓,是\n19900000002,周周,也许\n"


@pytest.fixture
def run(ledger: ModuleType, data: Path, tmp_path: Path):  # type: ignore[no-untyped-def]
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "DATABASE_URL": settings().database_url or "", "HUITOU_LANG": "en", "COLUMNS": "200"}
        program = [str(Path(sys.executable).with_name("huitou")), "import", *arguments, "--data", str(data)]
        return subprocess.run(program, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False)

    return command


def test_json_tells_what_became_of_each_file(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "people.csv").write_text(GOOD)
    done = run("people.csv", "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert {name: told[name] for name in ("file", "format", "accepted", "duplicate", "rejected", "rejected_file")} == {
        "file": "people.csv",
        "format": "customers",
        "accepted": 1,
        "duplicate": 0,
        "rejected": 1,
        "rejected_file": str(tmp_path / "people.csv.rejected.csv"),
    }
    again = run("people.csv")
    assert again.returncode == 0
    assert "0 rows accepted, 1 duplicate, 1 rejected" in again.stdout
    assert "email_consent: '也许' is neither yes nor no" in again.stdout


def test_a_hopeless_file_is_one_line_and_its_neighbours_go_in(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "people.csv").write_text(GOOD)
    (tmp_path / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    done = run("photo.csv", "people.csv", "missing.csv", "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [(one["file"], one["format"], one["accepted"]) for one in told] == [
        ("photo.csv", None, 0),
        ("people.csv", "customers", 1),
        ("missing.csv", None, 0),
    ]
    assert done.stderr.splitlines() == ["✗ photo.csv: neither text, a table nor JSON", "✗ missing.csv: no such file"]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--as", "nothing"],
        ["--map", "user_id"],
        ["--time-default", "yesterday"],
        ["--timezone", "Mars/Olympus"],
        ["--currency", "金币"],
    ],
)
def test_wrong_use_is_refused_before_anything_is_read(run, tmp_path: Path, wrong: list[str]) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "people.csv").write_text(GOOD)
    done = run("people.csv", *wrong)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.glob("*rejected*")) == []


def test_what_concerns_the_whole_file_is_told(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    body = [{"msg_id": "71888888888", "sec_openid": "_0", "user_follow_action": 1, "timestamp": 1795295510660}]
    (tmp_path / "push.json").write_text(json.dumps(body))
    told = run("push.json")
    assert "name it by --broadcast ID" in told.stdout
    [note] = json.loads(run("push.json", "--json").stdout)["notes"]
    assert note.keys() == {"zh", "en"}


def test_a_file_that_breaks_the_reader_is_told_and_the_next_goes_in(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = io.BytesIO()
    pq.write_table(pa.table({"user_id": [f"u{n}" for n in range(5000)], "time": ["2026-11-20"] * 5000}), file)
    whole = file.getvalue()
    (tmp_path / "torn.parquet").write_bytes(whole[:4] + b"x" * 2000 + whole[2004:])
    (tmp_path / "people.csv").write_text(GOOD)
    done = run("torn.parquet", "people.csv", "--event", "live_entered", "--json")
    assert done.returncode == 1
    assert [one["accepted"] for one in json.loads(done.stdout)] == [0, 1]
    assert "torn.parquet: " in done.stderr
    assert "Traceback" not in done.stderr
