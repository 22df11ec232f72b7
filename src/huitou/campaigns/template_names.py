"""The names a campaign's words may use, and what each is: what delivery fills in, said once.

`docs/campaign-file.md` shows this table, the check of a campaign file goes by it (template_checks.py), and a test
holds what delivery hands to the templates against it.
"""

from __future__ import annotations

from dataclasses import dataclass

from huitou.kit.text import Text


@dataclass(frozen=True)
class TemplateName:
    """One name. `sure`: every message has it, so that it may be printed without a `default`. `internal` names can be
    used but are not advertised: the facts behind a decision, and raw numbers that another name says in words."""

    path: str
    about: Text
    sure: bool = False
    internal: bool = False


def _name(path: str, zh: str, en: str, *, sure: bool = False, internal: bool = False) -> TemplateName:
    return TemplateName(path, {"zh": zh, "en": en}, sure, internal)


_PRODUCT = (
    ("name", "商品名", "the product's name", False),
    ("why", "为什么是它：carted（加购）、clicked（点过）、watched（在场时讲过）、best_seller（本场购买人数最多）；说不清时为空",
     "why it is there: carted, clicked, watched (shown while they were in the room), best_seller (bought by most in the"
     " show); empty where nothing can be said", False),
    ("in_stock", "知道库存且大于零时为真，排队满一天后不再为真", "true where the stock is known and not zero, for a day after queueing", False),
    ("price", "价格，例如 ¥199.00", "the price, e.g. ¥199.00", False),
    ("offer_price", "用上优惠后的价格", "the price that the offer leaves", False),
    ("category", "类目", "the category", False),
    ("url", "商品页地址", "the product page's address", False),
    ("picture", "商品图片地址", "the address of a picture", False),
    ("id", "商品编号", "the product's id", False),
    ("price_minor", "以分为单位的价格", "the price in minor units", True),
    ("currency", "价格的币种", "the price's currency", True),
    ("image", "商品图片地址", "the address of a picture", True),
    ("image_url", "商品图片地址", "the address of a picture", True),
)  # fmt: skip

NAMES: tuple[TemplateName, ...] = (
    _name("customer.name", "客户的名字", "the customer's name"),
    _name("broadcast.title", "场次名称", "the broadcast's title"),
    _name("broadcast.id", "场次编号", "the broadcast's id"),
    _name("broadcast.started_at", "开播时间，微秒", "when it began, epoch microseconds", internal=True),
    _name("broadcast.ended_at", "下播时间，微秒", "when it ended, epoch microseconds", internal=True),
    *(_name(f"product.{key}", zh, en, internal=inner) for key, zh, en, inner in _PRODUCT),
    _name("products", "最多三件商品，第一件就是 product", "up to three products, the first of which is product", sure=True),
    *(_name(f"products[].{key}", zh, en, internal=True) for key, zh, en, _ in _PRODUCT),
    _name("link", "商品页的追踪链接", "the tracked link to the product"),
    _name("offer", "优惠；没有优惠时 {% if offer %} 不成立", "the offer; {% if offer %} is false without one", sure=True),
    _name("offer.text", "优惠的说法，例如 9折", "the offer in words, e.g. 10% off", sure=True),
    _name("offer.expires", "优惠到什么时候，按客户的时区", "until when, by the customer's clock", sure=True),
    _name("offer.code", "券码", "the coupon's code", sure=True),
    _name("offer.name", "优惠在活动文件里的名字", "the offer's name in the campaign file", sure=True, internal=True),
    _name("offer.kind", "优惠类型", "the offer's kind", sure=True, internal=True),
    _name("offer.expires_at", "到期时间，微秒", "its end, epoch microseconds", sure=True, internal=True),
    _name("offer.offer_price_minor", "优惠价，分", "the price it leaves, minor units", sure=True, internal=True),
    _name("offer.expected_cost_micro", "预计成本", "its expected cost", sure=True, internal=True),
    _name("campaign.name", "触达活动的名字", "the campaign's name", sure=True),
    _name("sender.name", "发件方", "who writes", sure=True),
    _name("sender.postal_address", "发件方地址", "the sender's postal address"),
    _name("sender.reply_to", "回复地址", "where replies go"),
    _name("unsubscribe", "退订链接", "the unsubscribe link", sure=True),
    _name("unsubscribe_url", "退订链接", "the unsubscribe link", sure=True, internal=True),
    _name("language", "这封消息的语言：zh 或 en", "the message's language: zh or en", sure=True),
    _name("subject", "标题（在正文里用）", "the subject (in a body)", sure=True),
    _name("why", "为什么收到这封邮件", "why they get this mail", sure=True),
    _name("stage", "阶段：urgency 或 value", "the stage: urgency or value", internal=True),
    _name("intent", "意向", "the intent", internal=True),
    _name("timezone", "客户的时区", "the customer's time zone", internal=True),
    _name("currency", "活动的币种", "the campaign's currency", internal=True),
    *(
        _name(f"facts.{key}", zh, en, internal=True)
        for key, zh, en in (
            ("watched", "观看秒数", "seconds watched"), ("carts", "加购次数", "times added to the cart"),
            ("clicks", "点击次数", "clicks"), ("asked", "提问次数", "questions"), ("orders", "历史订单数", "past orders"),
        )
    ),
)  # fmt: skip
KNOWN = {name.path: name for name in NAMES}
ROOTS = frozenset(path.partition(".")[0].removesuffix("[]") for path in KNOWN)


def table_of_names() -> str:
    """The advertised names as a Markdown table."""
    rows = [
        f"| `{name.path}` | {'' if name.sure else '✓'} | {name.about['en']} | {name.about['zh']} |"
        for name in NAMES
        if not name.internal
    ]
    return "\n".join(["| name · 变量 | may be empty · 可能为空 | | |", "|---|---|---|---|", *rows])
