"""`huitou portrait`: one customer as the house knows them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from huitou.cli.common import AsJson, Data, Now, house, out, print_json, print_rows, say_text, stages
from huitou.cli.language import tell
from huitou.kit import clock


def show_portrait(
    who: Annotated[str, typer.Argument(metavar="WHO", help="A customer id, userId, phone, e-mail, openid…")],
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Show one customer: portrait, tags, latest visits and events."""
    with house(data, now):
        from huitou.customers.profile import portrait_of
        from huitou.flows.refresh import catch_up
        from huitou.flows.tables import open_tables

        with stages() as say:
            catch_up(say)
        with open_tables() as engine:
            profile = portrait_of(engine, who)
    if as_json:
        print_json(asdict(profile))
        return
    name = profile.person.get("name") or profile.customer
    stage = say_text(profile.stage.name) if profile.stage else ""
    cell = say_text(profile.cell.name) if profile.cell else ""
    out.print(f"[bold]{name}[/bold]  {profile.customer}  {stage}  {cell}")
    out.print("  ".join(say_text(text) for _, text in profile.tags), style="cyan", markup=False)
    shown = [
        [key, value] for key, value in profile.portrait.items() if value not in (None, "", False) and key != "tags"
    ]
    print_rows("", [tell("画像", "portrait"), ""], [[key, _plain(key, value)] for key, value in shown])
    events = [
        [_plain("at_at", row["occurred_at"]), row["name"], row.get("broadcast") or ""] for row in profile.events[:15]
    ]
    print_rows("", [tell("时间", "when"), tell("事件", "event"), tell("场次", "broadcast")], events)


def _plain(key: str, value: object) -> str:
    if key.endswith("_at") and isinstance(value, int):
        return clock.to_datetime(value, "Asia/Shanghai").strftime("%Y-%m-%d %H:%M")
    return str(value)
