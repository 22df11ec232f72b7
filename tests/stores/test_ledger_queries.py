"""Every named query of the ledger is understood by a ledger of today: tables, columns, functions, placeholders."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import psycopg
import pyarrow as pa
import pytest

import huitou
from huitou.decisions.reading import want
from huitou.events.rules import fill_rules

ROOMS = Path(huitou.__file__).parent
FILES = sorted(ROOMS.glob("*/queries/ledger/*.sql"))
PLACEHOLDER = re.compile(r"%\((\w+)\)[sbt]|%%")
PART = re.compile(r"\{(\w+)\}")  # stands for the file of that name beside it, which is no query of its own
PARTS = {file.with_name(f"{name}.sql") for file in FILES for name in PART.findall(file.read_text(encoding="utf-8"))}
# Reads a temporary table that its one caller makes; tests/delivery/test_outbox.py runs both.
ELSEWHERE = {ROOMS / "delivery/queries/ledger/enqueue.sql"}


def whole(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    text = fill_rules(text)  # the rules about people, which several rooms read
    return PART.sub(lambda part: whole(file.with_name(f"{part[1]}.sql")).rstrip(), text)


def numbered(text: str) -> str:
    """`%(name)s` as the server counts them: $1, $2, the same name the same number."""
    names: dict[str, int] = {}
    return PLACEHOLDER.sub(lambda found: f"${names.setdefault(found[1], len(names) + 1)}" if found[1] else "%", text)


def place(file: Path) -> str:
    return str(file.relative_to(ROOMS))


@pytest.mark.parametrize("file", [file for file in FILES if file not in PARTS | ELSEWHERE], ids=place)
def test_the_ledger_understands_it(ledger: ModuleType, file: Path) -> None:
    with ledger.connect() as connection:
        want(connection, pa.chunked_array([], pa.string()))  # makes the temporary table that plans read
        said = connection.pgconn.prepare(b"asked", numbered(whole(file)).encode())
        assert said.status == psycopg.pq.ExecStatus.COMMAND_OK, said.error_message.decode()


def test_what_the_ledger_does_not_know_is_noticed(ledger: ModuleType) -> None:
    with ledger.connect() as connection:
        said = connection.pgconn.prepare(b"asked", b"SELECT id FROM message WHERE sent = $1")
        assert said.status == psycopg.pq.ExecStatus.FATAL_ERROR
