"""`huitou bench`: measure, and print every figure beside its floor."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huitou.cli.common import AsJson, Data, Now, err, out, print_json, put_in_force, refusals
from huitou.cli.language import tell
from huitou.kit.settings import settings

if TYPE_CHECKING:
    from huitou.proving.benches import Figure


def run_bench(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which bench, or `all`.")],
    size: Annotated[int | None, typer.Option(min=100, help="Items a run; each bench has its own default.")] = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Measure how fast the house is on this machine, and what the same run could reach at best (the floor).

    huitou bench ingest

    huitou bench all --json
    """
    from huitou.proving.benches import BENCHES, find_bench

    figures: list[Figure] = []
    with refusals():
        put_in_force(data, now)
    with refusals(), scratch() as folder:
        chosen = [(one, find_bench(one)) for one in (BENCHES if name == "all" else [name])]
        for one, bench in chosen:
            if not as_json and err.is_terminal:
                err.print(tell(f"测量 {one} …", f"measuring {one} …"), style="dim")
            figures.append(bench(size, folder / one))
            if not as_json:
                show(figures[-1])
    if as_json:
        documents = [asdict(figure) for figure in figures]
        print_json(documents if name == "all" else documents[0])


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the data folder's disk, whose speed counts, gone afterwards."""
    parent = settings().data
    is_new = not parent.exists()
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if is_new and not any(parent.iterdir()):
            parent.rmdir()


def show(figure: Figure) -> None:
    floor = tell("极限", "floor")
    out.print(
        f"[bold]{figure.name}[/bold]  {figure.figure:,} {figure.unit}  "
        f"[dim]{floor} {figure.floor:,}  {figure.ratio:.0%}  ×{figure.runs}  {figure.size:,}  {figure.rss_mb} MB[/dim]"
    )
    notes = ", ".join(f"{key} {value}" for key, value in figure.notes.items())
    out.print(f"  {notes}", style="dim", markup=False)
