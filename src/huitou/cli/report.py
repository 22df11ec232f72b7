"""`huitou report`: what a broadcast and its follow-up brought."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from huitou.cli.common import AsJson, Data, Now, house, out, print_json, print_rows, say_text, stages
from huitou.cli.language import language, tell
from huitou.cli.reach import CampaignFile
from huitou.kit import clock
from huitou.kit.money import format_money

if TYPE_CHECKING:
    from huitou.measurement.foresight import SmallestVisible
    from huitou.measurement.report import Caused, HoldoutShare, Observed, Report
    from huitou.science.lift import ArmLift

VERDICTS = {
    "positive": {"zh": "有提升", "en": "it helped"},
    "negative": {"zh": "有损害", "en": "it hurt"},
    "cannot_tell": {"zh": "还看不出来", "en": "cannot tell"},
}
WHY = {
    "too_few_people": {"zh": "人太少", "en": "too few people"},
    "too_few_clusters": {"zh": "分组太少", "en": "too few clusters"},
    "no_outcomes": {"zh": "两边都还没有订单", "en": "no orders on either side yet"},
    "no_variation": {"zh": "两边没有差别可比", "en": "nothing varies"},
    "too_few_outcomes": {"zh": "订单太少", "en": "too few orders"},
    "sample_ratio_mismatch": {
        "zh": "对照组人数不对，随机化可能坏了",
        "en": "the split is off: randomisation may be broken",
    },
    "interval_holds_zero": {"zh": "区间包含零", "en": "the interval holds zero"},
}

UNSEEN = {
    "no_shared_id": {"zh": "与任何观众没有共同的标识", "en": "no id in common with any viewer"},
    "masked_phone": {"zh": "手机号脱敏或缺失，没有可用标识", "en": "phone masked or missing, no usable id"},
    "guest": {"zh": "游客，没有任何标识", "en": "guest without any id"},
    "unknown_live_id": {
        "zh": "订单上的直播编号与场次不同，按店铺和时间归入",
        "en": "names a live id of no show we know: placed by shop and time",
    },
    "several_live": {"zh": "同时有多个直播间在播，分不清", "en": "several rooms were live: cannot tell which"},
    "other_broadcast": {"zh": "订单写明属于另一场次", "en": "names another broadcast"},
}

NO_LIFT = {
    "nobody_written_to": {"zh": "没有给任何人发送", "en": "nobody was written to"},
    "nobody_held_out": {
        "zh": "没有留对照组，没有可比的人",
        "en": "nobody was held out, so there is nobody to compare with",
    },
}


def show_report(
    broadcast: Annotated[str, typer.Argument(metavar="BROADCAST", help="Its id; see `huitou broadcasts`.")],
    campaign: CampaignFile = None,
    as_json: AsJson = False,
    now: Now = None,
    data: Data = None,
) -> None:
    """Report a broadcast: its funnel, what was decided and sent, and what that caused against the holdout, in money."""
    with house(data, now):
        from huitou.flows.follow_up import choose_campaign, read_report

        with stages():
            report = read_report(broadcast, choose_campaign(campaign, keep=False) if campaign else None)
        if as_json:
            print_json(asdict(report))
        else:
            print_report(report)


def print_report(report: Report) -> None:
    when = clock.to_datetime(report.started_at, "Asia/Shanghai").strftime("%Y-%m-%d %H:%M")
    state = (
        tell("活动期已结束", "final")
        if report.is_final
        else tell("活动期未满，暂定", "provisional: the window is open")
    )
    out.print(f"[bold]{report.broadcast}[/bold] {report.title or ''}  {when}  {report.campaign}  ({state})")
    _print_funnel(report)
    _print_takings(report)
    _print_decided(report)
    _print_holdout(report.holdout)
    _print_sent(report)
    if report.caused:
        print_caused(report.caused, report.currency)
    else:
        why = say_text(NO_LIFT[report.no_lift or "nobody_written_to"])
        out.print(tell(f"不谈增量：{why}。", f"No lift is claimed: {why}."))
    _print_observed(report.observed)


def _print_funnel(report: Report) -> None:
    funnel = report.funnel
    steps = [
        (tell("进入", "entered"), funnel.entered),
        (tell("看到商品", "saw a product"), funnel.saw_product),
        (tell("点击", "clicked"), funnel.clicked),
        (tell("加购", "added to cart"), funnel.carted),
        (tell("下单", "ordered"), funnel.ordered),
    ]
    total = max(funnel.entered, 1)
    print_rows("", [tell("漏斗", "funnel"), "", ""], [[name, f"{n:,}", f"{n / total:.1%}"] for name, n in steps])
    _print_left_out(funnel.other_currency_orders, report.currency)


def _print_takings(report: Report) -> None:
    """What the show took: by buyers seen watching, by people not seen watching, together."""
    takings, currency = report.takings, report.currency
    parts = (
        (tell("观众（看播后下单）", "buyers seen watching"), takings.buyers),
        (tell("未匹配到观众的订单", "people not seen watching"), takings.unseen),
        (tell("本场合计", "the show in all"), takings.total),
    )
    columns = [
        tell("本场订单", "orders of the show"), tell("人数", "people"), tell("订单数", "orders"), tell("金额", "money"),
        tell("已退款订单", "refunded orders"), tell("退款金额", "refunded"), tell("扣除退款后", "without refunds"),
    ]  # fmt: skip
    rows = [
        [
            name, f"{one.people:,}", f"{one.orders:,}", format_money(one.amount_minor, currency),
            f"{one.refunded_orders:,}", format_money(one.refunded_minor, currency), format_money(one.kept_minor, currency),
        ]
        for name, one in parts
    ]  # fmt: skip
    print_rows("", columns, rows)
    for other in takings.total.others:
        money = format_money(other.amount_minor, other.currency)
        out.print(
            tell(f"其中 {other.orders:,} 笔为 {money}", f"{other.orders:,} of the orders are {money}"), markup=False
        )
    if takings.unseen.why:
        why = [f"{say_text(UNSEEN[reason])} {count:,}" for reason, count in takings.unseen.why.items()]
        out.print(tell(f"未匹配的原因：{'；'.join(why)}", f"not seen watching, why: {'; '.join(why)}"), style="dim")
    if takings.total.unpaid_orders:
        n, money = takings.total.unpaid_orders, format_money(takings.total.unpaid_minor, currency)
        out.print(
            tell(f"合计中 {n:,} 笔（{money}）尚未付款", f"{n:,} of them ({money}) are not paid yet"), markup=False
        )
    if takings.credited.orders:
        n, money = takings.credited.orders, format_money(takings.credited.amount_minor, currency)
        out.print(
            tell(
                f"另有 {n:,} 笔（{money}）写明属于本场，但不在本场时间内下单，不计入",
                f"{n:,} more ({money}) name this broadcast but were placed at another time: not counted",
            ),
            markup=False,
        )


def _print_holdout(holdout: HoldoutShare) -> None:
    """The share set and the actual one, and why they differ."""
    if holdout.actual is None:
        return
    n, held = f"{holdout.people:,}", f"{holdout.held_out:,}"
    other = holdout.other_chance
    why = (
        tell(
            f"；其中 {other:,} 人由多个已抽签的人合并而来，或在比例不同时抽签",
            f"; {other:,} were joined from people who had each drawn, or drew when another share was set",
        )
        if other
        else ""
    )
    out.print(
        tell(
            f"对照组：设定 {holdout.share_set:.1%}，实际 {holdout.actual:.1%}（{n} 人中 {held} 人）{why}",
            f"held out: {holdout.share_set:.1%} set, {holdout.actual:.1%} actual ({held} of {n} people){why}",
        ),
        markup=False,
    )


def _print_decided(report: Report) -> None:
    from huitou.decisions.reasons import ACTIONS, name_reason

    rows = [
        [say_text(ACTIONS[one.action]), name_reason(one.reason, language()), f"{one.people:,}"]
        for one in report.decided
    ]
    print_rows("", [tell("决定", "decided"), tell("原因", "why"), tell("人数", "people")], rows)


def _print_sent(report: Report) -> None:
    sent = report.sent
    out.print(
        tell(
            f"已发送 {sent.handed_over:,} 条，已打开 {sent.opened:,}，已点击 {sent.clicked:,}，存疑 {sent.in_doubt:,}",
            f"{sent.handed_over:,} messages sent, {sent.opened:,} opened, {sent.clicked:,} clicked, {sent.in_doubt:,} in doubt",
        )
    )
    if sent.not_sent:
        from huitou.decisions.reasons import name_reason

        stopped = tell("，", ", ").join(
            f"{name_reason(reason, language())} {count:,}" for reason, count in sent.not_sent.items()
        )
        out.print(tell(f"拦下：{stopped}", f"stopped: {stopped}"), style="dim")


def print_caused(caused: Caused, currency: str) -> None:
    """The lift in words, with its interval; money in the major unit."""
    orders, profit = caused.orders, caused.profit_minor
    title = tell(
        f"增量（随机对照：触达 {orders.n:,} 人，对照组 {orders.control_n:,} 人）",
        f"Lift (randomised: {orders.n:,} written to, {orders.control_n:,} left alone)",
    )
    rows = [
        [tell("每千人订单", "orders per 1,000"), *_per_1000(orders), _verdict(orders)],
        [
            tell("利润（扣除优惠与发送成本）", "profit after offers and messages"),
            *_money(profit, currency),
            _verdict(profit),
        ],
    ]
    print_rows(title, ["", tell("增量", "lift"), tell("95% 区间", "95% interval"), ""], rows)
    costs = tell(
        f"发送成本 {format_money(round(caused.message_cost_minor), currency)}，优惠 {format_money(round(caused.discount_minor), currency)}",
        f"messages cost {format_money(round(caused.message_cost_minor), currency)}, offers {format_money(round(caused.discount_minor), currency)}",
    )
    _print_means(caused)
    if "cannot_tell" in (orders.verdict, profit.verdict) and caused.smallest_visible:
        print_visible(caused.smallest_visible)
    roi = f"  ROI {caused.roi.roi:+.0%} [{caused.roi.low:+.0%}, {caused.roi.high:+.0%}]" if caused.roi else ""
    out.print(costs + roi, markup=False)
    _print_left_out(caused.other_currency_orders, currency)


def _print_means(caused: Caused) -> None:
    orders = caused.orders
    if orders.mean is None or orders.control_mean is None:
        return
    weighted = tell("（加权均值）", " (weighted mean)") if caused.control_is_weighted else ""
    out.print(
        tell(
            f"人均订单：发送组 {orders.mean:.4f}，对照组 {orders.control_mean:.4f}{weighted}",
            f"orders per person: {orders.mean:.4f} written to, {orders.control_mean:.4f} left alone{weighted}",
        ),
        markup=False,
    )


def print_visible(seen: SmallestVisible) -> None:
    """The smallest lift that could be seen by now, and when more can."""
    base = (
        tell("往场数据", "the shows before") if seen.base_from == "shows_before" else tell("本次人群", "these people")
    )
    out.print(
        tell(
            f"目前最小可见增量：每千人 {seen.effect * 1000:.1f} 单，共 {seen.total:.0f} 单，即自然订单的 {seen.relative:.0%}（基准取自{base}）",
            f"smallest lift that could be seen by now: {seen.effect * 1000:.1f} orders per 1,000, {seen.total:.0f} in all,"
            f" {seen.relative:.0%} of what would come anyway (reckoned from {base})",
        ),
        markup=False,
    )
    when = ""
    if seen.more_at is not None:
        at = f"{clock.to_datetime(seen.more_at, 'Asia/Shanghai'):%Y-%m-%d %H:%M}"
        when = tell(f"活动期到 {at}；", f"the window ends {at}; ")
    out.print(
        when
        + tell(
            f"要看出 {seen.wished:.0%} 的增量，约需 {seen.people:,} 人，相当于 {seen.shows:,} 场这样的直播",
            f"to see a lift of {seen.wished:.0%} takes about {seen.people:,} people, or {seen.shows:,} shows like this",
        ),
        markup=False,
    )


def _print_left_out(orders: int, currency: str) -> None:
    if orders:
        out.print(
            tell(
                f"另有 {orders:,} 笔订单不是以 {currency} 结算，只计订单数，不计金额",
                f"{orders:,} orders are not in {currency}: they count as orders, their money is left out",
            )
        )


def _per_1000(lift: ArmLift) -> tuple[str, str]:
    if lift.effect is None or lift.low is None or lift.high is None:
        return "–", "–"
    return f"{lift.effect * 1000:+.1f}", f"[{lift.low * 1000:+.1f}, {lift.high * 1000:+.1f}]"


def _money(lift: ArmLift, currency: str) -> tuple[str, str]:
    if lift.total is None or lift.total_low is None or lift.total_high is None:
        return "–", "–"
    low, high = format_money(round(lift.total_low), currency), format_money(round(lift.total_high), currency)
    return format_money(round(lift.total), currency), f"[{low}, {high}]"


def _verdict(lift: ArmLift) -> str:
    why = f" ({say_text(WHY[lift.reason])})" if lift.reason else ""
    return say_text(VERDICTS[lift.verdict]) + why


def _print_observed(observed: Observed) -> None:
    rows = [[row["broadcast"], f"{row['viewers']:,}", f"{row['share']:.2%}"] for row in observed.conversions]
    title = tell("仅为观察，不代表因果", "Observed only, not caused")
    print_rows(title, [tell("场次", "broadcast"), tell("观看", "viewers"), tell("看播成交率", "live conversion")], rows)
    pooled = [f"{one.share:.2%}" if one.share is not None else "–" for one in (observed.before, observed.after)]
    out.print(tell(f"之前合计 {pooled[0]}，之后合计 {pooled[1]}", f"all before {pooled[0]}, all after {pooled[1]}"))
    rates = (observed.opt_outs_per_1000, observed.complaints_per_1000, observed.negative_replies_per_1000)
    shown = [f"{rate / 1000:.2%}" if rate is not None else "–" for rate in rates]
    out.print(
        tell(
            f"退订率 {shown[0]}，投诉率 {shown[1]}，负面回复率 {shown[2]}",
            f"of the messages sent: opt-out rate {shown[0]}, complaint rate {shown[1]}, negative reply rate {shown[2]}",
        ),
        markup=False,
    )
