"""`huitou broadcasts`: which broadcasts there are."""

from __future__ import annotations

from dataclasses import asdict

from huitou.cli.common import AsJson, Data, Now, house, out, print_json, print_rows, stages, tell
from huitou.kit import clock

ZONE = "Asia/Shanghai"


def list_all(as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """List the broadcasts, the latest first, with viewers and buyers."""
    with house(data, now):
        from huitou.flows.refresh import catch_up
        from huitou.flows.tables import open_tables

        with stages() as say:
            catch_up(say)
        with open_tables() as engine:
            from huitou.catalog.broadcasts import list_broadcasts

            seen = {row["broadcast"]: row for row in engine.run("measurement", "conversions").to_pylist()}
            rows = [{**asdict(one), **_people(seen.get(one.broadcast, {}))} for one in list_broadcasts(engine)]
    if as_json:
        print_json([{**row, **_times(row)} for row in rows])
    elif not rows:
        out.print(
            tell("还没有场次。先导入：huitou import 文件…", "No broadcast yet. Bring files in: huitou import FILE…")
        )
    else:
        columns = ["broadcast", "title", "started", "minutes", "viewers", "buyers"]
        print_rows("", columns, [_line(row) for row in rows])


def _people(row: dict[str, object]) -> dict[str, object]:
    return {"viewers": row.get("viewers", 0), "buyers": row.get("buyers", 0)}


def _times(row: dict[str, object]) -> dict[str, object]:
    return {name: clock.to_iso(at) for name, at in row.items() if name.endswith("_at") and isinstance(at, int)}


def _line(row: dict[str, object]) -> list[object]:
    started, ended = row["started_at"], row["ended_at"]
    assert isinstance(started, int)
    length = round((ended - started) / clock.MINUTE) if isinstance(ended, int) else tell("直播中", "live")
    when = clock.to_datetime(started, ZONE).strftime("%Y-%m-%d %H:%M")
    return [row["broadcast"], row["title"], when, length, row["viewers"], row["buyers"]]
