"""Slows down whoever guesses: a try is counted before the password is looked at, in the ledger, under a lock.

So forty tries at once are five, however many processes serve them. A right password takes its own try back. Others'
guesses at a name close it only where that name has never signed in from: its owner goes on working.
"""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import normalize

from huitou.kit import clock
from huitou.kit.clock import MINUTE, SECOND
from huitou.stores.ledger import Connection, lock, transaction

WINDOW = 15 * MINUTE
PER_PAIR, PER_NAME, PER_ADDRESS = 5, 20, 50  # tries in the window; behind one proxy many people share an address
KNOWN_FOR = 180 * 24 * 60 * MINUTE  # how long an address stays known

# The oldest of the last N tries: while it is young, there were N within the window.
OPENS = "SELECT at FROM sign_in_try WHERE {} AND at > %(since)s ORDER BY at DESC OFFSET %(limit)s - 1 LIMIT 1"
PAIR, NAME, ADDRESS = "name = %(name)s AND address = %(address)s", "name = %(name)s", "address = %(address)s"


@dataclass(frozen=True)
class Try:
    """A try that was counted. `wait` is 0 where it may be made, else the seconds until one may."""

    id: int
    name: str
    address: str
    wait: int


def begin_try(name: str, address: str) -> Try:
    """Count a try, unless there were too many: then nothing is counted, and the password must not be looked at."""
    now, plain = clock.now_us(), _plain(name)
    told = {"name": plain, "address": address, "since": now - WINDOW}
    with transaction() as connection:
        for key in sorted((f"try of {plain}", f"try from {address}")):
            lock(connection, key)
        opens = _opens_at(connection, told)
        if opens:
            return Try(0, plain, address, -(-(opens + WINDOW - now) // SECOND))
        row = connection.execute(
            "INSERT INTO sign_in_try (name, address, at) VALUES (%s, %s, %s) RETURNING id", (plain, address, now)
        ).fetchone()
        connection.execute("DELETE FROM sign_in_try WHERE at <= %s", (now - WINDOW,))
    assert row is not None
    return Try(row[0], plain, address, 0)


def forgive(made: Try) -> None:
    """The password was right: the pair starts anew and the address is known; others' tries at either stay counted."""
    now = clock.now_us()
    with transaction() as connection:
        connection.execute("DELETE FROM sign_in_try WHERE name = %s AND address = %s", (made.name, made.address))
        connection.execute(
            "INSERT INTO known_place (name, address, at) VALUES (%s, %s, %s)"
            " ON CONFLICT (name, address) DO UPDATE SET at = excluded.at",
            (made.name, made.address, now),
        )
        connection.execute("DELETE FROM known_place WHERE at <= %s", (now - KNOWN_FOR,))


def _opens_at(connection: Connection, told: dict[str, object]) -> int:
    """When the youngest try that closes this one was made; 0 where it is open."""
    closed = [
        _nth_last(connection, PAIR, PER_PAIR, told),
        _nth_last(connection, ADDRESS, PER_ADDRESS, told),
        0 if _is_known(connection, told) else _nth_last(connection, NAME, PER_NAME, told),
    ]
    return max(closed)


def _nth_last(connection: Connection, which: str, limit: int, told: dict[str, object]) -> int:
    row = connection.execute(OPENS.format(which), {**told, "limit": limit}).fetchone()
    return int(row[0]) if row else 0


def _is_known(connection: Connection, told: dict[str, object]) -> bool:
    found = connection.execute("SELECT 1 FROM known_place WHERE name = %(name)s AND address = %(address)s", told)
    return found.fetchone() is not None


def _plain(name: str) -> str:
    """One spelling for all: 'LIN ' is guessed at as 'lin'. What no database takes is taken out."""
    text = normalize("NFKC", name.encode("utf-8", "replace").decode().replace("\0", ""))
    return " ".join(text.split()).casefold()[:150]
