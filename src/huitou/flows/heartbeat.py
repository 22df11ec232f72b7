"""Signs of life of whoever sends: by the database's clock, since the house's may be turned.

The worker gives one every few seconds for as long as it lives, and each run of sending one at its end, so that a house
whose sending is started by cron counts as alive too.
"""

from __future__ import annotations

from huitou.kit.clock import MINUTE, SECOND
from huitou.stores.ledger import Connection, transaction

WORKER, SENDING = "worker", "sending"  # names in refresh_mark
GONE_AFTER = {WORKER: 90 * SECOND, SENDING: 15 * MINUTE}
NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


def beat(name: str) -> None:
    with transaction() as connection:
        connection.execute(
            f"INSERT INTO refresh_mark (name, position, at) VALUES (%s, 0, {NOW})"  # noqa: S608 - our own text
            " ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at",
            (name,),
        )


def is_anybody_sending(connection: Connection) -> bool:
    """Whether a worker lives or sending was started of late."""
    rows = connection.execute(
        f"SELECT name, {NOW} - at FROM refresh_mark WHERE name = ANY (%s)",  # noqa: S608 - our own text
        (list(GONE_AFTER),),
    ).fetchall()
    return any(age < GONE_AFTER[name] for name, age in rows)


def last_beat(connection: Connection) -> int | None:
    """When a worker or a run of sending was last seen, epoch microseconds of the database's clock; None: never."""
    row = connection.execute("SELECT max(at) FROM refresh_mark WHERE name = ANY (%s)", (list(GONE_AFTER),)).fetchone()
    return row[0] if row else None
