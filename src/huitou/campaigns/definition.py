"""A campaign as a file: what may stand in it and what it means.

`read_campaign` turns the TOML text into frozen values. Whatever the file leaves out has a default, so a file of
three lines is a campaign; whatever it says wrongly is refused with the key, the value and what is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from huitou.campaigns.channel_facts import Minutes
from huitou.kit.clock import HOUR
from huitou.rewards.offers import NONE, Offer

INTENTS = ("high", "considering", "drifting")
STAGES = ("urgency", "value")
FOLLOW_UP_WORDS = ("未下单召回", "追播提醒", "追播")  # the first is ours, the others are understood


@dataclass(frozen=True)
class Budget:
    """Money for one broadcast, minor units; None: no limit. `reserve` is the share of the offers' money that is not
    planned with: chances are estimates, and plans that spend all of them overspent by 23-53 % (science.md §1)."""

    offers_minor: int | None = None
    messages_minor: int | None = None
    reserve: float = 0.25


@dataclass(frozen=True)
class Timing:
    """When to write: `hours` after the broadcast `ended` or the person `left`; or (`active`) at the person's own
    hour, the k-th time it comes round, for each k. Several entries make a periodic reminder."""

    name: str
    hours: tuple[float, ...] = ()
    active: tuple[int, ...] = ()
    start: str = "ended"

    @property
    def steps(self) -> int:
        return len(self.hours) or len(self.active)


@dataclass(frozen=True)
class Channel:
    """`cost_micro` is the price of one message in micro-minor units, `address` the identifier kind it goes to."""

    name: str
    cost_micro: int
    address: str
    silent: tuple[Minutes, ...] = ()


@dataclass(frozen=True)
class IntentRule:
    """A row of the operator's table. `reminders` in 7 days at most; `every_hours` the least time between two of them;
    `timings` and `offers` limit what may be chosen (empty: all of the campaign's)."""

    name: str
    reminders: int
    every_hours: float
    timings: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Thresholds:
    """From where on a person counts as of this intent; any one of them is enough, 0 switches one off."""

    watched_seconds: int
    carts: int
    asked: int
    clicks: int


@dataclass(frozen=True)
class Intents:
    """The operator's table: who is of high intent, who considers (everyone else drifts), and how often to write."""

    high: IntentRule = field(default_factory=lambda: IntentRule("high", 3, 24))
    considering: IntentRule = field(default_factory=lambda: IntentRule("considering", 2, 48))
    drifting: IntentRule = field(default_factory=lambda: IntentRule("drifting", 1, 72))
    high_from: Thresholds = field(default_factory=lambda: Thresholds(900, 1, 1, 3))
    considering_from: Thresholds = field(default_factory=lambda: Thresholds(180, 0, 0, 1))

    def rules(self) -> tuple[IntentRule, ...]:
        return (self.high, self.considering, self.drifting)


@dataclass(frozen=True)
class Words:
    """One message's templates (Liquid). `text` is the plain part of a mail; None: made from the body."""

    body: str
    subject: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Content:
    """The words of one channel in one language, and those that differ at a stage (urgency, value)."""

    words: Words
    stages: Mapping[str, Words] = field(default_factory=dict)


@dataclass(frozen=True)
class Sender:
    """Who writes. `mark` stands before the subject of a promotional mail where the law wants it (互联网电子邮件
    服务管理办法 art. 14: 广告 or AD), by language, zh having one of its own unless said otherwise; `postal_address` stands in its foot (CAN-SPAM)."""

    name: str = ""
    address: str = ""
    reply_to: str = ""
    postal_address: str = ""
    mark: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Campaign:
    """One version of a campaign. `purpose` is marketing, or service: no consent, caps, holdout or offers, an opt-out and quiet
    hours of its own. Shares are 0..1, money minor units of `currency`, `version` 0 is not saved yet.
    `typical_order_minor` stands in where no price is known."""

    name: str
    kind: str
    purpose: str
    goal: str
    window_hours: float
    holdout: float
    explore: float
    policy: str
    margin: float
    opt_out_cost_minor: int
    typical_order_minor: int
    currency: str
    timezone: str
    language: str
    automatic: bool
    seed: str
    budget: Budget
    caps: tuple[tuple[int, int], ...]
    quiet: tuple[Minutes, ...]
    timings: tuple[Timing, ...]
    channels: tuple[Channel, ...]
    offers: tuple[Offer, ...]
    intents: Intents
    stages: Mapping[str, float]
    content: Mapping[str, Mapping[str, Content]]
    sender: Sender
    link_hosts: tuple[str, ...]
    version: int = 0
    state: str = "draft"

    def channel(self, name: str) -> Channel:
        return next(channel for channel in self.channels if channel.name == name)

    def offer(self, name: str) -> Offer:
        return next((offer for offer in self.offers if offer.name == name), NONE)

    def windows(self, channel: str) -> tuple[Minutes, ...]:
        """When this channel is silent: the campaign's quiet hours, the channel's and the law's, in local minutes."""
        return (*self.quiet, *self.channel(channel).silent)

    def window_us(self) -> int:
        return round(self.window_hours * HOUR)

    def stage_at(self, hours: float) -> str:
        """The stage of a message so many hours after the end of the broadcast: urgency first, value later."""
        begun = [(start, name) for name, start in self.stages.items() if start <= hours]
        return max(begun)[1] if begun else min((start, name) for name, start in self.stages.items())[1]
