"""The week after the example broadcast, lived by its customers: they get mails, open, click, order, leave.

Whoever drives it alternates `receive` (the mails that reached inboxes) and `live_until` (let time pass, hear what
happened). Orders of everybody come out, of those left alone too; they return to the shop in its own formats:
`sdk_events` for the mini-program and H5, `doudian_export` for 抖店.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from huitou.kit.clock import HOUR, MINUTE, SECOND
from huitou.proving.simulator.crowd import MOST_MESSAGES, Crowd
from huitou.proving.simulator.example import buyer_of
from huitou.proving.simulator.example_world import Example
from huitou.proving.simulator.orders import Order, write_orders
from huitou.proving.simulator.plans import CHANNELS, Terms
from huitou.proving.simulator.response import WEEK_HOURS
from huitou.proving.simulator.segment_format import order_events

THANKS = ("谢谢,泡茶用多少度的水?", "可以开发票吗?", "什么时候发货?")
GRUMBLES = ("别再发了", "你们发得太勤了", "不需要,谢谢")


@dataclass(frozen=True)
class Mail:
    """A message as it reached somebody: an address (or userId, phone, external_userid) and what it carried."""

    to: str
    sent_at: int
    message_id: str
    offer: str = "none"
    channel: str = "email"
    link: str = ""
    unsubscribe: str = ""


@dataclass(frozen=True, order=True)
class Happening:
    """Something a customer did. kind: open, click, order, unsubscribe, complaint, reply."""

    at: int
    serial: int  # of equal times the earlier cause comes first
    kind: str = field(compare=False)
    person: int = field(compare=False)
    mail: Mail | None = field(default=None, compare=False)
    order: Order | None = field(default=None, compare=False)
    text: str = field(default="", compare=False)
    negative: bool = field(default=False, compare=False)


class Week:
    """The customers of the example for 168 hours; the same happenings for the same mails at the same times."""

    def __init__(self, example: Example, terms: Terms, seed: int = 1) -> None:
        self.example, self.terms = example, terms
        self.viewers = example.evening.viewers
        self.ended_at = example.show.ended_at
        world = example.world
        self.crowd = Crowd(world.response, self.viewers, terms, world.rng("week", seed))
        self.crowd.ordered_h[~example.non_buyers()] = -1.0  # bought in the room: no second order this week
        self.rng = world.rng("week orders", seed)
        self.moods = world.rng("moods", seed).random((len(self.viewers), MOST_MESSAGES, 2))
        self.row_of = _addresses(example)
        self.mails: dict[tuple[int, int], Mail] = {}
        self.next_cell = 0
        self.serial = 0
        self.coming: list[Happening] = []
        self.happened: list[Happening] = []

    def receive(self, mails: Iterable[Mail]) -> int:
        """Put mails into inboxes; returns how many went to somebody who is a viewer of the broadcast."""
        known = [(mail, self.row_of[mail.to]) for mail in mails if mail.to in self.row_of]
        rounds: dict[tuple[int, int], list[tuple[Mail, int]]] = {}
        seen: dict[tuple[int, int], int] = {}
        for mail, row in sorted(known, key=lambda one: (one[0].sent_at, one[0].message_id)):
            cell = min((mail.sent_at - self.ended_at) // HOUR, WEEK_HOURS - 1)
            turn = seen[cell, row] = seen.get((cell, row), -1) + 1
            rounds.setdefault((cell, turn), []).append((mail, row))
        for cell, turn in sorted(rounds):
            self._live_cells(cell)
            self._deliver(rounds[cell, turn])
        return len(known)

    def live_until(self, at: int) -> list[Happening]:
        """Let time pass until `at` (epoch microseconds); what happened since the last call, in order of time."""
        self._live_cells(min(int(np.ceil((at - self.ended_at) / HOUR)) - 1, WEEK_HOURS - 1))
        passed = []
        while self.coming and self.coming[0].at <= at:
            passed.append(heapq.heappop(self.coming))
        self.happened += passed
        return passed

    def sdk_events(self, happenings: Sequence[Happening]) -> list[dict[str, Any]]:
        """The orders among them that the shop's SDK reports, as Segment events with their messageIds."""
        return [
            {**event, "messageId": f"{one.order.order_id}-{event['event']}"}
            for one in happenings
            if one.order is not None and self.example.orders_by_sdk(one.person)
            for event in order_events(one.order, self.example.identities, until=one.at)
        ]

    def doudian_export(self, until: int) -> bytes:
        """抖店's order export of the week so far, as the orders stand at that moment."""
        rows = [
            (one.order.seen_at(until), buyer_of(self.example, one.order))
            for one in self.happened
            if one.order is not None and one.at <= until and not self.example.orders_by_sdk(one.person)
        ]
        return write_orders(rows)

    def _live_cells(self, last: int) -> None:
        while self.next_cell <= last:
            for row in self.crowd.live_hour(self.next_cell).tolist():
                self._order(row)
            self.next_cell += 1

    def _deliver(self, mails: list[tuple[Mail, int]]) -> None:
        """Mails of one hour, at most one a row."""
        rows = np.array([row for _, row in mails])
        for mail, row in mails:
            self.mails[row, int(self.crowd.got[row])] = mail
        moods = self.moods[rows, np.minimum(self.crowd.got[rows], MOST_MESSAGES - 1)]
        reaction = self.crowd.receive(
            rows,
            np.array([(mail.sent_at - self.ended_at) / HOUR for mail, _ in mails]),
            np.array([CHANNELS.index(mail.channel) for mail, _ in mails]),
            np.array([self.terms.number(mail.offer) for mail, _ in mails]),
        )
        for k in np.flatnonzero(~np.isnan(reaction.opened_h)).tolist():
            opened = self._moment(float(reaction.opened_h[k]))
            clicked = self._moment(float(reaction.clicked_h[k]))
            left = self._moment(float(reaction.opted_out_h[k]))
            self._react(*mails[k], opened, clicked, left, float(moods[k, 0]), float(moods[k, 1]))

    def _react(
        self, mail: Mail, row: int, opened: int | None, clicked: int | None, left: int | None, mood: float, words: float
    ) -> None:
        for kind, at in (("open", opened), ("click", clicked)):
            if at is not None:
                self._come(at, kind, row, mail)
        if left is not None:
            self._come(left, "complaint" if mood < 0.06 else "unsubscribe", row, mail)
        if opened is not None and mood > 0.994:
            pool = GRUMBLES if words < 0.3 else THANKS
            text = pool[int(words * 1000) % len(pool)]
            self._come(opened + 2 * MINUTE, "reply", row, mail, text=text, negative=pool is GRUMBLES)

    def _order(self, row: int) -> None:
        """The order this row just paid; it came from a message if a click led to it or a coupon was redeemed."""
        crowd = self.crowd
        paid_at = self.ended_at + round(float(crowd.ordered_h[row]) * HOUR) // SECOND * SECOND
        led = self.mails.get((row, int(crowd.by_message[row])))
        redeemed = self.mails.get((row, int(crowd.coupon_message[row]))) if crowd.coupon_minor[row] > 0 else None
        order = self._draw_order(row, paid_at, earliest=led.sent_at + 20 * SECOND if led else self.ended_at)
        mail = redeemed or led
        if mail is not None:
            order = replace(order, message_id=mail.message_id)
        if redeemed is not None:
            order = replace(order, coupon=redeemed.offer, off_minor=round(float(crowd.coupon_minor[row])))
        if led is not None:
            clicked_at = max(order.created_at - 2 * MINUTE, led.sent_at + 10 * SECOND)
            self._come(min(clicked_at, order.created_at), "click", row, led)
        self._come(paid_at, "order", row, mail, order=order)

    def _draw_order(self, row: int, paid_at: int, earliest: int) -> Order:
        """One of what they wanted, created some minutes before it is paid."""
        product = self.example.world.products[int(self.viewers.observed["product"][row])]
        drawn = self.example.book.place(int(self.viewers.person[row]), product, paid_at, self.rng)
        created_at = min(max(paid_at - int(self.rng.integers(20, 240)) * SECOND, earliest), paid_at)
        shipped_at = paid_at + int(self.rng.integers(10, 40)) * HOUR
        return replace(
            drawn,
            lines=((product, 1),),
            created_at=created_at,
            paid_at=paid_at,
            shipped_at=shipped_at,
            received_at=shipped_at + int(self.rng.integers(40, 120)) * HOUR,
            cancelled=False,
        )

    def _come(self, at: int, kind: str, row: int, mail: Mail | None, **more: Any) -> None:
        self.serial += 1
        heapq.heappush(self.coming, Happening(at, self.serial, kind, int(self.viewers.person[row]), mail, **more))

    def _moment(self, hours: float) -> int | None:
        return None if np.isnan(hours) else self.ended_at + round(hours * HOUR)


def _addresses(example: Example) -> dict[str, int]:
    """Every address and id of the evening's viewers, to their row."""
    rows = {}
    for row, i in enumerate(example.evening.viewers.person.tolist()):
        one = example.identities.people[i]
        for address in (one.email, one.user_id, one.phone, f"+86{one.phone}", one.external_userid, one.openid):
            if address and address != "+86":
                rows[address] = row
    return rows


def respond(example: Example, terms: Terms, mails: Sequence[Mail], seed: int = 1) -> list[Happening]:
    """The whole week at once for mails that were all sent whatever happened: every happening, in order of time."""
    week = Week(example, terms, seed)
    week.receive(mails)
    return week.live_until(example.show.ended_at + WEEK_HOURS * HOUR)
