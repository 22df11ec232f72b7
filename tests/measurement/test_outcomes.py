"""How decided ids become people of an arm, and when the comparison is refused."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.measurement.outcomes import Outcomes, join_identities
from huitou.measurement.report import compare

IDS = st.lists(
    st.tuples(
        st.integers(0, 6),  # the person of today
        st.sampled_from(["send", "holdout"]),
        st.sampled_from([None, 0.0, 0.1, 0.19, 0.5]),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=20,
)


def rows_of(ids) -> pa.Table:
    rows = [
        {
            "customer": f"c{person}",
            "decided_customer": f"d{number}",
            "action": action,
            "decided_at": at,
            "chance": chance,
            "offered": int(offered and action == "send"),
        }
        for number, (person, action, chance, at, offered) in enumerate(ids)
    ]
    schema = pa.schema(
        [("customer", pa.string()), ("decided_customer", pa.string()), ("action", pa.string()),
         ("decided_at", pa.int64()), ("chance", pa.float64()), ("offered", pa.int64())]
    )  # fmt: skip
    return pa.Table.from_pylist(rows, schema)


@given(IDS)
def test_the_holdout_wins_with_the_chance_of_all_draws(ids):
    found = join_identities(rows_of(ids), 0.3)
    people = sorted({f"c{person}" for person, *_ in ids})
    assert list(found.customers) == people
    mixed = 0
    for row, person in enumerate(people):
        mine = [one for one in ids if f"c{one[0]}" == person]
        actions = {action for _, action, *_ in mine}
        assert found.arm[row] == ("holdout" if "holdout" in actions else "send")
        spared = math.prod(1 - (0.3 if chance is None else chance) for _, _, chance, *_ in mine)
        assert found.chance[row] == pytest.approx(1 - spared)
        assert found.since[row] == min(at for *_, at, _ in mine)
        assert found.offered[row] == (actions == {"send"} and any(offered for *_, offered in mine))
        mixed += len(actions) == 2
    assert found.mixed == mixed


def outcomes(sent: int, held: int, chance: float, orders: np.ndarray) -> Outcomes:
    n = sent + held
    return Outcomes(
        customers=tuple(str(row) for row in range(n)),
        arm=np.array(["send"] * sent + ["holdout"] * held),
        control_chance=np.full(n, chance),
        orders=orders,
        profit_minor=orders * 1000,
        message_minor=np.zeros(n),
        discount_minor=np.zeros(n),
        covariates=None,
    )


def test_a_broken_draw_overrules_every_verdict():
    """Three in ten are missing from an arm that was meant to be half: the lift means nothing, however large."""
    orders = np.r_[np.ones(350), np.zeros(350), np.zeros(1000)]
    caused = compare(outcomes(700, 1000, 0.5, orders), resamples=199)
    assert caused.srm_p is not None
    assert caused.srm_p < 0.001
    assert (caused.orders.verdict, caused.orders.reason) == ("cannot_tell", "sample_ratio_mismatch")
    sound = compare(outcomes(700, 1000, 10 / 17, orders), resamples=199)
    assert (sound.orders.verdict, sound.srm_p) == ("positive", pytest.approx(1.0))


def test_nobody_bought_is_said():
    caused = compare(outcomes(90, 10, 0.1, np.zeros(100)), resamples=199)
    assert (caused.orders.verdict, caused.orders.reason, caused.roi) == ("cannot_tell", "no_outcomes", None)
