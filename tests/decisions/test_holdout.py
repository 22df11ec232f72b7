"""A person draws once for the holdout, at the first decision; merges of people who drew keep their draws."""

from __future__ import annotations

import random
from collections.abc import Iterable
from types import ModuleType

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from huitou.decisions.decide import KEEP_DRAWN
from huitou.decisions.reading import want
from huitou.science.chance import hold_out, uniform
from huitou.stores.ledger import Connection, read_arrow, transaction
from huitou.stores.sql import load_query

SHARE = 0.2


def draw(connection: Connection, people: Iterable[str], seed: str = "huitou") -> dict[str, tuple[bool, float]]:
    """Of each person whether they are held out and with what chance, as a plan draws it and keeps it."""
    rows = sorted(people)
    want(connection, pa.chunked_array([rows], pa.string()))
    nodes = read_arrow(connection, load_query("decisions", "ledger/nodes"))
    node, customer = (nodes.column(name).to_pylist() for name in ("node", "customer"))
    found = hold_out(seed, node, [rows.index(one) for one in customer], len(rows), SHARE)
    connection.execute(KEEP_DRAWN, {"nodes": node})
    return dict(zip(rows, zip(found.held_out.tolist(), found.chance.tolist(), strict=True), strict=True))


def add(connection: Connection, node: str, root: str | None = None) -> None:
    connection.execute(
        "INSERT INTO customer (id, created_at, merged_into) VALUES (%s, %s, %s)", (node, len(node), root)
    )


def join(connection: Connection, one: str, other: str) -> None:
    """`other` and all of theirs are `one` from now on."""
    connection.execute("UPDATE customer SET merged_into = %(one)s WHERE merged_into = %(other)s OR id = %(other)s",
                       {"one": one, "other": other})  # fmt: skip


def test_a_fifth_set_is_a_fifth_held_out_however_many_ids_people_have(ledger: ModuleType) -> None:
    dice = random.Random(5)
    people = [f"p{number}" for number in range(600)]
    with transaction() as connection:
        for person in people:
            add(connection, person)
            for number in range(dice.randrange(6)):
                add(connection, f"{person}-{number}", person)
        found = draw(connection, people)
    held = sum(is_held for is_held, _ in found.values())
    assert {chance for _, chance in found.values()} == {1 - (1 - SHARE)}
    assert stats.binomtest(held, len(people), SHARE).pvalue > 0.05


def test_over_five_seeds_the_share_is_the_set_one_whatever_ids_come_before_and_after(ledger: ModuleType) -> None:
    """Up to five ids before the first decision, as many after it: each seed, and all together, hold out a fifth."""
    held, size = 0, 300
    for seed in ("huitou", "a", "b", "c", "d"):
        dice = random.Random(seed)
        people = [f"{seed}-p{number}" for number in range(size)]
        with transaction() as connection:
            for person in people:
                add(connection, person)
                for number in range(dice.randrange(6)):
                    add(connection, f"{person}-before-{number}", person)
            first = draw(connection, people, seed)
            for person in people:
                for number in range(dice.randrange(6)):
                    add(connection, f"{person}-after-{number}", person)
            assert draw(connection, people, seed) == first
        of_seed = sum(is_held for is_held, _ in first.values())
        assert stats.binomtest(of_seed, size, SHARE).pvalue > 0.01
        held += of_seed
    assert stats.binomtest(held, 5 * size, SHARE).pvalue > 0.05


STEP = st.tuples(st.sampled_from(["plan", "gain", "join"]), st.integers(0, 7), st.integers(0, 7))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 6), min_size=8, max_size=8), st.lists(STEP, max_size=12))
def test_draws_through_plans_new_ids_and_merges(ledger: ModuleType, ids: list[int], steps: list[tuple[str, int, int]]):
    """Eight people of 1 to 6 ids: who is held out, and with what chance, follows from who had drawn when they met."""
    with transaction() as connection:
        people = [f"p{number}" for number in range(8)]
        for person, count in zip(people, ids, strict=True):
            add(connection, person)
            for number in range(1, count):
                add(connection, f"{person}-{number}", person)
        drawn: dict[str, set[str]] = {person: set() for person in people}
        for turn, (what, one, other) in enumerate([*steps, ("plan", 0, 0)]):
            left = sorted(drawn)
            first, second = left[one % len(left)], left[other % len(left)]
            if what == "gain":
                add(connection, f"late-{turn}", first)
            elif what == "join" and first != second:
                join(connection, first, second)
                drawn[first] |= drawn.pop(second)
            elif what == "plan":
                planned = draw(connection, left)
                assert draw(connection, left) == planned  # planned again, and by another campaign
                for person in left:
                    drawn[person] = drawn[person] or {person}
                    is_held, chance = planned[person]
                    assert is_held == bool((uniform("huitou", sorted(drawn[person]), "holdout") < SHARE).any())
                    assert np.isclose(chance, 1 - (1 - SHARE) ** len(drawn[person]))
        connection.rollback()
