"""Writes the example broadcast: what a small tea brand would have on its disk, in the platforms' own formats.

`write_example(folder)` gives the same bytes for the same seed. The dirt real exports have is put in on purpose and
counted: `examples/README.md` (written too) says how much of each there is, so that any import can be checked.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from huitou.kit.clock import SECOND, parse_time
from huitou.proving.simulator import names
from huitou.proving.simulator.douyin_format import push_lines
from huitou.proving.simulator.example_text import CAMPAIGN, write_readme
from huitou.proving.simulator.example_world import Example, build_example
from huitou.proving.simulator.identities import ANONYMOUS, SDK
from huitou.proving.simulator.orders import Buyer, Order, mask_phone, write_orders
from huitou.proving.simulator.segment_format import (
    identify,
    number_events,
    order_events,
    room_events,
    to_line,
    viewer_events,
)
from huitou.proving.simulator.table_formats import (
    CUSTOMER_COLUMNS,
    customer_row,
    to_csv,
    write_products,
    write_watch_pages,
)

SHANGHAI = "Asia/Shanghai"
EXPORTED_BEFORE = parse_time("2026-11-20T09:00:00", SHANGHAI)  # the history's export
EXPORTED_AFTER = parse_time("2026-11-20T22:20:00", SHANGHAI)  # the evening's export, made in a hurry
EXPORTED_LATE = parse_time("2026-11-21T07:30:00", SHANGHAI)  # the next morning's, with what was missing
OCTOBER = (parse_time("2026-10-01", SHANGHAI), parse_time("2026-11-01", SHANGHAI))


@dataclass
class Tally:
    """What is in the files, for the README and for whoever checks an import."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, number: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + number


def write_example(folder: Path | str, seed: int = 20, viewers: int = 20_000) -> dict[str, int]:
    """Write all files into the folder; returns the tally that stands in its README."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    example = build_example(seed, viewers)
    tally = Tally()
    files = {
        "follow-up.toml": CAMPAIGN.encode(),
        "products.csv": write_products(example.world.products),
        "customers.csv.gz": _zip(_customers(example, tally)),
        "history.ndjson.gz": _zip(_segment_history(example, tally)),
        "B20.ndjson.gz": _zip(_segment_evening(example, tally)),
        "douyin-live-B20.ndjson.gz": _zip(_douyin(example, tally)),
        "wecom-watch-stat-B20.ndjson.gz": _zip(write_watch_pages(example.evening, example.identities)),
        **_doudian(example, tally),
    }
    _count_viewers(example, tally)
    files["README.md"] = write_readme(seed, viewers, tally.counts).encode()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return tally.counts


def _zip(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def _lines(events: Iterable[str]) -> bytes:
    return ("\n".join(events) + "\n").encode()


def _customers(example: Example, tally: Tally) -> bytes:
    identities = example.identities
    at = example.show.started_at
    rng = example.world.rng("customers.csv")
    rows = []
    for i in np.flatnonzero(identities.listed).tolist():
        row = customer_row(identities, i, at)
        rows.append(row)
        if identities.second_account[i]:
            # An old H5 account of the same person: same phone, no mail, so both rows are one customer.
            rows.append([f"h5-{row[0]}", row[1], f"+86{row[2]}", *[""] * 4, *row[7:10], "", "", row[12], *row[13:]])
            tally.add("customers: second rows with a phone already listed", 1)
    tally.add("customers: rows of distinct people", int(identities.listed.sum()))
    placeholders = rng.choice(len(rows), size=max(2, len(rows) // 400), replace=False)
    for k, place in enumerate(placeholders.tolist()):
        rows[place] = [*rows[place][:2], "13800000000" if k % 2 else "138****0000", *rows[place][3:]]
    tally.add("customers: phone is the placeholder 13800000000", len(placeholders) // 2)
    tally.add("customers: phone is masked (138****0000)", len(placeholders) - len(placeholders) // 2)
    for k, bad in enumerate(_bad_customers()):
        rows.insert((k + 1) * len(rows) // 20, bad)
    tally.add("customers: bad rows", len(_bad_customers()))
    return to_csv(CUSTOMER_COLUMNS, rows)


def _bad_customers() -> list[list[str]]:
    """Nobody, a consent that is neither yes nor no, a day that never was, too many cells."""
    end = ["store_form", "2026-05-02 10:00:00", "store_form-v1"]
    nobody = ["", "无名", "", "", "", "", "", "杭州", SHANGHAI, "zh-Hans", "", "yes", "", "", *end]
    maybe = ["u90001", "周一", "", "zhou90001@example.com", *[""] * 7, "maybe", "", "", *end]
    never = ["u90002", "周二", "", "zhou90002@example.com", *[""] * 7, "yes", "", "", end[0], "2026-13-40", end[2]]
    wide = ["u90003", "周三", "", "zhou90003@example.com", *[""] * 7, "yes", "", "", *end, "多出来的一格"]
    return [nobody, maybe, never, wide, ["-", *nobody[1:]]]


def _segment_history(example: Example, tally: Tally) -> bytes:
    products = example.world.products
    events: list[dict[str, Any]] = []
    for evening in example.evenings[:-1]:
        rng = example.world.rng("sdk", evening.show.broadcast_id)
        events += room_events(evening.show)
        events += viewer_events(evening, example.identities, products, rng)
    for order in example.orders:
        if order.created_at < EXPORTED_BEFORE and example.orders_by_sdk(order.person):
            events += order_events(order, example.identities, EXPORTED_BEFORE)
    ordered = number_events(events, "h")
    tally.add("history: events", len(ordered))
    return _lines(to_line(event) for event in ordered)


def _segment_evening(example: Example, tally: Tally) -> bytes:
    rng = example.world.rng("sdk", example.show.broadcast_id)
    show = example.show
    events = [*room_events(show), *viewer_events(example.evening, example.identities, example.world.products, rng)]
    for order in example.orders:
        if order.created_at >= EXPORTED_BEFORE and example.orders_by_sdk(order.person):
            in_room = show.broadcast_id if order.in_room else None
            events += order_events(order, example.identities, EXPORTED_AFTER, in_room)
    events += _sign_ins(example, tally)
    ordered = number_events(events, "B20")
    tally.add("B20: distinct events", len(ordered))
    lines = [to_line(event) for event in ordered]
    repeats = rng.choice(len(lines), size=max(3, len(lines) // 500), replace=False)
    for place in sorted(repeats.tolist()):
        lines.append(lines[place])  # a retry of the SDK: the same bytes again, late and out of order
    tally.add("B20: repeated lines", len(repeats))
    changed = json.loads(lines[len(lines) // 2])
    changed["properties"] = {**changed.get("properties", {}), "app_version": "3.2.1"}
    lines.append(to_line(changed))
    tally.add("B20: same messageId, other content", 1)
    for k, bad in enumerate(_bad_events()):
        lines.insert((k + 1) * len(lines) // 12, bad)
    tally.add("B20: bad lines", len(_bad_events()))
    return _lines(lines)


def _sign_ins(example: Example, tally: Tally) -> list[dict[str, Any]]:
    """People who sign in during the show: some anonymous ones become known, some known ones were on no list."""
    identities, evening = example.identities, example.evening
    events = []
    for row, i in enumerate(evening.viewers.person.tolist()):
        at = int(evening.entered_at[row]) + 30 * SECOND
        if identities.watches[i] == ANONYMOUS and i % 9 == 0:
            events.append(identify(at, identities, i, {"userId": f"u{i + 10_001}", "anonymousId": f"a-{i + 10_001}"}))
            tally.add("B20: anonymous visitors who signed in", 1)
        elif identities.watches[i] == SDK and not identities.listed[i] and i % 3 == 0:
            events.append(identify(at, identities, i))
            tally.add("B20: visitors on no list who filled in their profile", 1)
    return events


def _bad_events() -> list[str]:
    at = "2026-11-20T12:30:00.000Z"
    who, about = {"userId": "u10001"}, {"broadcast_id": "B20", "product_id": "P1"}
    whole = {"type": "track", "event": "product_clicked", "timestamp": at, **who, "properties": about}
    cart = {**about, "price": 199.5, "quantity": 1}
    return [
        to_line({**whole, "messageId": "bad-1"})[:-14],  # cut off
        "not json at all",
        to_line({key: value for key, value in {**whole, "messageId": "bad-3"}.items() if key != "event"}),
        to_line({key: value for key, value in {**whole, "messageId": "bad-4"}.items() if key != "userId"}),
        to_line({**whole, "event": "cart_added", "messageId": "bad-5", "properties": cart}),  # minor units have no half
        to_line({**whole, "messageId": "bad-6", "timestamp": "yesterday evening"}),
    ]


def _douyin(example: Example, tally: Tally) -> bytes:
    lines = push_lines(example.evening, example.identities, example.world.rng("douyin"))
    distinct = len(set(lines))
    tally.add("douyin: distinct pushes", distinct)
    tally.add("douyin: repeated pushes", len(lines) - distinct)
    bodies = [json.loads(json.loads(line)["body"]) for line in sorted(set(lines))]
    repeated = list((Counter(lines) - Counter(set(lines))).elements())
    tally.add("douyin: events in repeated pushes", sum(len(json.loads(json.loads(line)["body"])) for line in repeated))
    tally.add("douyin: distinct events", sum(len(body) for body in bodies))
    forged = json.loads(lines[len(lines) // 3])
    forged["headers"]["x-signature"] = "AAAAAAAAAAAAAAAAAAAAAA=="
    item = {**bodies[0][0], "msg_id": f"{example.show.room_id}-forged-1"}
    forged["body"] = json.dumps([item], ensure_ascii=False, separators=(",", ":"))
    lines.append(json.dumps(forged, ensure_ascii=False, separators=(",", ":")))
    tally.add("douyin: pushes whose signature is wrong", 1)
    return _lines(lines)


def _doudian(example: Example, tally: Tally) -> dict[str, bytes]:
    mine = [order for order in example.orders if not example.orders_by_sdk(order.person)]
    past = [order.seen_at(EXPORTED_BEFORE) for order in mine if order.created_at < EXPORTED_BEFORE]
    october = [order for order in past if OCTOBER[0] <= order.created_at < OCTOBER[1]]
    others = [order for order in past if not OCTOBER[0] <= order.created_at < OCTOBER[1]]
    tonight = [order for order in mine if order.created_at >= EXPORTED_BEFORE]
    late = [order for order in tonight if order.created_at > EXPORTED_AFTER or int(order.order_id) // 7 % 5 == 0]
    known = [order.seen_at(EXPORTED_AFTER) for order in tonight if order not in set(late)]
    # The morning's export also repeats some of the evening's orders, as they stand by then.
    again = [order.seen_at(EXPORTED_LATE) for order in tonight if order not in set(late)][::4]
    missing = [order.seen_at(EXPORTED_LATE) for order in late]
    tally.add("orders-history: orders", len(others))
    tally.add("orders-history: rows", _rows(others))
    tally.add("orders-2026-10-gb18030: orders", len(october))
    tally.add("orders-2026-10-gb18030: rows", _rows(october))
    tally.add("orders-B20: orders", len(known))
    tally.add("orders-B20: rows", _rows(known))
    tally.add("orders-B20: rows exported twice", 3)
    tally.add("orders-B20: bad rows", 3)
    tally.add("orders-B20-late: orders of the evening that were missing", len(missing))
    tally.add("orders-B20-late: orders already exported, as they stand now", len(again))
    tally.add("orders-B20-late: rows", _rows(missing) + _rows(again))
    evening = _with_dirt(write_orders((order, buyer_of(example, order)) for order in known))
    return {
        "orders-history.csv.gz": _zip(write_orders((order, buyer_of(example, order)) for order in others)),
        "orders-2026-10-gb18030.csv": write_orders(
            ((order, buyer_of(example, order)) for order in october), encoding="gb18030"
        ),
        "orders-B20.csv": evening,
        "orders-B20-late.csv": write_orders((order, buyer_of(example, order)) for order in (*missing, *again)),
    }


def _rows(orders: list[Order]) -> int:
    return sum(len(order.lines) for order in orders)


def _with_dirt(content: bytes) -> bytes:
    """Three rows twice, one without an order id, one whose price is a word, one whose time never was."""
    lines = content.decode("utf-8-sig").splitlines()
    cells = [line.split(",") for line in lines[1:4]]
    cells[0][0] = cells[0][1] = "-"
    for k, row in enumerate(cells[1:], 1):
        row[0] = row[1] = f"\t691799999999999999{k}"
    cells[1][7] = "面议"
    cells[2][21] = "2026-11-20 25:61:00"
    body = [*lines[:40], *lines[10:13], *(",".join(row) for row in cells), *lines[40:]]
    return ("\r\n".join(body) + "\r\n").encode("utf-8-sig")


def buyer_of(example: Example, order: Order) -> Buyer:
    """What the export shows of the buyer: most phones whole, some masked, the address shortened."""
    person = example.identities.people[order.person]
    place = next((one for one in names.CITIES if one[0] == person.city), names.CITIES[0])
    masked = int(order.order_id) // 7 % 17 == 3 or not person.phone
    phone = mask_phone(person.phone or "13800000000") if masked else person.phone
    return Buyer(f"{person.name[:1]}**", phone, place[1], place[0] + "市", place[2])


def _count_viewers(example: Example, tally: Tally) -> None:
    """What is true of the last evening, whatever an import can see of it."""
    viewers = example.evening.viewers
    left = example.non_buyers()
    reach = example.identities.reach()[viewers.person]
    in_room = [order for order in example.orders if example.is_in_last_room(order)]
    tally.add("truth: viewers of B20", len(viewers))
    tally.add("truth: orders in the room", len(in_room))
    tally.add("truth: orders in the room later cancelled", sum(order.cancelled for order in in_room))
    tally.add("truth: viewers who did not order in the room", int(left.sum()))
    tally.add(
        "truth: of those, on the customer list with a mail address and consent to mails", int(reach[left, 0].sum())
    )
