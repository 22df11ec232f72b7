"""Why: the codes of decisions in words, for people and for the person concerned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huitou.campaigns.channel_facts import label_of
from huitou.kit.text import Text, say

ACTIONS: dict[str, Text] = {
    "send": {"zh": "触达", "en": "Written to"},
    "holdout": {"zh": "对照组", "en": "Control group"},
    "nothing": {"zh": "不触达", "en": "Not written to"},
    "undecided": {"zh": "未决策", "en": "Not decided"},
}
REASONS: dict[str, Text] = {
    # written to
    "high_intent": {"zh": "高意向", "en": "high intent"},
    "considering": {"zh": "在考虑", "en": "considering"},
    "drifting": {"zh": "随便看看", "en": "just looking"},
    "explored": {
        "zh": "抽中探索：方案由抽签决定，用来比较哪种方案更好",
        "en": "exploration: the plan was picked at random, to learn which plans work",
    },
    "blast": {"zh": "群发：人人相同", "en": "blast: the same for everybody"},
    # deliberately left alone
    "holdout": {
        "zh": "对照组：本来会触达，特意不打扰，用来衡量效果",
        "en": "holdout: would have been written to, deliberately left alone to measure the effect",
    },
    "explored_nothing": {
        "zh": "抽中探索：抽签结果是不打扰",
        "en": "exploration: picked at random to be left alone",
    },
    # not worth it or not possible
    "not_worth_it": {
        "zh": "预计打扰的代价大于收益，不发",
        "en": "no message is expected to bring more than it costs",
    },
    "budget": {"zh": "预算用在了更值得的人身上", "en": "the budget went to people it does more for"},
    "ordered": {"zh": "已经下单", "en": "has ordered"},
    "complained": {"zh": "投诉过", "en": "has complained"},
    "unfollowed": {"zh": "已取消关注", "en": "has unfollowed"},
    "opted_out": {"zh": "已退订", "en": "has opted out"},
    "no_consent": {"zh": "没有授权", "en": "has not given consent"},
    "no_address": {"zh": "没有可用的联系方式", "en": "there is no address to write to"},
    "unknown_person": {"zh": "身份未知，联系不上", "en": "not known who this is"},
    "no_adapter": {"zh": "渠道尚未接通", "en": "the channel is not connected"},
    "cap": {"zh": "近期已触达足够多次（频次上限）", "en": "written to often enough lately (frequency cap)"},
    "too_late": {"zh": "方案里的时间都已经过去", "en": "every time in the plan has passed"},
    "too_close": {"zh": "与另一条消息挨得太近", "en": "too close to another message"},
    "reminders": {"zh": "运营表对这类意向不提醒", "en": "the operator's table gives this intent no reminder"},
    "offer_expired": {"zh": "优惠届时已过期", "en": "the offer would have expired"},
    "out_of_stock": {"zh": "看过的商品都已售罄", "en": "everything that was shown is sold out"},
}  # fmt: skip

STEP_REASONS: dict[str, Text] = {
    "past": {"zh": "时间已过", "en": "its time had passed"},
    "window": {"zh": "超出活动期", "en": "after the campaign's window"},
    "reminders": {"zh": "超出这类意向的提醒次数", "en": "more reminders than this intent is given"},
    "too_close": {"zh": "与上一条挨得太近", "en": "too close to the one before"},
    "cap": {"zh": "频次上限", "en": "frequency cap"},
    "offer_expired": {"zh": "优惠已过期", "en": "the offer would have expired"},
}  # fmt: skip


def name_reason(code: str, language: str) -> str:
    """The reason in a few words; an unknown code is shown as it is."""
    return say(REASONS.get(code, {"en": code}), language)


def explain(
    row: Mapping[str, Any],
    language: str,
    *,
    timings: Mapping[str, str] | None = None,
    offers: Mapping[str, str] | None = None,
) -> str:
    """The reason as a sentence with the facts behind it: 'High intent: watched 18 min, 1 in the cart.'.

    `row` is one of the decisions table, with what is known of the person (watched, carts, asked, clicks, orders) where
    that was kept. `timings` and `offers` say in words what the campaign's own names for them mean.
    """
    words, facts = name_reason(row["reason"], language), _facts(row, language)
    lost = zip(row.get("dropped_steps") or (), row.get("dropped_reasons") or (), strict=True)
    details = [_dropped(step, reason, language) for step, reason in lost]
    if row["action"] == "holdout" and row.get("channel"):
        details.insert(0, _would(row, language, timings or {}, offers or {}))
    comma, colon, stop = ("，", "：", "。") if language == "zh" else (", ", ": ", ".")
    text = words + (colon + comma.join(facts) if facts else "")
    sentences = [one[:1].upper() + one[1:] for one in (text, *details)]
    return (stop if language == "zh" else ". ").join(sentences) + stop


def _facts(row: Mapping[str, Any], language: str) -> list[str]:
    said = []
    if (seconds := row.get("watched") or 0) > 0:
        minutes = max(1, round(seconds / 60))
        said.append(f"看了 {minutes} 分钟" if language == "zh" else f"watched {minutes} min")
    for key, zh, one, many in (
        ("carts", "加购 {} 次", "{} in the cart", "{} in the cart"),
        ("asked", "询问 {} 次", "asked once", "asked {} times"),
        ("clicks", "点击商品 {} 次", "{} product click", "{} product clicks"),
        ("orders", "以前下过 {} 单", "{} earlier order", "{} earlier orders"),
    ):
        if (count := row.get(key) or 0) > 0:
            said.append((zh if language == "zh" else one if count == 1 else many).format(count))
    return said


def _dropped(step: int, reason: str, language: str) -> str:
    why = say(STEP_REASONS.get(reason, {"en": reason}), language)
    return f"第 {step} 次不发：{why}" if language == "zh" else f"message {step} is left out: {why}"


def _would(row: Mapping[str, Any], language: str, timings: Mapping[str, str], offers: Mapping[str, str]) -> str:
    channel = say(label_of(row["channel"]), language)
    timing, offer = (names.get(name, name) for names, name in ((timings, row["timing"]), (offers, row["offer"])))
    if language == "zh":
        return f"本来的方案：{timing}、{channel}、{offer}"
    return f"the plan would have been {timing}, {channel}, {offer}"
