"""/ready says whether events sent now would be kept, and asking often is cheap."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from huitou.edge import health
from huitou.kit.errors import Unavailable
from huitou.stores.ledger import Connection


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    health._READY.forget()
    yield
    health._READY.forget()


async def test_a_ledger_that_stores_is_ready(edge: httpx.AsyncClient) -> None:
    answer = await edge.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "backlog": 0})


async def test_a_ledger_that_only_answers_is_not(edge: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: Connection) -> None:
        connection.execute("SELECT 1")
        raise Unavailable({"zh": "磁盘已满", "en": "the disk is full"})

    monkeypatch.setattr(health, "prove_writable", refuse)
    answer = await edge.get("/ready")
    assert (answer.status_code, answer.json()["error"]) == (503, "Unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_a_hundred_probes_are_one_question(edge: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(health, "prove_writable", asked.append)
    answers = await asyncio.gather(*(edge.get("/ready") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(asked) == 1
