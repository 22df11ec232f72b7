"""From the text of a campaign file to a Campaign."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Protocol, TypeVar

from huitou.campaigns.channel_facts import FACTS, Minutes, facts_of
from huitou.campaigns.content_reading import TemplateMistake, read_contents
from huitou.campaigns.definition import (
    FOLLOW_UP_WORDS,
    STAGES,
    Budget,
    Campaign,
    Channel,
    IntentRule,
    Intents,
    Sender,
    Thresholds,
    Timing,
)
from huitou.campaigns.keys import CampaignError, Keys
from huitou.campaigns.quiet import union_of
from huitou.events.purposes import MARKETING, SERVICE
from huitou.kit.clock import zone_of
from huitou.kit.money import to_micro
from huitou.rewards.offers import KINDS, NONE, PPM, Offer

# What a campaign may be called in its file: the name kept, and what operators say.
KINDS_OF_CAMPAIGN = {"follow_up": "follow_up", **dict.fromkeys(FOLLOW_UP_WORDS, "follow_up")}
POLICIES = ("auto", "rules", "learned", "random", "blast")
DAY_HOURS = 24 * 366
# When nobody is written to unless the file says otherwise: news of one's own order may come a little earlier and later.
NIGHT = {MARKETING: ("22:00", "08:00"), SERVICE: ("23:00", "07:00")}


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


def read_campaign(text: str, *, strict: bool = True) -> Campaign:
    """The campaign that the TOML text describes. CampaignError names the key, the value and what is allowed.

    Not `strict`: a version saved before its words would have been refused can still be read; `check_words` names them.
    """
    try:
        return _read(text, strict=strict)
    except TemplateMistake as mistake:
        raise mistake.at_line(text) from mistake


def _read(text: str, *, strict: bool) -> Campaign:
    keys = Keys(_parse(text))
    purpose = keys.choice("purpose", (MARKETING, SERVICE), MARKETING)
    if purpose == SERVICE:
        _refuse_marketing(keys)
    campaign = Campaign(
        name=keys.text("name", "follow-up"),
        kind=KINDS_OF_CAMPAIGN[keys.choice("kind", tuple(KINDS_OF_CAMPAIGN), "follow_up")],
        purpose=purpose,
        goal=keys.choice("goal", ("order",), "order"),
        window_hours=keys.number("window_hours", 168, low=1, high=DAY_HOURS),
        holdout=keys.number("holdout", 0.10 if purpose == MARKETING else 0, high=0.9),
        explore=keys.number("explore", 0.10 if purpose == MARKETING else 0, high=1),
        policy=_policy(keys),
        margin=keys.number("margin", 0.30, high=1),
        opt_out_cost_minor=keys.integer("opt_out_cost_minor", 1000),
        typical_order_minor=keys.integer("typical_order_minor", 10_000),
        currency=_currency(keys),
        timezone=_timezone(keys),
        language=keys.text("language", "zh"),
        automatic=keys.flag("automatic", False),
        seed=keys.text("seed", "huitou"),
        budget=_budget(keys.table("budget")),
        caps=_caps(keys.table("caps")) if purpose == MARKETING else (),
        quiet=_quiet(keys, "quiet", NIGHT[purpose]),
        timings=_timings(keys),
        channels=_channels(keys),
        offers=_offers(keys),
        intents=_intents(keys.table("intents")),
        stages=_stages(keys.table("stages")),
        content=read_contents(keys.table("content"), strict=strict),
        sender=_sender(keys.table("sender"), purpose),
        link_hosts=_hosts(keys.table("links")),
    )
    keys.close()
    return _completed(campaign)


@cache
def default_campaign() -> Campaign:
    """The campaign that is shipped, used where no file is given."""
    return read_campaign(default_text())


def default_text() -> str:
    return resources.files("huitou.campaigns").joinpath("default", "follow-up.toml").read_text(encoding="utf-8")


def _parse(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise CampaignError("", f"不是合法的 TOML：{error}。", f"not valid TOML: {error}") from error


def _refuse_marketing(keys: Keys) -> None:
    """What a service message cannot have: everybody concerned gets it, and it offers nothing."""
    for offer in keys.tables("offer") or []:
        if (kind := offer.raw("kind") or "none") != "none":
            raise offer.wrong(
                "kind", kind, "不能有优惠：服务消息（purpose = \"service\"）不带促销",
                'must be none: a service message (purpose = "service") never carries an offer',
            )  # fmt: skip
    for key in ("holdout", "explore"):
        if value := keys.raw(key):
            raise keys.wrong(
                key, value, "是 0：服务消息人人都发", "must be 0: a service message goes to everybody concerned"
            )
    if "caps" in keys:
        raise keys.wrong(
            "caps", keys.raw("caps"), "不写：频次上限只管营销消息", "must be left out: caps are for marketing alone"
        )


def _completed(campaign: Campaign) -> Campaign:
    """What the file left out comes from the shipped campaign: timings, channels, offers, words."""
    if not campaign.timings or not campaign.channels:
        shipped = default_campaign()
        campaign = replace(
            campaign, timings=campaign.timings or shipped.timings, channels=campaign.channels or shipped.channels
        )
    if campaign.purpose == SERVICE:
        campaign = replace(campaign, channels=tuple(_for_service(channel) for channel in campaign.channels))
    missing = [channel.name for channel in campaign.channels if channel.name not in campaign.content]
    if missing:
        shipped_content = default_campaign().content
        for name in missing:
            if name not in shipped_content:
                raise CampaignError(
                    f"content.{name}", f"渠道 {name} 没有内容。", f"the channel {name} has nothing to say"
                )
        campaign = replace(campaign, content={**campaign.content, **{name: shipped_content[name] for name in missing}})
    _check_references(campaign)
    return campaign


def _check_references(campaign: Campaign) -> None:
    """Names that point to other parts of the file must have something to point to."""
    timings = [timing.name for timing in campaign.timings]
    offers = [offer.name for offer in campaign.offers]
    for rule in campaign.intents.rules():
        for key, wanted, known in (("timings", rule.timings, timings), ("offers", rule.offers, offers)):
            for name in wanted:
                if name not in known:
                    where = Keys({}, f"intents.{rule.name}")
                    raise where.wrong(
                        key, name, f"是 {'、'.join(known)} 之一", f"must be one of {', '.join(known)}", name, known
                    )
    declared = [channel.name for channel in campaign.channels]
    for name in campaign.content:
        if name not in declared and name not in FACTS:
            raise Keys({}, "content").unknown(name, declared)
    for name in declared:
        try:
            union_of(campaign.windows(name))
        except ValueError:
            raise CampaignError(
                "quiet",
                f"渠道 {name} 的静默时段加起来占满了一整天，永远发不出去。",
                f"the quiet hours of {name} fill the whole day: nothing could be sent",
            ) from None


def _policy(keys: Keys) -> str:
    """auto, rules, learned, random, blast; NAME@VERSION; blast:TIMING:OFFER."""
    value = keys.text("policy", "auto")
    name = value.split("@")[0].split(":")[0]
    if name not in POLICIES:
        allowed = ", ".join(POLICIES)
        raise keys.wrong(
            "policy",
            value,
            f"是 {allowed} 之一，可以带 @版本",
            f"must be one of {allowed}, or NAME@VERSION",
            name,
            POLICIES,
        )
    return value


def _currency(keys: Keys) -> str:
    value = keys.text("currency", "CNY")
    if not (len(value) == 3 and value.isascii() and value.isalpha()):
        raise keys.wrong("currency", value, "是三个字母的货币代码，例如 CNY", "must be a currency code such as CNY")
    return value.upper()


def _timezone(keys: Keys) -> str:
    value = keys.text("timezone", "Asia/Shanghai")
    try:
        zone_of(value)
    except ValueError:
        raise keys.wrong(
            "timezone", value, "是时区名，例如 Asia/Shanghai", "must be a time zone such as Asia/Shanghai"
        ) from None
    return value


def _budget(keys: Keys) -> Budget:
    def limit(key: str) -> int | None:
        return keys.integer(key) if key in keys else None

    budget = Budget(limit("offers_minor"), limit("messages_minor"), keys.number("reserve", Budget.reserve, high=0.95))
    keys.allow("offers_minor", "messages_minor")
    keys.close()
    return budget


def _caps(keys: Keys) -> tuple[tuple[int, int], ...]:
    caps = keys.pairs("per_days", ((1, 1), (7, 3)))
    keys.close()
    return caps


def _quiet(keys: Keys, key: str, night: tuple[str, str] = NIGHT[MARKETING]) -> tuple[Minutes, ...]:
    """One [quiet] table or several [[quiet]]; from = to means none. Together they may not fill the day."""
    default = dict(zip(("from", "to"), night, strict=True))
    listed = keys.tables(key) if isinstance(keys.raw(key), list) else [keys.table(key)]
    windows = []
    for table in listed or []:
        start, end = (_clock_time(table, name, default[name]) for name in ("from", "to"))
        table.close()
        if start != end:
            windows.append((start, end))
    return tuple(windows)


def _clock_time(keys: Keys, key: str, default: str) -> int:
    value = keys.text(key, default)
    hour, _, minute = value.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and len(minute) == 2 and int(minute) < 60 and int(hour) <= 24):
        raise keys.wrong(key, value, "是 HH:MM 的时刻", "must be a time of day, HH:MM")
    return (int(hour) * 60 + int(minute)) % 1440


def _timings(keys: Keys) -> tuple[Timing, ...]:
    return _each(keys, "timing", _timing)


def _timing(keys: Keys) -> Timing:
    name = keys.text("name")
    if ("hours" in keys) == ("active" in keys):
        raise CampaignError(keys.path, "需要 hours 或 active 之一。", "needs either hours or active")
    hours = keys.numbers("hours", low=0, high=DAY_HOURS) if "hours" in keys else ()
    active = keys.numbers("active", low=1, high=60) if "active" in keys else ()
    keys.allow("hours", "active")
    if any(not k.is_integer() for k in active):
        raise keys.wrong("active", list(active), "是整数", "must be whole numbers")
    return Timing(name, hours, tuple(int(k) for k in active), keys.choice("from", ("ended", "left"), "ended"))


def _channels(keys: Keys) -> tuple[Channel, ...]:
    return _each(keys, "channel", _channel)


def _channel(keys: Keys) -> Channel:
    name = keys.text("name")
    address = keys.text("address", "", least=0) or None
    try:
        facts = facts_of(name, address)
    except KeyError:
        known = ", ".join(FACTS)
        raise keys.wrong(
            "name",
            name,
            f"是 {known} 之一，或者另写 address",
            f"must be one of {known}, or come with an address",
            name,
            FACTS,
        ) from None
    cost = to_micro(keys.number("cost_minor", facts.cost_minor, high=10**6))
    quiet = _quiet(keys, "quiet") if "quiet" in keys else ()
    keys.allow("quiet")
    return Channel(name, cost, address or facts.address, (*facts.silent, *quiet))


def _for_service(channel: Channel) -> Channel:
    """Carriers' and platforms' hours are those of promotion; the hours of the file itself stay."""
    return replace(channel, silent=channel.silent[len(facts_of(channel.name, channel.address).silent) :])


def _offers(keys: Keys) -> tuple[Offer, ...]:
    return _each(keys, "offer", _offer) or (NONE,)


def _offer(keys: Keys) -> Offer:
    name = keys.text("name")
    kind = keys.choice("kind", KINDS, "none" if name == "none" else None)
    rate = keys.number("rate", high=1) if kind == "discount" else 0.0
    threshold = keys.integer("threshold_minor", low=1) if kind == "spend_and_save" else 0
    off = keys.integer("off_minor", low=1) if kind in ("spend_and_save", "no_threshold") else 0
    points = keys.integer("points", low=1) if kind == "points" else 0
    point_cost = keys.number("point_cost_minor", 1.0, high=10**6) if kind == "points" else 0.0
    if off and threshold and off > threshold:
        raise keys.wrong("off_minor", off, "不超过 threshold_minor", "must not exceed threshold_minor")
    words = keys.table("text")
    offer = Offer(
        name,
        kind,
        rate_ppm=round(rate * PPM),
        threshold_minor=threshold,
        off_minor=off,
        points=points,
        point_cost_micro=to_micro(point_cost),
        expires_hours=keys.number("expires_hours", low=0.01, high=DAY_HOURS) if "expires_hours" in keys else None,
        stock=keys.integer("stock") if "stock" in keys else None,
        words={language: words.text(language) for language in words.names()} or None,
    )
    keys.allow("expires_hours", "stock")
    return offer


def _each(keys: Keys, key: str, read: Callable[[Keys], N]) -> tuple[N, ...]:
    """Every [[key]] of the file, names distinct."""
    found: dict[str, N] = {}
    for table in keys.tables(key) or []:
        value = read(table)
        table.close()
        if value.name in found:
            raise table.wrong("name", value.name, "与前面的不同", "is there twice: names must differ")
        found[value.name] = value
    return tuple(found.values())


def _intents(keys: Keys) -> Intents:
    shipped = Intents()
    high, high_from = _intent(keys.table("high"), shipped.high, shipped.high_from)
    considering, considering_from = _intent(keys.table("considering"), shipped.considering, shipped.considering_from)
    drifting, _ = _intent(keys.table("drifting"), shipped.drifting, None)
    keys.close()
    return Intents(high, considering, drifting, high_from, considering_from or shipped.considering_from)


def _intent(keys: Keys, rule: IntentRule, since: Thresholds | None) -> tuple[IntentRule, Thresholds]:
    """`[intents.high] reminders = 3`, and from where on somebody is of that intent."""
    read = IntentRule(
        rule.name,
        keys.integer("reminders", rule.reminders, high=60),
        keys.number("every_hours", rule.every_hours, high=DAY_HOURS),
        keys.texts("timings", rule.timings),
        keys.texts("offers", rule.offers),
    )
    at = since or Thresholds(0, 0, 0, 0)
    if since:
        at = Thresholds(
            keys.integer("watched_seconds", at.watched_seconds, high=10**7),
            keys.integer("carts", at.carts, high=10**6),
            keys.integer("asked", at.asked, high=10**6),
            keys.integer("clicks", at.clicks, high=10**6),
        )
    keys.close()
    return read, at


def _stages(keys: Keys) -> dict[str, float]:
    """Hours after the end of the broadcast from which on a stage's words are used."""
    shipped = {"urgency": 0.0, "value": 48.0}
    stages = {name: keys.number(name, shipped[name], high=DAY_HOURS) for name in STAGES}
    keys.close()
    return stages


def _sender(keys: Keys, purpose: str) -> Sender:
    mark = keys.table("mark")
    unmarked = {"zh": ""} if purpose == SERVICE else {}  # no advertising, so it does not begin by saying that it is
    sender = Sender(
        keys.text("name", "", least=0),
        keys.text("address", "", least=0),
        keys.text("reply_to", "", least=0),
        keys.text("postal_address", "", least=0),
        {**unmarked, **{language: mark.text(language, least=0) for language in mark.names()}},
    )
    keys.close()
    return sender


def _hosts(keys: Keys) -> tuple[str, ...]:
    hosts = tuple(host.strip().lower().rstrip(".") for host in keys.texts("hosts"))
    for host in hosts:
        if "/" in host or ":" in host or " " in host:
            raise keys.wrong(
                "hosts", host, "只写域名，例如 shop.example.com", "must be a host name alone, e.g. shop.example.com"
            )
    keys.close()
    return hosts
