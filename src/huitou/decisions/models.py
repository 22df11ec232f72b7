"""Ledger tables of the decisions room."""

from __future__ import annotations

from django.db import models

from huitou.stores.personal import DELETE, PERSON


class DrawnNode(models.Model):
    """An identity node by which its person was drawn for the holdout when first decided for.

    A person draws once, by the node that is their root then: each more draw would make the holdout larger than it was
    set, for people of many identifiers most. Nodes that come later do not draw either: people who are written to click,
    sign in and so gain nodes that those left alone do not. (Houses from before 2026-11-27 have people who drew by
    several nodes at once; those draws, and the chance logged with their decisions, stand.)
    """

    node = models.TextField(primary_key=True)

    personal = {"node": PERSON}
    erased_by = DELETE

    class Meta:
        app_label = "huitou"
        db_table = "drawn_node"
