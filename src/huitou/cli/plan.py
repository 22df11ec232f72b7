"""`huitou plan`: decide for everybody who watched and did not order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huitou.cli.common import (
    AsJson,
    Data,
    Now,
    err,
    house,
    language,
    out,
    print_json,
    print_rows,
    say_text,
    stages,
    tell,
)
from huitou.cli.reach import CampaignFile

if TYPE_CHECKING:
    import pyarrow as pa

    from huitou.flows.follow_up import Planned


def make_plan(
    broadcast: Annotated[str, typer.Argument(metavar="BROADCAST", help="Its id; see `huitou broadcasts`.")],
    campaign: CampaignFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the decisions; keep and queue nothing.")] = False,
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.parquet", help="Write all decisions, one row a step.")
    ] = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Decide for each viewer who did not order: write or not, when, where, about what, with which offer, and why.

    Deciding is done once for each viewer; planning again keeps what was decided and adds who is new.

      huitou plan B20 --dry-run --out decisions.parquet
    """
    with house(data, now):
        from huitou.flows.follow_up import choose_campaign, plan_follow_up

        with stages() as say:
            planned = plan_follow_up(
                broadcast, choose_campaign(campaign, keep=not dry_run), dry_run=dry_run, progress=say
            )
        if file:
            import pyarrow.parquet as pq

            pq.write_table(planned.decisions, file)
        if as_json:
            print_json(_summary(planned))
        else:
            print_plan(planned, dry_run, file)


def _summary(planned: Planned) -> dict[str, object]:
    decisions = planned.decisions
    return {
        "broadcast": planned.broadcast,
        "campaign": planned.campaign.name,
        "version": planned.campaign.version,
        "candidates": len(decisions.column("customer").unique()),
        "newly_queued": planned.queued,
        "actions": dict(Counter(_first_steps(decisions).column("action").to_pylist())),
        "reasons": dict(Counter(_first_steps(decisions).column("reason").to_pylist())),
        "messages": decisions.column("action").to_pylist().count("send"),
        "products_without_address": planned.unlinked,
        "warning": dict(planned.warning) if planned.warning else None,
    }


def _first_steps(decisions: pa.Table) -> pa.Table:
    """One row a customer: the first step there is."""
    import pyarrow as pa

    customers = decisions.column("customer").to_pylist()
    return decisions.filter(
        pa.array([i == 0 or one != customers[i - 1] for i, one in enumerate(customers)], pa.bool_())
    )


def print_plan(planned: Planned, dry_run: bool = False, file: Path | None = None) -> None:
    from huitou.decisions.reasons import name_reason

    if planned.warning:
        err.print(say_text(planned.warning), style="yellow", markup=False)
    first = _first_steps(planned.decisions)
    counts = Counter(zip(first.column("action").to_pylist(), first.column("reason").to_pylist(), strict=True))
    actions = {"send": tell("发送", "send"), "holdout": tell("对照", "hold out"), "nothing": tell("不发", "nothing")}
    rows = [
        [actions[action], name_reason(reason, language()), f"{people:,}"]
        for (action, reason), people in sorted(counts.items(), key=lambda item: (item[0][0], -item[1]))
    ]
    print_rows("", [tell("决定", "decision"), tell("原因", "why"), tell("人数", "people")], rows)
    messages = planned.decisions.column("action").to_pylist().count("send")
    kept = tell("（预演，没有保存）", "(dry run, nothing kept)") if dry_run else ""
    people, which = first.num_rows, f"{planned.broadcast} × {planned.campaign.name} v{planned.campaign.version}"
    out.print(
        tell(
            f"{which}：{people:,} 人，{messages:,} 条消息，新排队 {planned.queued:,} 条{kept}",
            f"{which}: {people:,} people, {messages:,} messages, {planned.queued:,} newly queued {kept}",
        )
    )
    if planned.unlinked:
        out.print(
            tell(
                f"{planned.unlinked:,} 个商品没有可以链接的网页地址：消息里没有它们的链接，文案必须有链接的不会发出",
                f"{planned.unlinked:,} products have no web address to link to: messages about them carry no link, and"
                " words that print one are not sent",
            )
        )
    if file:
        out.print(tell(f"已写入 {file}", f"written to {file}"))
