"""RFM: the eight cells of recency, frequency, money; their names, grades and what to do about each.

A cell is three letters in that order; R high is recent. Names and grades are the operators' own
(重要价值 … 一般挽留). RFM knows only the past and nothing of age, sex or region, and its thresholds move with the
customers, so they are drawn again at every refresh: the mean of all buyers, or what the operator sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from huitou.kit.text import Text


@dataclass(frozen=True)
class RfmCell:
    rfm: str
    grade: str
    name: Text
    strategy: Text


CELLS: tuple[RfmCell, ...] = (
    RfmCell(
        "HHH",
        "A",
        {"zh": "重要价值客户", "en": "Champions"},
        {
            "zh": "专属权益和新品优先，送礼品、积分，不用大额券。",
            "en": "Own privileges and first choice of what is new; gifts and points rather than deep coupons.",
        },
    ),
    RfmCell(
        "HLH",
        "A",
        {"zh": "重要发展客户", "en": "Big spenders to grow"},
        {
            "zh": "推荐搭配和会员，用积分促成更常买。",
            "en": "Suggest what goes with it, offer membership; points for buying more often.",
        },
    ),
    RfmCell(
        "LHH",
        "B",
        {"zh": "重要保持客户", "en": "Valuable, gone quiet"},
        {
            "zh": "主动联系，提醒新品和复购，送关怀礼品卡。",
            "en": "Get in touch, show what is new and what runs out; a gift card as a sign of care.",
        },
    ),
    RfmCell(
        "LLH",
        "B",
        {"zh": "重要挽留客户", "en": "Big spenders slipping away"},
        {
            "zh": "一对一回访，用高面额券挽回。",
            "en": "A personal call back and a coupon worth the trouble.",
        },
    ),
    RfmCell(
        "HHL",
        "B",
        {"zh": "一般价值客户", "en": "Frequent small buyers"},
        {
            "zh": "满减券和组合装，提高客单价。",
            "en": "Spend-and-save coupons and bundles to raise the basket.",
        },
    ),
    RfmCell(
        "HLL",
        "B",
        {"zh": "一般发展客户", "en": "Newcomers"},
        {
            "zh": "欢迎礼和第二单券，引导进群。",
            "en": "A welcome and a second-order coupon; invite them to the group.",
        },
    ),
    RfmCell(
        "LHL",
        "C",
        {"zh": "一般保持客户", "en": "Once regular, small"},
        {
            "zh": "低成本唤醒：积分到期提醒、常买商品优惠。",
            "en": "Wake them cheaply: points about to expire, an offer on what they used to buy.",
        },
    ),
    RfmCell(
        "LLL",
        "C",
        {"zh": "一般挽留客户", "en": "Lapsing"},
        {
            "zh": "只在大促时触达，不投入成本。",
            "en": "Write only at big sales; spend nothing on them.",
        },
    ),
)

BY_RFM: Mapping[str, RfmCell] = {cell.rfm: cell for cell in CELLS}


@dataclass(frozen=True)
class RfmThresholds:
    """Where high begins in one currency; None is the mean of the buyers. High is recency at most, the others at least.

    For beauty an order a month is already frequent: such knowledge is the operator's, and is set here.
    """

    currency: str
    recency_days: int | None = None
    orders: int | None = None
    spent_minor: int | None = None


def cells_table() -> pa.Table:
    """(rfm, grade): what rfm.sql reads."""
    return pa.table({"rfm": [cell.rfm for cell in CELLS], "grade": [cell.grade for cell in CELLS]})


def given_table(given: tuple[RfmThresholds, ...] = ()) -> pa.Table:
    """(currency, recency_days, orders, spent_minor): what rfm_thresholds.sql reads. '' is a currency nobody told."""
    return pa.table(
        {
            "currency": pa.array([one.currency for one in given], pa.string()),
            "recency_days": pa.array([one.recency_days for one in given], pa.int64()),
            "orders": pa.array([one.orders for one in given], pa.int64()),
            "spent_minor": pa.array([one.spent_minor for one in given], pa.int64()),
        }
    )
