"""When somebody can be written to again: the guard itself is asked, about a message that is rolled back.

So what it says holds by the rules that decide when a message becomes final: consent, opt-outs, complaints, caps, quiet
hours, address, channel. A moment that it puts off is asked about again, until the message would go.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from huitou.campaigns.definition import Campaign
from huitou.delivery.guard import REASONS, GuardRules, Verdict, ask, read_verdicts, rules_for
from huitou.delivery.outbox import Message, query
from huitou.kit.clock import DAY
from huitou.kit.ids import short_hash
from huitou.kit.text import Text
from huitou.stores.ledger import Connection

TRIES = 12  # a full cap, the quiet hours after it, the next cap
FAR = 400 * DAY  # no cap reaches further

PUT_OFF: dict[str, Text] = {
    "cap": {"zh": "频次上限已满", "en": "the frequency cap is full"},
    "quiet_hours": {"zh": "静默时段", "en": "quiet hours"},
}


@dataclass(frozen=True)
class Again:
    """`at` the nearest moment at which this channel's message would go, None for never; `because` the codes of what
    stands before it (PUT_OFF), or of why not (guard.REASONS), '' entries left out."""

    campaign: str
    channel: str
    at: int | None
    because: tuple[str, ...]

    def reasons(self) -> list[Text]:
        return [PUT_OFF.get(code) or REASONS.get(code, {"zh": code, "en": code}) for code in self.because]


def next_moments(
    connection: Connection, customer: str, campaign: Campaign, zone: str | None, now: int, connected: Collection[str]
) -> list[Again]:
    """One for each channel of the campaign. `zone` is the customer's time zone, None for the campaign's. Nothing is
    kept."""
    return [
        _next_moment(connection, customer, campaign, channel.name, zone, now, channel.name in connected)
        for channel in campaign.channels
    ]


def _next_moment(
    connection: Connection,
    customer: str,
    campaign: Campaign,
    channel: str,
    zone: str | None,
    now: int,
    is_connected: bool,
) -> Again:
    message = _probe(customer, campaign, channel, zone, now)
    at, because = now, list[str]()
    for _ in range(TRIES):
        rules = rules_for(message, campaign, campaign, at, has_channel=is_connected)
        verdict, put_off = _ask(connection, message, campaign.purpose, rules, at)
        if verdict.reason == "moved":
            message = replace(message, root=verdict.root, address=verdict.address, nodes=verdict.nodes)
        elif verdict.reason == "":
            return Again(campaign.name, channel, at, tuple(dict.fromkeys(because)))
        elif put_off > at:
            because.append("cap" if verdict.reason == "cap_soon" else verdict.reason)
            at = put_off
        else:
            return Again(campaign.name, channel, None, (verdict.reason,))
    return Again(campaign.name, channel, None, tuple(dict.fromkeys(because)))


def _probe(customer: str, campaign: Campaign, channel: str, zone: str | None, now: int) -> Message:
    number = "probe-" + short_hash(customer, campaign.name, channel, str(now))
    return Message(
        id=number, customer=customer, root=customer, campaign=campaign.name, campaign_version=campaign.version,
        occurrence=number, step=0, channel=channel, offer="", context={"timezone": zone} if zone else {},
        stop_since=now, send_at=now, expires_at=now + FAR, attempts=0, fence=0, address="", nodes=(),
    )  # fmt: skip


def _ask(connection: Connection, message: Message, purpose: str, rules: GuardRules, at: int) -> tuple[Verdict, int]:
    """The guard's verdict, and until when it puts the message off (0: it does not)."""
    with connection.transaction(force_rollback=True):
        told = {
            "id": message.id,
            "customer": message.customer,
            "campaign": message.campaign,
            "channel": message.channel,
        }
        connection.execute(query("probe"), {**told, "purpose": purpose, "now": at, "expires_at": message.expires_at})
        (verdict,) = read_verdicts(ask(connection, [message], [rules], at, patience=FAR))
        row = connection.execute("SELECT state, send_at FROM message WHERE id = %s", (message.id,)).fetchone()
        assert row is not None
    return verdict, int(row[1]) if row[0] == "planned" else 0
