"""The list of broadcasts: numbers of the show, and how far its follow-up is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from huitou.campaigns.definition import FOLLOW_UP_WORDS
from huitou.catalog.broadcasts import Broadcast
from huitou.console.reads import ledger, snapshot
from huitou.console.reads.campaigns import campaign_named
from huitou.kit import clock
from huitou.measurement.report import HANDED_OVER

OPEN = ("planned", "retry", "claimed", "final", "awaiting_staff")


@dataclass(frozen=True)
class FollowUp:
    """How far one campaign's follow-up of a broadcast is."""

    campaign: str | None
    state: str  # live | none | planned | sending | paused | measuring | final
    people: int = 0
    written_to: int = 0
    held_out: int = 0
    handed_over: int = 0
    waiting: int = 0
    in_doubt: int = 0
    next_at: int | None = None
    window_ends_at: int | None = None


@dataclass(frozen=True)
class Row:
    broadcast: Broadcast
    viewers: int
    buyers: int
    orders: int
    order_minor: int  # of the orders in `currency`, the campaign's
    currency: str
    follow_up: FollowUp

    @property
    def conversion(self) -> float | None:
        return self.buyers / self.viewers if self.viewers else None

    def matches(self, text: str) -> bool:
        """By title or id; a word for the follow-up finds the broadcasts that have one."""
        has_word = self.follow_up.campaign is not None and text.casefold() in (*FOLLOW_UP_WORDS, "follow-up")
        return has_word or self.broadcast.matches(text)


def list_rows() -> list[Row]:
    """All broadcasts, the latest first."""
    sums = defaultdict[str, list[dict[str, Any]]](list)
    for row in snapshot.read(("show_sums",), _sums):
        sums[row["broadcast"]].append(row)
    decided = _decided()
    messages = _messages(None)
    states = {name: campaign_named(name) for name in {row["campaign"] for row in decided.values()}}
    rows, currencies = list[Row](), dict[str | None, str]()
    for one in snapshot.broadcasts():
        follow_up = _follow_up(one, decided.get(one.broadcast), messages[one.broadcast], states)
        name = follow_up.campaign
        if name not in currencies:
            currencies[name] = campaign_named(name).currency
        rows.append(_row(one, sums[one.broadcast], follow_up, currencies[name]))
    return rows


def _row(broadcast: Broadcast, sums: list[dict[str, Any]], follow_up: FollowUp, currency: str) -> Row:
    viewers, buyers, orders = (sum(one[name] for one in sums) for name in ("viewers", "buyers", "orders"))
    ours = sum(one["order_minor"] for one in sums if one["currency"] in ("", currency))
    return Row(broadcast, viewers, buyers, orders, ours, currency, follow_up)


def follow_up_of(broadcast: Broadcast) -> FollowUp:
    decided = _decided().get(broadcast.broadcast)
    states = {decided["campaign"]: campaign_named(decided["campaign"])} if decided else {}
    return _follow_up(broadcast, decided, _messages(broadcast.broadcast)[broadcast.broadcast], states)


def _sums(engine: Any) -> list[dict[str, Any]]:
    return list(engine.run("console", "show_sums").to_pylist())


def _decided() -> dict[str, dict[str, Any]]:
    """The campaign that decided last for each broadcast."""
    rows = snapshot.read(("decided",), lambda engine: engine.run("console", "decided_campaigns").to_pylist())
    return {row["broadcast"]: row for row in rows}  # in the order of decisions: the latest stays


def _messages(occurrence: str | None) -> defaultdict[str, list[dict[str, Any]]]:
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in ledger.rows("message_counts", occurrence=occurrence):
        found[row["occurrence"]].append(row)
    return found


def _follow_up(
    broadcast: Broadcast,
    decided: dict[str, Any] | None,
    messages: list[dict[str, Any]],
    campaigns: dict[str, Any],
) -> FollowUp:
    if decided is None:
        return FollowUp(None, "live" if broadcast.ended_at is None else "none")
    name = decided["campaign"]
    campaign = campaigns[name]
    own = [row for row in messages if row["campaign"] == name]
    handed = sum(row["messages"] for row in own if row["state"] in HANDED_OVER)
    waiting = sum(row["messages"] for row in own if row["state"] in OPEN)
    ends_at = (broadcast.ended_at or broadcast.last_event_at) + campaign.window_us()
    return FollowUp(
        name,
        _state(campaign.state, handed, waiting, clock.now_us() >= ends_at),
        decided["people"],
        decided["written_to"],
        decided["held_out"],
        handed,
        waiting,
        sum(row["messages"] for row in own if row["state"] in ("in_doubt", "unknown")),
        min((row["next_at"] for row in own if row["next_at"]), default=None),
        ends_at,
    )


def _state(campaign_state: str, handed: int, waiting: int, is_over: bool) -> str:
    if is_over and not waiting:
        return "final"
    if waiting:
        if campaign_state == "paused":
            return "paused"
        return "sending" if handed else "planned"
    return "measuring" if handed else "planned"
