"""What the conformance test runs this room's queries on: the tea shop's busy month."""

from __future__ import annotations

from customers.conformance_tables import PARAMS, tables

__all__ = ["PARAMS", "tables"]
