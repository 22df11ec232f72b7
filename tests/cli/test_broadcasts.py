"""`huitou broadcasts` says which time is which; `huitou broadcast …` puts one right and takes it back."""

from __future__ import annotations

from pathlib import Path

from tests.flows.evening import write_evening

from .test_commands import NOW, Terminal, terminal

__all__ = ["terminal"]
LATER = "2026-11-20T16:00:00Z"


def test_a_broadcast_is_put_right_and_the_change_taken_back(terminal: Terminal, tmp_path: Path) -> None:
    terminal.here("import", str(write_evening(tmp_path / "evening.ndjson")), "--now", NOW)
    listed = terminal.run("broadcasts", "--now", NOW)
    assert listed.split()[:4] == ["broadcast", "title", "start", "end"]
    assert "2026-11-20 19:00  2026-11-20 22:00" in listed
    assert "~" not in listed

    told = terminal.json_here("broadcast", "time", "B1", "--start", "2026-11-20 18:30", "--now", LATER)
    assert told == {"act": "corrected", "broadcast": "B1", "started_at": "2026-11-20T10:30:00.000000Z", "cancelled": 0}
    (show,) = terminal.json_here("broadcasts", "--search", "冬茶", "--now", LATER)
    assert (show["started_at"], show["started_by"], show["ended_by"], show["time_inferred"]) == (
        "2026-11-20T10:30:00.000000Z", "operator", "segment", False,
    )  # fmt: skip
    refused = terminal.here("broadcast", "time", "B1", "--end", "2026-11-20 18:00", "--now", LATER, status=1)
    assert "must come after the start (2026-11-20 18:30)" in refused

    assert "B1 deleted" in terminal.run("broadcast", "delete", "B1", "--now", LATER)
    assert "was deleted" in terminal.here("report", "B1", "--now", LATER, status=1)
    terminal.here("broadcast", "restore", "B1", "--now", LATER)
    rows = terminal.json_here("broadcast", "history", "B1", "--now", LATER)
    assert [(row["act"], row["can_be_undone"]) for row in rows] == [
        ("restored", False), ("deleted", False), ("corrected", True),
    ]  # fmt: skip
    terminal.here("broadcast", "undo", str(rows[-1]["change"]), "--now", LATER)
    (show,) = terminal.json_here("broadcasts", "--now", LATER)
    assert show["started_at"] == "2026-11-20T11:00:00.000000Z"
