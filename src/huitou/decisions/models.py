"""Ledger tables of the decisions room."""

from __future__ import annotations

from django.db import models


class DrawnNode(models.Model):
    """An identity node by which its person was drawn for the holdout when first decided for.

    Nodes that come later do not draw: people who are written to click, sign in and so gain nodes that those left alone
    do not, and each more draw would move them into the holdout.
    """

    node = models.TextField(primary_key=True)

    class Meta:
        app_label = "huitou"
        db_table = "drawn_node"
