"""`huitou broadcasts`: which broadcasts there are. `huitou broadcast …`: put one right, and take that back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from huitou.cli.common import AsJson, Data, Now, house, out, print_json, print_rows, say_text, stages
from huitou.cli.language import tell
from huitou.kit import clock

if TYPE_CHECKING:
    from huitou.events.broadcast_acts import Act
    from huitou.flows.shows import HistoryLine

ZONE = "Asia/Shanghai"
AS_TOLD = "data"

editing = typer.Typer(
    help=tell(
        "更正一个场次：改名、改时间、合并、删除、恢复，以及查看操作记录。",
        "Put one broadcast right: its name, its times, two that were one show, one that should not count; and take it back.",
    ),
    no_args_is_help=True,
)
Id = Annotated[str, typer.Argument(metavar="BROADCAST", help=tell("场次编号。", "The broadcast's id."))]
Yes = Annotated[bool, typer.Option("--yes", help=tell("有疑问时也执行。", "Do it although there are doubts."))]
Cancel = Annotated[
    bool | None,
    typer.Option(
        "--cancel-queued/--keep-queued",
        help=tell("取消还是保留按更正前信息决定的待发消息。", "Cancel, or keep, queued messages that were decided with what was known before."),
    ),
]  # fmt: skip
TIME = tell("店铺时区的时间；data 表示以数据为准。", "In the shop's time zone; 'data' for as the data say.")


def list_all(
    search: Annotated[
        str,
        typer.Option("--search", help=tell("名称或编号包含的文字。", "Only those whose title or id holds this text.")),
    ] = "",
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """List the broadcasts, the latest first, with start, end, viewers and buyers; ~ marks a time that is only inferred."""
    with house(data, now):
        from huitou.flows.refresh import catch_up
        from huitou.flows.tables import open_tables

        with stages() as say:
            catch_up(say)
        with open_tables() as engine:
            from huitou.catalog.broadcasts import list_broadcasts

            seen = {row["broadcast"]: row for row in engine.run("measurement", "conversions").to_pylist()}
            rows = [
                {**asdict(one), "time_inferred": one.is_time_inferred, **_people(seen.get(one.broadcast, {}))}
                for one in list_broadcasts(engine)
                if one.matches(search)
            ]
    if as_json:
        print_json([{**row, **_times(row)} for row in rows])
    elif not rows and search:
        out.print(
            tell(f"没有名称或编号包含“{search}”的场次。", f"No broadcast's title or id holds “{search}”."), markup=False
        )
    elif not rows:
        out.print(
            tell("还没有场次。先导入：huitou import 文件…", "No broadcast yet. Bring files in: huitou import FILE…")
        )
    else:
        columns = ["broadcast", "title", "start", "end", "minutes", "viewers", "buyers"]
        print_rows("", columns, [_line(row) for row in rows])
        if any(row["time_inferred"] for row in rows):
            out.print(
                tell(
                    "~ 没有数据写明这个时间，由首末互动推断。更正：huitou broadcast time 编号 --start … --end …",
                    "~ nobody told this time: it is that of the first or last sign. "
                    "Put it right: huitou broadcast time ID --start … --end …",
                )
            )


def _people(row: dict[str, object]) -> dict[str, object]:
    return {"viewers": row.get("viewers", 0), "buyers": row.get("buyers", 0)}


def _times(row: dict[str, object]) -> dict[str, object]:
    return {name: clock.to_iso(at) for name, at in row.items() if name.endswith("_at") and isinstance(at, int)}


def _line(row: dict[str, object]) -> list[object]:
    started, ended = row["started_at"], row["ended_at"]
    assert isinstance(started, int)
    start = _mark(row["started_by"]) + _moment(started)
    if not isinstance(ended, int):
        return [row["broadcast"], row["title"], start, tell("未结束", "not over"), None, row["viewers"], row["buyers"]]
    end, minutes = _mark(row["ended_by"]) + _moment(ended), round((ended - started) / clock.MINUTE)
    return [row["broadcast"], row["title"], start, end, minutes, row["viewers"], row["buyers"]]


def _mark(told_by: object) -> str:
    return "" if told_by else "~"


def _moment(at: int) -> str:
    return clock.to_datetime(at, ZONE).strftime("%Y-%m-%d %H:%M")


@editing.command("rename")
def rename(
    broadcast: Id,
    title: Annotated[
        str, typer.Argument(help=tell("新名称；留空表示以数据为准。", "The new title; '' for as the data say."))
    ],
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Give the broadcast another title."""
    from huitou.events.broadcast_acts import Act
    from huitou.events.names import CORRECTED

    with house(data, now):
        _do(Act(CORRECTED, broadcast, title=title.strip()), as_json)


@editing.command("time")
def set_time(
    broadcast: Id,
    start: Annotated[str | None, typer.Option("--start", metavar="TIME", help=TIME)] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="TIME", help=TIME)] = None,
    yes: Yes = False,
    cancel_queued: Cancel = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Say when the broadcast began and ended: who ordered in it, the funnel and the follow-up go by that."""
    from huitou.events.broadcast_acts import Act
    from huitou.events.names import CORRECTED

    if start is None and end is None:
        raise typer.BadParameter(tell("请写明 --start 或 --end。", "give --start or --end"))
    act = Act(CORRECTED, broadcast, started_at=_read("--start", start), ended_at=_read("--end", end))
    with house(data, now):
        _do(act, as_json, yes, cancel_queued)


@editing.command("merge")
def merge(
    broadcast: Id,
    into: Annotated[
        str, typer.Argument(metavar="INTO", help=tell("并入的场次编号。", "The id of the one that stays."))
    ],
    yes: Yes = False,
    cancel_queued: Cancel = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Count the first broadcast as the second: they were one show. What is queued for the first is cancelled."""
    from huitou.events.broadcast_acts import Act
    from huitou.events.names import MERGED

    with house(data, now):
        _do(Act(MERGED, broadcast, into), as_json, yes, cancel_queued)


@editing.command("delete")
def delete(broadcast: Id, yes: Yes = False, as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """Let the broadcast count no more; `restore` brings it back. What is queued for it is cancelled."""
    from huitou.events.broadcast_acts import Act
    from huitou.events.names import DELETED

    with house(data, now):
        _do(Act(DELETED, broadcast), as_json, yes)


@editing.command("restore")
def restore(
    broadcast: Id,
    yes: Yes = False,
    cancel_queued: Cancel = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Bring a deleted broadcast back, or take a merged one out again."""
    with house(data, now):
        from huitou.flows.shows import way_back

        _do(way_back(broadcast), as_json, yes, cancel_queued)


@editing.command("undo")
def undo(
    change: Annotated[int, typer.Argument(help=tell("操作记录的编号。", "The change's number in the history."))],
    yes: Yes = False,
    cancel_queued: Cancel = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Take one change of the history back."""
    with house(data, now):
        from huitou.flows.shows import find_undo

        _do(find_undo(change, ""), as_json, yes, cancel_queued)


@editing.command("history")
def history(broadcast: Id, as_json: AsJson = False, now: Now = None, data: Data = None) -> None:
    """Who changed what about the broadcast, and when."""
    with house(data, now):
        from huitou.flows.shows import history_of

        told = history_of(broadcast)
    if as_json:
        print_json([_row(one) for one in told])
    elif not told:
        out.print(tell("没有操作记录。", "Nothing was changed."))
    else:
        print_rows("", ["change", "when", "who", "what"], [_told(one) for one in told])


def _do(act: Act, as_json: bool, yes: bool = False, cancel: bool | None = None) -> None:
    from huitou.flows.shows import carry_out

    queued = "ask" if cancel is None else "cancel" if cancel else "keep"
    kept = carry_out(act, confirmed=yes, queued=queued)  # type: ignore[arg-type]
    if as_json:
        print_json(_plain(kept))
    else:
        cancelled = tell(f"；取消了 {kept.cancelled} 条待发消息", f"; cancelled {kept.cancelled} queued messages")
        out.print(f"✓ {_say(kept)}{cancelled if kept.cancelled else ''}", markup=False)


def _say(act: Act) -> str:
    from huitou.flows.shows import say_act

    return say_text(say_act(act))


def _plain(act: Act) -> dict[str, object]:
    """The act for programs: what was not said is left out, times are ISO 8601 or 'data'."""
    times = {"started_at": act.started_at, "ended_at": act.ended_at}
    return {
        "act": act.name.removeprefix("live_"),
        "broadcast": act.broadcast,
        **({"other": act.other} if act.other else {}),
        **({} if act.title is None else {"title": act.title}),
        **{name: clock.to_iso(at) if at else AS_TOLD for name, at in times.items() if at is not None},
        "cancelled": act.cancelled,
    }


def _row(one: HistoryLine) -> dict[str, object]:
    who = {"change": one.act.id, "at": clock.to_iso(one.act.occurred_at), "by": one.act.by}
    return {**who, **_plain(one.act), "can_be_undone": one.undo is not None}


def _told(one: HistoryLine) -> list[object]:
    act = one.act
    return [act.id, _moment(act.occurred_at), act.by or tell("命令行", "command line"), _say(act)]


def _read(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    if text == AS_TOLD:
        return 0
    try:
        return clock.parse_time(text, ZONE)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from error
