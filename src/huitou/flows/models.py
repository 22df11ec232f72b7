"""Ledger tables of the flows: how far each derived thing has come."""

from __future__ import annotations

from django.db import models

from huitou.stores.personal import KEEP, THING


class RefreshMark(models.Model):
    """Up to which journal position, and when, something was last made anew."""

    name = models.TextField(primary_key=True)
    position = models.BigIntegerField()
    at = models.BigIntegerField()

    personal = {"name": THING}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "refresh_mark"


class HeldStart(models.Model):
    """An automatic start that the readiness check holds back: why, as of the last look. Gone when it starts."""

    broadcast = models.TextField()
    campaign = models.TextField()
    since = models.BigIntegerField()
    reasons = models.JSONField(default=list)  # [{"zh": …, "en": …}]

    personal = {"reasons": THING}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "held_start"
        constraints = [models.UniqueConstraint(fields=["broadcast", "campaign"], name="held_start_once")]
