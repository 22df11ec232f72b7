"""Ledger tables of the flows: how far each derived thing has come."""

from __future__ import annotations

from django.db import models


class RefreshMark(models.Model):
    """Up to which journal position, and when, something was last made anew."""

    name = models.TextField(primary_key=True)
    position = models.BigIntegerField()
    at = models.BigIntegerField()

    class Meta:
        app_label = "huitou"
        db_table = "refresh_mark"
