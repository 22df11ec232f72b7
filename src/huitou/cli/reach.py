"""`huitou reach`: who of the watchers can be written to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huitou.cli.common import AsJson, Data, Now, house, out, print_json, print_rows, stages
from huitou.cli.language import language, tell

if TYPE_CHECKING:
    from huitou.decisions.reach import Reach

CampaignFile = Annotated[
    Path | None, typer.Option("--campaign", metavar="FILE.toml", help="A campaign file. (default: the one in force)")
]


def show_reach(
    broadcast: Annotated[str, typer.Argument(metavar="BROADCAST", help="Its id; see `huitou broadcasts`.")],
    campaign: CampaignFile = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Of N watchers, how many are known, who can be reached on which channel, and why the rest cannot."""
    with house(data, now):
        from huitou.flows.follow_up import choose_campaign
        from huitou.flows.follow_up import show_reach as measure

        with stages() as say:
            reach = measure(broadcast, choose_campaign(campaign, keep=False) if campaign else None, say)
    if as_json:
        print_json(asdict(reach))
    else:
        print_reach(reach)


def print_reach(reach: Reach) -> None:
    from huitou.decisions.reasons import name_reason

    broadcast = reach.broadcast
    out.print(
        tell(
            f"[bold]{broadcast}[/bold]  观看 {reach.watchers:,}，认识 {reach.known:,}，可触达 {reach.reachable:,}；"
            f"未下单 {reach.not_ordered:,}，其中可触达 {reach.reachable_not_ordered:,}",
            f"[bold]{broadcast}[/bold]  {reach.watchers:,} watched, {reach.known:,} known, {reach.reachable:,} reachable; "
            f"{reach.not_ordered:,} did not order, {reach.reachable_not_ordered:,} of them reachable",
        )
    )
    columns = [
        ("渠道", "channel"),
        ("可触达", "reachable"),
        ("无地址", "no address"),
        ("无授权", "no consent"),
        ("已退订", "opted out"),
    ]
    rows = [
        [
            one.channel + ("" if one.connected else tell("（未接通）", " (not connected)")),
            *(f"{n:,}" for n in (one.reachable, one.no_address, one.no_consent, one.opted_out)),
        ]
        for one in reach.channels
    ]
    print_rows("", [tell(*names) for names in columns], rows)
    why = [[name_reason(code, language()), f"{people:,}"] for code, people in reach.why_not.items()]
    print_rows("", [tell("为什么不能", "why not"), tell("人数", "people")], why)
