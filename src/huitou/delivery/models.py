"""Ledger tables of the delivery room: the outbox and what it needs to show and track a message."""

from __future__ import annotations

from django.db import models

from huitou.stores.personal import ADDRESS, BLANK, DELETE, HASH, KEEP, PERSON, SAID, STAFF, THING

STATES = (
    "planned", "claimed", "final", "submitted", "delivered", "opened", "clicked", "converted",
    "awaiting_staff", "retry", "failed", "suppressed", "expired", "in_doubt", "unknown",
)  # fmt: skip


class Message(models.Model):
    """One intended message. At most one row per customer, campaign, occurrence and step, ever."""

    id = models.TextField(primary_key=True)  # "m" + hash of (customer, campaign, occurrence, step)
    customer = models.TextField()  # root at planning time; resolved again when the message becomes final
    campaign = models.TextField()
    campaign_version = models.IntegerField()
    occurrence = models.TextField()  # the broadcast of a follow-up
    step = models.IntegerField()
    decision = models.TextField()
    channel = models.TextField()
    purpose = models.TextField(default="marketing", db_default="marketing")  # the campaign's; or service
    offer = models.TextField(default="")
    products = models.JSONField(default=list)
    context = models.JSONField(default=dict)  # what the template needs, as it was when decided
    stop_since = models.BigIntegerField()  # an order that occurred since then stops the message
    send_at = models.BigIntegerField()  # not before
    expires_at = models.BigIntegerField()  # not at or after
    cost_micro = models.BigIntegerField(default=0)  # of sending, in micro-minor units
    state = models.TextField(default="planned")
    reason = models.TextField(default="")  # why suppressed, failed, expired, retried
    address = models.TextField(default="")  # where it went; filled when it becomes final
    attempts = models.IntegerField(default=0)
    fence = models.BigIntegerField(default=0)  # raised by every claim; a completing write must carry it
    lease_until = models.BigIntegerField(default=0)
    sender = models.TextField(default="")  # the process that claimed it; its advisory lock says whether it lives
    final_at = models.BigIntegerField(null=True)
    submitted_at = models.BigIntegerField(null=True)
    resolved_at = models.BigIntegerField(null=True)
    provider_id = models.TextField(default="")
    created_at = models.BigIntegerField()

    personal = {
        "id": PERSON,
        "customer": PERSON,
        "decision": PERSON,
        "context": SAID,
        "address": ADDRESS,
        "provider_id": PERSON,
        "reason": SAID,
        "sender": THING,
    }
    erased_by = BLANK

    class Meta:
        app_label = "huitou"
        db_table = "message"
        constraints = [
            models.UniqueConstraint(fields=["customer", "campaign", "occurrence", "step"], name="message_once"),
            models.CheckConstraint(condition=models.Q(state__in=STATES), name="message_state_known"),
        ]
        indexes = [
            models.Index(fields=["send_at"], name="message_due", condition=models.Q(state__in=["planned", "retry"])),
            models.Index(
                fields=["lease_until"],
                name="message_open",
                condition=models.Q(state__in=["claimed", "final", "in_doubt"]),
            ),
            models.Index(fields=["customer", "final_at"], name="message_customer"),
            # The guard asks what went to an address, of this occurrence and of late; before it goes a message has none.
            models.Index(
                fields=["channel", "address", "occurrence", "final_at"],
                name="message_address",
                condition=~models.Q(address=""),
            ),
            models.Index(fields=["campaign", "occurrence"], name="message_occurrence"),
        ]


class MessageBody(models.Model):
    """The message as the customer saw it: zlib of JSON {subject, html, text, headers}."""

    message = models.OneToOneField(Message, primary_key=True, on_delete=models.CASCADE, db_column="message")
    body = models.BinaryField()

    personal = {"message": PERSON, "body": SAID}
    erased_by = DELETE

    class Meta:
        app_label = "huitou"
        db_table = "message_body"


class Receipt(models.Model):
    """What became of a message, as the channel or the customer said; also journalled as an event."""

    message = models.TextField()
    kind = models.TextField()  # submitted, delivered, opened, clicked, replied, bounced, complained, unsubscribed…
    detail = models.TextField(default="")
    occurred_at = models.BigIntegerField()

    personal = {"message": PERSON, "detail": SAID}
    erased_by = BLANK

    class Meta:
        app_label = "huitou"
        db_table = "receipt"
        constraints = [
            models.UniqueConstraint(fields=["message", "kind", "occurred_at", "detail"], name="receipt_once")
        ]


class Link(models.Model):
    """A tracked link: the target is stored here, never taken from the query."""

    token = models.TextField(primary_key=True)  # 128 bits or more, from the message id by HMAC
    message = models.TextField()
    target = models.TextField()
    product = models.TextField(default="")

    personal = {"token": PERSON, "message": PERSON, "target": SAID}
    erased_by = DELETE

    class Meta:
        app_label = "huitou"
        db_table = "link"


class DeadAddress(models.Model):
    """An address that a channel said does not exist (5.1.1); nothing is sent to it again."""

    channel = models.TextField()
    address = models.TextField()
    status = models.TextField()  # the enhanced code or the provider's word
    since = models.BigIntegerField()

    personal = {"address": ADDRESS}
    erased_by = HASH

    class Meta:
        app_label = "huitou"
        db_table = "dead_address"
        constraints = [models.UniqueConstraint(fields=["channel", "address"], name="dead_address_once")]


class ReceiptCursor(models.Model):
    """Up to which event of the lake receipts have been taken; one row."""

    name = models.TextField(primary_key=True)
    position = models.BigIntegerField()

    personal = {"name": THING}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "receipt_cursor"


class Cancellation(models.Model):
    """The operator took back what was queued for a broadcast by a campaign; what is queued later is not meant."""

    campaign = models.TextField()
    occurrence = models.TextField()
    at = models.BigIntegerField()
    by = models.TextField(default="")
    messages = models.IntegerField(default=0)  # that were queued, and go no more

    personal = {"by": STAFF}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "cancellation"
        indexes = [models.Index(fields=["campaign", "occurrence", "at"], name="cancellation_of")]


class SelfPause(models.Model):
    """A campaign that paused itself after a run of failures; `resumed_at` when an operator let it go on."""

    campaign = models.TextField()
    at = models.BigIntegerField()
    failed = models.IntegerField()  # of the last `tried` messages
    tried = models.IntegerField()
    reason = models.TextField(default="")  # the last failure, as the message tells it
    resumed_at = models.BigIntegerField(null=True)

    personal = {"reason": SAID}
    erased_by = BLANK

    class Meta:
        app_label = "huitou"
        db_table = "self_pause"
        indexes = [models.Index(fields=["campaign", "at"], name="self_pause_of")]


class ChannelOutage(models.Model):
    """A channel that could not be used when something was due: since when, and what it said last. Gone when it works."""

    channel = models.TextField(primary_key=True)
    since = models.BigIntegerField()
    last_at = models.BigIntegerField()
    error = models.JSONField(default=dict)  # {"zh": …, "en": …}

    personal = {"error": THING}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "channel_outage"


class RecentOutcomes(models.Model):
    """Of a campaign's last messages, the latest last: 1 went, 0 was refused for good. See breaker.py."""

    campaign = models.TextField(primary_key=True)
    outcomes = models.TextField(default="")

    personal = {"outcomes": THING}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "recent_outcomes"
