"""Identity in the ledger: any order, any batches, any number of writers; and back again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.events import identity
from huitou.events.graph import Claim, Graph, Known
from huitou.kit.errors import NotFound
from huitou.stores.ledger import Connection

from .test_graph import CLAIMS, Naive, Pairs, claim

U1, U2, P, A = ("user_id", "u1"), ("user_id", "u2"), ("phone", "+8613800000001"), ("anonymous_id", "a")


@pytest.fixture
def connection(ledger: ModuleType) -> Iterator[Connection]:
    with ledger.connect() as connection:
        yield connection
        connection.rollback()


def people(connection: Connection) -> dict[tuple[str, str], str]:
    """Identifier -> root, read from the tables alone."""
    rows = connection.execute(
        "SELECT kind, value, coalesce(merged_into, customer.id) FROM identifier"
        " JOIN customer ON customer.id = identifier.customer"
    )
    return {(kind, value): root for kind, value, root in rows}


def test_makes_customers_and_finds_them_again(connection: Connection) -> None:
    first, room = identity.resolve(connection, [claim((U1, P)), claim(())])
    assert first == identity.customer_id(U1)
    assert room is None
    assert identity.resolve(connection, [claim((P,)), claim((U1,))]) == [first, first]
    assert first is not None
    assert identity.resolve(connection, [claim((("customer", first),)), claim((("customer", "c0"),))]) == [first, None]
    assert people(connection) == {U1: first, P: first}


def test_a_merge_is_recorded_with_the_nodes_it_ties_and_points_to_the_root(connection: Connection) -> None:
    identity.resolve(connection, [Claim((A,), 5, "shop", "e1")])
    identity.resolve(connection, [Claim((U2,), 3, "shop", "e2")])
    identity.resolve(connection, [Claim((U2, A), 9, "shop", "e3")])
    rows = connection.execute(
        "SELECT absorbed, survivor, kind, value, source, event_id, merged_at, refused, undone_at FROM merge"
    ).fetchall()
    older, younger = identity.customer_id(U2), identity.customer_id(A)
    assert rows == [(younger, older, "anonymous_id", "a", "shop", "e3", 9, "", None)]
    assert identity.roots(connection, [older, younger, "c0"]) == {older: older, younger: older}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(claims=CLAIMS, cuts=st.lists(st.integers(1, 8), min_size=1))
def test_any_split_into_batches_gives_what_the_naive_model_gives(
    connection: Connection, claims: list[Pairs], cuts: list[int]
) -> None:
    connection.rollback()
    naive = Naive()
    expected = [naive.link(pairs, at) for at, pairs in enumerate(claims)]
    numbered = [claim(pairs, at) for at, pairs in enumerate(claims)]
    found: list[str | None] = []
    while numbered:
        size = cuts[len(found) % len(cuts)]
        found += identity.resolve(connection, numbered[:size])
        numbered = numbered[size:]
    names = {identity.customer_id(tuple(node.split("="))): node for node in naive.born}  # type: ignore[arg-type]
    assert [names[node] for node in found if node] == expected
    assert {node for node, into in connection.execute("SELECT id, merged_into FROM customer")} == set(names)
    # The naive root is the same node but where two were born at one moment: the ids decide, and here they are hashes.
    grouped: dict[str, set[tuple[str, str]]] = {}
    for pair, root in people(connection).items():
        grouped.setdefault(root, set()).add(pair)
    theirs: dict[str, set[tuple[str, str]]] = {}
    for pair, owner in naive.owner.items():
        theirs.setdefault(naive.root(owner), set()).add(pair)
    assert sorted(map(sorted, grouped.values())) == sorted(map(sorted, theirs.values()))
    assert connection.execute(
        "SELECT count(*) FROM customer AS one JOIN customer AS root ON root.id = one.merged_into"
        " WHERE root.merged_into IS NOT NULL OR (root.created_at, root.id) > (one.created_at, one.id)"
    ).fetchone() == (0,)


def test_undoing_a_merge_parts_the_people_and_keeps_them_parted(connection: Connection) -> None:
    claims = [Claim((U1, P), 1, "s", "1"), Claim((U2, P), 2, "s", "2"), Claim((U2, A), 3, "s", "3")]
    one, two, _ = identity.resolve(connection, claims)
    assert one is not None
    assert two is not None
    assert identity.roots(connection, [one, two]) == {one: one, two: one}
    (merge_id,) = connection.execute("SELECT id FROM merge WHERE refused = ''").fetchone() or (0,)
    assert identity.undo_merge(connection, merge_id) == {one: one, two: two}
    assert people(connection) == {U1: one, P: one, U2: two, A: two}
    identity.resolve(connection, [Claim((U2, P), 4, "s", "4")])
    assert identity.roots(connection, [one, two]) == {one: one, two: two}
    assert identity.undo_merge(connection, merge_id) == {two: two}
    identity.resolve(connection, [Claim((U2, U1), 5, "s", "5")])
    assert identity.roots(connection, [one, two]) == {one: one, two: one}
    with pytest.raises(NotFound):
        identity.undo_merge(connection, -1)


def test_what_other_ties_hold_together_stays_together(connection: Connection) -> None:
    email = ("email", "a@x.cn")
    one, two, _ = identity.resolve(
        connection,
        [Claim((U1, P, email), 1, "s", "1"), Claim((U2, P), 2, "s", "2"), Claim((U2, email), 3, "s", "3")],
    )
    assert one is not None
    assert two is not None
    ties = [row[0] for row in connection.execute("SELECT id FROM merge WHERE refused = '' ORDER BY kind")]
    assert len(ties) == 2
    assert identity.undo_merge(connection, ties[0]) == {one: one, two: one}
    assert identity.undo_merge(connection, ties[1]) == {one: one, two: two}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(claims=CLAIMS, choice=st.integers(0, 30))
def test_undoing_any_merge_leaves_what_the_other_edges_join(
    connection: Connection, claims: list[Pairs], choice: int
) -> None:
    connection.rollback()
    identity.resolve(connection, [claim(pairs, at) for at, pairs in enumerate(claims)])
    ties = connection.execute("SELECT id, absorbed, survivor FROM merge WHERE refused = '' ORDER BY id").fetchall()
    if not ties:
        return
    undone = ties[choice % len(ties)]
    identity.undo_merge(connection, undone[0])
    naive = Naive()
    naive.born = dict(connection.execute("SELECT id, created_at FROM customer").fetchall())
    naive.edges = [(one, other) for number, one, other in ties if number != undone[0]]
    assert identity.roots(connection, naive.born) == {node: naive.root(node) for node in naive.born}


def test_an_operator_may_join_and_part(connection: Connection) -> None:
    one, two = identity.resolve(connection, [claim((U1,), 1), claim((U2,), 2)])
    assert one is not None
    assert two is not None
    assert identity.merge(connection, two, one) == one
    assert identity.roots(connection, [two]) == {two: one}
    (merge_id,) = connection.execute("SELECT id FROM merge").fetchone() or (0,)
    assert identity.undo_merge(connection, merge_id) == {one: one, two: two}
    assert identity.merge(connection, one, two) == one
    assert identity.roots(connection, [two]) == {two: one}
    with pytest.raises(NotFound):
        identity.merge(connection, one, "c0")


def test_writers_at_once_agree_on_one_person(ledger: ModuleType) -> None:
    def work(number: int) -> None:
        for turn in range(20):
            shared = ("phone", f"p{turn}")
            with ledger.transaction() as connection:
                identity.resolve(connection, [claim((("user_id", f"{number}-{turn}"), shared)), claim((shared,))])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ledger.transaction() as connection:
        roots = people(connection)
        for turn in range(20):
            assert len({roots["user_id", f"{number}-{turn}"] for number in range(4)}) == 1
        assert len(set(roots.values())) == 20


def test_locking_people_follows_a_merge_that_happens_meanwhile(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        one, two = identity.resolve(connection, [claim((U1,), 1), claim((U2,), 2)])
    assert one is not None
    assert two is not None
    found: dict[str, str] = {}
    with ledger.connect() as merging:
        identity.merge(merging, one, two)

        def guard() -> None:
            with ledger.connect() as guarding:
                found.update(identity.lock_people(guarding, [two]))
                held = guarding.execute(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                ).fetchone()
                assert held == (2,)

        waiting = threading.Thread(target=guard)
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        merging.commit()
        waiting.join(5)
    assert found == {two: one}


def test_nothing_new_needs_no_identity_lock(ledger: ModuleType) -> None:
    with ledger.transaction() as connection:
        identity.resolve(connection, [claim((U1, P)), claim((U2, P)), claim((U1, A))])
    with ledger.connect() as holder, ledger.connect() as reader:
        ledger.lock(holder, identity.LOCK)
        reader.execute("SET statement_timeout = '2s'")
        assert identity.resolve(reader, [claim((U2, P)), claim((A,))])[0] is not None


def test_an_empty_graph_links_nothing() -> None:
    assert Graph(Known(), str).link(claim(())) is None
