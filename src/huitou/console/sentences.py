"""Events as sentences a person would say: 'Added 老班章 to the cart'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huitou.console import words
from huitou.console.reads import snapshot
from huitou.console.templatetags.huitou import duration, money

# {what}: the product's name; {amount}: money; {text}: what was written; {time}: how long; {n}: how many.
SENTENCES: Mapping[str, str | Promise] = {
    "live_booked": gettext_lazy("Booked the live show"),
    "live_entered": gettext_lazy("Entered the live room"),
    "live_left": gettext_lazy("Left the live room {time}"),
    "live_watched": gettext_lazy("Watched {time}"),
    "live_commented": gettext_lazy("Commented: “{text}”"),
    "live_liked": gettext_lazy("Liked {n}"),
    "live_gifted": gettext_lazy("Sent a gift {amount}"),
    "live_followed": gettext_lazy("Followed the room"),
    "live_unfollowed": gettext_lazy("Unfollowed the room"),
    "live_shared": gettext_lazy("Shared the live room"),
    "replay_watched": gettext_lazy("Watched the replay {time}"),
    "fanclub_joined": gettext_lazy("Joined the fan club"),
    "raffle_joined": gettext_lazy("Joined the raffle"),
    "product_clicked": gettext_lazy("Clicked {what}"),
    "product_viewed": gettext_lazy("Looked at {what}"),
    "products_searched": gettext_lazy("Searched for “{text}”"),
    "product_shared": gettext_lazy("Shared {what}"),
    "cart_added": gettext_lazy("Added {what} to the cart"),
    "cart_removed": gettext_lazy("Took {what} out of the cart"),
    "order_created": gettext_lazy("Placed order {order} {amount}"),
    "order_paid": gettext_lazy("Paid order {order} {amount}"),
    "order_updated": gettext_lazy("Changed order {order} {amount}"),
    "order_shipped": gettext_lazy("Order {order} was shipped"),
    "order_received": gettext_lazy("Received order {order}"),
    "order_cancelled": gettext_lazy("Cancelled order {order}"),
    "order_refunded": gettext_lazy("Was refunded {amount} for order {order}"),
    "coupon_claimed": gettext_lazy("Claimed a coupon"),
    "coupon_redeemed": gettext_lazy("Redeemed a coupon"),
    "level_changed": gettext_lazy("The member level changed"),
    "growth_changed": gettext_lazy("The growth value changed"),
    "points_expiring": gettext_lazy("Points are about to expire"),
    "survey_answered": gettext_lazy("Answered a survey"),
    "message_delivered": gettext_lazy("A message was delivered by {channel}"),
    "message_opened": gettext_lazy("Opened a message by {channel}"),
    "message_clicked": gettext_lazy("Clicked a link in a message by {channel}"),
    "message_replied": gettext_lazy("Replied: “{text}”"),
    "message_bounced": gettext_lazy("A message by {channel} came back"),
    "message_complained": gettext_lazy("Reported a message by {channel} as spam"),
    "unsubscribed": gettext_lazy("Unsubscribed from {channel}"),
    "consent_given": gettext_lazy("Gave consent for {channel}"),
    "consent_not_given": gettext_lazy("Did not give consent for {channel}"),
    "consent_withdrawn": gettext_lazy("Withdrew consent for {channel}"),
    "page_viewed": gettext_lazy("Viewed a page {what}"),
    "screen_viewed": gettext_lazy("Viewed a screen {what}"),
    "store_visited": gettext_lazy("Visited the store"),
    "identified": gettext_lazy("Profile details came in"),
    "aliased": gettext_lazy("Two ids turned out to be one person"),
}


# Said where the text that the sentence quotes was not told (watch lists count comments only).
WITHOUT_TEXT: Mapping[str, str | Promise] = {
    "live_commented": gettext_lazy("Commented"),
    "products_searched": gettext_lazy("Searched for products"),
    "message_replied": gettext_lazy("Replied to a message"),
}


def tell(event: Mapping[str, Any]) -> str:
    """The sentence for one row of `customer_events`; an unknown event says its own name."""
    known = (WITHOUT_TEXT if not event["content"] else SENTENCES).get(event["name"]) or SENTENCES.get(event["name"])
    if known is None:
        return str(event["name"])
    count = event["quantity"]
    said = str(known).format(
        what=snapshot.product_name(event["product"]) or _("a product"),
        amount=money(event["amount_minor"], event["currency"]) if event["amount_minor"] is not None else "",
        order=event["order_id"] or "",
        text=event["content"] or "",
        time=duration(event["seconds"]) if event["seconds"] is not None else "",
        n=f"× {count}" if count and count > 1 else "",
        channel=words.say("channel", event["channel"]) or _("message"),
    )
    return " ".join(said.split())


def fold(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbours that say the same become one line with how often: an import told it, row by row."""
    folded: list[dict[str, Any]] = []
    for event in told:
        same = ("sentence", "broadcast", "source")
        if folded and all(folded[-1][name] == event[name] for name in same):
            folded[-1]["times"] += 1
        else:
            folded.append({**event, "times": 1})
    return folded
