"""The broadcast and its plan: are its facts certain, whom would it reach, can the lift be seen, is there enough to sell?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.catalog.products import Product
from huitou.decisions.decide import warn_unsettled
from huitou.flows.readiness.findings import Finding, good, warning
from huitou.kit.money import format_money
from huitou.measurement.foresight import foresee_start
from huitou.measurement.unseen import read_unseen
from huitou.science.evidence import LEAST_EXPECTED
from huitou.stores.engine import Engine

TOO_COARSE = 2.0  # a lift as large as twice of what comes anyway is rare: where only larger ones can be seen, say so


def check_time(show: Broadcast) -> Finding:
    """Orders during the show and everybody's reminder hang on its start and its end."""
    times = ((("开播", "start"), show.started_by), (("下播", "end"), show.ended_by))
    missing = [words for words, told_by in times if told_by is None]
    if not missing:
        return good("time", "开播和下播时间都有记录", "Its start and end were told")
    zh, en = "和".join(one[0] for one in missing), " and ".join(one[1] for one in missing)
    return warning(
        "time",
        (f"{zh}时间没有记录，是按第一条和最后一条互动推算的", f"Its {en} was never told: inferred from the first and last sign"),
        ("请核对场次时间，不对就先改正：谁算直播中下单、什么时候发都取决于它。",
         "Check the broadcast's time and correct it first: who ordered in the show and when messages go depend on it."),
        _page_of(show),
    )  # fmt: skip


def check_settled(show: Broadcast, now: int) -> Finding:
    early = warn_unsettled(show, now)
    if early is None:
        return good("orders", "已过了等待迟到订单的时间", "Late orders have had time to arrive")
    wait = {"zh": "可以等一会儿再开始。", "en": "You may wait a little before you start."}
    return Finding("orders", "warning", early, wait, _page_of(show))


def check_unseen(engine: Engine, show: Broadcast, campaign: Campaign, now: int) -> Finding:
    """Orders of people not seen watching: who ordered under an id that no viewer has may be written to all the same."""
    unseen = read_unseen(engine, show, campaign.currency, now)
    if not unseen.orders:
        return good("unmatched_orders", "直播中的订单都对得上观众", "Every order of the show belongs to a viewer")
    money = format_money(unseen.amount_minor, campaign.currency)
    return warning(
        "unmatched_orders",
        (f"有 {unseen.orders:,} 笔直播中的订单（{money}）对不上任何观众", f"{unseen.orders:,} orders of the show ({money}) match no viewer"),
        ("下单的人可能也在未下单名单里。导入带相同客户标识的观看或订单表再开始。",
         "Their buyers may be among the people written to. Import watch lists or orders that share an id first."),
        _page_of(show),
    )  # fmt: skip


def check_people(engine: Engine, show: Broadcast, campaign: Campaign, new: pa.Table, now: int) -> list[Finding]:
    """`new` are the decision rows that a start would add."""
    people = count_people(new)
    send, holdout = people["send"], people["holdout"]
    if not send:
        return [
            warning(
                "people",
                ("没有新的人会收到消息", "Nobody new would be written to"),
                ("看“触达范围”和方案里的原因。", "See why under reach and in the plan."),
            )
        ]
    return [
        good("people", f"会写给 {send:,} 人", f"{send:,} people would be written to"),
        _check_holdout(engine, show, campaign, (send, holdout), now),
    ]


def _check_holdout(engine: Engine, show: Broadcast, campaign: Campaign, arms: tuple[int, int], now: int) -> Finding:
    send, holdout = arms
    if not holdout:
        return warning(
            "holdout",
            ("没有对照组，活动的增量无法衡量", "Nobody is held out: the lift cannot be measured"),
            ("在触达活动里设置对照组比例（holdout）。", "Set a holdout in the campaign."),
        )
    set_to = f"{campaign.holdout:.1%}", f"{holdout / (send + holdout):.1%}"
    zh = f"预计对照组 {holdout:,} 人（设定 {set_to[0]}，实际 {set_to[1]}）"
    en = f"Expected control group {holdout:,} ({set_to[0]} set, {set_to[1]} actual)"
    seen = foresee_start(engine, show, campaign, send, holdout, (show.ended_at or now) + campaign.window_us())
    if min(arms) < 2 * LEAST_EXPECTED:  # five with an order and five without: fewer never carry a verdict
        return _too_few(zh, en)
    if seen is None:
        return good(
            "holdout",
            f"{zh}；往场没有可参照的自然订单，能看出多大的增量要等有了订单才知道",
            f"{en}; no earlier show tells what comes anyway: what lift can be seen is known once there are orders",
        )
    zh += f"：最小可见增量为每千人 {seen.effect * 1000:.1f} 单，即自然订单的 {seen.relative:.0%}（基准取自往场数据）"
    en += (
        f": the smallest lift that could be seen is {seen.effect * 1000:.1f} orders per 1,000,"
        f" {seen.relative:.0%} of what would come anyway (reckoned from the shows before)"
    )
    if seen.relative <= TOO_COARSE:
        return good("holdout", zh, en)
    return _too_few(zh, en)


def _too_few(zh: str, en: str) -> Finding:
    return warning(
        "holdout",
        (f"{zh}，人数太少", f"{en}: too few people"),
        ("可以照常开始；多几场合起来看，或者提高对照组比例。",
         "You may start all the same; look at several shows together, or hold out a larger share."),
    )  # fmt: skip


def check_goods(new: pa.Table, products: Mapping[str, Product]) -> Finding:
    """More people than pieces; what is sold out no plan names."""
    named = Counter(row[0] for row in _sends(new, first_step=True).column("products").to_pylist() if row)
    short = [
        (known, people)
        for product, people in named.most_common()
        if (known := products.get(product)) and known.stock is not None and known.stock < people
    ]
    sold_out = _reasons(new)["out_of_stock"]
    if sold_out:
        return warning(
            "stock",
            (f"商品都已售罄，{sold_out:,} 人不会收到消息", f"Everything is sold out: {sold_out:,} people get nothing"),
            ("补货后重新导入商品表。", "Import the products again once there is stock."),
            "/intake",
        )
    if not short:
        return good("stock", "库存够用（没有库存信息的商品不检查）", "There is stock enough, where the stock is known")
    zh = "、".join(f"{one.name or one.product}（库存 {one.stock:,}，{people:,} 人）" for one, people in short[:3])
    en = ", ".join(f"{one.name or one.product} ({one.stock:,} left, {people:,} people)" for one, people in short[:3])
    return warning(
        "stock",
        (f"库存比要写的人少：{zh}", f"Fewer pieces than people written to: {en}"),
        ("更新库存，或者接受有人会扑空。", "Bring the stock up to date, or accept that some will come in vain."),
        "/intake",
    )


def check_offers(new: pa.Table, campaign: Campaign) -> list[Finding]:
    """Offers that nobody is given for want of time or money, and offers without words in a language that is used."""
    offers = [offer for offer in campaign.offers if not offer.is_none]
    if not offers:
        return []
    reasons, link, found = _reasons(new), f"/campaigns/{quote(campaign.name)}", []
    if campaign.budget.offers_minor == 0 or all(offer.stock == 0 for offer in offers):
        found.append(
            warning(
                "offers",
                ("优惠没有预算或数量，谁也不会得到", "There is no budget for the offers: nobody is given one"),
                ("在触达活动里设置预算。", "Set a budget in the campaign."),
                link,
            )
        )
    for reason, zh, en in (
        ("offer_expired", "优惠到时已过期", "the offer would have expired"),
        ("budget", "预算不够", "the budget does not reach"),
    ):
        if reasons[reason]:
            found.append(
                warning(
                    "offers",
                    (f"{reasons[reason]:,} 人不写：{zh}", f"{reasons[reason]:,} people are left out: {en}"),
                    ("调整优惠的有效期或预算。", "Change the offer's end or the budget."),
                    link,
                )
            )
    languages = {language for contents in campaign.content.values() for language in contents}
    silent = [offer.name for offer in offers if offer.words and not languages <= set(offer.words)]
    if silent:
        found.append(
            warning(
                "offers",
                (
                    f"优惠 {'、'.join(silent)} 缺少某种语言的文字",
                    f"Offers without words in every language: {', '.join(silent)}",
                ),
                ("在 [offer.text] 里补上。", "Add them under [offer.text]."),
                link,
            )
        )
    return found or [good("offers", "优惠的期限、预算和文字没有问题", "The offers have time, money and words")]


def count_people(new: pa.Table) -> Counter[str]:
    """People by action."""
    first = _first_rows(new)
    return Counter(first.column("action").to_pylist())


def count_messages(new: pa.Table) -> dict[str, int]:
    """Messages by channel."""
    return dict(Counter(_sends(new).column("channel").to_pylist()))


def _reasons(new: pa.Table) -> Counter[str]:
    return Counter(_first_rows(new).column("reason").to_pylist())


def _first_rows(new: pa.Table) -> pa.Table:
    """One row a customer: rows are sorted by customer and step."""
    if not new.num_rows:
        return new
    customers = new.column("customer").combine_chunks()
    changed = pc.not_equal(customers.slice(1), customers.slice(0, len(customers) - 1))
    return new.filter(pa.concat_arrays([pa.array([True]), changed]))


def _sends(new: pa.Table, *, first_step: bool = False) -> pa.Table:
    rows = _first_rows(new) if first_step else new
    return rows.filter(pc.equal(rows.column("action"), "send"))


def intents_of(new: pa.Table) -> dict[str, int]:
    """People who would be written to, by intent."""
    first = _sends(new, first_step=True)
    return dict(Counter(first.column("intent").to_pylist()))


def _page_of(show: Broadcast) -> str:
    return f"/broadcasts/{quote(show.broadcast)}"
