"""Offers: what may be added to a message, what it says and what it costs.

What an offer costs is not what the additional buyers redeem but what all buyers redeem: those who would have bought
anyway use the coupon too (cannibalisation; see `expected_cost`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from huitou.kit.money import format_money
from huitou.kit.text import Text

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

KINDS = ("none", "discount", "spend_and_save", "no_threshold", "points")
PPM = 1_000_000


@dataclass(frozen=True)
class Offer:
    """One offer of a campaign file. `rate_ppm` parts per million of the price; amounts in minor units.

    `expires_hours` counts from the end of the broadcast, like the hours of a timing; None: as long as the campaign's
    window. `stock` is how many customers may be given it in one broadcast; None: as many as the budget carries.
    """

    name: str
    kind: str = "none"
    rate_ppm: int = 0
    threshold_minor: int = 0
    off_minor: int = 0
    points: int = 0
    point_cost_micro: int = 0
    expires_hours: float | None = None
    stock: int | None = None
    words: Text | None = None

    @property
    def is_none(self) -> bool:
        return self.kind == "none"

    def cost_minor(self, price_minor: ArrayLike) -> Ints:
        """What one redemption on a basket of that price costs, (n,) minor units, rounded up, never above the price.

        `spend_and_save` below its threshold: whoever redeems has filled the basket to the threshold.
        """
        price = np.maximum(np.asarray(price_minor, dtype=np.int64), 0)
        if self.kind == "discount":
            return -(-(price * self.rate_ppm) // PPM)
        if self.kind == "spend_and_save":
            return np.full_like(price, self.off_minor)
        if self.kind == "no_threshold":
            return np.minimum(price, self.off_minor)
        if self.kind == "points":
            return np.full_like(price, -(-(self.points * self.point_cost_micro) // PPM))
        return np.zeros_like(price)

    def depth(self, price_minor: ArrayLike) -> Floats:
        """How large the offer feels: its cost as a share of the basket it is used on, (n,) in 0..1."""
        price = np.maximum(np.asarray(price_minor, dtype=np.int64), 1)
        basket = np.maximum(price, self.threshold_minor)
        return np.clip(self.cost_minor(price) / basket, 0.0, 1.0)

    def expected_cost(self, price_minor: ArrayLike, anyway: ArrayLike, extra: ArrayLike) -> Floats:
        """Expected cost of handing it to a person, (n,) minor units: (anyway + extra) x cost of one redemption.

        `anyway` is the chance that the person buys without it, `extra` what the message adds. Everybody who buys
        is taken to redeem: an upper bound, so that the budget is kept.
        """
        buys = np.clip(np.asarray(anyway, dtype=np.float64) + np.asarray(extra, dtype=np.float64), 0.0, 1.0)
        return buys * self.cost_minor(price_minor)

    def text(self, language: str, currency: str) -> str:
        """What the customer reads: '9折', '满80减15'; '10% off', '15 off from 80'. '' for none."""
        if self.words:
            return self.words.get(language) or next(iter(self.words.values()))
        if self.kind == "discount":
            return _discount(self.rate_ppm, language)
        off = _short_money(self.off_minor, currency)
        if self.kind == "spend_and_save":
            threshold = _short_money(self.threshold_minor, currency)
            return f"满{threshold}减{off}" if language == "zh" else f"{off} off orders from {threshold}"
        if self.kind == "no_threshold":
            return f"立减{off}" if language == "zh" else f"{off} off"
        if self.kind == "points":
            return f"送{self.points}积分" if language == "zh" else f"{self.points} bonus points"
        return ""


def _discount(rate_ppm: int, language: str) -> str:
    """Chinese names what is left to pay in tenths (9折, 8.5折), English what is taken off."""
    if language == "zh":
        return f"{_plain(Decimal(PPM - rate_ppm) * 10 / PPM)}折"
    return f"{_plain(Decimal(rate_ppm) * 100 / PPM)}% off"


def _short_money(minor: int, currency: str) -> str:
    """¥80 rather than ¥80.00, the way coupons are written."""
    return format_money(minor, currency).removesuffix(".00")


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


NONE = Offer("none")
