"""Where brand and customer met: one word an event, said by the sender or by what the event is.

The sender's own word counts first (`touchpoint` in the properties or in context), in any of the ways people write it; a
word that is none of ours is `other`, and stays as told among the properties. Then the event's name, its channel and
its broadcast; last the SDK, by what Segment's specification has it send of itself (context.library, page, os).
"""

from __future__ import annotations

from typing import Any

LIVE, STORE, SHOP, WEB, APP, MINIPROGRAM, OTHER = "live", "store", "shop", "web", "app", "miniprogram", "other"
CHANNELS = ("email", "sms", "push", "wecom", "wechat", "douyin")
TOUCHPOINTS = (LIVE, SHOP, MINIPROGRAM, APP, WEB, STORE, *CHANNELS, "phone", OTHER)

SYNONYMS = {
    "live_room": LIVE, "livestream": LIVE, "直播": LIVE, "直播间": LIVE,
    "mini_program": MINIPROGRAM, "miniapp": MINIPROGRAM, "mini_app": MINIPROGRAM, "weapp": MINIPROGRAM,
    "小程序": MINIPROGRAM, "微信小程序": MINIPROGRAM, "抖音小程序": MINIPROGRAM,
    "mobile": APP, "ios": APP, "android": APP, "手机应用": APP,
    "site": WEB, "website": WEB, "h5": WEB, "网站": WEB, "官网": WEB,
    "offline": STORE, "pos": STORE, "retail": STORE, "门店": STORE, "线下": STORE, "线下门店": STORE,
    "online_shop": SHOP, "店铺": SHOP, "网店": SHOP, "商城": SHOP,
    "mail": "email", "e_mail": "email", "邮件": "email", "邮箱": "email", "短信": "sms", "推送": "push",
    "企业微信": "wecom", "企微": "wecom", "公众号": "wechat", "服务号": "wechat", "抖音": "douyin",
    "call": "phone", "电话": "phone",
}  # fmt: skip
IN_THE_ROOM = frozenset({"product_shown", "product_listed", "fanclub_joined", "fanclub_left", "fanclub_upgraded"})
BY_TYPE = {"page": WEB, "screen": APP}
OF_CHANNELS = ("message_", "consent_", "unsubscribed")


def read_touchpoint(said: object) -> str:
    """The word for what the sender wrote; '' where it wrote nothing, `other` where it is no word we know."""
    if not isinstance(said, str) or not (word := said.strip().casefold().replace("-", "_").replace(" ", "_")):
        return ""
    return word if word in TOUCHPOINTS else SYNONYMS.get(word, OTHER)


def told_touchpoint(name: str, kind: str, properties: dict[str, Any], context: object) -> str:
    """What the sender says that the event itself does not: its own word, else its SDK; '' where neither adds anything."""
    context = context if type(context) is dict else {}
    told = properties.get("touchpoint")
    if word := read_touchpoint(context.get("touchpoint") if told is None else told):
        return word
    if not context or of_event(name, kind, *(properties.get(one) for one in ("channel", "broadcast_id", "shop_id"))):
        return ""
    return _of_sdk(context)


def of_event(name: str, kind: str, channel: object, broadcast: object, shop: object) -> str | None:
    """The touchpoint by what the event is; None where that does not tell."""
    if name.startswith("live_") or name in IN_THE_ROOM:
        return LIVE
    if name == "store_visited":
        return STORE
    if name.startswith(OF_CHANNELS):
        return str(channel) if channel in CHANNELS else None
    if broadcast:
        return LIVE
    return BY_TYPE.get(kind) or (SHOP if shop and name.startswith("order_") else None)


def _of_sdk(context: dict[str, Any]) -> str:
    library = context.get("library")
    name = library.get("name") if type(library) is dict else None
    if isinstance(name, str) and any(mark in name.casefold() for mark in ("miniprogram", "mini-program", "weapp")):
        return MINIPROGRAM
    if type(context.get("page")) is dict:
        return WEB
    return APP if type(context.get("os")) is dict and type(context.get("app")) is dict else ""
