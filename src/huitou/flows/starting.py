"""What a start would do, before it does it: whom it adds, and what the readiness check says. And which automatic starts
that check holds back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa
from psycopg.types.json import Jsonb

from huitou.campaigns.definition import Campaign
from huitou.catalog.broadcasts import Broadcast
from huitou.flows.readiness import Finding, is_stopped, warnings_of
from huitou.kit import clock
from huitou.kit.errors import Refused
from huitou.kit.text import LANGUAGES, Text, say
from huitou.stores.ledger import transaction


@dataclass(frozen=True)
class Prospect:
    """What a start would do: `new` are the decision rows it would add, `findings` what the readiness check says."""

    broadcast: Broadcast
    campaign: Campaign
    new: pa.Table
    findings: list[Finding]

    @property
    def is_stopped(self) -> bool:
        return is_stopped(self.findings)

    @property
    def stops(self) -> list[Text]:
        return [one.message for one in self.findings if one.state == "stop"]

    @property
    def warnings(self) -> list[str]:
        return warnings_of(self.findings)


def refuse_unready(prospect: Prospect, confirmed: Collection[str]) -> None:
    """Refused where the check stops the start, or warns of what is not among the `confirmed` names."""
    if prospect.stops:
        raise Refused(_joined("不能开始：", "It cannot be started: ", prospect.stops), code="not_ready")
    open_points = [one.message for one in prospect.findings if one.state == "warning" and one.name not in confirmed]
    if open_points:
        raise Refused(_joined("请先确认：", "Confirm first: ", open_points), code="not_confirmed")


def _joined(zh: str, en: str, told: list[Text]) -> Text:
    return {"zh": zh + "；".join(say(one, "zh") for one in told), "en": en + "; ".join(say(one, "en") for one in told)}


def hold(broadcast: str, campaign: str, reasons: list[Text]) -> None:
    """Remember that an automatic start waits, and for what: flows.health says so where the operator looks."""
    told = Jsonb([{language: say(one, language) for language in LANGUAGES} for one in reasons])
    with transaction() as connection:
        connection.execute(
            "INSERT INTO held_start (broadcast, campaign, since, reasons) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (broadcast, campaign) DO UPDATE SET reasons = excluded.reasons",
            (broadcast, campaign, clock.now_us(), told),
        )


def release_all_but(due: Collection[tuple[str, str]]) -> None:
    """Starts that are not due any more (started, by whomever; the window over) are held no longer."""
    shows, names = [one for one, _ in due], [name for _, name in due]
    with transaction() as connection:
        connection.execute(
            "DELETE FROM held_start WHERE (broadcast, campaign) NOT IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
            (shows, names),
        )
