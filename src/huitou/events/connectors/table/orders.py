"""What the rows of one order say became of it: created, paid, shipped, received, cancelled, refunded.

An order that names no status is paid, unless the table has a column for the time of paying and leaves it empty. Told are
only events of which a row says that they happened; where it does not say when, the last time it knows stands in, and
`time_estimated` says so. A later export repeats what it told before, word for word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from huitou.events.connectors.cells import missing
from huitou.events.connectors.table.facts import AMOUNTS, SUMS, Fact, moment_role, no_customer, raw_event, row_id
from huitou.events.connectors.words import PRECEDENCE, State

ASIDES = ("subtotal", "shipping", "tax", "discount")


def order_events(lines: list[Fact]) -> Iterator[dict[str, Any]]:
    """Rejected where the order was paid and no row has an amount, though the table has a column for it."""
    lines = _share_first(lines)
    first, total = lines[0], order_total(lines)
    if first.event != "order" or (total is not None and total < 0):
        yield _told_event(lines, total)
        return
    states = _line_states(lines)
    ordered, paid_at = _told_at(lines, "ordered_at", "time", "date"), _told_at(lines, "paid_at")
    paid = paid_at is not None or any(state in ("paid", "refunded", "part_refunded") for state in states)
    cancelled_at = _told_at(lines, "cancelled_at")
    cancelled = all(state == "cancelled" for state in states) or cancelled_at is not None
    shared = _shared(lines, total)
    at = ordered if ordered is not None else first.at
    if not paid or (ordered is not None and paid_at is not None):
        yield _event(first, "order_created", at, shared)
    if paid:
        _check_amount(lines, total)
        guessed = paid_at is None and first.reading.knows("paid_at")
        yield _event(first, "order_paid", at if paid_at is None else paid_at, _estimated(shared, guessed))
    for role, event in (("shipped_at", "order_shipped"), ("received_at", "order_received")):
        if (told := _told_at(lines, role)) is not None:
            yield _event(first, event, told, shared)
    if cancelled:
        when = _last_known(lines) if cancelled_at is None else cancelled_at
        yield _event(first, "order_cancelled", when, _estimated(shared, cancelled_at is None))
    if paid:
        yield from _refunds(lines, states, shared, cancelled=cancelled)


def _share_first(lines: list[Fact]) -> list[Fact]:
    """The lines, each with the customer and the time that only the first of them may tell (Shopify, merged cells)."""
    who = next((line.who for line in lines if line.who), None)
    at = next((line.at for line in lines if line.at is not None), None)
    if who is None:
        raise no_customer(lines[0].reading)
    if at is None:
        raise missing(moment_role(lines[0].reading))
    told = [bool(line.who) and line.at is not None for line in lines]
    return lines if all(told) else [replace(line, who=line.who or who, at=line.at or at) for line in lines]


def _told_event(lines: list[Fact], total: int | None) -> dict[str, Any]:
    """The event its rows name; a total below zero is a return: refunded, its amounts turned round."""
    first = lines[0]
    named = "order_paid" if first.event == "order" else first.event
    event = "order_refunded" if total is not None and total < 0 else named
    if event == "order_paid":
        _check_amount(lines, total)
    return _event(first, event, first.at, _shared(lines, total))


def _line_states(lines: list[Fact]) -> list[State]:
    """Of each line; a line that says nothing is as the order is (exports fill the first line only).

    Rejected where the table has a status and none of the order's rows says it, nor when it was paid.
    """
    told = [_state(line) for line in lines]
    known = [state for state in told if state is not None]
    if known:
        of_order = next(state for state in reversed(PRECEDENCE) if state in known)
        return [of_order if state is None else state for state in told]
    first = lines[0]
    if _told_at(lines, "refunded_at") is not None:
        return ["refunded"] * len(lines)
    if _told_at(lines, "paid_at") is not None:
        return ["paid"] * len(lines)
    if first.reading.knows("status", "payment_status") and not first.reading.options.event:
        role = "status" if first.reading.knows("status") else "payment_status"
        raise missing(first.reading.columns[role])
    unpaid = first.reading.knows("paid_at") or first.reading.options.event == "order_created"
    return ["unpaid" if unpaid else "paid"] * len(lines)


def _state(line: Fact) -> State | None:
    """The strongest of what its columns say; whether it was paid, the payment's own column knows best."""
    said = dict(line.states)
    if "payment_status" in said and said.get("status") in ("unpaid", "paid"):
        del said["status"]
    return next((state for state in PRECEDENCE if state in said.values()), None)


def _refunds(
    lines: list[Fact], states: list[State], shared: dict[str, Any], *, cancelled: bool
) -> Iterator[dict[str, Any]]:
    """Of the whole order one; of some lines one each; or of the sum that a column names."""
    first = lines[0]
    told = _told_at(lines, "refunded_at")
    when = _last_known(lines) if told is None else told
    shared = _estimated(shared, told is None)
    named = sum(line.money.get("refund_total", 0) for line in lines)
    # In an order that was paid, a line closed by itself was given back.
    back = [line for line, state in zip(lines, states, strict=True) if state in ("refunded", "cancelled")]
    if all(state == "refunded" for state in states):
        yield _event(first, "order_refunded", when, shared | ({"total": named} if named else {}))
    elif named:
        yield _event(first, "order_refunded", when, {**shared, "total": named}, ":part")
    elif back and not cancelled and when is not None:
        for place, line in enumerate(lines):
            amount = _line_total(line)
            if line in back and amount is not None:
                # A refund told twice (same time, same sum) is one refund: a microsecond keeps two lines apart.
                part = {**shared, "total": amount, "products": [line.line] if line.line else []}
                key = line.line_id or line.line.get("product_id") or place
                yield _event(first, "order_refunded", when + place, part, f":{key}")


def order_total(lines: list[Fact]) -> int | None:
    """What the order cost: the sum of its lines, or once what each of them repeats of the whole."""
    totals, of_order, of_lines = (_sums(lines, role) for role in SUMS)
    if totals:
        return totals[0] if _repeats_order(lines, totals) else sum(totals)
    if of_order:
        return of_order[0] if len(set(of_order)) == 1 else sum(of_order)
    priced = [amount for line in lines if (amount := _priced(line)) is not None]
    return sum(of_lines or priced) if of_lines or priced else None


def _sums(lines: list[Fact], role: str) -> list[int]:
    return [line.sums[role] for line in lines if role in line.sums]


def _repeats_order(lines: list[Fact], totals: list[int]) -> bool:
    """Whether the total on each line is the whole order's: the prices add up to it, with or without what comes on top."""
    if len(lines) == 1 or len(totals) != len(lines) or len(set(totals)) > 1:
        return False
    priced = [amount for line in lines if (amount := _priced(line)) is not None]
    money = lines[0].money
    extra = money.get("shipping", 0) + money.get("tax", 0) - money.get("discount", 0)
    return len(priced) == len(lines) and totals[0] in (sum(priced), sum(priced) + extra)


def _priced(line: Fact) -> int | None:
    return line.line["price"] * line.line.get("quantity", 1) if "price" in line.line else None


def _line_total(line: Fact) -> int | None:
    return line.sums.get("total", line.sums.get("line_total", _priced(line)))


def _check_amount(lines: list[Fact], total: int | None) -> None:
    if total is None and lines[0].reading.knows(*AMOUNTS):
        raise missing(next(role for role in AMOUNTS if lines[0].reading.knows(role)))


def _told_at(lines: list[Fact], *roles: str) -> int | None:
    """The latest time the lines tell under the first of the roles that any of them tells."""
    for role in roles:
        if told := [at for line in lines if (at := line.times.get(role)) is not None]:
            return max(told)
    return None


def _last_known(lines: list[Fact]) -> int | None:
    return max((at for line in lines for at in (*line.times.values(), line.at) if at is not None), default=None)


def _shared(lines: list[Fact], total: int | None) -> dict[str, Any]:
    first = lines[0]
    sign = -1 if total is not None and total < 0 else 1
    properties: dict[str, Any] = {
        **first.properties,
        "order_id": first.order_id or "row-" + row_id(first),
        "products": [_product(line, sign) for line in lines if line.line],
    }
    once = order_level(lines)
    for aside in ASIDES:
        told = [line.money[aside] for line in lines if aside in line.money]
        if told:
            properties[aside] = told[0] if once else sum(told)
    if total is not None:
        properties["total"] = total * sign
    return properties


def order_level(lines: list[Fact]) -> bool:
    """Whether the lines repeat the order's sums rather than tell their own."""
    if totals := _sums(lines, "total"):
        return _repeats_order(lines, totals)
    of_order = _sums(lines, "order_total")
    return len(of_order) == len(lines) and len(set(of_order)) == 1


def _product(fact: Fact, sign: int) -> dict[str, Any]:
    line = dict(fact.line)
    if "quantity" in line:
        line["quantity"] *= sign
    return line


def _estimated(properties: dict[str, Any], guessed: bool) -> dict[str, Any]:
    return {**properties, "time_estimated": True} if guessed else properties


def _event(first: Fact, event: str, at: int | None, properties: dict[str, Any], part: str = "") -> dict[str, Any]:
    event_id = f"{properties.get('shop_id', '')}:{properties['order_id']}:{event}{part}"
    return raw_event(first, event, properties, event_id, at)
