"""Event names: the house's own, and Segment's as their synonyms.

Money: our names carry integer minor units, Segment's carry decimals; under any other name money is kept as it
came and never summed. Sources: DESIGN §6; Segment's e-commerce and e-mail specifications.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Money = Literal["minor", "decimal", "verbatim"]

# Facts about a room, not about a person: they need no identifier.
ROOM = frozenset({"live_scheduled", "live_started", "live_ended", "product_shown", "product_listed"})
# What operators say of broadcasts (broadcast_acts.py): no sender's to tell.
CORRECTED, MERGED, DELETED, RESTORED = "live_corrected", "live_merged", "live_deleted", "live_restored"
OPERATORS = frozenset({CORRECTED, MERGED, DELETED, RESTORED})
ROOM_PREFIX = "broadcast_"
# Receipts and clicks may know only their message.
MESSAGE_PREFIX = "message_"

OURS = ROOM | frozenset(
    [
        "live_booked",
        "live_entered",
        "live_left",
        "live_watched",
        "live_commented",
        "live_liked",
        "live_gifted",
        "live_followed",
        "live_unfollowed",
        "live_shared",
        "replay_watched",
        "fanclub_joined",
        "fanclub_left",
        "fanclub_upgraded",
        "product_clicked",
        "product_viewed",
        "product_shared",
        "product_reviewed",
        "products_searched",
        "product_list_viewed",
        "product_list_filtered",
        "promotion_viewed",
        "promotion_clicked",
        "cart_added",
        "cart_removed",
        "cart_viewed",
        "cart_shared",
        "wishlist_added",
        "wishlist_removed",
        "checkout_started",
        "checkout_step_viewed",
        "checkout_step_completed",
        "payment_info_entered",
        "order_created",
        "order_paid",
        "order_updated",
        "order_shipped",
        "order_received",
        "order_cancelled",
        "order_refunded",
        "coupon_claimed",
        "coupon_redeemed",
        "coupon_entered",
        "coupon_applied",
        "coupon_denied",
        "coupon_removed",
        "level_changed",
        "growth_changed",
        "points_expiring",
        "raffle_joined",
        "survey_answered",
        "poll_answered",
        "store_visited",
        "page_viewed",
        "screen_viewed",
        "message_sent",
        "message_delivered",
        "message_opened",
        "message_clicked",
        "message_replied",
        "message_bounced",
        "message_failed",
        "message_complained",
        "unsubscribed",
        "consent_given",
        "consent_not_given",
        "consent_withdrawn",
        "identified",
        "grouped",
        "aliased",
    ]
)

SEGMENT = {
    "Products Searched": "products_searched",
    "Product List Viewed": "product_list_viewed",
    "Product List Filtered": "product_list_filtered",
    "Promotion Viewed": "promotion_viewed",
    "Promotion Clicked": "promotion_clicked",
    "Product Clicked": "product_clicked",
    "Product Viewed": "product_viewed",
    "Product Added": "cart_added",
    "Product Removed": "cart_removed",
    "Cart Viewed": "cart_viewed",
    "Cart Shared": "cart_shared",
    "Checkout Started": "checkout_started",
    "Checkout Step Viewed": "checkout_step_viewed",
    "Checkout Step Completed": "checkout_step_completed",
    "Payment Info Entered": "payment_info_entered",
    "Order Updated": "order_updated",
    "Order Completed": "order_paid",
    "Order Refunded": "order_refunded",
    "Order Cancelled": "order_cancelled",
    "Coupon Entered": "coupon_entered",
    "Coupon Applied": "coupon_applied",
    "Coupon Denied": "coupon_denied",
    "Coupon Removed": "coupon_removed",
    "Product Added to Wishlist": "wishlist_added",
    "Product Removed from Wishlist": "wishlist_removed",
    "Wishlist Product Added to Cart": "cart_added",
    "Product Shared": "product_shared",
    "Product Reviewed": "product_reviewed",
    "Email Delivered": "message_delivered",
    "Email Opened": "message_opened",
    "Email Link Clicked": "message_clicked",
    "Email Bounced": "message_bounced",
    "Email Marked as Spam": "message_complained",
    "Unsubscribed": "unsubscribed",
}
# Segment's e-mail names imply their channel.
SEGMENT_EMAIL = frozenset(name for name in SEGMENT if name.startswith("Email ") or name == "Unsubscribed")

TYPES = {
    "track": "",
    "page": "page_viewed",
    "screen": "screen_viewed",
    "identify": "identified",
    "group": "grouped",
    "alias": "aliased",
}


class EventName(NamedTuple):
    """What a name means: our name, how its money is written, whether it may come without a person."""

    name: str
    money: Money
    impersonal: bool
    channel: str = ""


def _name(name: str, money: Money, channel: str = "") -> EventName:
    return EventName(name, money, name in ROOM or name.startswith((ROOM_PREFIX, MESSAGE_PREFIX)), channel)


_KNOWN = {name: _name(name, "minor") for name in OURS} | {
    title: _name(name, "decimal", "email" if title in SEGMENT_EMAIL else "") for title, name in SEGMENT.items()
}
_BY_LOWER = {title.lower(): _KNOWN[title] for title in SEGMENT if " " in title}


def find_name(said: str) -> EventName:
    """'Product Added' and 'product added' -> cart_added; a name that is neither ours nor Segment's stays as it is."""
    return _KNOWN.get(said) or _BY_LOWER.get(said.lower()) or _name(said, "verbatim")
