"""What a permission is for, by whatever name a source calls it.

Nearly everything the house sends is marketing, so a doubt is decided against sending: a withdrawal for a purpose nobody
knows counts as one of marketing, a grant for such a purpose permits no marketing. Names are compared without case,
width (ＡＤＳ) and the signs between words.
"""

from __future__ import annotations

import unicodedata
from typing import Any

MARKETING = "marketing"
SERVICE = "service"  # order, shipping, after-sales, points: what a customer expects to be told
IMPORT = "import"  # how of a grant without a time of its own: somebody else's record, not an act we saw

NAMES = {
    MARKETING: (
        "marketing", "direct marketing", "email marketing", "e mail marketing", "sms marketing", "promotion", "promotions",
        "promotional", "promo", "ad", "ads", "advert", "adverts", "advertising", "advertisement", "advertisements",
        "commercial", "newsletter", "newsletters", "offers",
        "营销", "市场营销", "营销推广", "推广", "商业推广", "促销", "广告", "营销信息", "商业信息", "优惠",
        "營銷", "行銷", "推廣", "促銷", "廣告", "優惠",
    ),
    SERVICE: (
        "service", "services", "transactional", "transaction", "transactions", "order", "orders", "order updates",
        "after sales", "服务", "服务通知", "交易", "交易通知", "订单", "订单通知", "售后", "服務", "訂單", "售後",
    ),
}  # fmt: skip
_BY_NAME = {name: purpose for purpose, names in NAMES.items() for name in names}


def read_purpose(said: Any, granted: bool) -> str:
    """The house's name of the purpose; where nothing is said it is marketing, a name nobody knows stays as it is."""
    if said is None or said == "":
        return MARKETING
    plain = unicodedata.normalize("NFKC", str(said)).casefold().replace("_", " ").replace("-", " ")
    plain = " ".join(plain.split())
    return _BY_NAME.get(plain, plain if granted and plain else MARKETING)
