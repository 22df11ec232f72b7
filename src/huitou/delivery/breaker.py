"""A campaign that only meets refusals pauses itself: each further mail costs the sender's name, and is lost for good.

What counts is what was refused for good: a dead address, a rejected mail, words that cannot be made. What is put off or
in doubt says nothing either way. The last outcomes are kept from run to run, since few may be due in each; a process
that is killed forgets those of its run.

Many servers take a mail and send it back later. So when mails come back the campaign's last messages are judged anew, as
the ledger then tells of them (`judge_returned`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from huitou.campaigns.versions import set_state
from huitou.delivery.outbox import query
from huitou.kit.clock import now_us
from huitou.stores.ledger import Connection

SETTLED = ("submitted", "failed", "delivered", "opened", "clicked", "converted")
RUN = 20  # refusals without one that went
WINDOW = 100  # messages looked back on
MOST = (
    0.5  # share of a whole window; mail services stop a sender far below (SES at 10 % bounces), we are the last resort
)


@dataclass
class Breaker:
    """The last WINDOW outcomes, True where the message went; `last` is the reason of the latest refusal."""

    outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    last: str = ""
    tripped: bool = False

    def went(self) -> None:
        self.outcomes.append(True)

    def refused(self, reason: str) -> bool:
        """Whether this is the one refusal too many; said once."""
        self.outcomes.append(False)
        self.last = reason
        newly = not self.tripped and is_too_many(list(self.outcomes))
        self.tripped = self.tripped or newly
        return newly


def is_too_many(outcomes: list[bool]) -> bool:
    """Whether these outcomes, the latest last, are a run of failures."""
    run = len(outcomes) >= RUN and not any(outcomes[-RUN:])
    return run or (len(outcomes) >= WINDOW and outcomes.count(False) > MOST * len(outcomes))


def read_breaker(connection: Connection, campaign: str) -> Breaker:
    row = connection.execute("SELECT outcomes FROM recent_outcomes WHERE campaign = %s", (campaign,)).fetchone()
    return Breaker(deque((one == "1" for one in row[0]) if row else (), maxlen=WINDOW))


def keep_breaker(connection: Connection, campaign: str, breaker: Breaker) -> None:
    """For the next run. One that tripped begins anew when the campaign is resumed."""
    outcomes = "" if breaker.tripped else "".join("1" if went else "0" for went in breaker.outcomes)
    connection.execute(
        "INSERT INTO recent_outcomes (campaign, outcomes) VALUES (%s, %s)"
        " ON CONFLICT (campaign) DO UPDATE SET outcomes = excluded.outcomes",
        (campaign, outcomes),
    )


def pause_itself(connection: Connection, campaign: str, breaker: Breaker) -> None:
    """Pause the campaign and write down why; resuming is the operator's."""
    failed, tried = list(breaker.outcomes).count(False), len(breaker.outcomes)
    set_state(connection, campaign, "paused")
    connection.execute(
        "INSERT INTO self_pause (campaign, at, failed, tried, reason) VALUES (%s, %s, %s, %s, %s)",
        (campaign, now_us(), failed, tried, breaker.last[:300]),
    )


def judge_returned(connection: Connection, returned: Mapping[str, str]) -> None:
    """Pause the campaigns that these mails which came back ({message: status}) make one too many for."""
    for (campaign,) in connection.execute(query("bounced_campaigns"), {"messages": list(returned)}).fetchall():
        rows = connection.execute(
            query("last_outcomes"), {"campaign": campaign, "settled": list(SETTLED), "window": WINDOW}
        ).fetchall()
        outcomes = [went for (went,) in rows]
        if is_too_many(outcomes):
            breaker = Breaker(deque(outcomes), last=f"bounced {[*returned.values()][-1]}".strip(), tripped=True)
            pause_itself(connection, campaign, breaker)
            keep_breaker(connection, campaign, breaker)


def note_resumed(connection: Connection, campaign: str) -> None:
    connection.execute(
        "UPDATE self_pause SET resumed_at = %s WHERE campaign = %s AND resumed_at IS NULL", (now_us(), campaign)
    )
