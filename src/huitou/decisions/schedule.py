"""When each step of each timing would go to each person, and which steps cannot go, with the reason.

In order: a step whose hour has passed is dropped; what falls into quiet hours moves to their end; then the window,
the operator's table of reminders, the least distance and the caps drop what they must.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.campaigns.caps import admit
from huitou.campaigns.channel_facts import Minutes
from huitou.campaigns.definition import Campaign, IntentRule, Timing
from huitou.campaigns.quiet import move_out
from huitou.decisions.columns import Bools, Ints
from huitou.decisions.people import People
from huitou.kit.clock import DAY, HOUR
from huitou.kit.zones import offsets_of, to_utc
from huitou.rewards.offers import Offer

KEPT, PAST, WINDOW, LIMIT, CLOSE, CAP, EXPIRED = range(7)
DROPPED = ("", "past", "window", "reminders", "too_close", "cap", "offer_expired")

LATE = HOUR  # a step whose hour passed so recently still goes, now
APART = HOUR  # two steps that quiet hours push together are one
WEEK_HOURS = 168
EVENING = 20  # the hour of live shows; for whom no own hour is known, nor anybody's


@dataclass(frozen=True)
class Schedule:
    """One timing under one set of quiet hours: `send_at` (n, k), `dropped` (n, k) codes, `start` (n,) the moment that
    an offer's validity counts from: when the first step that goes was meant to go."""

    send_at: Ints
    dropped: NDArray[np.int8]
    start: Ints

    def kept(self, offer: Offer) -> Bools:
        """(n, k) the steps that go when this offer goes with them."""
        kept = self.dropped == KEPT
        if offer.expires_hours is not None:
            kept = kept & (self.send_at < (self.start + round(offer.expires_hours * HOUR))[:, None])
        return kept


def lay_out(
    timing: Timing, windows: Sequence[Minutes], people: People, campaign: Campaign, ended_at: int, decided_at: int
) -> Schedule:
    """The timing's steps for everybody, under the quiet hours of `windows`."""
    nominal = _nominal(timing, people, ended_at, decided_at)
    n, steps = nominal.shape
    dropped = np.zeros((n, steps), dtype=np.int8)
    dropped[nominal < decided_at - LATE] = PAST
    wanted = np.maximum(nominal, decided_at)
    zones = np.repeat(people.zones, steps)
    send_at = move_out(wanted.ravel(), zones, people.zone_names, windows).reshape(n, steps)
    _drop(dropped, send_at >= ended_at + campaign.window_us(), WINDOW)
    _drop(dropped, ~allowed_steps(timing, campaign.intents.rules())[people.intent], LIMIT)
    _drop_close(dropped, send_at)
    _drop(dropped, ~admit(send_at, dropped == KEPT, people.history, campaign.caps), CAP)
    first = np.argmax(dropped == KEPT, axis=1)
    return Schedule(send_at, dropped, wanted[np.arange(n), first])


def _nominal(timing: Timing, people: People, ended_at: int, decided_at: int) -> Ints:
    """(n, k) when the steps are meant to go, quiet hours aside."""
    base = people.left_at if timing.start == "left" else np.full(len(people), ended_at, dtype=np.int64)
    if timing.hours:
        return base[:, None] + np.array([round(hours * HOUR) for hours in timing.hours], dtype=np.int64)
    since = np.maximum(base, decided_at)
    return np.stack([own_hour(people, since, k) for k in timing.active], axis=1)


def own_hour(people: People, since: Ints, k: int) -> Ints:
    """(n,) the k-th time after `since` that the person's own hour comes round on their own clock."""
    hours = known_hours(people)
    moments = np.empty(len(people), dtype=np.int64)
    for zone, name in enumerate(people.zone_names):
        here = people.zones == zone
        if not here.any():
            continue
        table = offsets_of(name, int(since[here].min()), int(since[here].max()) + (k + 2) * DAY)
        clock = since[here] + table.at(since[here])
        today = clock // DAY * DAY + hours[here] * HOUR
        moments[here] = to_utc(today + np.where(today > clock, k - 1, k) * DAY, table)
    return moments


def known_hours(people: People) -> Ints:
    """(n,) the person's own hour; where unknown, the commonest among the others."""
    known = people.active_hour[people.active_hour >= 0]
    common = int(np.bincount(known % 24).argmax()) if len(known) else EVENING
    return np.where(people.active_hour >= 0, people.active_hour % 24, common)


def allowed_steps(timing: Timing, rules: Sequence[IntentRule]) -> Bools:
    """(intents, k) which steps the operator's table lets through: as many in 7 days, as far apart as it says."""
    hours = timing.hours or tuple(24.0 * k for k in timing.active)
    allowed = np.zeros((len(rules), len(hours)), dtype=np.bool_)
    for row, rule in enumerate(rules):
        taken: list[float] = []
        for step, at in enumerate(hours):
            recent = sum(at - WEEK_HOURS < before for before in taken)
            if recent < rule.reminders and all(at - before >= rule.every_hours for before in taken):
                allowed[row, step] = True
                taken.append(at)
    return allowed


def _drop(dropped: NDArray[np.int8], where: Bools, why: int) -> None:
    dropped[where & (dropped == KEPT)] = why


def _drop_close(dropped: NDArray[np.int8], send_at: Ints) -> None:
    last = np.full(len(send_at), np.iinfo(np.int64).min // 2)
    for step in range(send_at.shape[1]):
        kept = dropped[:, step] == KEPT
        close = kept & (send_at[:, step] < last + APART)
        dropped[close, step] = CLOSE
        last = np.where(kept & ~close, send_at[:, step], last)
