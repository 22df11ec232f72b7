"""The rules about people, each one text that every ledger query reads which asks for it.

A query names a rule in braces: `{permission}` is queries/ledger/rules/permission.sql, common table expressions that read
what the query brings. So each asker keeps its own way to the rows: the guard reads a few people's, portraits everybody's.

Two moments go with every rule. What lets a message go (a grant, a cancelled order, a new follow) counts up to `now`, the
moment asked about. What forbids it (a withdrawal, an order, an unfollowing, a complaint) counts up to `until`: a plan and a
portrait say their `now`, so that they can be made again as of then; the guard says EVER, because what it lets go leaves for
good, and a customer's no that we hold must not wait for a slow clock or a `--now` of the past.
"""

from __future__ import annotations

from functools import cache

from huitou.stores.sql import load_query

RULES = ("permission", "standing")
EVER = 2**62


@cache
def load_ruled(room: str, name: str) -> str:
    """A named query with the rules it names filled in."""
    return fill_rules(load_query(room, name))


def fill_rules(text: str) -> str:
    for rule in RULES:
        text = text.replace(f"{{{rule}}}", load_query("events", f"ledger/rules/{rule}").rstrip())
    return text
