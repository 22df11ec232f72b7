"""What is true of a channel whoever uses it: where its address comes from, what one message costs, when it is silent.

Prices are what a Chinese brand pays as an order of magnitude in 分, changed by `cost_minor` in the campaign file.
Silent hours are local to the customer, [from, to) in minutes of the day:
- sms: carriers and providers deliver promotion 08:00-20:00 only (Aliyun; Huawei 08:00-22:00); the narrower one holds.
- douyin: platform recall 09:00-21:00 (抖音飞鸽).
"""

from __future__ import annotations

from dataclasses import dataclass

from huitou.kit.text import Text

Minutes = tuple[int, int]


@dataclass(frozen=True)
class ChannelFacts:
    """`address` is the kind of identifier a message goes to, with the app that gave it out where ids are an app's own (a
    campaign's channel may name another: openid:wx12…, push_token:com.example.tea); `per_day` what the platform allows a person in a day."""

    name: str
    label: Text
    address: str
    cost_minor: float
    silent: tuple[Minutes, ...] = ()
    per_day: int | None = None


def _clock(hours: int, minutes: int = 0) -> int:
    return hours * 60 + minutes


FACTS = {
    facts.name: facts
    for facts in (
        ChannelFacts("email", {"zh": "邮件", "en": "e-mail"}, "email", 0.1),
        ChannelFacts("sms", {"zh": "短信", "en": "SMS"}, "phone", 5.0, ((_clock(20), _clock(8)),)),
        ChannelFacts("push", {"zh": "App 推送", "en": "push"}, "push_token", 0.2),
        ChannelFacts("wecom", {"zh": "企业微信", "en": "WeCom"}, "external_userid", 0.0, per_day=1),
        ChannelFacts("wechat", {"zh": "小程序订阅消息", "en": "mini-program message"}, "openid:wechat", 0.0),
        ChannelFacts(
            "douyin",
            {"zh": "抖音私信", "en": "Douyin message"},
            "openid:douyin",
            0.0,
            ((_clock(21), _clock(9)),),
            per_day=1,
        ),
    )
}


def facts_of(channel: str, address: str | None = None) -> ChannelFacts:
    """The facts of a known channel; for another one the address kind has to be told. KeyError without it."""
    known = FACTS.get(channel)
    if known is not None:
        return known
    if address is None:
        raise KeyError(channel)
    return ChannelFacts(channel, {"zh": channel, "en": channel}, address, 0.0)


def address_kind(channel: str) -> str:
    """The kind of identifier the channel writes to; a channel nobody knows is its own."""
    return FACTS[channel].address if channel in FACTS else channel


def label_of(channel: str) -> Text:
    known = FACTS.get(channel)
    return known.label if known else {"zh": channel, "en": channel}
