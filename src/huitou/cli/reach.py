"""`huitou reach`: who of the watchers can be written to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from huitou.cli.common import AsJson, Data, Now, house, out, print_json, print_rows, say_text, stages, tell

CampaignFile = Annotated[
    Path | None, typer.Option("--campaign", metavar="FILE.toml", help="A campaign file. [default: the one in force]")
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
        from huitou.decisions.reasons import say_reason
        from huitou.flows.follow_up import choose_campaign
        from huitou.flows.follow_up import show_reach as measure

        with stages() as say:
            reach = measure(broadcast, choose_campaign(campaign), say)
    if as_json:
        print_json(asdict(reach))
        return
    out.print(
        tell(
            f"[bold]{broadcast}[/bold]  观看 {reach.watchers:,},认识 {reach.known:,},"
            f"未下单 {reach.non_buyers:,},其中可触达 {reach.reachable:,}",
            f"[bold]{broadcast}[/bold]  {reach.watchers:,} watched, {reach.known:,} known, "
            f"{reach.non_buyers:,} did not order, {reach.reachable:,} of them reachable",
        )
    )
    print_rows(
        "", [tell("渠道", "channel"), tell("可触达", "reachable")], [[k, f"{v:,}"] for k, v in reach.by_channel.items()]
    )
    rows = [[say_text(say_reason(code)), f"{people:,}"] for code, people in reach.why_not.items()]
    print_rows("", [tell("为什么不能", "why not"), tell("人数", "people")], rows)
