"""What a browser's key may say. It stands in every page, so whoever sends with it may be anybody.

It is believed in what its own visitor did, and in nothing that changes what others are sent or what money is counted:

- refused are orders, refunds, the catalogue, broadcasts, receipts, consents and unsubscribes, follows (they stop and
  allow messages), points and redeemed coupons, under our names and their synonyms, and names like them;
- left aside, and kept under `unverified` where nothing of the house reads it, are contacts and platform ids (they would
  join two people), traits (a profile), consents, what a product is called and costs and where it is found, money, and
  the ids of orders and messages. What of it is true, a server's key or an import says as well, and that counts.

A userId is believed as far as behaviour goes: the event is that person's. It joins nobody: beside it only the weak
ids stay, which never make one of two people who are known (graph.py); so an alias may only name the own browser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from huitou.events.fields import MONEY, rejected
from huitou.events.model import PREVIOUS, Event
from huitou.events.names import OURS
from huitou.kit.errors import Rejected

BEHAVIOUR = frozenset(
    [
        "live_booked", "live_entered", "live_left", "live_watched", "live_commented", "live_liked", "live_gifted", "live_shared",
        "replay_watched", "fanclub_joined", "fanclub_left", "fanclub_upgraded",
        "product_clicked", "product_viewed", "product_shared", "product_reviewed", "products_searched",
        "product_list_viewed", "product_list_filtered", "promotion_viewed", "promotion_clicked",
        "cart_added", "cart_removed", "cart_viewed", "cart_shared", "wishlist_added", "wishlist_removed",
        "checkout_started", "checkout_step_viewed", "checkout_step_completed", "payment_info_entered",
        "coupon_claimed", "coupon_entered", "coupon_applied", "coupon_denied", "coupon_removed",
        "raffle_joined", "survey_answered", "poll_answered", "store_visited", "page_viewed", "screen_viewed",
    ]
)  # fmt: skip
# Our SQL takes names that begin so for facts.
OUR_PREFIX = re.compile(r"live_|message_|broadcast_|order_|consent_|points_|level_|growth_")
# What other houses call the same.
ORDER_LIKE = re.compile(
    r"(order|payment|refund)s?_(created|placed|completed|confirmed|paid|updated|shipped|received|delivered|fulfilled"
    r"|cancell?ed|closed|refunded|returned|partially_refunded|succeeded)"
)
BETWEEN = re.compile(r"[\s_-]+")

WEAK_IDS = frozenset({"user_id", "anonymous_id", "device"})
CONTACTS = ("email", "phone")
PLATFORM_IDS = ("unionid", "openid", "external_userid", "member_id")
ALL_MONEY = MONEY | {"value", "currency"}
CATALOGUE = frozenset(
    {"name", "title", "url", "image", "image_url", "picture", "category", "brand", "stock", "margin", "until"}
)
OTHERS = frozenset({"order_id", "message_id"})
# Their names, titles and addresses are those of the page.
OF_PAGES = frozenset(
    {"page_viewed", "screen_viewed", "products_searched", "product_list_viewed", "product_list_filtered"}
)
LINE = frozenset({"product_id", "sku", "variant", "quantity", "position"})
UNVERIFIED = "unverified"

# Beginnings of refused names, and the kind of fact they are.
KINDS = (
    (("order", "refund", "payment"), "orders"),
    (("product",), "catalogue"),
    (("live_followed", "live_unfollowed"), "follows"),
    (("live", "broadcast"), "broadcasts"),
    (("message",), "receipts"),
    (("consent", "unsubscribed"), "consent"),
    (("coupon", "points", "level", "growth"), "money"),
    (("",), "people"),
)

REASONS = {
    "contact": "a contact told by a browser is unverified until a server's key or an import says it too",
    "platform_id": "a platform's id told by a browser names nobody until a server's key or an import says it too",
    "consent": "consents are told by server keys, imports and the unsubscribe link",
    "profile": "traits of people are told by server keys and imports",
    "catalogue": "what a product or a broadcast is called, costs and where it is found is told by server keys and imports",
    "money": "money is told by server keys and imports",
    "reference": "a browser does not say which order or message it is about",
    "reserved": "'unverified' is the house's own name",
}  # fmt: skip


class LeftAside(NamedTuple):
    """A field of an event that was accepted without it, and the rule that says so."""

    field: str
    rule: str

    @property
    def reason(self) -> str:
        return REASONS[self.rule]


class NotForBrowsers(Rejected):
    """A browser's key says what only a server's may; `rule` names the kind of it."""

    code = "not_for_browsers"

    def __init__(self, field: str, said: str, rule: str) -> None:
        self.rule = rule
        shown = said[:60]
        super().__init__(
            field,
            {
                "zh": f"浏览器密钥不能报告 {shown}，请用服务器密钥或导入。",
                "en": f"a browser's key cannot tell {shown}: use a server's key, or import it",
            },
        )


def restrict(event: Event, raw: Mapping[str, Any]) -> tuple[Event, list[LeftAside]]:
    """The event as far as a browser's key is believed, and what was left aside of `raw`, from which it was read.

    NotForBrowsers for what only a server's key may say; Rejected where nobody is left whom the event is about.
    """
    _check_name(event)
    identifiers = _own_identifiers(event)
    aside = _named_elsewhere(event, raw)
    kept, moved = _split(event)
    unverified = {name: value for name, value in moved.items() if name != UNVERIFIED}
    aside += [LeftAside(f"properties.{name}", _rule(name)) for name in moved]
    if event.traits:
        unverified["traits"] = event.traits
        aside += [LeftAside(f"traits.{name}", _trait_rule(name)) for name in event.traits]
    if unverified:
        kept = {**kept, UNVERIFIED: unverified}
    if not aside and len(identifiers) == len(event.identifiers):
        return event, []
    fields = {name: getattr(event, name) for name in Event.__struct_fields__}
    told = {"identifiers": identifiers, "properties": kept, "traits": {}}
    return Event(**{**fields, **told}), list(dict.fromkeys(aside))


def _check_name(event: Event) -> None:
    if event.type != "track" or event.name in BEHAVIOUR:
        return
    like = BETWEEN.sub("_", event.name.casefold())
    if like in OURS or OUR_PREFIX.match(event.name) or ORDER_LIKE.fullmatch(like):
        raise NotForBrowsers("event", event.name, next(rule for begins, rule in KINDS if like.startswith(begins)))


def _own_identifiers(event: Event) -> tuple[tuple[str, str], ...]:
    kept = tuple(pair for pair in event.identifiers if pair[0] in WEAK_IDS)
    if not kept:
        raise rejected(
            "userId", "浏览器事件需要 userId 或 anonymousId", "a browser's event needs userId or anonymousId"
        )
    browsers = {value for kind, value in kept if kind == "anonymous_id"}
    if not browsers.issuperset(value for kind, value in event.identifiers if kind == PREVIOUS):
        raise NotForBrowsers("previousId", "alias", "people")
    return kept


def _named_elsewhere(event: Event, raw: Mapping[str, Any]) -> list[LeftAside]:
    """Names of people in the parts of Segment's envelope that are not kept with the event."""
    context = raw.get("context")
    places = {"context.traits": context.get("traits") if isinstance(context, dict) else None}
    if not event.traits:
        places["traits"] = raw.get("traits")
    return [
        LeftAside(f"{place}.{name}", _trait_rule(name))
        for place, told in places.items()
        if isinstance(told, dict)
        for name in (*CONTACTS, *PLATFORM_IDS)
        if name in told
    ]


def _split(event: Event) -> tuple[dict[str, Any], dict[str, Any]]:
    """The event's properties: those that are believed, and those that are left aside."""
    ours = event.type == "track" and event.name in OURS
    doubted = {*CONTACTS, *PLATFORM_IDS, *OTHERS, UNVERIFIED, "consents", "traits"}
    if ours:
        doubted |= ALL_MONEY
    if ours and event.name not in OF_PAGES:
        doubted |= CATALOGUE
    kept = {name: value for name, value in event.properties.items() if name not in doubted}
    moved = {name: value for name, value in event.properties.items() if name in doubted}
    if ours and isinstance(lines := kept.get("products"), list):
        kept["products"] = [_line(line) for line in lines if isinstance(line, dict)]
        if kept["products"] != lines:
            moved["products"] = lines
    return kept, moved


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name in LINE}


def _rule(name: str) -> str:
    if name == UNVERIFIED:
        return "reserved"
    if name in ALL_MONEY:
        return "money"
    if name in OTHERS:
        return "reference"
    if name in CATALOGUE or name == "products":
        return "catalogue"
    return _trait_rule(name)


def _trait_rule(name: str) -> str:
    if name in CONTACTS:
        return "contact"
    if name in PLATFORM_IDS:
        return "platform_id"
    return "consent" if name == "consents" else "profile"
