"""Campaigns in the ledger: every saved file is a version that never changes; the newest one is in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from huitou.campaigns.definition import Campaign
from huitou.campaigns.reading import read_campaign
from huitou.kit.clock import now_us
from huitou.kit.errors import NotFound, Refused
from huitou.stores.ledger import Connection, lock
from huitou.stores.sql import load_query

STATES = ("draft", "active", "paused", "ended")


def save_version(connection: Connection, text: str, *, by: str = "", state: str | None = None) -> Campaign:
    """Store the file as the campaign's next version and return it; the same text again is the same version.

    `state` None: as the version before, 'active' for the first. CampaignError where the file cannot be used.
    """
    lock(connection, f"campaign:{read_campaign(text).name}")
    campaign = next_version(connection, text, state=state)
    newest = _newest(connection, campaign.name)
    if newest is None or newest[0] < campaign.version:
        connection.execute(
            _query("insert_version"),
            {
                "name": campaign.name,
                "version": campaign.version,
                "body": text,
                "state": campaign.state,
                "automatic": campaign.automatic,
                "created_at": now_us(),
                "created_by": by,
            },
        )
    return campaign


def next_version(connection: Connection, text: str, *, state: str | None = None) -> Campaign:
    """What `save_version` would return, nothing stored: a dry run decides as if it counted."""
    campaign = read_campaign(text)
    newest = _newest(connection, campaign.name)
    if newest and newest[1] == text and state in (None, newest[2]):
        return replace(campaign, version=newest[0], state=newest[2])
    kept = _known(state or (newest[2] if newest else "active"))
    return replace(campaign, version=newest[0] + 1 if newest else 1, state=kept)


def load_campaign(connection: Connection, name: str, version: int | None = None) -> Campaign:
    """The newest version, or the one asked for; NotFound lists the names there are."""
    row = (
        _newest(connection, name)
        if version is None
        else connection.execute(_query("one_version"), {"name": name, "version": version}).fetchone()
    )
    if row is None:
        raise _no_campaign(connection, name, version)
    return replace(read_campaign(row[1], strict=False), version=row[0], state=row[2])


def newest_versions(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """The number of the newest version of each of these campaigns; names nobody saved are left out."""
    rows = connection.execute(
        "SELECT name, max(version) FROM campaign WHERE name = ANY (%s) GROUP BY name", (list(names),)
    )
    return {str(name): int(version) for name, version in rows.fetchall()}


def set_state(connection: Connection, name: str, state: str) -> None:
    """Start, pause or end the campaign: the newest version's state. NotFound, Refused for an unknown state."""
    _known(state)
    changed = connection.execute(_query("set_state"), {"name": name, "state": state})
    if changed.rowcount == 0:
        raise _no_campaign(connection, name, None)


def list_campaigns(connection: Connection) -> list[tuple[str, int, str, bool]]:
    """(name, newest version, state, starts by itself) of every campaign, by name."""
    rows = connection.execute(_query("list_campaigns")).fetchall()
    return [(str(row[0]), int(row[1]), str(row[2]), bool(row[3])) for row in rows]


def _newest(connection: Connection, name: str) -> tuple[int, str, str] | None:
    row = connection.execute(_query("newest_version"), {"name": name}).fetchone()
    return (int(row[0]), str(row[1]), str(row[2])) if row else None


def _query(name: str) -> bytes:
    return load_query("campaigns", f"ledger/{name}").encode()


def _known(state: str) -> str:
    if state not in STATES:
        raise Refused(
            {
                "zh": f"状态 {state} 不存在，可以是 {'、'.join(STATES)}。",
                "en": f"there is no state {state}; it can be {', '.join(STATES)}",
            }
        )
    return state


def _no_campaign(connection: Connection, name: str, version: int | None) -> NotFound:
    names = [row[0] for row in list_campaigns(connection)]
    which = name if version is None else f"{name} v{version}"
    return NotFound(
        {
            "zh": f"没有触达活动 {which}。" + (f"已有：{'、'.join(names)}。" if names else ""),
            "en": f"there is no campaign {which}" + (f"; there are: {', '.join(names)}" if names else ""),
        }
    )
