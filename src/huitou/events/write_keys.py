"""Write keys: who may send events, and how far they are believed.

A browser's key stands in every page and app, so anybody has it: it may only say what its own visitor did. A server's
key is a secret of the shop's and is believed. The name of the key is the source of its events; a browser's is marked,
so that SQL and the lake can tell, and no other source can take such a name.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import NamedTuple

from huitou.events.connectors import CONNECTORS
from huitou.kit import clock
from huitou.kit.errors import NotFound, Refused
from huitou.stores.ledger import Connection, lock
from huitou.stores.sql import load_query

BROWSER, SERVER = "browser", "server"
CLASSES = (BROWSER, SERVER)
MARK = "browser:"  # SQL knows it, too: source LIKE 'browser:%'
PREFIX = {BROWSER: "wkb_", SERVER: "wks_"}
NAME = re.compile(r"[^\W_][\w.-]{0,59}")
SCRIPT = "script"  # the source of HUITOU_WRITE_KEY
RESERVED = frozenset({SCRIPT, "huitou", "operator", *CONNECTORS})  # whose event ids a key could take


class Key(NamedTuple):
    """A key as it may be shown. Times are epoch microseconds; `last_used_at` is to the minute, None for never."""

    id: int
    name: str
    key_class: str
    last_four: str
    created_at: int
    last_used_at: int | None
    revoked_at: int | None

    @property
    def source(self) -> str:
        return source_name(self.name, self.key_class)


def source_name(name: str, key_class: str) -> str:
    """The source of the events of such a key."""
    return MARK + name if key_class == BROWSER else name


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def list_keys(connection: Connection, *, live: bool = False) -> list[Key]:
    """All keys, the newest first; `live`: without the revoked ones."""
    rows = connection.execute(load_query("events", "ledger/write_keys"), {"live": live})
    return [Key(*row) for row in rows]


def live_keys(connection: Connection) -> dict[str, Key]:
    """The keys that are accepted, by their hash."""
    numbered = {key.id: key for key in list_keys(connection, live=True)}
    rows = connection.execute("SELECT id, digest FROM write_key").fetchall()
    return {digest: numbered[number] for number, digest in rows if number in numbered}


def add_key(connection: Connection, name: str, key_class: str) -> tuple[Key, str]:
    """Make a key; what is returned beside it is the key itself, which is kept nowhere. Refused for a name in use."""
    name = name.strip()
    lock(connection, "write_key")
    _check(connection, name, key_class)
    secret = PREFIX[key_class] + secrets.token_urlsafe(24)
    row = connection.execute(
        "INSERT INTO write_key (digest, name, class, last_four, created_at) VALUES (%s, %s, %s, %s, %s) RETURNING id",
        (digest_of(secret), name, key_class, secret[-4:], now := clock.now_us()),
    ).fetchone()
    assert row is not None
    return Key(row[0], name, key_class, secret[-4:], now, None, None), secret


def _check(connection: Connection, name: str, key_class: str) -> None:
    if key_class not in CLASSES:
        raise Refused({"zh": "类别应为 browser 或 server。", "en": "the class must be browser or server"})
    if not NAME.fullmatch(name) or name.casefold() in RESERVED:
        raise Refused(
            {
                "zh": "名称用字母、数字、汉字、点、横线或下划线，最多 60 个字符，且不能与内置来源同名。",
                "en": "a name has letters, digits, dots, hyphens or underscores, at most 60, and is no built-in source",
            }
        )
    if any(key.name == name and key.key_class == key_class for key in list_keys(connection, live=True)):
        raise Refused(
            {
                "zh": f"已有名为“{name}”的同类密钥，请先停用它或换一个名称。",
                "en": f"there is such a key named {name}: revoke it first, or choose another name",
            }
        )


def revoke_key(connection: Connection, which: str | int) -> Key:
    """Revoke the live key of that name, or of that number. NotFound where there is none, Refused where it could be two."""
    live = list_keys(connection, live=True)
    found = [key for key in live if which in (key.name, key.id)] or [key for key in live if str(key.id) == which]
    if not found:
        raise NotFound({"zh": f"没有可停用的密钥“{which}”。", "en": f"there is no key {which} to revoke"})
    if len(found) > 1:
        numbers = ", ".join(str(key.id) for key in found)
        raise Refused(
            {
                "zh": f"有多个密钥名为“{which}”，请用编号指定：{numbers}",
                "en": f"several keys are named {which}: say which by its number: {numbers}",
            }
        )
    now = clock.now_us()
    connection.execute("UPDATE write_key SET revoked_at = %s WHERE id = %s", (now, found[0].id))
    return found[0]._replace(revoked_at=now)


def note_use(
    connection: Connection, used: Mapping[int, int], tallies: Mapping[tuple[int, str, str], int], at: int
) -> None:
    """Write down when keys were used last, and add (key, outcome, rule) -> events to what was refused of them."""
    for number, when in sorted(used.items()):
        connection.execute("UPDATE write_key SET last_used_at = %s WHERE id = %s", (when, number))
    for (number, outcome, rule), events in sorted(tallies.items()):
        connection.execute(
            load_query("events", "ledger/add_tally"),
            {"key": number, "outcome": outcome, "rule": rule, "events": events, "at": at},
        )
