"""Every table says which of its columns tell of a person and how a person's rows are erased (DESIGN, promise 8)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pyarrow as pa
import pytest

import huitou
from huitou.stores.lake import LakeTable
from huitou.stores.personal import HOLDS, IMPERSONAL, KEEP, PERSON, STAFF, THING, WAYS

TALKING = {"text", "jsonb", "bytea", "character varying"}  # columns of these types can hold words


class Told(NamedTuple):
    """What a table says of itself, its columns that can hold words, and all of its columns."""

    name: str
    personal: Mapping[str, str]
    erased_by: str
    talking: set[str]
    columns: set[str]


def ledger_tables() -> list[Told]:
    from django.apps import apps
    from django.db import connection

    return [
        Told(
            model._meta.db_table,
            getattr(model, "personal", {}),
            getattr(model, "erased_by", ""),
            {one.column for one in model._meta.concrete_fields if (one.db_type(connection) or "").split("(")[0] in TALKING},
            {one.column for one in model._meta.concrete_fields},
        )
        for model in apps.get_app_config("huitou").get_models()
    ]  # fmt: skip


def lake_tables() -> list[Told]:
    """Found by looking: a table nobody listed is the one that is forgotten."""
    rooms = sorted(Path(huitou.__file__).parent.glob("*/lake_tables.py"))
    declared = [
        value
        for room in rooms
        for value in vars(importlib.import_module(f"huitou.{room.parent.name}.lake_tables")).values()
        if isinstance(value, LakeTable)
    ]
    return [
        Told(
            table.name,
            table.personal,
            table.erased_by,
            {
                one.name
                for one in table.schema
                if not (pa.types.is_primitive(one.type) or pa.types.is_decimal(one.type))
            },
            set(table.schema.names),
        )
        for table in declared
    ]


@pytest.fixture
def tables(ledger: ModuleType) -> list[Told]:
    from huitou.stores.django import setup_django

    setup_django()
    return [*ledger_tables(), *lake_tables()]


def test_every_table_says_how_a_person_is_erased(tables: list[Told]) -> None:
    assert len(tables) > 30
    assert [one.name for one in tables if one.erased_by not in WAYS] == []
    assert [one.name for one in tables if not set(one.personal.values()) <= HOLDS] == []


def test_every_column_with_words_is_told_of(tables: list[Told]) -> None:
    """Refuses a new column until its table says what it holds, or stores/personal.py that it never tells of anybody."""
    assert {one.name: sorted(one.talking - one.personal.keys() - IMPERSONAL) for one in tables if
            one.talking - one.personal.keys() - IMPERSONAL} == {}  # fmt: skip
    assert {
        one.name: sorted(one.personal.keys() - one.columns) for one in tables if one.personal.keys() - one.columns
    } == {}


def test_what_is_kept_has_no_customer_in_it(tables: list[Told]) -> None:
    """And what has one is not kept."""
    for one in tables:
        tells = bool(set(one.personal.values()) - {STAFF, THING})
        assert tells == (one.erased_by != KEEP), one.name


def test_tables_with_a_customer_say_so(tables: list[Told]) -> None:
    for one in tables:
        for column in one.columns & {"customer", "user_id", "message"}:
            assert one.personal.get(column) == (STAFF if one.name == "account" else PERSON), (one.name, column)


def test_statistics_of_a_personal_column_are_refused() -> None:
    """They stand in the lake's log, which outlives the rows."""
    schema = pa.schema([("customer", pa.string())])
    with pytest.raises(ValueError, match="keep persons in the log"):
        LakeTable("visits", schema, stats=("customer",), personal={"customer": PERSON})
