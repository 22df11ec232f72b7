"""The words for codes: states, reasons, actions, event names, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from huitou.campaigns.channel_facts import label_of
from huitou.console.page import speaks
from huitou.decisions.reasons import ACTIONS, name_reason
from huitou.events.connectors import CONNECTORS
from huitou.events.write_keys import MARK
from huitou.kit.text import say as say_text

Words = Mapping[str, str | Promise]

INTENTS: Words = {
    "high": _("High intent"),
    "considering": _("Considering"),
    "drifting": _("Just looking"),
}

MESSAGE_STATES: Words = {
    "planned": pgettext_lazy("message", "Waiting to be sent"),
    "claimed": pgettext_lazy("message", "Sending"),
    "final": pgettext_lazy("message", "Sending, being handed over"),
    "submitted": _("Accepted by the server"),
    "delivered": pgettext_lazy("message", "Delivered"),
    "opened": pgettext_lazy("message", "Opened"),
    "clicked": pgettext_lazy("message", "Clicked"),
    "converted": pgettext_lazy("message", "Ordered"),
    "awaiting_staff": _("Awaiting staff confirmation"),
    "retry": _("Will be tried again"),
    "failed": pgettext_lazy("message", "Sending failed"),
    "suppressed": _("Stopped"),
    "expired": _("Expired"),
    "in_doubt": _("In doubt"),
    "unknown": _("Outcome unknown"),
}

STATE_TONES = {
    "planned": "secondary",
    "claimed": "secondary",
    "final": "info",
    "submitted": "info",
    "delivered": "info",
    "opened": "success",
    "clicked": "success",
    "converted": "success",
    "awaiting_staff": "warning",
    "retry": "warning",
    "failed": "danger",
    "suppressed": "secondary",
    "expired": "secondary",
    "in_doubt": "warning",
    "unknown": "warning",
}

NOT_SENT: Words = {
    "ordered": _("has ordered meanwhile"),
    "opted_out": _("has opted out"),
    "no_consent": _("has not given consent"),
    "unfollowed": _("has unfollowed"),
    "complained": _("has complained"),
    "campaign_paused": _("the campaign is paused"),
    "cancelled": _("cancelled by an operator"),
    "channel_down": _("the channel is down"),
    "cap": _("frequency cap reached"),
    "quiet_hours": _("quiet hours, moved"),
    "cap_soon": _("frequency cap, put off by minutes"),
    "offer_expired": _("the offer had expired"),
    "expired": _("the campaign's window was over"),
    "window": _("the campaign's window was over"),
    "no_address": _("no address"),
    "no_channel": _("the channel is not connected"),
    "broadcast_deleted": _("the broadcast was deleted"),
    "broadcast_merged": _("the broadcast was merged into another"),
    "broadcast_changed": _("the broadcast was corrected"),
    "bounced": _("the address does not exist"),
    "dead_address": _("the address does not exist"),
    "failed": _("the channel refused it"),
    "held_out": _("belongs to the control group"),
    "holdout": _("belongs to the control group"),
}

FOLLOW_UP_STATES: Words = {
    "live": _("Live now"),
    "none": _("No follow-up"),
    "planned": _("Planned"),
    "sending": pgettext_lazy("message", "Sending"),
    "paused": _("Paused"),
    "measuring": _("Measuring"),
    "final": _("Final"),
}

FOLLOW_UP_TONES = {
    "live": "danger",
    "none": "secondary",
    "planned": "info",
    "sending": "warning",
    "paused": "warning",
    "measuring": "info",
    "final": "success",
}

CAMPAIGN_STATES: Words = {
    "draft": _("Draft"),
    "active": _("Active"),
    "paused": _("Paused"),
    "ended": _("Ended"),
}

VERDICTS: Words = {
    "positive": _("It worked"),
    "negative": _("It did harm"),
    "cannot_tell": _("Cannot tell yet"),
}

VERDICTS_FINAL: Words = {**VERDICTS, "cannot_tell": _("Cannot tell")}

WHY_CANNOT_TELL: Words = {
    "too_few_people": _("Too few people in one of the two groups."),
    "too_few_clusters": _("Too few groups to compare."),
    "no_outcomes": _("Nobody has ordered yet in either group."),
    "no_variation": _("Everybody did the same in both groups."),
    "too_few_outcomes": _("Too few orders so far to tell chance from effect."),
    "sample_ratio_mismatch": _("The groups are not as large as they were drawn: something lost people on one side."),
    "interval_holds_zero": _("The interval holds zero: chance alone could explain the difference."),
}

UNSEEN: Words = {
    "no_shared_id": _("No id in common with any viewer"),
    "masked_phone": _("Phone masked or missing, no usable id"),
    "guest": _("Guest without any id"),
    "unknown_live_id": _("Names a live id of no show we know: placed by shop and time"),
    "several_live": _("Several rooms were live: cannot tell which"),
    "other_broadcast": _("Names another broadcast"),
}

MESSAGE_STAGES: Words = {
    "urgency": _("Early: urgency"),
    "value": _("Later: value"),
}

PRODUCT_WHY: Words = {
    "carted": _("they put it into the cart"),
    "clicked": _("they looked at it"),
    "watched": _("it was shown while they were there"),
    "best_seller": _("bought by most in this show"),
}

IDENTIFIERS: Words = {
    "user_id": _("User id"),
    "unionid": _("WeChat unionid"),
    "openid": _("Openid"),
    "push_token": _("Push token"),
    "external_userid": _("WeCom contact"),
    "phone": _("Phone"),
    "email": _("E-mail address"),
    "member_id": _("Member number"),
    "anonymous_id": _("Anonymous visitor"),
    "device": _("Device"),
    "customer": _("Customer id"),
    "operator": _("Operator"),
}

CONSENT_WAYS: Words = {
    "form": _("form"),
    "double_opt_in": _("double opt-in"),
    "staff": _("told to staff"),
    "import": _("imported list"),
    "miniprogram_signup": _("mini-program sign-up"),
    "h5_checkout": _("web checkout"),
    "store_form": _("store form"),
    "signup": _("sign-up"),
    "checkout": _("checkout"),
    "link": _("unsubscribe link"),
    "reply": _("reply"),
    "complaint": _("complaint"),
    "event": _("event"),
    "unsubscribed": _("unsubscribed"),
}

RECEIPTS: Words = {
    "submitted": _("Accepted by the server"),
    "delivered": pgettext_lazy("message", "Delivered"),
    "opened": pgettext_lazy("message", "Opened"),
    "clicked": _("Clicked a link"),
    "replied": _("Replied"),
    "bounced": _("Came back as undeliverable"),
    "complained": _("Reported as spam"),
    "unsubscribed": pgettext_lazy("message", "Unsubscribed"),
    "converted": pgettext_lazy("message", "Ordered"),
    "failed": _("Refused"),
    "deferred": _("Put off by the server"),
}

ORDER_STATES: Words = {
    "created": _("Not paid"),
    "paid": _("Paid"),
    "shipped": _("Shipped"),
    "received": pgettext_lazy("order", "Received"),
    "cancelled": _("Cancelled"),
    "refunded": _("Refunded"),
}

KEPT_ASIDE: Words = {
    "id_conflict": _("The same id came before with other content."),
    "unreadable": _("It could not be read when it was to be loaded."),
}

POLICIES: Words = {
    "auto": _("automatic"),
    "rules": _("rules"),
    "random": _("at random"),
    "blast": _("the same for everybody"),
}

LANGUAGES: Words = {"zh": _("Chinese"), "en": _("English")}

# Who tells events besides files of a known format.
SOURCES: Words = {
    "huitou": _("Huitou itself"),
    "script": _("Web page (SDK)"),
    "operator": _("Operator"),
}

PRICE_BANDS: Words = {
    "low": pgettext_lazy("price band", "Low"),
    "mid": pgettext_lazy("price band", "Middle"),
    "high": pgettext_lazy("price band", "High"),
}

KEY_CLASSES: Words = {"browser": _("Browser"), "server": pgettext_lazy("key", "Server")}

# Of edge/browser_events.py.
KEY_RULES: Words = {
    "orders": _("orders and refunds"),
    "catalogue": _("product or broadcast details"),
    "broadcasts": _("broadcasts"),
    "follows": _("follows and unfollows"),
    "receipts": _("receipts of messages"),
    "consent": _("consents and unsubscribes"),
    "money": _("amounts, points, coupons"),
    "people": _("which ids are one person"),
    "contact": _("mail addresses and phone numbers"),
    "platform_id": _("ids of platforms"),
    "profile": _("traits of people"),
    "reference": _("numbers of orders and messages"),
    "reserved": _("a name that is the house's own"),
    "invalid": _("not a valid event"),
}

KEY_OUTCOMES: Words = {
    "rejected": _("event refused"),
    "left_aside": _("event taken, this part left aside"),
}

KINDS: Mapping[str, Words] = {
    "intent": INTENTS,
    "message_state": MESSAGE_STATES,
    "message_stage": MESSAGE_STAGES,
    "product_why": PRODUCT_WHY,
    "state_tone": STATE_TONES,
    "not_sent": NOT_SENT,
    "follow_up": FOLLOW_UP_STATES,
    "follow_up_tone": FOLLOW_UP_TONES,
    "campaign_state": CAMPAIGN_STATES,
    "verdict": VERDICTS,
    "verdict_final": VERDICTS_FINAL,
    "why_cannot_tell": WHY_CANNOT_TELL,
    "unseen": UNSEEN,
    "identifier": IDENTIFIERS,
    "consent_way": CONSENT_WAYS,
    "receipt": RECEIPTS,
    "order_state": ORDER_STATES,
    "price_band": PRICE_BANDS,
    "language": LANGUAGES,
    "source": SOURCES,
    "kept_aside": KEPT_ASIDE,
    "key_class": KEY_CLASSES,
    "key_rule": KEY_RULES,
    "key_outcome": KEY_OUTCOMES,
}


def say(kind: str, code: str | None) -> str:
    """The word for the code; an unknown code is shown as it is."""
    if not code:
        return ""
    if kind == "reason":
        return name_reason(code, speaks())
    if kind == "action" and code in ACTIONS:
        return say_text(ACTIONS[code], speaks())
    if kind == "channel":
        return say_text(label_of(code), speaks())
    if kind == "source" and code in CONNECTORS:
        return say_text(CONNECTORS[code].title, speaks())
    if kind == "source" and code.startswith(MARK):
        return f"{KEY_CLASSES['browser']} · {code.removeprefix(MARK)}"
    if kind == "policy":  # rules@1, blast:one_day
        return _policy(code)
    if kind == "identifier" and ":" in code:  # of one app: openid:douyin
        of, app = code.split(":", 1)
        return f"{say(kind, of)} · {app}"
    known = KINDS.get(kind, {}).get(code)
    return str(known) if known is not None else code


def _policy(code: str) -> str:
    name, at, version = code.partition("@")
    name, _colon, choice = name.partition(":")
    return f"{POLICIES.get(name, name)}{f' ({choice})' if choice else ''}{f' v{version}' if at else ''}"


def said(text: Any) -> str:
    """A language map of the domain, or plain text, in the reader's language."""
    return say_text(text, speaks()) if text else ""
