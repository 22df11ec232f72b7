"""Write keys, and what was refused or left aside of their events."""

from __future__ import annotations

from typing import Any

from huitou.console.reads import ledger
from huitou.events.write_keys import Key, list_keys
from huitou.stores.ledger import transaction


def all_keys() -> list[Key]:
    with transaction() as connection:
        return list_keys(connection)


def refused() -> list[dict[str, Any]]:
    """By key, outcome and rule: how many events, and when the last was; the most frequent first."""
    return ledger.rows("key_tallies")
