"""Ledger tables of the events room: what was received, who it was, what stops a message.

Hot paths write these by SQL (queries/ledger/); the classes are the schema's one description.
"""

from __future__ import annotations

from django.db import models

from huitou.stores.personal import ADDRESS, DELETE, KEEP, PERSON, SAID, STAFF, THING


class WriteKey(models.Model):
    """A key that ingest accepts: only its hash is kept. What a browser's key may say: edge/browser_events.py."""

    digest = models.TextField(unique=True)  # hex SHA-256; the keys are random, so no salt is needed
    name = models.TextField()
    key_class = models.TextField(db_column="class")  # browser | server
    last_four = models.TextField()
    created_at = models.BigIntegerField()
    last_used_at = models.BigIntegerField(null=True)  # to the minute
    revoked_at = models.BigIntegerField(null=True)

    personal = {"digest": THING, "name": THING, "last_four": THING}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "write_key"


class KeyTally(models.Model):
    """How often events of a key were refused, or parts of them left aside, by the rule that said so."""

    write_key = models.ForeignKey(WriteKey, on_delete=models.CASCADE, db_column="write_key")
    outcome = models.TextField()  # rejected | left_aside
    rule = models.TextField()
    events = models.BigIntegerField()
    last_at = models.BigIntegerField()

    personal: dict[str, str] = {}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "key_tally"
        constraints = [models.UniqueConstraint(fields=["write_key", "outcome", "rule"], name="key_tally_once")]


class JournalRow(models.Model):
    """One accepted event. A 2xx means the row is committed; the loader moves it to the lake, once."""

    position = models.BigAutoField(primary_key=True)
    key = models.BinaryField(unique=True)  # blake2b-128 of (source, event id): the dedupe key
    fingerprint = models.BinaryField()  # blake2b-128 of the canonical event without sentAt and context
    received_at = models.BigIntegerField()
    body = models.BinaryField()  # canonical JSON of events.model.Event

    personal = {"key": PERSON, "fingerprint": PERSON, "body": SAID}
    erased_by = DELETE

    class Meta:
        app_label = "huitou"
        db_table = "journal"


class QuarantineRow(models.Model):
    """An event kept aside with its reason: same id with another payload, or unusable at load."""

    source = models.TextField()
    event_id = models.TextField()
    reason = models.TextField()
    received_at = models.BigIntegerField()
    body = models.BinaryField()

    personal = {"event_id": PERSON, "body": SAID, "reason": THING}
    erased_by = DELETE

    class Meta:
        app_label = "huitou"
        db_table = "quarantine"


class Customer(models.Model):
    """One node of identity. `merged_into` is null for a person's root and names the root for all others."""

    id = models.TextField(primary_key=True)  # "c" + keyed hash of the identifier it was born with
    created_at = models.BigIntegerField()
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, db_column="merged_into")

    personal = {"id": PERSON, "merged_into": PERSON}
    erased_by = DELETE

    class Meta:
        app_label = "huitou"
        db_table = "customer"


class Identifier(models.Model):
    """(kind, value) points to the customer it first named and never moves; merges move customers."""

    kind = models.TextField()
    value = models.TextField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, db_column="customer")
    created_at = models.BigIntegerField()

    personal = {"value": ADDRESS, "customer": PERSON}
    erased_by = DELETE

    class Meta:
        app_label = "huitou"
        db_table = "identifier"
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="identifier_once")]


class Merge(models.Model):
    """One recorded reason why two customers are one person (or a conflict: why they were not made one).

    Between the nodes that the event named, not their roots: so undoing one leaves the others standing.
    """

    absorbed = models.ForeignKey(Customer, related_name="+", on_delete=models.PROTECT, db_column="absorbed")
    survivor = models.ForeignKey(Customer, related_name="+", on_delete=models.PROTECT, db_column="survivor")
    kind = models.TextField()  # the identifier that ties them
    value = models.TextField()
    source = models.TextField()
    event_id = models.TextField()
    merged_at = models.BigIntegerField()
    refused = models.TextField(default="")  # why a merge was not carried out: hub, shared
    undone_at = models.BigIntegerField(null=True)

    personal = {"absorbed": PERSON, "survivor": PERSON, "value": ADDRESS, "event_id": PERSON}
    erased_by = DELETE

    class Meta:
        app_label = "huitou"
        db_table = "merge"
        constraints = [
            # absorbed is the younger node of the two, so a tie has one row however often it is told.
            models.UniqueConstraint(fields=["absorbed", "survivor", "kind", "value"], name="merge_once"),
        ]


class Profile(models.Model):
    """What people said of themselves (identify traits): {trait: [occurred_at, value]}; the greater pair wins."""

    customer = models.OneToOneField(Customer, primary_key=True, on_delete=models.PROTECT, db_column="customer")
    traits = models.JSONField(default=dict)

    personal = {"customer": PERSON, "traits": SAID}
    erased_by = DELETE

    class Meta:
        app_label = "huitou"
        db_table = "profile"


class Consent(models.Model):
    """The proof book: every grant and withdrawal, appended, never changed. consent.py says what holds now.

    `granted` is null where somebody was asked and did not agree; `asked` is the column of the list that says so.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, db_column="customer")
    channel = models.TextField()
    purpose = models.TextField(default="marketing")
    granted = models.BooleanField(null=True)
    how = models.TextField()  # form, double_opt_in, staff, import, link, reply, complaint…
    proof = models.TextField(default="")
    occurred_at = models.BigIntegerField()
    recorded_at = models.BigIntegerField()
    source = models.TextField()
    event_id = models.TextField()
    asked = models.TextField(default="", db_default="")

    personal = {"customer": PERSON, "proof": SAID, "event_id": PERSON}
    erased_by = DELETE

    class Meta:
        app_label = "huitou"
        db_table = "consent"


class BroadcastAct(models.Model):
    """What an operator said of a broadcast, appended, never changed; broadcast_acts.py says what holds now."""

    name = models.TextField()  # live_corrected | live_merged | live_deleted | live_restored
    broadcast = models.TextField()
    other = models.TextField(default="")  # merged into, or taken out of
    is_room = models.BooleanField(default=False)  # the broadcast goes by its room's id
    title = models.TextField(null=True)  # null: not said; '' and 0: as the data say
    started_at = models.BigIntegerField(null=True)
    ended_at = models.BigIntegerField(null=True)
    operator = models.TextField(default="")  # who; '' on the command line
    cancelled = models.IntegerField(default=0)  # queued messages cancelled with it
    occurred_at = models.BigIntegerField()

    personal = {"operator": STAFF, "name": THING, "other": THING, "title": THING}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "broadcast_act"


class Stop(models.Model):
    """What stops a message, written in the transaction that stores its event."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, db_column="customer")
    kind = (
        models.TextField()
    )  # order | cancelled | refunded | progress (shipped, received) | follow | unfollow | complaint
    shop = models.TextField(default="")
    order_id = models.TextField(default="")
    status = models.TextField(default="")  # the event's name: order_created, order_paid…
    occurred_at = models.BigIntegerField()
    recorded_at = models.BigIntegerField()
    source = models.TextField()
    event_id = models.TextField()

    personal = {"customer": PERSON, "order_id": PERSON, "event_id": PERSON}
    erased_by = DELETE

    class Meta:
        app_label = "huitou"
        db_table = "stop"
        indexes = [
            models.Index(fields=["customer", "occurred_at"], name="stop_customer"),
            # The guard asks of each order of a person whether it was cancelled.
            models.Index(
                fields=["order_id", "shop"],
                condition=models.Q(kind="cancelled") & ~models.Q(order_id=""),
                name="stop_cancelled",
            ),
        ]
        constraints = [
            # An order told twice, by two sources, is one order. Refunds may be partial and repeat.
            models.UniqueConstraint(
                fields=["shop", "order_id", "status"],
                condition=~models.Q(order_id="") & ~models.Q(status="order_refunded"),
                name="stop_order_once",
            ),
        ]
