"""Is everything ready for this follow-up to start? One check for the console, the command line and automatic starts.

A `stop` is what would reach customers broken, or never reach them: it cannot be confirmed away. A `warning` is the
operator's to decide.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.catalog.products import list_products
from huitou.delivery.contexts import Told
from huitou.delivery.rehearse import rehearse
from huitou.flows.readiness import sending, show, words
from huitou.flows.readiness.findings import Finding
from huitou.flows.tables import open_tables

__all__ = ["Finding", "check_installation", "check_start", "is_stopped", "warnings_of"]


def check_installation(campaign: Campaign | None = None) -> list[Finding]:
    """What no start can do without, of this installation alone."""
    return [
        sending.check_mail_server(),
        sending.check_public_address(),
        sending.check_sender(campaign),
        sending.check_postal_address(campaign),
    ]


def check_start(
    broadcast: Broadcast, campaign: Campaign, new: pa.Table, told: Told, unlinked: int, now: int
) -> list[Finding]:
    """Everything, for a start that would add these decision rows; the gravest first.

    `told` is what their messages say besides; `unlinked` counts the products without an address (delivery.unlinked).
    """
    rehearsal = rehearse(new, campaign, told)
    with open_tables() as engine:
        unseen = show.check_unseen(engine, broadcast, campaign, now)
        people = show.check_people(engine, broadcast, campaign, new, now)
        products = {one.product: one for one in list_products(engine, now)}
    by_channel = show.count_messages(new)
    found = [
        *sending.check_channels(by_channel),
        *(check(campaign) for check in (sending.check_sender, sending.check_postal_address) if "email" in by_channel),
        sending.check_public_address(),
        show.check_time(broadcast),
        unseen,
        show.check_settled(broadcast, now),
        *people,
        show.check_goods(new, products),
        *show.check_offers(new, campaign),
        *words.check_words(rehearsal, campaign),
    ]
    missing = words.check_unlinked(unlinked)
    return sort_findings([*found, missing] if missing else found)


def sort_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Stops first, then warnings, in their own order."""
    return sorted(findings, key=lambda one: ("stop", "warning", "good").index(one.state))


def is_stopped(findings: Sequence[Finding]) -> bool:
    return any(one.state == "stop" for one in findings)


def warnings_of(findings: Sequence[Finding]) -> list[str]:
    """The names of what was warned of: whoever confirms confirms these and no others."""
    return sorted({one.name for one in findings if one.state == "warning"})
