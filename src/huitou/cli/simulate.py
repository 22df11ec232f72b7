"""`huitou simulate`: policies in worlds of synthetic customers, as shares of what the best plan could have earned."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Annotated

import typer

from huitou.cli.common import AsJson, err, out, print_json, print_rows, progress, refusals, refuse
from huitou.cli.language import tell
from huitou.kit.errors import Refused
from huitou.kit.money import format_money

if TYPE_CHECKING:
    from huitou.proving.simulator.contest import Score, Terms

POLICIES = ("auto", "blast:next_day", "operator", "propensity", "random", "nothing")


def simulate(
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="POLICY",
            help="auto, rules, random, blast:TIMING[:OFFER] (the product's); nothing, operator, propensity[:TIMING"
            "[:OFFER]] (what shops do without it). Repeatable. Timings: at_once, next_day, active_hour, daily_3, "
            "every_other_day, every_3_days; offers: none, ten, twenty.",
        ),
    ] = None,
    worlds: Annotated[str, typer.Option(help="base, null, fatigue, confounded; several with commas.")] = "base",
    seeds: Annotated[str, typer.Option(help="Worlds of a kind differ by their seed; several with commas.")] = "1",
    viewers: Annotated[int, typer.Option(min=50, help="People in a world.")] = 4_000,
    broadcasts: Annotated[int, typer.Option(min=1, max=20, help="In a row; what a policy did to people stays.")] = 1,
    holdout: Annotated[float, typer.Option(min=0, max=0.9, help="Held out by the product's policies.")] = 0.0,
    explore: Annotated[float, typer.Option(min=0, max=1, help="Explored by the product's policies.")] = 0.0,
    as_json: AsJson = False,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the worlds' files and houses here. (default: thrown away)")
    ] = None,
) -> None:
    """Compare policies in worlds of synthetic customers whose every plan has an exact expected profit.

    The product takes part through its public doors only: the world writes files, `huitou import` and `huitou plan`
    run on a ledger of their own, and the decisions file is judged. Nothing is learned from reality here: whether a
    policy works for your customers is what the holdout tells.

      huitou simulate --policy auto --policy blast:next_day --worlds base,null --seeds 1,2,3
    """
    from huitou.proving.simulator.contest import Terms, name_policies
    from huitou.proving.simulator.world import KINDS

    kinds = _names(worlds, KINDS)
    numbers = _numbers(seeds)
    wanted = tuple(dict.fromkeys(policy or POLICIES))
    try:
        name_policies(wanted)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--policy") from error
    terms = Terms(viewers, broadcasts, holdout, explore)
    with refusals(), tempfile.TemporaryDirectory(prefix="huitou-worlds-") as scratch:
        scores = _run([(kind, seed) for kind in kinds for seed in numbers], wanted, terms, data or Path(scratch))
    if as_json:
        print_json([asdict(score) for score in scores])
    else:
        print_scores(scores)


def _run(worlds: Sequence[tuple[str, int]], wanted: Sequence[str], terms: Terms, folder: Path) -> list[Score]:
    from huitou.proving.simulator.contest import compete
    from huitou.proving.simulator.doors import DoorShut

    scores: list[Score] = []
    with progress(tell("世界", "worlds"), len(worlds)) as update:
        for number, (kind, seed) in enumerate(worlds):
            try:
                scores += compete(kind, seed, wanted, terms, folder / f"{kind}-{seed}", _say)
            except (DoorShut, ValueError) as error:
                raise refuse(Refused({"zh": str(error), "en": str(error)}, code="simulate")) from error
            update(number + 1)
    return scores


def _say(what: str) -> None:
    err.print(what, style="dim", markup=False)


def print_scores(scores: Sequence[Score]) -> None:
    """A table a world, and one over all worlds."""
    for world in dict.fromkeys((one.world, one.seed) for one in scores):
        here = [one for one in scores if (one.world, one.seed) == world]
        title = tell(f"{world[0]} {world[1]}（元，占预算）", f"{world[0]} {world[1]} (yuan, share of the budget)")
        print_rows(title, _columns(), [_row(one) for one in here])
        out.print()
    kinds = list(dict.fromkeys(one.world for one in scores))
    if len({(one.world, one.seed) for one in scores}) > 1:
        policies = dict.fromkeys(one.policy for one in scores)
        rows = [[policy, *(_mean_share(scores, policy, kind) for kind in kinds)] for policy in policies]
        print_rows(tell("平均，占最优的份额", "mean, % of the oracle"), [tell("策略", "policy"), *kinds], rows)


def _columns() -> list[str]:
    return [
        tell("策略", "policy"), tell("利润", "profit"), tell("占最优", "of oracle"), tell("触达", "contacts"),
        tell("发送成本", "messages"), tell("优惠", "offers"), tell("订单", "orders"), tell("退订", "opt-outs"),
    ]  # fmt: skip


def _row(one: Score) -> list[str]:
    return [
        one.policy,
        f"{one.profit_minor / 100:+,.0f}",
        _percent(one.of_oracle),
        f"{one.contacts:.0%}",
        _spent(one.messages_minor, one.messages_budget_minor),
        _spent(one.offers_minor, one.offers_budget_minor),
        f"{one.orders:+,.0f}",
        f"{one.opt_outs:,.0f}",
    ]


def _spent(minor: float, budget: float) -> str:
    """Yuan, and how much of the budget that is: a baseline keeps to none."""
    return f"{minor / 100:,.0f} ({minor / budget:.0%})" if budget else f"{minor / 100:,.0f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _mean_share(scores: Sequence[Score], policy: str, kind: str) -> str:
    """Where even the oracle gains nothing there is no share: money, then."""
    found = [one for one in scores if (one.policy, one.world) == (policy, kind)]
    shares = [one.of_oracle for one in found]
    if None in shares:
        return format_money(round(mean(one.profit_minor for one in found)), "CNY")
    return f"{mean(share for share in shares if share is not None):.1%}"


def _names(text: str, known: Collection[str]) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names or [""]:
        if name not in known:
            raise typer.BadParameter(f"{name!r} is no world", param_hint="--worlds")
    return list(dict.fromkeys(names))


def _numbers(text: str) -> list[int]:
    try:
        return list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a list of whole numbers", param_hint="--seeds") from error
