"""`huitou query`: one SELECT over the house's tables, for analysts and checks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from huitou.cli.common import AsJson, Data, Now, err, house, out, print_json, print_rows
from huitou.cli.language import tell
from huitou.kit.spreadsheet import write_csv

SHOWN = 50


def run_query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    file: Annotated[Path | None, typer.Option("--out", metavar="FILE.parquet", help="Write Parquet.")] = None,
    limit: Annotated[int, typer.Option(help="Most rows.")] = 1_000_000,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Ask the house's tables: events, visits, portraits, decisions, messages, receipts. Read-only.

    huitou query "SELECT rfm, count(*) AS people FROM portraits GROUP BY rfm"
    """
    with house(data, now):
        from huitou.flows.refresh import catch_up
        from huitou.flows.tables import open_tables

        catch_up()
        with open_tables() as engine:
            result = engine.query_readonly(sql, limit_rows=limit)
        from huitou.stores.readonly import is_cut

        if is_cut(result):
            err.print(
                tell(f"只取了前 {limit:,} 行；--limit 可以加大。", f"cut at {limit:,} rows; --limit asks for more."),
                style="yellow",
            )
        if file:
            import pyarrow.parquet as pq

            pq.write_table(result, file)
            out.print(tell(f"{result.num_rows:,} 行写入 {file}", f"{result.num_rows:,} rows written to {file}"))
        elif as_json:
            print_json(result.to_pylist())
        elif as_csv:
            write_csv(sys.stdout, result.column_names, (list(row.values()) for row in result.to_pylist()))
        else:
            print_rows("", result.column_names, [list(row.values()) for row in result.slice(0, SHOWN).to_pylist()])
            if result.num_rows > SHOWN:
                out.print(tell(f"… 共 {result.num_rows:,} 行", f"… {result.num_rows:,} rows"), style="dim")
