"""Stages of the customer's life, in the order in which lifecycle.sql tries them, with their goals.

The numbers of days are the house's defaults after operators' usage (沉睡 60–180 天, 流失 > 180 天); a brand whose goods
last half a year sets its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from huitou.kit.text import Text


@dataclass(frozen=True)
class LifecycleStage:
    stage: str
    name: Text
    goal: Text


STAGES: tuple[LifecycleStage, ...] = (
    LifecycleStage(
        "prospect",
        {"zh": "潜在客户", "en": "Prospect"},
        {
            "zh": "有兴趣，还没买：吸引、促成首单。",
            "en": "Interested, has not bought: attract, lead to the first order.",
        },
    ),
    LifecycleStage(
        "lost",
        {"zh": "流失客户", "en": "Lost"},
        {"zh": "很久没有动静：只在值得时挽回。", "en": "Silent for very long: win back only where it pays."},
    ),
    LifecycleStage(
        "dormant",
        {"zh": "休眠客户", "en": "Dormant"},
        {
            "zh": "买过，沉默了：用优惠和建议唤醒。",
            "en": "Bought, then silent: reawaken by promotion and personal advice.",
        },
    ),
    LifecycleStage(
        "won_back",
        {"zh": "回流客户", "en": "Won back"},
        {
            "zh": "流失后又买了：欢迎回来，促成下一单。",
            "en": "Bought again after being lost: welcome back, next order.",
        },
    ),
    LifecycleStage(
        "loyal",
        {"zh": "忠实客户", "en": "Loyal"},
        {
            "zh": "常买、信任：回馈、评价、转介绍。",
            "en": "Buys often, trusts: reward, ask for reviews, let them spread it.",
        },
    ),
    LifecycleStage(
        "new",
        {"zh": "新客户", "en": "New"},
        {"zh": "刚买：留下好印象，促成第二单。", "en": "Has just bought: a good first impression, the second order."},
    ),
    LifecycleStage(
        "active",
        {"zh": "活跃客户", "en": "Active"},
        {"zh": "近期有购买或互动：保持活跃、推荐。", "en": "Buys or takes part these weeks: keep active, recommend."},
    ),
)


@dataclass(frozen=True)
class StageDays:
    """Whole days (and orders) where one stage turns into another."""

    new_days: int = 30
    dormant_days: int = 60
    lost_days: int = 180
    loyal_orders: int = 4

    def __post_init__(self) -> None:
        if not 0 <= self.new_days <= self.dormant_days <= self.lost_days:
            raise ValueError("stages need new_days <= dormant_days <= lost_days")
        if self.loyal_orders < 1:
            raise ValueError("loyal_orders is at least 1")
