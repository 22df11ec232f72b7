"""What cells say in words: what became of an order, what somebody did, yes and no; and rows that are sums of others.

A word nobody here knows is never taken for a sale: its row is rejected with the word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from huitou.events.connectors.cells import is_empty, shown, text
from huitou.events.names import find_name
from huitou.kit.errors import Rejected

State = Literal["unpaid", "paid", "cancelled", "part_refunded", "refunded"]
PRECEDENCE: tuple[State, ...] = (
    "refunded",
    "part_refunded",
    "cancelled",
    "unpaid",
    "paid",
)  # of two words the stronger

# 抖店, 淘宝/天猫, 京东, 拼多多 (“已发货，待签收”), 快手小店, 有赞, 微盟, 微信小店; Shopify's financial status, WooCommerce's
# and Magento's order statuses, TikTok Shop, Olist. 'closed' alone is not here: cancelled with some, complete with others.
STATES: Mapping[State, str] = {
    "unpaid": (
        "待付款 待支付 未付款 未支付 等待付款 等待支付 等待买家付款 待买家付款 买家未付款 支付中 付款中 部分付款 部分支付 待付尾款 已付定金 定金已付"
        " 待付定金 拼团中 待成团 待确认 待审核 已下单 已提交 已创建 新订单 货到付款"
        " created|placed|new|open|draft|checkout draft|pending|pending payment|payment pending|awaiting payment|unpaid|on hold"
        "|authorized|partially paid|payment due|overdue|not paid|submitted|cod"
    ),
    "paid": (
        "已支付 已付款 支付成功 付款成功 支付完成 付款完成 支付 付款 买家已付款 已收款 待发货 未发货 等待发货 等待卖家发货 待卖家发货 待出库 等待出库"
        " 备货中 待配送 待自提 待核销 待使用 待接单 已接单 处理中 部分发货 已出库 已发货 卖家已发货 待收货 待签收 待确认收货 等待收货 等待确认收货"
        " 等待买家确认 等待买家确认收货 等待买家收货 运输中 配送中 派送中 已签收 已收货 已确认收货 确认收货 已自提 已核销 已使用 已送达 待评价"
        " 已评价 已完成 完成 订单完成 交易成功 交易完成 订单成功 成功 已成交 成交 已成团 拼团成功 已结算"
        # A refund asked for, refused or called off: so far the money is the shop's.
        " 退款中 退货中 售后中 申请退款 申请退款中 退款申请中 退款处理中 退款待处理 待退款 待商家处理 售后处理中 待买家退货 退款关闭 退款失败 退款取消"
        " 退款拒绝 拒绝退款 售后关闭 售后取消"
        " paid|payment received|captured|processing|in process|complete|completed|finished|done|success|succeeded|successful"
        "|shipped|partially shipped|fulfilled|partially fulfilled|delivered|received|dispatched|in transit|out for delivery"
        "|awaiting shipment|awaiting fulfillment|awaiting collection|awaiting pickup|ready to ship|invoiced|approved"
        "|refund pending|refund requested|return requested"
    ),
    "cancelled": (
        "已取消 取消 订单取消 已关闭 关闭 交易关闭 订单关闭 交易取消 已作废 作废 已失效 已过期 超时关闭 超时取消 超时未支付 支付超时 支付失败 付款失败"
        " 交易失败 已撤销 用户取消 买家取消 卖家取消 商家取消 系统取消 买家已取消 拼团失败 未成团"
        " cancelled|canceled|cancel|cancellation|voided|void|failed|payment failed|expired|declined|rejected|unavailable|abandoned"
        "|timed out|trash"
    ),
    "part_refunded": (
        "部分退款 部分退款成功 已部分退款 部分退货 部分已退款 部分售后"
        " partially refunded|partial refund|partly refunded|part refunded|partially returned"
    ),
    "refunded": (
        "已退款 退款成功 退款完成 退款已完成 全额退款 全额退款成功 全部退款 已全额退款 仅退款成功 退货退款成功 退货成功 退货完成 已退货 已退货退款"
        " 退款 退货 退货退款 整单退款 已退单 退单"
        " refunded|fully refunded|refund|returned|return|chargeback|charged back|reversed|refund completed|refund succeeded"
    ),
}  # fmt: skip
# Of the columns of refunds only: nothing happened.
NO_REFUND = (
    "没有申请退款 未申请退款 无退款 未退款 无售后 未申请售后 正常 无售后或售后取消 否 无需退款 不退款"
    " no|false|0|not refunded|no refund|not returned|normal|unrefunded"
)

# REES46, Retailrocket, Taobao UserBehavior and Tmall name their events so.
EVENTS: Mapping[str, str] = {
    "order_paid": (
        "购买 支付 付款 已支付 已付款 支付成功 付款成功 支付订单 完成支付 成交 消费 已购买 交易成功 销售 收银"
        " buy|bought|purchase|purchased|order|paid|pay|payment|payment success|payment succeeded|pay success|transaction|sale|sold|checkout complete"
    ),
    "order_created": "下单 提交订单 创建订单 生成订单 拍下 已下单 place order|order placed|create order|submit order",
    "order_cancelled": "取消订单 订单取消 取消 已取消 交易关闭 关闭订单 cancel|cancelled|canceled|cancel order|order canceled",
    "order_refunded": "退款 退货 退货退款 退款成功 已退款 退单 refund|refunded|return|returned|order returned",
    "order_shipped": "发货 已发货 ship|shipped|fulfilled",
    "order_received": "收货 确认收货 签收 已签收 delivered|received",
    "cart_added": "加购 加入购物车 添加购物车 加购物车 加车 cart|add to cart|addtocart|addcart|add cart|basket",
    "cart_removed": "移出购物车 删除购物车 移除购物车 remove from cart|removefromcart|remove cart",
    "wishlist_added": "收藏 收藏商品 加入收藏 fav|favorite|favourite|collect|add to wishlist|wishlist",
    "checkout_started": "结算 去结算 begin checkout|checkout|start checkout|initiate checkout",
    "product_viewed": "浏览 浏览商品 查看商品 商品浏览 查看商品详情 商品详情 view|pv|product view|view item|view product|viewed|detail",
    "product_clicked": "点击 点击商品 商品点击 点击讲解 click|clicked|product click|select item",
    "products_searched": "搜索 search|searched",
    "page_viewed": "浏览页面 访问页面 page view|pageview",
    "live_entered": "进入直播间 进入直播 进房 进入 观看直播 enter|enter live|enter room|live enter|join live|entered",
    "live_left": "离开直播间 离开直播 退出直播间 离开 leave|leave live|leave room|live leave|left|exit",
    "live_watched": "观看 看播 watch|watched|live watch",
    "live_commented": "评论 弹幕 发言 发弹幕 发表评论 comment|commented|live comment|chat|danmu",
    "live_liked": "点赞 like|liked|live like",
    "live_gifted": "送礼 送礼物 打赏 gift|live gift",
    "live_followed": "关注 关注主播 follow|followed|live follow",
    "live_unfollowed": "取消关注 取关 unfollow|unfollowed",
    "live_shared": "分享 分享直播间 share|shared|live share",
    "fanclub_joined": "加入粉丝团 加粉丝团 入团 join fanclub",
    "coupon_claimed": "领券 领取优惠券 领优惠券 claim coupon|coupon claim|get coupon",
    "coupon_redeemed": "用券 使用优惠券 核销优惠券 redeem coupon|use coupon|coupon redeem",
    "unsubscribed": "退订 unsubscribe|opt out",
}  # fmt: skip

YES = (
    "1 1.0 是 是的 同意 已同意 授权 已授权 允许 已允许 接受 已接受 接收 可以 愿意 订阅 已订阅 开 开启 已开启 有 有效 对 勾选 已勾选 可发送 可触达 √ ✓ ✔ ✅ ☑"
    " true|yes|y|t|on|ok|subscribed|subscribe|opt in|optin|opted in|single opt in|double opt in|granted|accepted|accepts|allowed|agree"
    "|agreed|active|enabled|confirmed|permitted"
)  # fmt: skip
# The answer no: it was never given, or is not any more; which of them, the answer alone does not tell.
NO = (
    "0 0.0 否 不 不是 不同意 未同意 未授权 不授权 不允许 未允许 不接受 未接受 不接收 不愿意 不可以 未订阅 不订阅 关 关闭 未开启 没有 无 无效 错 未勾选"
    " 不可发送 不可触达 × ✗ ✘ ✕ ✖ ❌ ☒ ☐"
    " false|no|n|f|off|x|not subscribed|never subscribed|not given|none|disabled|inactive"
)  # fmt: skip
# Words that say that somebody left or was taken out, whatever their column asks.
LEFT = (
    "取消授权 已取消授权 拒绝 已拒绝 拒收 已拒收 退订 已退订 取消订阅 已取消订阅 取消 已取消 撤回 已撤回 撤销 已撤销 已关闭 黑名单 拉黑 已拉黑 屏蔽 已屏蔽"
    " 免打扰 勿扰"
    " unsubscribed|unsubscribe|opt out|optout|opted out|denied|declined|rejected|refused|revoked|withdrawn|blocked|blacklisted"
    "|suppressed|cleaned|bounced|complained|do not contact|stop|td"
)  # fmt: skip
# Words in a column of those who left that say that somebody did not.
STAYED = "正常 未退订 未拒收 未取消 订阅 已订阅 normal|active|subscribed|subscribe|opt in|optin|opted in|single opt in|double opt in|not unsubscribed"
UNSAID = "未知 未设置 待确认 未询问 不详 unknown|pending|not set|not asked"

TOTALS = re.compile(
    r"(合计|总计|小计|共计|累计|总和|汇总|本页合计|本页小计|grandtotal|subtotal|totals?|sum)[:：]?([\d(（].*)?",
    re.IGNORECASE,
)

TOTALS_BEGIN = frozenset("合总總小共累汇匯本gstGST")


@lru_cache(maxsize=4096)
def normal(word: str) -> str:
    """A word as the tables here hold it: half width, lower case, without blanks, `_`, `-` and a note in brackets."""
    plain = unicodedata.normalize("NFKC", word).replace("\ufe0f", "").strip().lower()
    plain = re.sub(r"(?<=.)\([^()]*\)$", "", plain)
    return re.sub(r"[\s_\-]+", "", plain)


def _table(words: Mapping[Any, str]) -> dict[str, Any]:
    """{word: meaning} of 'words with blanks between words and|between phrases'; Chinese words hold no blanks."""
    return {normal(word): meaning for meaning, said in words.items() for word in _split(said)}


def _split(said: str) -> list[str]:
    """The Chinese words stand before the first phrase with a letter, parted by blanks; the rest by bars."""
    start = re.search(r"(?<= )(?=[a-z])|^(?=[a-z])", said)
    chinese, phrases = (said[: start.start()], said[start.start() :]) if start else (said, "")
    return [*chinese.split(), *filter(None, phrases.split("|"))]


_STATES: dict[str, State] = _table(STATES)
_NO_REFUND = frozenset(map(normal, _split(NO_REFUND)))
_EVENTS: dict[str, str] = _table(EVENTS)
_YES, _NO, _LEFT, _STAYED, _UNSAID = (frozenset(map(normal, _split(said))) for said in (YES, NO, LEFT, STAYED, UNSAID))


def read_state(cell: Any, column: str, *, of_refunds: bool = False) -> State | None:
    """What a status says of an order; None where nothing. Rejected for a word nobody knows.

    拼多多 says two things in one cell (“未发货，退款成功”): the stronger counts. WooCommerce's words begin with `wc-`.
    """
    if is_empty(cell):
        return None
    found: set[State] = set()
    for part in re.split(r"[,;/+、|]", unicodedata.normalize("NFKC", text(cell))):
        word = normal(part).removeprefix("wc")
        if of_refunds and word in _NO_REFUND:
            continue
        if word not in _STATES:
            raise _unknown(cell, column)
        found.add(_STATES[word])
    return next((state for state in PRECEDENCE if state in found), None)


def read_event(word: str) -> tuple[str, str] | None:
    """(our name, its channel) of an event's name: ours, Segment's, or what people call it; None where nobody knows it."""
    known = find_name(word)
    if known.money != "verbatim":
        return known.name, known.channel
    ours = find_name(re.sub(r"[\s\-]+", "_", word.strip()).lower())
    if ours.money != "verbatim":
        return ours.name, ours.channel
    found = _EVENTS.get(normal(word))
    return (found, "") if found else None


def _unknown(cell: Any, column: str) -> Rejected:
    zh = f"不认识状态 {shown(cell)}：请改写这个词，或用 --map 角色=- 不看这一列"
    en = f"{shown(cell)} is an unknown status: fix the value, or leave the column out (--map ROLE=-)"
    return Rejected(column, {"zh": zh, "en": en})


Answer = Literal["given", "not_given", "withdrawn"]


def read_consent(cell: Any, column: str) -> Answer | None:
    """What a column that asks for permission says; None for an empty cell and for 'unknown'; Rejected for other words."""
    if cell is None:
        return None
    word = normal(text(cell))
    if word in _LEFT:
        return "withdrawn"
    if word in _YES or word in _NO:
        return "given" if word in _YES else "not_given"
    if word in _UNSAID:
        return None
    raise _neither(cell, column)


def read_refusal(cell: Any, column: str) -> bool:
    """Whether a column of those who left says that somebody did; Rejected for a word nobody knows."""
    if cell is None:
        return False
    word = normal(text(cell))
    if word in _STAYED or word in _NO or word in _UNSAID:
        return False
    if word in _YES or word in _LEFT:
        return True
    raise _neither(cell, column)


def _neither(cell: Any, column: str) -> Rejected:
    return Rejected(column, {"zh": f"{shown(cell)} 不是“是/否”", "en": f"{shown(cell)} is neither yes nor no"})


def refuse_totals(cells: Any) -> None:
    """Rejected where the row sums up the others: its first filled cell says 合计 or Total."""
    first = next((cell for cell in cells if not is_empty(cell)), None)
    if isinstance(first, str) and first.strip()[:1] in TOTALS_BEGIN and TOTALS.fullmatch(normal(first)):
        raise Rejected("", {"zh": f"是{shown(first)}行，不是数据", "en": f"a row of totals ({shown(first)})"})
