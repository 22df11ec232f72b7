"""The ledger as requests use it: they wait seconds for a connection, not the half minute that jobs may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from huitou.stores.ledger import Connection, pool

PATIENCE = 3.0  # seconds


@contextmanager
def transaction() -> Iterator[Connection]:
    """Committed at the end of the block. psycopg_pool.PoolTimeout (an OperationalError) where there is no connection."""
    with pool().connection(timeout=PATIENCE) as connection:
        yield connection
