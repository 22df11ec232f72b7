"""Ledger tables of the campaigns room."""

from __future__ import annotations

from django.db import models

from huitou.stores.personal import KEEP, STAFF, THING


class Campaign(models.Model):
    """One version of a campaign file; versions are never changed, the newest is in force."""

    name = models.TextField()
    version = models.IntegerField()
    body = models.TextField()  # the TOML as written
    state = models.TextField(default="active")  # draft | active | paused | ended
    automatic = models.BooleanField(default=False)  # starts by itself when a broadcast ends
    created_at = models.BigIntegerField()
    created_by = models.TextField(default="")

    personal = {"created_by": STAFF, "name": THING, "body": THING}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "campaign"
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="campaign_version_once")]
