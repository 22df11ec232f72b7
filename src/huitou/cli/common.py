"""What every command shares: where the data is, what time it is, how results and refusals are printed.

Exit status: 0 done, 1 refused with a reason, 2 wrong use.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from huitou.kit import clock
from huitou.kit.errors import HuitouError
from huitou.kit.settings import read_settings, use_settings
from huitou.kit.text import Text, say

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Now = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Act as if it were this moment (ISO 8601), e.g. 2026-11-20T14:30Z."),
]
Data = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of everything Huitou keeps. [default: ./huitou-data]"),
]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False)


def language() -> str:
    """The terminal's language: zh where the locale says so, else en."""
    locale = os.environ.get("HUITOU_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"


def tell(zh: str, en: str) -> str:
    return zh if language() == "zh" else en


def refuse(error: HuitouError) -> typer.Exit:
    err.print(f"[red]✗[/red] {say(error.message, language())}", markup=True)
    return typer.Exit(1)


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
    """A HuitouError inside the block becomes one clear line and exit status 1."""
    try:
        yield
    except HuitouError as error:
        raise refuse(error) from error
    except BrokenPipeError:
        # The reader of our output has left (`| head`); nothing is wrong with the work.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


@contextmanager
def house(data: Path | None = None, now: str | None = None) -> Iterator[None]:
    """The house opened for one command: settings, clock, a ledger that is up to date."""
    put_in_force(data, now)
    with refusals():
        from huitou.admin.settings import refresh
        from huitou.stores.django import migrate

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
