"""Every room that asks what stands against writing to a person gets one answer: the one a reader of the rules expects.

Small histories of consents, orders, follows and complaints, many at once, are told to the guard, to the plan, to the
permissions of portraits and pages, to the unsubscribe link and (orders) to the lake, and to the rules read aloud below.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.decisions.reading import want
from huitou.delivery.guard import GuardRules, finalise
from huitou.delivery.outbox import claim
from huitou.events.consent import have_withdrawn, permissions
from huitou.events.rules import load_ruled
from huitou.events.stops import KINDS
from huitou.stores.engine import Engine
from huitou.stores.ledger import Connection, read_arrow

from .shop import NOON, Planned, add_messages, make_campaign

SINCE = 3  # the show began at hour 3; asked at hour 6
ASKED = 6
AT = st.integers(0, 8)  # two hours of it are after the moment asked about
CONSENTS = st.lists(
    st.tuples(st.sampled_from(["email", "sms", "*"]), st.sampled_from([True, True, False, None]),
              st.sampled_from(["import", "form"]), AT, st.sampled_from("ab"))
    .filter(lambda word: word[0] != "*" or word[1] is False),
    max_size=5,
)  # fmt: skip
STATUSES = ("order_created", "order_paid", "order_shipped", "order_received", "order_cancelled", "order_refunded")
ORDERS = st.lists(
    st.tuples(st.sampled_from(["o1", "o2"]), st.sampled_from(STATUSES), AT, st.sampled_from("ab")),
    max_size=6, unique_by=lambda order: order[:2],
)  # fmt: skip
ACTS = st.lists(
    st.tuples(st.sampled_from(["follow", "unfollow", "unfollow", "complaint"]), AT, st.sampled_from("ab")), max_size=3
)


@dataclass(frozen=True)
class History:
    """What a person of two ids, a and b, said and did, by the hour."""

    consents: list[tuple[str, bool | None, str, int, str]]
    orders: list[tuple[str, str, int, str]]
    acts: list[tuple[str, int, str]]


HISTORIES = st.lists(st.builds(History, CONSENTS, ORDERS, ACTS), min_size=1, max_size=40)
LATER = 99


def permits(one: History, channel: str, now: int, until: int) -> bool | None:
    """The rules, read aloud: None where nothing was permitted and nothing withdrawn."""
    no = [at for where, yes, _, at, _ in one.consents if yes is False and where in (channel, "*") and at <= until]
    yes = [(how, at) for where, yes, how, at, _ in one.consents if yes and where == channel and at <= now]
    if not no:
        return True if yes else None
    return any(how != "import" and at > max(no) for how, at in yes)


def is_cancelled(one: History, order: str, now: int, until: int) -> bool:
    told = [(status, at) for name, status, at, _ in one.orders if name == order]
    undone = [at for status, at in told if status == "order_cancelled" and at <= now]
    carried_on = [
        at for status, at in told if status in ("order_paid", "order_shipped", "order_received") and at <= until
    ]
    return bool(undone) and max(undone) > max(carried_on, default=-1)


def stands(one: History, now: int, until: int) -> dict[str, int]:
    """{kind: hour of the last} of what stands against writing."""
    placed = [(name, at) for name, status, at, _ in one.orders if KINDS[status] == "order" and at <= until]
    acts = {kind: [at for said, at, _ in one.acts if said == kind and at <= (now if kind == "follow" else until)]
            for kind in ("follow", "unfollow", "complaint")}  # fmt: skip
    moments = {
        "order": [at for name, at in placed if not is_cancelled(one, name, now, until)],
        "unfollow": [at for at in acts["unfollow"] if at >= max(acts["follow"], default=-1)],
        "complaint": acts["complaint"],
    }
    return {kind: max(hours) for kind, hours in moments.items() if hours}


def reason(one: History) -> str:
    against, permitted = stands(one, ASKED, LATER), permits(one, "email", ASKED, LATER)
    if against.get("order", -1) >= SINCE:
        return "ordered"
    if not permitted:
        return "no_consent" if permitted is None else "opted_out"
    if against.get("unfollow", -1) >= SINCE:
        return "unfollowed"
    return "complained" if "complaint" in against else ""


def hour(number: int) -> int:
    return NOON + number - ASKED


def names(place: int) -> dict[str, str]:
    return {"a": f"p{place:02}a", "b": f"p{place:02}b"}


def tell(connection: Connection, histories: list[History]) -> None:
    """b is another id of a's person; only a has an address, and a message due."""
    people = [names(place) for place in range(len(histories))]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO customer (id, created_at) VALUES (%s, 0)", [(who["a"],) for who in people])
        cursor.executemany(
            "INSERT INTO customer (id, created_at, merged_into) VALUES (%s, 0, %s)",
            [(who["b"], who["a"]) for who in people],
        )
        cursor.executemany(
            "INSERT INTO identifier (kind, value, customer, created_at) VALUES ('email', %s, %s, 0)",
            [(f"{who['a']}@example.com", who["a"]) for who in people],
        )
        cursor.executemany(
            "INSERT INTO consent (customer, channel, purpose, granted, how, proof, occurred_at, recorded_at, source, event_id)"
            " VALUES (%s, %s, 'marketing', %s, %s, '', %s, 0, 's', 'e')",
            [(who[of], channel, granted, how, hour(at)) for who, one in zip(people, histories, strict=True)
             for channel, granted, how, at, of in one.consents],
        )  # fmt: skip
        cursor.executemany(
            "INSERT INTO stop (customer, kind, shop, order_id, status, occurred_at, recorded_at, source, event_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, 0, 's', 'e')",
            [(who[of], KINDS[status], who["a"], order, status, hour(at)) for who, one in zip(people, histories, strict=True)
             for order, status, at, of in one.orders]
            + [(who[of], kind, "", "", kind, hour(at)) for who, one in zip(people, histories, strict=True)
               for kind, at, of in one.acts],
        )  # fmt: skip
    add_messages(connection, [Planned(who["a"], send_at=NOON, stop_since=hour(SINCE)) for who in people])


@given(HISTORIES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_everybody_who_asks_is_told_the_same(ledger: ModuleType, histories: list[History]) -> None:
    people = [names(place) for place in range(len(histories))]
    roots = [who["a"] for who in people]
    with ledger.connect() as connection:
        make_campaign(connection)
        tell(connection, histories)
        queued = claim(connection, NOON, 100)
        guard = {message.customer: verdict.reason for message, verdict in zip(
            queued, finalise(connection, queued, [GuardRules()] * len(queued), NOON), strict=True)}  # fmt: skip
        allowed = {
            (row["root"], row["channel"]): row["granted"] for row in permissions(connection, now=NOON).to_pylist()
        }
        want(connection, pa.chunked_array([roots]))
        plan = read_arrow(connection, load_ruled("decisions", "ledger/stops"), {"now": NOON, "until": NOON}).to_pylist()
        left = have_withdrawn(connection, [who[of] for who in people for of in "ab"], "email", now=NOON)
        connection.rollback()
    assert guard == {root: reason(one) for root, one in zip(roots, histories, strict=True)}
    for root, one in zip(roots, histories, strict=True):
        for channel in ("email", "sms"):
            spoken = any(word[0] == channel and word[1] is not None and word[3] <= ASKED for word in one.consents)
            assert allowed.get((root, channel)) == (permits(one, channel, ASKED, ASKED) if spoken else None)
        against = {row["kind"]: row["occurred_at"] for row in plan if row["customer"] == root}
        assert against == {kind: hour(at) for kind, at in stands(one, ASKED, ASKED).items()}
    assert left == {who[of] for who, one in zip(people, histories, strict=True) for of in "ab" if has_left(one, of)}


def has_left(one: History, of: str) -> bool:
    """Their own withdrawal stands, whichever of the person's ids gave a permission since."""
    gone = [at for where, yes, _, at, who in one.consents if yes is False and where in ("email", "*") and who == of]
    back = [
        at for where, yes, how, at, _ in one.consents if yes and where == "email" and how != "import" and at <= ASKED
    ]
    return bool(gone) and max(gone) >= max(back, default=-1)


LAKE = pa.schema(
    [("order_id", pa.string()), ("shop", pa.string()), ("customer", pa.string()), ("broadcast", pa.string()),
     ("name", pa.string()), ("occurred_at", pa.int64()), ("source", pa.string()), ("event_id", pa.string()),
     ("amount_minor", pa.int64()), ("currency", pa.string()), ("position", pa.int64())]
)  # fmt: skip
LINES = pa.schema([("position", pa.int64()), ("quantity", pa.int64()), ("price_minor", pa.int64())])


@given(HISTORIES)
@settings(max_examples=25)
def test_the_lake_knows_the_same_orders_as_cancelled(histories: list[History]) -> None:
    told = [
        {"order_id": order, "shop": f"p{place}", "customer": "c", "broadcast": None, "name": status, "occurred_at": at,
         "source": "s", "event_id": status, "amount_minor": 1, "currency": "CNY", "position": number}
        for place, one in enumerate(histories)
        for number, (order, status, at, _) in enumerate(one.orders)
    ]  # fmt: skip
    with Engine() as engine:
        engine.register("order_events", pa.Table.from_pylist(told, schema=LAKE))
        engine.register("order_lines", LINES.empty_table())
        rows = engine.run("customers", "orders").to_pylist()
    cancelled = {(row["shop"], row["order_id"]): row["status"] == "cancelled" for row in rows}
    assert cancelled == {
        (f"p{place}", order): is_cancelled(one, order, LATER, LATER)
        for place, one in enumerate(histories)
        for order in {name for name, *_ in one.orders}
    }
