"""At most so many of something for one user in a while, counted in the ledger: several processes count as one."""

from __future__ import annotations

from dataclasses import dataclass

from huitou.kit import clock
from huitou.kit.clock import HOUR
from huitou.stores.ledger import lock, transaction


@dataclass(frozen=True)
class Rate:
    """`most` in `span` microseconds, rolling."""

    name: str
    most: int
    span: int

    def take(self, who: str) -> int:
        """0 where one more is allowed, which is counted; else how many microseconds until it is."""
        now = clock.now_us()
        with transaction() as connection:
            lock(connection, f"rate of {self.name} {who}")
            connection.execute("DELETE FROM rate_use WHERE name = %s AND at <= %s", (self.name, now - self.span))
            row = connection.execute(
                "SELECT at FROM rate_use WHERE name = %s AND who = %s ORDER BY at DESC OFFSET %s LIMIT 1",
                (self.name, who, self.most - 1),
            ).fetchone()
            if row is not None:
                return int(row[0]) + self.span - now
            connection.execute("INSERT INTO rate_use (name, who, at) VALUES (%s, %s, %s)", (self.name, who, now))
        return 0


TEST_MAILS = Rate("test_mail", 20, HOUR)
