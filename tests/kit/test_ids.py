from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.kit.ids import clean_id, keyed_hash, short_hash


@pytest.mark.parametrize(
    ("said", "is_id"),
    [
        ("\t6917000000000000001", "6917000000000000001"),
        ("\ufeff12", "12"),
        ('="6917"', "6917"),
        ("'13800001111", "13800001111"),
        (13085.0, "13085"),
        (6917000000000000001, "6917000000000000001"),
        ("007", "007"),
        ("-", None),
        ("", None),
        (None, None),
        (float("nan"), None),
        ("无", None),
        ("\u200bu2", "u2"),
        ("\u202d13812345678\u202c", "13812345678"),
        ("u\u00ad2\u200d", "u2"),
        ("\u200b", None),
        (Decimal("6917000000000053166"), "6917000000000053166"),
        (Decimal("13085.00"), "13085"),
        (Decimal("NaN"), None),
    ],
)
def test_ids_as_exports_write_them(said: object, is_id: str | None) -> None:
    assert clean_id(said) == is_id


@pytest.mark.parametrize("said", [True, 0.5, 6.9e18, [], {}, b"x", Decimal("0.5"), Decimal("inf")])
def test_what_has_lost_its_digits_or_is_no_id_is_refused(said: object) -> None:
    with pytest.raises(ValueError):
        clean_id(said)


@given(st.lists(st.text(), min_size=1, max_size=4), st.lists(st.text(), min_size=1, max_size=4))
def test_only_equal_parts_hash_alike(one: list[str], other: list[str]) -> None:
    assert (short_hash(*one) == short_hash(*other)) == (one == other)


def test_a_keyed_hash_needs_its_key() -> None:
    assert keyed_hash(b"a", "phone", "138") != keyed_hash(b"b", "phone", "138")
    assert keyed_hash(b"a", "phone", "138") == keyed_hash(b"a", "phone", "138")
