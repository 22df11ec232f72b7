"""`huitou import`: bring files in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.common import AsJson, Data, Now, explained, house, out, print_json, progress, refusals, refuse, say_text
from huitou.cli.language import tell
from huitou.kit import clock
from huitou.kit.errors import HuitouError, Rejected

if TYPE_CHECKING:
    from huitou.events.connectors.base import Options
    from huitou.events.importing import ImportResult
    from huitou.flows.intake import ToldBroadcast


def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="NDJSON, JSON, CSV, xlsx or Parquet; .gz too.")],
    as_format: Annotated[
        str | None,
        typer.Option("--as", metavar="FORMAT", help="segment, douyin, doudian, wecom, products, customers or table."),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="ROLE=COLUMN",
            help="Which column is what, e.g. --map user_id=uid; ROLE=- for none. Of table, customers, products. Repeatable.",
        ),
    ] = None,
    event: Annotated[
        str | None, typer.Option(metavar="NAME", help="What each row of a table is, e.g. order_paid.")
    ] = None,
    currency: Annotated[str, typer.Option(help="Of amounts that name none.")] = "CNY",
    timezone: Annotated[str, typer.Option(help="Of times that name none.")] = "Asia/Shanghai",
    time_default: Annotated[str | None, typer.Option(metavar="TIME", help="For rows without a time.")] = None,
    broadcast: Annotated[
        str | None, typer.Option(metavar="ID", help="The broadcast the file is about, where it does not say.")
    ] = None,
    started: Annotated[
        str | None, typer.Option(metavar="TIME", help="When that broadcast began, where nothing else tells it.")
    ] = None,
    ended: Annotated[
        str | None, typer.Option(metavar="TIME", help="When that broadcast ended, where nothing else tells it.")
    ] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What that broadcast is called.")] = None,
    shop: Annotated[str | None, typer.Option(metavar="ID", help="The shop, where the file does not say.")] = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Bring files in: recognised by their content, good rows stored, bad rows named in a file beside them.

    Importing a file twice changes nothing: what is already there counts as duplicate.

      huitou import orders.csv live.ndjson.gz

      huitou import sales.parquet --map user_id=uid --event order_paid --time-default 2026-11-01

      huitou import watch_stat.json --broadcast B21 --started "2026-11-21 20:00" --ended "2026-11-21 22:30"
    """
    with refusals():
        options = _read_options(mapping, event, currency, timezone, time_default, broadcast, shop)
        span = [_read_time(flag, said, timezone) for flag, said in (("--started", started), ("--ended", ended))]
        show = _show(broadcast, title, *span)
    with house(data, now):
        documents = [_bring_in(path, options, as_format, show, as_json) for path in files]
    if as_json:
        print_json(documents[0] if len(files) == 1 else documents)
    if any("error" in document for document in documents):
        raise typer.Exit(1)


def _read_options(
    mapping: list[str] | None,
    event: str | None,
    currency: str,
    timezone: str,
    time_default: str | None,
    broadcast: str | None,
    shop: str | None,
) -> Options:
    from huitou.events.connectors.base import Options

    return Options(
        mapping=_read_mapping(mapping or []),
        event=event,
        currency=_check_currency(currency),
        zone=_check_zone(timezone),
        time_default=_read_time("--time-default", time_default, timezone),
        broadcast=broadcast,
        shop=shop,
    )


def _bring_in(
    path: Path, options: Options, as_format: str | None, show: ToldBroadcast | None, as_json: bool
) -> dict[str, Any]:
    """What --json says of the file; one that cannot be read is no reason to leave the others out."""
    try:
        return asdict(_import_one(path, options, as_format, show, quiet=as_json))
    except Exception as raised:
        error = raised if isinstance(raised, HuitouError) else _broke_off(path, raised)
        refuse(error)
        return _refused(path, error)


def _refused(path: Path, error: HuitouError) -> dict[str, Any]:
    """What --json says of a file none of which went in."""
    counts = dict.fromkeys(("accepted", "duplicate", "quarantined", "rejected"), 0)
    said = {"code": error.code, "message": dict(error.message)}
    return {"file": str(path), "format": None, **counts, "rejected_file": None, "error": said}


def _broke_off(path: Path, error: Exception) -> HuitouError:
    """A mistake of ours in one file is no reason to leave the others out; what is in of it is in."""
    told = explained(error)
    message = {"zh": f"{path.name}：{told.message['zh']}", "en": f"{path.name}: {told.message['en']}"}
    return HuitouError(message, code="broke_off" if told.code == "unexpected" else told.code)


def _import_one(
    path: Path, options: Options, as_format: str | None, show: ToldBroadcast | None, quiet: bool
) -> ImportResult:
    from huitou.flows.intake import bring_in

    with progress(tell(f"导入 {path.name}", f"importing {path.name}")) as update:
        result = bring_in(path, options, as_format, show, update)
    if not quiet:
        print_result(result)
    return result


def print_result(result: ImportResult) -> None:
    counts = tell(
        f"接收 {result.accepted:,} 行，重复 {result.duplicate:,}，退回 {result.rejected:,}",
        f"{result.accepted:,} rows accepted, {result.duplicate:,} duplicate, {result.rejected:,} rejected",
    )
    if result.quarantined:
        counts += tell(
            f"，隔离 {result.quarantined:,}（编号相同、内容不同）",
            f", {result.quarantined:,} quarantined (same id, other content)",
        )
    out.print(f"{Path(result.file).name}  [dim]{result.format}[/dim]  {counts}")
    if result.mapping:
        columns = ", ".join(f"{role}={column}" for role, column in result.mapping.items())
        out.print(tell(f"  列：{columns}（用 --map 改）", f"  columns: {columns} (change with --map)"), style="dim")
    if result.consents:
        given, not_given, withdrawn = (result.consents.get(one, 0) for one in ("given", "not_given", "withdrawn"))
        out.print(
            tell(
                f"  授权：同意 {given:,}，未授权 {not_given:,}，退订 {withdrawn:,}",
                f"  consents: {given:,} given, {not_given:,} not given, {withdrawn:,} opted out",
            )
        )
    for note in result.notes:
        out.print(f"  {say_text(note)}", style="yellow", markup=False)
    for reason, rows in sorted(result.reasons.items(), key=lambda item: -item[1])[:5]:
        out.print(f"  {rows:,} × {say_text(result.told.get(reason, reason))}", style="yellow", markup=False)
    if result.rejected_file:
        out.print(tell(f"  退回的行及原因：{result.rejected_file}", f"  rejected rows and why: {result.rejected_file}"))


def _read_mapping(pairs: list[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        role, sign, column = pair.partition("=")
        if not sign:
            raise typer.BadParameter(f"--map {pair}: write ROLE=COLUMN")
        mapping[role.strip()] = column.strip()
    return mapping


def _check_currency(said: str) -> str:
    from huitou.events.fields import read_currency

    try:
        code = read_currency(said)
    except Rejected as error:
        raise typer.BadParameter(f"--currency {said}: {error} (CNY, USD, EUR…)") from error
    if code is None:
        raise typer.BadParameter("--currency: write a currency code (CNY, USD, EUR…)")
    return code


def _check_zone(zone: str) -> str:
    try:
        clock.zone_of(zone)
    except ValueError as error:
        raise typer.BadParameter(f"--timezone: {error}") from error
    return zone


def _read_time(flag: str, text: str | None, zone: str) -> int | None:
    try:
        return clock.parse_time(text, zone) if text else None
    except ValueError as error:
        raise typer.BadParameter(f"{flag}: {error}") from error


def _show(
    broadcast: str | None, title: str | None, started_at: int | None, ended_at: int | None
) -> ToldBroadcast | None:
    from huitou.flows.intake import ToldBroadcast

    if broadcast is None:
        if started_at is not None or ended_at is not None or title:
            raise typer.BadParameter("--started, --ended, --title: of which broadcast? Add --broadcast ID")
        return None
    if title and started_at is None and ended_at is None:
        raise typer.BadParameter("--title: of a new broadcast say also --started or --ended")
    return ToldBroadcast(broadcast, title, started_at, ended_at)
