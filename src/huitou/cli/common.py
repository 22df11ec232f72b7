"""What every command shares: where the data is, what time it is, how results and refusals are printed.

Exit status: 0 done, 1 refused with a reason, 2 wrong use.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from huitou.cli.language import language
from huitou.kit import clock
from huitou.kit.errors import HuitouError
from huitou.kit.settings import read_settings, settings, use_settings
from huitou.kit.text import Text, say

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Now = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Act as if it were this moment (ISO 8601), e.g. 2026-11-20T14:30Z."),
]
Data = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of everything Huitou keeps. (default: ./huitou-data)"),
]

Port = Annotated[str, typer.Option(metavar="PORT", help="0 picks a free one.")]
MOST_PORT = 65_535
LOG_LIMIT = 1024 * 1024  # bytes of errors.log, which begins anew then

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False)


def refuse(error: HuitouError) -> typer.Exit:
    err.print("[red]✗[/red] ", end="")
    err.print(say(error.message, language()), markup=False, soft_wrap=True)
    return typer.Exit(1)


def explained(error: Exception) -> HuitouError:
    """The error as a person can act on it; where it is a mistake of ours, with the file that tells the rest."""
    from huitou.stores.trouble import explain

    if told := explain(error):
        return told
    what = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
    place = _keep_traceback(error)
    return HuitouError(
        {
            "zh": f"程序出错：{what}。" + (f"详情记在 {place}，报告问题时请附上。" if place else ""),
            "en": f"something went wrong: {what}" + (f" (the whole in {place}: please send it along)" if place else ""),
        },
        code="unexpected",
    )


def _keep_traceback(error: Exception) -> Path | None:
    """In errors.log of the data folder, else of the temporary folder; None where nothing can be written at all."""
    text = f"{clock.to_iso(clock.now_us())} huitou {sys.argv[1:2]}\n{''.join(traceback.format_exception(error))}\n"
    for folder in (settings().data, Path(tempfile.gettempdir())):
        place = folder / "errors.log"
        with suppress(OSError):
            is_long = place.exists() and place.stat().st_size > LOG_LIMIT
            with place.open("w" if is_long else "a", encoding="utf-8", errors="backslashreplace") as log:
                log.write(text)
            return place
    return None


def read_port(text: str) -> int:
    """A port of this machine; one clear line and exit status 2 where the text names none."""
    if text.isascii() and text.isdigit() and int(text) <= MOST_PORT:
        return int(text)
    zh = f"--port {text} 不是端口：请写 0 到 {MOST_PORT} 的整数，0 为自动选择。"
    refuse(HuitouError({"zh": zh, "en": f"--port {text}: write a number from 0 to {MOST_PORT}; 0 picks a free one"}))
    raise typer.Exit(2)


def put_in_force(data: Path | None, now: str | None) -> None:
    """Settings and clock for this process."""
    use_settings(read_settings(data))
    if now is not None:
        try:
            clock.set_clock(clock.FrozenClock(clock.parse_time(now)))
        except ValueError as error:
            raise typer.BadParameter(f"--now: {error}") from error


@contextmanager
def refusals() -> Iterator[None]:
    """Whatever goes wrong inside the block becomes one clear line and exit status 1."""
    try:
        yield
    except (typer.BadParameter, typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        # The reader of our output has left (`| head`); nothing is wrong with the work.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except Exception as error:
        raise refuse(explained(error)) from error


@contextmanager
def house(data: Path | None = None, now: str | None = None) -> Iterator[None]:
    """The house opened for one command: settings, clock, a ledger that is up to date."""
    with refusals():
        put_in_force(data, now)
        from huitou.admin.settings import refresh
        from huitou.stores.django import migrate
        from huitou.stores.private import close_to_others

        close_to_others(settings().data)
        migrate()
        refresh()
        yield


def print_json(value: Any) -> None:
    """One JSON document on standard output; structs, dates and bytes as msgspec writes them."""
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(value, order=None), indent=2).decode()
    sys.stdout.write(text + "\n")


def print_rows(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    out.print(table)


@contextmanager
def progress(text: str, total: float | None = None) -> Iterator[Any]:
    """A progress bar on standard error; yields update(done). Silent where nobody watches."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(text, total=total)

        def update(done: float, total: float | None = None) -> None:
            if total is not None:
                bar.update(task, total=total)
            bar.update(task, completed=done)

        yield update


def say_text(text: Text | str) -> str:
    return say(text, language())


STAGES = {
    "load": {"zh": "装载事件", "en": "loading events"},
    "visits": {"zh": "整理观看", "en": "making visits"},
    "portraits": {"zh": "计算画像", "en": "drawing portraits"},
    "plan": {"zh": "制定方案", "en": "deciding"},
    "queue": {"zh": "排队", "en": "queueing"},
}


@contextmanager
def stages() -> Iterator[Callable[[str], None]]:
    """A spinner on standard error that names the stage at work; silent where nobody watches."""
    if not err.is_terminal:
        yield lambda stage: None
        return
    with err.status("…") as status:
        yield lambda stage: status.update(say(STAGES.get(stage, stage), language()) + " …")
