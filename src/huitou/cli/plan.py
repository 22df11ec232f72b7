"""`huitou plan`: decide for everybody who watched and did not order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huitou.cli.common import AsJson, Data, Now, err, house, out, print_json, print_rows, say_text, stages
from huitou.cli.language import language, tell
from huitou.cli.reach import CampaignFile

if TYPE_CHECKING:
    import pyarrow as pa

    from huitou.flows.follow_up import Planned
    from huitou.flows.readiness import Finding


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

    Deciding is done once for each viewer; planning again keeps what was decided and adds who is new. What the readiness
    check finds is said on standard error; it does not hold the plan (see `huitou check BROADCAST`).

      huitou plan B20 --dry-run --out decisions.parquet
    """
    with house(data, now):
        from huitou.flows.follow_up import choose_campaign, plan_follow_up

        with stages() as say:
            planned = plan_follow_up(
                broadcast, choose_campaign(campaign, keep=not dry_run), dry_run=dry_run, progress=say
            )
            points = [] if dry_run else open_points(planned)
        if file:
            import pyarrow.parquet as pq

            pq.write_table(planned.decisions, file)
        if as_json:
            print_json(_summary(planned) | {"readiness": points})
        else:
            print_plan(planned, dry_run, file)
            print_points(points)


def open_points(planned: Planned) -> list[Finding]:
    """What the readiness check warns of or would stop in the console: said here, never in the way."""
    from huitou.flows.follow_up import check_planned

    return [one for one in check_planned(planned) if one.state != "good"]


def print_points(points: list[Finding]) -> None:
    for one in points:
        mark = "[red]✗[/red]" if one.state == "stop" else "[yellow]![/yellow]"
        err.print(mark, end=" ")
        err.print(say_text(one.message) + (f" → {say_text(one.todo)}" if one.todo else ""), markup=False)


def _summary(planned: Planned) -> dict[str, object]:
    from huitou.campaigns.template_checks import check_words

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
        "holdout": {"share_set": float(planned.campaign.holdout), "actual": _share_held(decisions)},
        "products_without_address": planned.unlinked,
        "warning": dict(planned.warning) if planned.warning else None,
        "words": [{"key": key, **text} for key, text in check_words(planned.campaign)],
    }


def _share_held(decisions: pa.Table) -> float | None:
    """Of the people written to and held out the share held out; None where there are none."""
    drawn = Counter(_first_steps(decisions).column("action").to_pylist())
    both = drawn["send"] + drawn["holdout"]
    return drawn["holdout"] / both if both else None


def _first_steps(decisions: pa.Table) -> pa.Table:
    """One row a customer: the first step there is."""
    import pyarrow as pa

    customers = decisions.column("customer").to_pylist()
    return decisions.filter(
        pa.array([i == 0 or one != customers[i - 1] for i, one in enumerate(customers)], pa.bool_())
    )


def print_plan(planned: Planned, dry_run: bool = False, file: Path | None = None) -> None:
    from huitou.campaigns.template_checks import check_words
    from huitou.decisions.reasons import ACTIONS, name_reason

    if planned.warning:
        err.print(say_text(planned.warning), style="yellow", markup=False)
    for key, text in check_words(planned.campaign):
        err.print(f"{key}: {say_text(text)}", style="yellow", markup=False)
    first = _first_steps(planned.decisions)
    counts = Counter(zip(first.column("action").to_pylist(), first.column("reason").to_pylist(), strict=True))
    rows = [
        [say_text(ACTIONS[action]), name_reason(reason, language()), f"{people:,}"]
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
    _print_holdout(planned)
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


def _print_holdout(planned: Planned) -> None:
    """The share set and the one that the draw gave."""
    actual, share_set = _share_held(planned.decisions), float(planned.campaign.holdout)
    if actual is not None:
        out.print(
            tell(
                f"对照组：设定 {share_set:.1%}，实际 {actual:.1%}",
                f"held out: {share_set:.1%} set, {actual:.1%} actual",
            ),
            markup=False,
        )
