"""Who is to be left alone: the held-out of campaigns that still run, and those who opted out. Lists go out without them."""

from __future__ import annotations

from dataclasses import dataclass

from huitou.console.reads import ledger, snapshot
from huitou.console.reads.campaigns import campaign_named
from huitou.events.consent import permissions
from huitou.kit import clock
from huitou.kit.errors import NotFound
from huitou.stores.ledger import transaction

HELD_OUT, OPTED_OUT, FREE = "held_out", "opted_out", ""


@dataclass(frozen=True)
class LeaveAlone:
    held_out: frozenset[str]
    opted_out: frozenset[str]

    def state_of(self, customer: str) -> str:
        """OPTED_OUT before HELD_OUT, FREE for everybody else."""
        return OPTED_OUT if customer in self.opted_out else HELD_OUT if customer in self.held_out else FREE


def leave_alone(broadcast: str | None = None) -> LeaveAlone:
    """As of now. Held out is who a campaign leaves alone until its window ends; for a `broadcast` also whom any campaign
    held out of it, for their comparison lasts. Opted out: withdrew a consent, or complained."""
    rows = snapshot.read(("held_out",), lambda engine: engine.run("console", "held_out").to_pylist())
    now = clock.now_us()
    pairs = {(row["campaign"], row["broadcast"]) for row in rows}
    running = {pair for pair in pairs if pair[1] == broadcast or _ends_at(*pair) > now}
    with transaction() as connection:
        refused = permissions(connection, now=now)
    opted_out = {row["root"] for row in refused.to_pylist() if row["granted"] is False}
    return LeaveAlone(
        frozenset(row["customer"] for row in rows if (row["campaign"], row["broadcast"]) in running),
        frozenset(opted_out | {row["customer"] for row in ledger.rows("complained")}),
    )


def _ends_at(campaign: str, broadcast: str) -> int:
    """When the campaign's window for the broadcast ends; a broadcast that is known no more holds nobody out."""
    try:
        ended = snapshot.find_broadcast(broadcast).ended_at
    except NotFound:
        return 0
    return 0 if ended is None else ended + campaign_named(campaign).window_us()
